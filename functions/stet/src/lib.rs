//! The STET front door: payment institutions register with their qualified certificates (PSD2).
//!
//! | module | one question |
//! |---|---|
//! | [`token`] | the endpoint that issues access tokens |
//! | [`register`] | the endpoint that registers |
//! | [`client`] | the endpoint that reads, replaces and deletes a registration |
//! | [`unknown`] | what is no entry point |
//! | [`settings`] | what does the service ask for? |
//! | [`certificate`] | who is it, and who says so? |
//! | [`signature`] | did they send this request? |

mod access_token;
pub mod certificate;
pub mod client;
mod document;
mod door;
mod error;
mod keys;
pub mod register;
pub mod settings;
pub mod signature;
mod signed_request;
pub mod token;
mod trust;
pub mod unknown;
mod visit;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[&register::ENDPOINT, &client::ENDPOINT, &token::ENDPOINT, &unknown::ENDPOINT];
