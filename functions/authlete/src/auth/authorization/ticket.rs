//! `/auth/authorization/ticket/…`: what an authorization server keeps with a ticket.

pub mod info;
pub mod update;

use serde_json::{Map, Value};

use crate::runtime::outcome::answer;
use crate::runtime::tickets;

/// A ticket that cannot be used.
fn not_found(sent: &str) -> Map<String, Value> {
    answer("A041202", &tickets::unknown("request", sent), "NOT_FOUND")
}

/// A request without one.
fn no_ticket() -> Map<String, Value> {
    answer("A041281", "the request has no ticket", "CALLER_ERROR")
}
