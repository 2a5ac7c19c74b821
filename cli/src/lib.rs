//! The whole of Registrar on one machine, and its administration.
//!
//! | module | what |
//! |---|---|
//! | [`serve`] | `registrar serve`: starts all of it |
//! | [`embedded`] | the embedded DynamoDB and the table in it |
//! | [`streams`] | what Lambda does with the table's stream |
//! | [`gateway`] | what API Gateway does: routes, events, answers |
//! | [`demo`] | the demo service and what scripts need to know of it |
//! | [`admin`] | `registrar service`, `token`, `client` |

pub mod admin;
pub mod demo;
pub mod embedded;
pub mod gateway;
pub mod serve;
pub mod streams;

use shared::http::Endpoint;

/// Every endpoint of every front door.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    [oauth::ENDPOINTS, authlete::ENDPOINTS, identity_center::ENDPOINTS].into_iter().flatten().copied()
}
