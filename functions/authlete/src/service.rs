//! Management of services: Authlete's `/service/…`. An endpoint's module has its operation; the others have what several
//! operations share.

pub mod configuration;
pub mod create;
pub mod delete;
pub mod get;
pub mod jwks;
pub mod list;
pub mod update;

pub(crate) mod answer;
pub(crate) mod object;
