//! The OAuth front door: client registration by RFC 7591, RFC 7592 and OpenID Connect, and discovery.

pub mod client_configuration;
pub mod discovery;
mod door;
pub mod register;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[&register::ENDPOINT, &client_configuration::ENDPOINT, &discovery::ENDPOINT];
