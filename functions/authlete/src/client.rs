//! Management of clients: Authlete's `/client/…`, but for registration. An endpoint's module has its operation; the others
//! have what several operations share.

pub mod authorization;
pub mod create;
pub mod delete;
pub mod get;
pub mod granted_scopes;
pub mod list;
pub mod lock_flag;
pub mod requestable_scopes;
pub mod secret;
pub mod update;

pub(crate) mod answer;
pub(crate) mod object;
