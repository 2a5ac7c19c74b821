//! The federation front door: OpenID Federation 1.0. Sections (§) are its.

mod door;
pub mod entity_configuration;
pub mod explicit_registration;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[&entity_configuration::ENDPOINT, &explicit_registration::ENDPOINT];
