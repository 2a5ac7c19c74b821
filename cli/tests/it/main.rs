//! The whole of Registrar against an embedded table: handlers behind the gateway, and the program itself.

#![recursion_limit = "512"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod administration;
mod approval;
mod asked;
mod audit;
mod authlete;
mod changes;
mod client_configuration;
mod connections;
mod console;
mod deception;
mod demo_login;
mod description;
mod documents;
mod door;
mod embedded;
mod events;
#[path = "../fault_proxy.rs"]
mod fault_proxy;
mod faults;
mod federation;
#[path = "../fixture.rs"]
mod fixture;
mod https;
mod identity_center;
mod limits;
mod lists;
mod lookup;
mod merging;
mod metadata_documents;
mod operator;
mod permissions;
mod program;
mod recovery;
mod refusals;
mod registration;
#[path = "../reliability.rs"]
mod reliability;
mod requests;
mod rotation;
mod sandbox;
mod search;
mod sector;
mod serving;
mod statements;
mod stet;
mod strangers;
mod stream_filter;
mod support;
mod tool;
mod unreliable;
mod unused;
mod upgrading;
mod values;
mod wiring;
