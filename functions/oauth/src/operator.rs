//! The operator's desk of this door: whose token came, and the service that it works for.

use std::sync::Arc;
use std::time::Instant;

use shared::caller::{Operator, Permission};
use shared::federation::discovery::RESOLVING;
use shared::http::Request;
use shared::registry::Context;
use shared::service::Service;
use shared::store::Named;
use shared::{App, Error};

use crate::door::{self, Fault};

/// Whose token came, and the service that it works for.
pub(crate) struct Desk {
    pub(crate) service: Arc<Service>,
    pub(crate) operator: Operator,
}

/// The desk, and what the service has under an identifier, by one read, where the token has one of those permissions.
///
/// # Errors
/// [`Error::MissingToken`], [`Error::InvalidToken`], [`Error::InsufficientScope`]; [`Fault::TooManyRequests`].
pub(crate) async fn open(
    app: &App,
    request: &Request,
    any_of: &[Permission],
    identifier: Option<&str>,
) -> Result<(Desk, Named), Fault> {
    let token = Operator::token(request.bearer_token())?;
    let service = match request.service_id() {
        Some(id) => app.service(id).await,
        None => Err(Error::UnknownService),
    };
    let (record, named) = match (&service, identifier) {
        (Ok(service), Some(identifier)) => app.store.token_and_client(&token, service, identifier).await?,
        _ => (app.store.token(&token).await?, Named::default()),
    };
    let operator = Operator::new(record)?;
    let key = format!("T#{}", operator.token.to_text());
    let admission = app.token_limit.admit(&app.store, &app.clock, &key).await;
    if !admission.allowed {
        return Err(Fault::TooManyRequests(admission));
    }
    // A token learns nothing about services that are not its own.
    let service = service.map_err(|error| match error {
        Error::UnknownService => Error::InsufficientScope,
        error => error,
    })?;
    if !operator.operates(&service) || !operator.may(any_of) {
        return Err(Error::InsufficientScope.into());
    }
    Ok((Desk { service, operator }, named))
}

impl Desk {
    /// The request's context, for as long as a trust chain takes.
    pub(crate) fn context<'a>(&'a self, app: &'a App, request: &Request) -> Context<'a> {
        let context = door::context(app, &self.service, request, self.operator.token.to_text());
        Context { fetching_ends: Instant::now() + RESOLVING, ..context }
    }
}
