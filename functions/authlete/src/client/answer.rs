//! A client as it is answered.

use serde_json::{Map, Value};
use shared::caller::{Operator, Permission};
use shared::client::RegisteredClient;
use shared::registry::Context;
use shared::{Error, administration};

use crate::client::object::{View, client};

impl View {
    /// What a token is shown of a client.
    pub(crate) fn of(operator: &Operator) -> Self {
        if operator.may(&[Permission::ClientWrite, Permission::UseService]) {
            Self::Full
        } else if operator.may(&[Permission::ClientRead]) {
            Self::WithoutSecret
        } else {
            Self::Limited
        }
    }
}

/// The `Client`.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub(crate) async fn answer(
    context: &Context<'_>,
    found: RegisteredClient,
    view: View,
) -> Result<Map<String, Value>, Error> {
    let information = match view {
        View::Full => administration::opened(context, found).await?,
        View::WithoutSecret | View::Limited => administration::closed(found),
    };
    Ok(client(&information, view))
}
