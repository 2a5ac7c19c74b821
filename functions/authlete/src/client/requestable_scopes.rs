//! What the three operations on requestable scopes answer, and how they are changed.

pub mod delete;
pub mod get;
pub mod update;

use serde_json::Map;
use shared::administration::Draft;
use shared::client::{OperatorSettings, RegisteredClient};
use shared::http::Response;
use shared::registry::Context;
use shared::resolution::Changeable;

use crate::error::Error;

/// The scopes that the client may request; without the member, all of the service's.
pub(crate) fn answer(client: &RegisteredClient) -> Response {
    let mut members = Map::new();
    if let Some(scopes) = &client.record.settings.requestable_scopes {
        members.insert("requestableScopes".to_owned(), scopes.as_slice().into());
    }
    Response::json(200, members)
}

/// Replaces them.
///
/// # Errors
/// As [`Changeable::replaced`].
pub(crate) async fn replace(
    context: &Context<'_>,
    client: Changeable,
    scopes: Option<&[String]>,
) -> Result<RegisteredClient, Error> {
    let draft = |current: &RegisteredClient| {
        let settings = current.record.settings.clone();
        Ok(Draft {
            settings: OperatorSettings { requestable_scopes: scopes.map(<[String]>::to_vec), ..settings },
            ..Draft::of(current)
        })
    };
    Ok(client.replaced(context, draft).await?.client)
}
