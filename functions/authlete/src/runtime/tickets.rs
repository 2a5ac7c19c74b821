//! A ticket as an authorization server gives it back: what is read by it, and what it says where it cannot be used.

use ::authorization::token::Value as Ticket;
use ::authorization::{Authorization, grant, store};
use shared::service::Service;
use shared::store::Found;
use shared::store::schema::Key;

use super::members::Members;
use crate::error::Error;

/// How much of a text that is no ticket is shown, in characters.
const SHOWN: usize = 100;

/// The ticket of a request, if it can be one of ours.
pub(crate) fn read(body: &Members) -> Option<Ticket> {
    body.named("ticket").ok().flatten().and_then(Ticket::parse)
}

/// Where its authorization is, and what the user has let the client have until now.
pub(crate) fn keys(service: &Service, ticket: Option<&Ticket>, subject: Option<&str>) -> Vec<Key> {
    let Some(ticket) = ticket else { return Vec::new() };
    let grant = subject.map(|subject| grant::key_in(service.id, ticket.client, subject));
    grant.into_iter().chain([store::key_in(service.id, ticket.id)]).collect()
}

/// Its authorization, among what was found there.
///
/// # Errors
/// [`Error::Core`] for an item that is none.
pub(crate) fn begun(found: &Found, ticket: &Ticket) -> Result<Option<Authorization>, Error> {
    Ok(store::among(&found.items, ticket.id)?)
}

/// A ticket that there is not, in a request that is called so.
pub(crate) fn unknown(request: &str, sent: &str) -> String {
    let shown: String = sent.chars().take(SHOWN).collect();
    format!("There is no entity having the ticket specified in the {request} (ticket = {shown})")
}
