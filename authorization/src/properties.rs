//! What an authorization server attaches to a grant: sealed where some of it is hidden.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use shared::Error;

use crate::authorization::{Authorization, Properties, Property};
use crate::context::Context;
use crate::token::AuthorizationId;

/// What sealed properties are bound to, beside their authorization.
const KIND: &str = "grant_properties";

/// How they are stored.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn at_rest(
    context: &Context<'_>,
    id: AuthorizationId,
    properties: Vec<Property>,
) -> Result<Properties, Error> {
    if properties.iter().all(|property| !property.hidden) {
        return Ok(Properties::Plain(properties));
    }
    let text = serde_json::to_string(&properties).map_err(Error::internal)?;
    let sealed = context.service.seal(&context.app.keys, KIND, &id.to_text(), &text).await?;
    Ok(Properties::Sealed(BASE64URL.encode(sealed)))
}

/// What they say.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn of(context: &Context<'_>, authorization: &Authorization) -> Result<Vec<Property>, Error> {
    match &authorization.properties {
        Properties::Plain(properties) => Ok(properties.clone()),
        Properties::Sealed(sealed) => {
            let sealed = BASE64URL.decode(sealed).map_err(Error::internal)?;
            let id = authorization.id.to_text();
            let text = context.service.open(&context.app.keys, KIND, &id, &sealed).await?;
            serde_json::from_str(&text).map_err(Error::internal)
        }
    }
}

/// Attaches more to an authorization: a value of a known name takes the place of the old one.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn attach(
    context: &Context<'_>,
    authorization: &mut Authorization,
    attached: Vec<Property>,
) -> Result<(), Error> {
    if attached.is_empty() {
        return Ok(());
    }
    let mut all = of(context, authorization).await?;
    all.retain(|known| attached.iter().all(|property| property.key != known.key));
    all.extend(attached);
    authorization.properties = at_rest(context, authorization.id, all).await?;
    Ok(())
}
