//! A service as it is answered.

use serde_json::{Map, Value};
use shared::caller::{Operator, Permission};
use shared::http::Request;
use shared::service::Service;
use shared::{App, Error};

use crate::service::object::{View, service};

impl View {
    /// What a token is shown of a service.
    pub(crate) fn of(operator: &Operator) -> Self {
        if operator.may(&[Permission::ServiceWrite]) {
            Self::Full
        } else if operator.may(&[Permission::ServiceRead]) {
            Self::WithoutSecrets
        } else {
            Self::Limited
        }
    }
}

/// The `Service`, with the number of its clients.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub(crate) async fn answer(
    app: &App,
    request: &Request,
    shown: &Service,
    view: View,
) -> Result<Map<String, Value>, Error> {
    let issuer = shown.issuer(&app.base_url(shown, request));
    if view == View::Limited {
        return Ok(service(shown, &issuer, &Map::new(), None, view));
    }
    let clients = app.store.client_count(shown.id).await?;
    Ok(service(shown, &issuer, &shown.secrets(&app.keys).await?, Some(clients), view))
}
