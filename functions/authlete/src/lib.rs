//! The Authlete front door: Authlete API 3.0 for registration, for client and service management, and for its runtime:
//! authorization, tokens, introspection.
//!
//! Its modules are grouped as Authlete's API is. An endpoint's module has its operation; the others have what several
//! operations share.

mod body;
mod constants;
mod door;
mod error;
mod number;
mod pretty;
mod range;
mod runtime;
mod shape;

pub mod auth;
pub mod client;
pub mod description;
pub mod echo;
pub mod federation;
pub mod healthcheck;
pub mod info;
pub mod pushed_auth_req;
pub mod registration;
pub mod service;
pub mod unknown;

pub use runtime::rules::recommended;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[
    &registration::register::ENDPOINT,
    &registration::get::ENDPOINT,
    &registration::update::ENDPOINT,
    &registration::delete::ENDPOINT,
    &client::create::ENDPOINT,
    &client::get::ENDPOINT,
    &client::list::ENDPOINT,
    &client::update::ENDPOINT,
    &client::delete::ENDPOINT,
    &client::lock_flag::ENDPOINT,
    &client::secret::refresh::ENDPOINT,
    &client::secret::update::ENDPOINT,
    &client::requestable_scopes::get::ENDPOINT,
    &client::requestable_scopes::update::ENDPOINT,
    &client::requestable_scopes::delete::ENDPOINT,
    &federation::registration::ENDPOINT,
    &federation::configuration::ENDPOINT,
    &service::list::ENDPOINT,
    &service::get::ENDPOINT,
    &service::create::ENDPOINT,
    &service::update::ENDPOINT,
    &service::delete::ENDPOINT,
    &service::configuration::ENDPOINT,
    &service::jwks::ENDPOINT,
    &auth::authorization::ENDPOINT,
    &auth::authorization::fail::ENDPOINT,
    &auth::authorization::issue::ENDPOINT,
    &auth::authorization::ticket::info::ENDPOINT,
    &auth::authorization::ticket::update::ENDPOINT,
    &pushed_auth_req::ENDPOINT,
    &auth::token::ENDPOINT,
    &auth::token::issue::ENDPOINT,
    &auth::token::fail::ENDPOINT,
    &auth::token::create::ENDPOINT,
    &auth::token::update::ENDPOINT,
    &auth::token::delete::ENDPOINT,
    &auth::token::revoke::ENDPOINT,
    &auth::token::list::ENDPOINT,
    &auth::introspection::ENDPOINT,
    &auth::introspection::standard::ENDPOINT,
    &auth::revocation::ENDPOINT,
    &auth::userinfo::ENDPOINT,
    &auth::userinfo::issue::ENDPOINT,
    &client::authorization::list::ENDPOINT,
    &client::authorization::update::ENDPOINT,
    &client::authorization::delete::ENDPOINT,
    &client::granted_scopes::get::ENDPOINT,
    &client::granted_scopes::delete::ENDPOINT,
    &info::ENDPOINT,
    &healthcheck::ENDPOINT,
    &echo::ENDPOINT,
    &unknown::ENDPOINT,
];
