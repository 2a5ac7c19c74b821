//! Between the request and the code: the ticket, and what the user decides.

use shared::Error;
use shared::client::RegisteredClient;
use shared::metadata::GrantType;

use crate::authorization::{Assertions, Authorization, ClientName, Given, Property, State};
use crate::context::Context;
use crate::grant::{self, Grant, Memory};
use crate::id_token;
use crate::properties;
use crate::pushed;
use crate::request::{Request, Wanted, is_registered_redirect};
use crate::response::Answer;
use crate::store::{self, Step};
use crate::subject::is_subject;
use crate::token::{AuthorizationId, Value};

/// Seconds that a ticket lives.
pub(crate) const TICKET_SECONDS: u64 = 24 * 60 * 60;

/// Begins an authorization for a request that was verified. Answers its ticket.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn begin(
    context: &Context<'_>,
    client: &RegisteredClient,
    name: ClientName,
    request: &Request,
    kept: Option<String>,
) -> Result<Value, Error> {
    let now = context.now_millis();
    let id = AuthorizationId::mint(&context.app.entropy)?;
    let ticket = Value::mint(id, client.numeric_id, &context.app.entropy)?;
    let mut authorization = Authorization::begin(id, client, name, GrantType::AuthorizationCode, now);
    authorization.scopes.clone_from(&request.scopes);
    authorization.request = Some(request.clone());
    authorization.context = kept;
    authorization.ticket = Some(store::given(ticket.hash(), now, Some(TICKET_SECONDS)));
    match store::step(context, &mut authorization, Vec::new()).await? {
        Step::Done => Ok(ticket),
        Step::Lost(_) | Step::Refused | Step::ValueInUse => Err(Error::internal("two authorizations of one name")),
    }
}

/// The authorization and its request, if the ticket is of that kind and can be used.
#[must_use]
pub fn of_ticket(
    context: &Context<'_>,
    found: Option<Authorization>,
    ticket: &Value,
    grant_type: GrantType,
) -> Option<Authorization> {
    let now = context.now_millis();
    found.filter(|authorization| {
        let is_it = |given: &Given| given.hash == ticket.hash() && given.is_live(now);
        authorization.state == State::Ticket
            && authorization.client == ticket.client
            && authorization.grant_type == grant_type
            && authorization.ticket.as_ref().is_some_and(is_it)
    })
}

/// Replaces what is kept with a ticket: whether it could be used.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn keep(
    context: &Context<'_>,
    found: Option<Authorization>,
    ticket: &Value,
    kept: Option<String>,
) -> Result<bool, Error> {
    let mut found = found;
    for _ in 0..store::ATTEMPTS {
        let authorization = of_ticket(context, found, ticket, GrantType::AuthorizationCode);
        let Some(mut next) = authorization else { return Ok(false) };
        next.context.clone_from(&kept);
        match store::step(context, &mut next, Vec::new()).await? {
            Step::Done => return Ok(true),
            Step::Refused | Step::ValueInUse => return Ok(false),
            Step::Lost(now) => found = *now,
        }
    }
    Err(Error::Contention)
}

/// What the user has agreed to, as the authorization server says.
#[derive(Debug, Default)]
pub struct Consent {
    /// The user.
    pub subject: Option<String>,
    /// The scopes in place of those that were asked for.
    pub scopes: Option<Vec<String>>,
    /// What the authorization server attaches.
    pub properties: Vec<Property>,
    /// Authorization details (RFC 9396 §2).
    pub details: Option<serde_json::Value>,
    /// What it says for the tokens.
    pub assertions: Assertions,
}

/// Why no code is issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionFault {
    /// It is unknown, used, expired, or another service's.
    #[error("there is no such ticket")]
    Ticket,
    /// 1 to 100 ASCII characters.
    #[error("the subject must be 1 to 100 ASCII characters")]
    Subject,
    /// OpenID Connect Core §3.1.2.2: the client has asked for one user, and this is another.
    #[error("the request is for another user: fail it with the reason DIFFERENT_SUBJECT")]
    AnotherSubject,
    /// It was deleted or locked since, or has another redirect URI now.
    #[error("the client, or its redirect URI, is gone")]
    ClientGone,
}

/// A response with a code.
pub struct Issued {
    /// The response.
    pub answer: Answer,
    /// The code, unless none was asked for.
    pub code: Option<Value>,
    /// What was kept with the ticket.
    pub kept: Option<String>,
}

/// Issues what the client has asked for. The ticket and a pushed request are used up, the grant is remembered, all in one
/// step.
///
/// # Errors
/// [`DecisionFault`], within [`Error::Unavailable`], [`Error::Internal`] and [`Error::Contention`].
pub async fn issue(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    found: Option<Authorization>,
    ticket: &Value,
    grant: Option<Grant>,
    consent: Consent,
) -> Result<Result<Issued, DecisionFault>, Error> {
    let Some(mut next) = of_ticket(context, found, ticket, GrantType::AuthorizationCode) else {
        return Ok(Err(DecisionFault::Ticket));
    };
    let Some(request) = next.request.clone() else { return Ok(Err(DecisionFault::Ticket)) };
    let Some(client) = still_there(context, client, &request) else { return Ok(Err(DecisionFault::ClientGone)) };
    let subject = match (consent.subject, request.wanted) {
        (Some(subject), _) if is_subject(&subject) => Some(subject),
        (None, Wanted::Nothing) => None,
        _ => return Ok(Err(DecisionFault::Subject)),
    };
    next.subject.clone_from(&subject);
    next.assertions = consent.assertions;
    let is_wanted = |wanted: &String| *wanted == id_token::sub(context, client, &next);
    if subject.is_some() && !request.subject.as_ref().is_none_or(is_wanted) {
        return Ok(Err(DecisionFault::AnotherSubject));
    }
    grant::make_room(context, client.numeric_id, grant.as_ref()).await?;
    let now = context.now_millis();
    next.scopes = granted(context, &next.scopes, consent.scopes);
    next.refresh_scopes.clone_from(&next.scopes);
    next.userinfo_claims.clone_from(&request.claims.userinfo);
    next.properties = properties::at_rest(context, next.id, consent.properties).await?;
    next.details = consent.details;
    next.issued = now;
    next.ticket = None;
    let kept = next.context.take();
    let code = match request.wanted {
        Wanted::Nothing => {
            next = next.revoked();
            None
        }
        Wanted::Code => {
            let code = Value::mint(next.id, next.client, &context.app.entropy)?;
            next.state = State::Code;
            next.code = Some(store::given(code.hash(), now, Some(context.rules.code_seconds)));
            Some(code)
        }
    };
    let mut others = Vec::new();
    if let Some(subject) = &subject {
        let live = code.is_some().then_some(next.id);
        let first = grant.as_ref().is_some_and(|grant| grant.is_earlier_than(client));
        let memory = Memory { scopes: Some(&next.scopes), first, live, current: None };
        others.push(grant::remembering(context, client, subject, &memory)?);
    }
    if let Some(pushed) = request.pushed.as_deref().and_then(AuthorizationId::parse) {
        others.push(pushed::consuming(context, pushed)?);
    }
    match store::step(context, &mut next, others).await? {
        Step::Done => {}
        Step::Lost(_) | Step::Refused | Step::ValueInUse => return Ok(Err(DecisionFault::Ticket)),
    }
    let members: Vec<(&str, &str)> = code.iter().map(|code| ("code", code.expose())).collect();
    let answer = request.target.answer(&members, context.response_issuer());
    Ok(Ok(Issued { answer, code, kept }))
}

/// The client, if it is still to be told anything at that place: a ticket may wait for hours.
fn still_there<'c>(
    context: &Context<'_>,
    client: Option<&'c RegisteredClient>,
    request: &Request,
) -> Option<&'c RegisteredClient> {
    client.filter(|client| !client.is_held() && is_registered_redirect(context, client, &request.target.uri))
}

/// The scopes that are granted: `openid` only where it was asked for.
fn granted(context: &Context<'_>, asked: &[String], decided: Option<Vec<String>>) -> Vec<String> {
    let Some(decided) = decided else { return asked.to_vec() };
    let mut granted = context.rules.known_scopes(&decided);
    granted.retain(|scope| scope != "openid" || asked.contains(scope));
    granted
}

/// Ends an authorization without a code; the client is told why. The ticket and a pushed request are used up.
///
/// # Errors
/// [`DecisionFault::Ticket`] and [`DecisionFault::ClientGone`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn fail(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    found: Option<Authorization>,
    ticket: &Value,
    error: &[(&str, String)],
) -> Result<Result<Answer, DecisionFault>, Error> {
    let Some(authorization) = of_ticket(context, found, ticket, GrantType::AuthorizationCode) else {
        return Ok(Err(DecisionFault::Ticket));
    };
    let Some(request) = authorization.request.clone() else { return Ok(Err(DecisionFault::Ticket)) };
    if still_there(context, client, &request).is_none() {
        return Ok(Err(DecisionFault::ClientGone));
    }
    let mut others = Vec::new();
    if let Some(pushed) = request.pushed.as_deref().and_then(AuthorizationId::parse) {
        others.push(pushed::consuming(context, pushed)?);
    }
    let mut next = authorization.revoked();
    next.ticket = None;
    match store::step(context, &mut next, others).await? {
        Step::Done => Ok(Ok(request.target.answer(error, context.response_issuer()))),
        Step::Lost(_) | Step::Refused | Step::ValueInUse => Ok(Err(DecisionFault::Ticket)),
    }
}
