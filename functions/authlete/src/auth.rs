//! `/auth/…`: what an authorization server asks for each request at its endpoints.

pub mod authorization;
pub mod introspection;
pub mod revocation;
pub mod token;
pub mod userinfo;
