//! The OAuth front door: client registration by RFC 7591, RFC 7592 and OpenID Connect, and discovery; and what the
//! authorization server behind it asks: who a client is.

pub mod client_configuration;
pub mod client_lookup;
pub mod client_used;
pub mod discovery;
mod door;
mod operator;
pub mod register;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[
    &register::ENDPOINT,
    &client_configuration::ENDPOINT,
    &client_lookup::ENDPOINT,
    &client_used::ENDPOINT,
    &discovery::ENDPOINT,
];
