//! `POST /api/{serviceId}/client/secret/update/{clientIdentifier}`: an operator gives a client a secret of the operator's own.

use shared::administration;
use shared::caller::Permission;
use shared::credentials::ClientSecret;
use shared::http::Response;
use shared::metadata::Invalid;

use crate::body;
use crate::client::secret;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::shape::Shape;

endpoint!(update, "authlete-client-secret-update", [Post], ["/api/{serviceId}/client/secret/update/{clientId+}"]);

/// The longest secret, in characters.
const MAX_SECRET: usize = 86;

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    let body = body::json_or_form(call.request, |_| Shape::Text)?;
    let secret = body::text(&body, "clientSecret")?.unwrap_or_default();
    let secret = ClientSecret::chosen(checked(secret)?.to_owned());
    let numeric_id = found.numeric_id;
    let replaced = administration::replace_secret(&desk.context(call), found, Some(secret), None).await?;
    Ok(secret::answer("A149001", "updated", numeric_id, &replaced))
}

fn checked(secret: &str) -> Result<&str, Error> {
    let plain = secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plain && (1..=MAX_SECRET).contains(&secret.len()) {
        Ok(secret)
    } else {
        Err(Error::Body(Invalid::syntax("clientSecret", "1 to 86 characters of A-Z a-z 0-9 - _")))
    }
}
