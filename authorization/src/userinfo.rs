//! What the userinfo endpoint answers (OpenID Connect Core §5.3).

use serde_json::{Map, Value};
use shared::Error;
use shared::client::RegisteredClient;
use shared::jose::sign_with_secret;

use crate::authorization::Authorization;
use crate::context::Context;
use crate::id_token::{self, NoKey};

/// The answer: claims in JSON, or in a signed JWT where the client has registered an algorithm.
pub enum Content {
    /// A JSON object.
    Json(Map<String, Value>),
    /// A JWT.
    Jwt(String),
}

/// The claims of a user for a client. `sub` is that of the ID Token, unless the authorization server says another one.
///
/// # Errors
/// [`NoKey`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn content(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    said: Option<&str>,
    claims: Map<String, Value>,
) -> Result<Result<Content, NoKey>, Error> {
    let mut members = claims;
    members.retain(|_, value| !value.is_null());
    let sub = said.map_or_else(|| id_token::sub(context, client, authorization), str::to_owned);
    members.insert("sub".to_owned(), sub.into());
    let metadata = client.record.metadata.rest();
    if metadata.userinfo_encrypted_response_alg.is_some() {
        return Ok(Err(NoKey("and encrypts userinfo".to_owned())));
    }
    let Some(algorithm) = metadata.userinfo_signed_response_alg.as_deref().filter(|name| *name != "none") else {
        return Ok(Ok(Content::Json(members)));
    };
    members.insert("iss".to_owned(), context.rules.issuer.as_str().into());
    members.insert("aud".to_owned(), authorization.called(client).0.into());
    if algorithm.starts_with("HS") {
        let secret = context.service.secret_of(&context.app.keys, client).await?;
        let Some(secret) = secret else { return Ok(Err(NoKey(algorithm.to_owned()))) };
        let signed = sign_with_secret(algorithm, secret.expose().as_bytes(), Map::new(), &members)?;
        return Ok(signed.map(Content::Jwt).ok_or_else(|| NoKey(algorithm.to_owned())));
    }
    Ok(match id_token::signing_key(context, algorithm, context.rules.userinfo_key).await? {
        Some(key) => Ok(Content::Jwt(key.private.sign_with_header(Map::new(), &members)?)),
        None => Err(NoKey(algorithm.to_owned())),
    })
}
