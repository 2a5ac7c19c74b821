//! An operator's desk: whose token came, and the service that it works for.

use std::sync::Arc;

use crate::app::App;
use crate::caller::{Operator, Permission};
use crate::credentials::Token;
use crate::error::Error;
use crate::http::Request;
use crate::limits::Admission;
use crate::service::Service;
use crate::store::{Named, TokenRecord};

/// Whose token came, and the service that it works for.
pub struct Desk {
    /// The service.
    pub service: Arc<Service>,
    /// Whose token it is.
    pub operator: Operator,
}

/// Why there is no desk for a request.
#[derive(Debug)]
pub enum NoDesk {
    /// [`Error::MissingToken`], [`Error::InvalidToken`], [`Error::InsufficientScope`]; [`Error::Unavailable`],
    /// [`Error::Internal`].
    Core(Error),
    /// The token is of another service, or there is none; a token learns nothing about services that are not its own.
    OtherService,
    /// The token asks too often.
    TooManyRequests(Admission),
}

impl From<Error> for NoDesk {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl Desk {
    /// The desk, and what the service has under an identifier if one is given, by one read, where the token has one of
    /// those permissions.
    ///
    /// # Errors
    /// [`NoDesk`].
    pub async fn open(
        app: &App,
        request: &Request,
        any_of: &[Permission],
        identifier: Option<&str>,
    ) -> Result<(Self, Named), NoDesk> {
        let token = presented(request)?;
        let service = match request.service_id() {
            Some(id) => app.service(id).await,
            None => Err(Error::UnknownService),
        };
        let (record, named) = match (&service, identifier) {
            (Ok(service), Some(identifier)) => app.store.token_and_client(&token, service, identifier).await?,
            _ => (app.store.token(&token).await?, Named::default()),
        };
        let operator = known(app, record).await?;
        let service = service.map_err(|error| match error {
            Error::UnknownService => NoDesk::OtherService,
            error => NoDesk::Core(error),
        })?;
        if !operator.operates(&service) {
            return Err(NoDesk::OtherService);
        }
        if !operator.may(any_of) {
            return Err(Error::InsufficientScope(any_of.to_vec()).into());
        }
        Ok((Self { service, operator }, named))
    }
}

/// The token of a request, if it may be an operator's.
///
/// # Errors
/// [`Error::MissingToken`], [`Error::InvalidToken`].
pub fn presented(request: &Request) -> Result<Token, Error> {
    Operator::token(request.bearer_token())
}

/// The operator behind a token, counted against its rate.
///
/// # Errors
/// [`NoDesk`].
pub async fn known(app: &App, record: Option<TokenRecord>) -> Result<Operator, NoDesk> {
    let operator = Operator::new(record)?;
    let admission = app.admit_operator(&operator).await;
    if admission.allowed { Ok(operator) } else { Err(NoDesk::TooManyRequests(admission)) }
}
