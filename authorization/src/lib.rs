//! The authorization core: what may this client have of this user?
//!
//! An authorization is one walk of one user and one client, from a ticket to a code to tokens to their end; it is one item
//! of the table. No name of any front door stands here: whoever serves these operations translates.

pub mod access_token;
mod activation;
pub mod authorization;
pub mod certificate;
pub mod claims;
pub mod client_authentication;
mod context;
pub mod decision;
pub mod exchange;
pub mod grant;
pub mod id_token;
pub mod introspection;
mod lifetime;
pub mod management;
mod parameters;
pub mod presented;
pub mod properties;
pub mod pushed;
pub mod request;
pub mod response;
pub mod rules;
pub mod scopes;
pub mod store;
pub mod subject;
pub mod token;
pub mod userinfo;

pub use authorization::{Authorization, Given};
pub use context::{Context, Terms};
pub use parameters::{Parameters, Unreadable};
