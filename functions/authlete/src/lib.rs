//! The Authlete front door: Authlete API 3.0 for dynamic registration, client management and service management.
//!
//! An endpoint's module has its operation; the others have what several operations share.

mod body;
mod client_answer;
mod client_object;
mod client_secret;
mod constants;
mod door;
mod error;
mod federation;
mod number;
mod pretty;
mod range;
mod registration;
mod requestable_scopes;
mod service_answer;
mod service_object;
mod shape;

pub mod client_create;
pub mod client_delete;
pub mod client_get;
pub mod client_list;
pub mod client_lock_flag;
pub mod client_registration;
pub mod client_registration_delete;
pub mod client_registration_get;
pub mod client_registration_update;
pub mod client_secret_refresh;
pub mod client_secret_update;
pub mod client_update;
pub mod echo;
pub mod federation_configuration;
pub mod federation_registration;
pub mod healthcheck;
pub mod info;
pub mod requestable_scopes_delete;
pub mod requestable_scopes_get;
pub mod requestable_scopes_update;
pub mod service_configuration;
pub mod service_create;
pub mod service_delete;
pub mod service_get;
pub mod service_jwks;
pub mod service_list;
pub mod service_update;
pub mod unknown;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[
    &client_registration::ENDPOINT,
    &client_registration_get::ENDPOINT,
    &client_registration_update::ENDPOINT,
    &client_registration_delete::ENDPOINT,
    &client_create::ENDPOINT,
    &client_get::ENDPOINT,
    &client_list::ENDPOINT,
    &client_update::ENDPOINT,
    &client_delete::ENDPOINT,
    &client_lock_flag::ENDPOINT,
    &client_secret_refresh::ENDPOINT,
    &client_secret_update::ENDPOINT,
    &requestable_scopes_get::ENDPOINT,
    &requestable_scopes_update::ENDPOINT,
    &requestable_scopes_delete::ENDPOINT,
    &federation_registration::ENDPOINT,
    &federation_configuration::ENDPOINT,
    &service_list::ENDPOINT,
    &service_get::ENDPOINT,
    &service_create::ENDPOINT,
    &service_update::ENDPOINT,
    &service_delete::ENDPOINT,
    &service_configuration::ENDPOINT,
    &service_jwks::ENDPOINT,
    &info::ENDPOINT,
    &healthcheck::ENDPOINT,
    &echo::ENDPOINT,
    &unknown::ENDPOINT,
];
