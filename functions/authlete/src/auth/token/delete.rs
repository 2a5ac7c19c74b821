//! `DELETE /api/{serviceId}/auth/token/delete/{accessTokenIdentifier}`: an operator ends a token.

use ::authorization::{management, store};
use shared::http::Response;
use shared::metadata::Invalid;

use super::clue_keys;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::Runtime;

endpoint!(delete, "authlete-token-delete", [Delete], ["/api/{serviceId}/auth/token/delete/{accessTokenIdentifier+}"]);

/// A token that there is not has ended as well.
async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let clue = call.request.path_parameter("accessTokenIdentifier").unwrap_or_default();
    let (desk, found) = call.desk_and_found(None, |service| clue_keys(service, Some(clue))).await?;
    // The gateway ends a path at a decoded question mark: this names another token then.
    if call.request.query_parameters().next().is_some() {
        return Err(Error::Body(Invalid::syntax(
            "accessTokenIdentifier",
            "a token, or what one is called, in the path alone",
        )));
    }
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    if let Some(known) = management::of_clue_to_end(&context, clue, &found).await? {
        store::revoke(&context, known.authorization).await?;
    }
    Ok(Response::empty(204))
}
