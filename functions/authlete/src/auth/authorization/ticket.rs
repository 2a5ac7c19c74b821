//! `/auth/authorization/ticket/…`: what an authorization server keeps with a ticket.

pub mod info;
pub mod update;

use ::authorization::store;
use ::authorization::token::Value as Ticket;
use serde_json::{Map, Value};
use shared::service::Service;
use shared::store::schema::Key;

use crate::runtime::members::Members;
use crate::runtime::outcome::answer;

/// The ticket of a request.
fn ticket(body: &Members) -> Option<Ticket> {
    body.named("ticket").ok().flatten().and_then(Ticket::parse)
}

fn key(service: &Service, ticket: Option<&Ticket>) -> Vec<Key> {
    ticket.map(|ticket| store::key_in(service.id, ticket.id)).into_iter().collect()
}

/// A ticket that cannot be used.
fn not_found(sent: &str) -> Map<String, Value> {
    let shown: String = sent.chars().take(100).collect();
    answer(
        "A041202",
        &format!("There is no entity having the ticket specified in the request (ticket = {shown})"),
        "NOT_FOUND",
    )
}

/// A request without one.
fn no_ticket() -> Map<String, Value> {
    answer("A041281", "the request has no ticket", "CALLER_ERROR")
}
