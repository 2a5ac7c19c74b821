//! The registration core of Registrar: what a client may register, who may register it, and where the
//! registration is kept. It knows no front door; each door turns its wire protocol into these types.
//!
//! | module | one question |
//! |---|---|
//! | [`metadata`] | does the RFC allow it? |
//! | [`policy`] | does this service allow it? |
//! | [`service`] | whose clients are these? |
//! | [`caller`] | who asks, and what may they do? |
//! | [`credentials`] | identifiers, secrets, tokens |
//! | [`client`] | what is stored, what is answered |
//! | [`registry`] | register, read, update, delete: what registrants do |
//! | [`resolution`] | who is the client of that name? |
//! | [`federation`] | who is vouched for, by whom, for what? |
//! | [`metadata_document`] | who is the client of that URL? |
//! | [`administration`] | create, change, lock, delete: what operators do |
//! | [`transfer`] | what is a service elsewhere? |
//! | [`jose`] | whose signature is this? |
//! | [`fetch`] | what do others say? |
//! | [`store`] | where it is kept |
//! | [`limits`] | how much may somebody ask? |
//! | [`stream`] | what follows from a change |
//! | [`http`], [`app`] | how a function is served |
//! | [`aws_fault`] | what did AWS not do? |
//! | [`origin`], [`claim_kind`], [`trusted_issuer`], [`time`], [`entropy`] | words that several of these need |

pub mod administration;
pub mod app;
pub mod audit;
pub mod aws_fault;
pub mod caller;
pub mod claim_kind;
pub mod client;
pub mod counted;
pub mod credentials;
pub mod desk;
pub mod distinguished_name;
pub mod entropy;
pub mod error;
pub mod federation;
pub mod fetch;
pub mod http;
pub mod jose;
pub mod limits;
pub mod metadata;
pub mod metadata_document;
pub mod origin;
pub mod policy;
pub mod registry;
pub mod resolution;
pub mod service;
pub mod store;
pub mod stream;
pub mod time;
pub mod transfer;
pub mod trusted_issuer;

pub use app::App;
pub use error::Error;
