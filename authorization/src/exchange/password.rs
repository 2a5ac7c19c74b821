//! `password` (RFC 6749 §4.3): the authorization server compares a user's password, and tells us what came of it.

use shared::Error;
use shared::client::RegisteredClient;
use shared::metadata::{GrantType, Scope};

use super::tokens::{Tokens, Wishes};
use super::{TokenFault, give};
use crate::authorization::{Authorization, ClientName};
use crate::context::Context;
use crate::decision::{Consent, of_ticket};
use crate::grant::{self, Grant, Memory};
use crate::parameters::Parameters;
use crate::store::{self, Step};
use crate::subject::is_subject;
use crate::token::{AuthorizationId, Value};
use crate::{activation, properties, scopes};

/// Seconds that a ticket lives.
const TICKET_SECONDS: u64 = 600;

/// What is asked of the authorization server.
pub struct PasswordTicket {
    /// By which it answers.
    pub ticket: Value,
    /// The scopes that are asked for.
    pub scopes: Vec<String>,
}

/// Begins to ask for a user's password to be compared.
///
/// # Errors
/// [`TokenFault`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn ask_password(
    context: &Context<'_>,
    client: &RegisteredClient,
    name: ClientName,
    parameters: &Parameters,
) -> Result<Result<PasswordTicket, TokenFault>, Error> {
    if parameters.get("username").is_none() || parameters.get("password").is_none() {
        return Ok(Err(TokenFault::NoPassword));
    }
    if parameters.get("resource").is_some() {
        return Ok(Err(TokenFault::Resource));
    }
    let words = parameters.words("scope");
    if words.iter().any(|word| !Scope::is_token(word)) {
        return Ok(Err(TokenFault::ScopeSyntax));
    }
    let now = context.now_millis();
    let id = AuthorizationId::mint(&context.app.entropy)?;
    let ticket = Value::mint(id, client.numeric_id, &context.app.entropy)?;
    let mut authorization = Authorization::begin(id, client, name, GrantType::Password, now);
    authorization.scopes = scopes::requestable(context, client, (!words.is_empty()).then_some(words.as_slice()));
    authorization.ticket = Some(store::given(ticket.hash(), now, Some(TICKET_SECONDS)));
    match store::step(context, &mut authorization, Vec::new()).await? {
        Step::Done => Ok(Ok(PasswordTicket { ticket, scopes: authorization.scopes })),
        Step::Lost(_) | Step::Refused | Step::ValueInUse => Err(Error::internal("two authorizations of one name")),
    }
}

/// Gives tokens, as the password was right.
///
/// # Errors
/// [`TokenFault`], within [`Error::Unavailable`], [`Error::Internal`] and [`Error::Contention`].
pub async fn accept_password(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    found: Option<Authorization>,
    ticket: &Value,
    grant: Option<Grant>,
    consent: Consent,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    let Some(client) = client.filter(|client| !client.is_held()) else { return Ok(Err(TokenFault::Ticket)) };
    let Some(mut authorization) = of_ticket(context, found, ticket, GrantType::Password) else {
        return Ok(Err(TokenFault::Ticket));
    };
    let Some(subject) = consent.subject.filter(|subject| is_subject(subject)) else {
        return Ok(Err(TokenFault::Subject));
    };
    authorization.ticket = None;
    authorization.issued = context.now_millis();
    authorization.refresh_scopes.clone_from(&authorization.scopes);
    authorization.properties = properties::at_rest(context, authorization.id, consent.properties).await?;
    authorization.details = consent.details;
    authorization.assertions = consent.assertions;
    authorization.subject = Some(subject);
    let mut tokens = match give(context, client, authorization, wishes).await? {
        Ok(given) => given,
        Err(fault) => return Ok(Err(fault)),
    };
    grant::make_room(context, client.numeric_id, grant.as_ref()).await?;
    let scopes = tokens.authorization.scopes.clone();
    let first = grant.as_ref().is_some_and(|grant| grant.is_earlier_than(client));
    let memory = Memory { scopes: Some(&scopes), first, live: Some(tokens.authorization.id), current: None };
    match activation::activate(context, client, &mut tokens.authorization, Some(memory)).await? {
        Step::Done => Ok(Ok(tokens)),
        Step::ValueInUse => Ok(Err(TokenFault::ValueInUse)),
        Step::Lost(_) | Step::Refused => Ok(Err(TokenFault::Ticket)),
    }
}

/// Gives no tokens, as the password was wrong: whether the ticket could be used.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn refuse_password(
    context: &Context<'_>,
    found: Option<Authorization>,
    ticket: &Value,
) -> Result<bool, Error> {
    let Some(authorization) = of_ticket(context, found, ticket, GrantType::Password) else { return Ok(false) };
    let mut next = authorization.revoked();
    next.ticket = None;
    Ok(matches!(store::step(context, &mut next, Vec::new()).await?, Step::Done))
}
