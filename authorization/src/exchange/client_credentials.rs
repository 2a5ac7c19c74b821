//! `client_credentials` (RFC 6749 §4.4): a client acts for itself.

use shared::Error;
use shared::client::RegisteredClient;
use shared::metadata::{GrantType, Scope};

use super::tokens::{Tokens, Wishes};
use super::{TokenFault, give};
use crate::authorization::{Authorization, ClientName, Property};
use crate::context::Context;
use crate::parameters::Parameters;
use crate::store::{self, Step};
use crate::token::AuthorizationId;
use crate::{properties, scopes};

/// What is for users only.
const OF_USERS: [&str; 2] = ["openid", "offline_access"];

/// Gives a client an access token of its own.
///
/// # Errors
/// [`TokenFault`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn by_client_credentials(
    context: &Context<'_>,
    client: &RegisteredClient,
    name: ClientName,
    parameters: &Parameters,
    attached: Vec<Property>,
    access_token_claims: serde_json::Map<String, serde_json::Value>,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    let words = parameters.words("scope");
    if words.iter().any(|word| !Scope::is_token(word)) {
        return Ok(Err(TokenFault::ScopeSyntax));
    }
    if parameters.get("resource").is_some() {
        return Ok(Err(TokenFault::Resource));
    }
    let mut granted = scopes::requestable(context, client, (!words.is_empty()).then_some(words.as_slice()));
    granted.retain(|scope| !OF_USERS.contains(&scope.as_str()));
    let id = AuthorizationId::mint(&context.app.entropy)?;
    let now = context.now_millis();
    let mut authorization = Authorization::begin(id, client, name, GrantType::ClientCredentials, now);
    authorization.issued = now;
    authorization.scopes = granted;
    authorization.properties = properties::at_rest(context, id, attached).await?;
    authorization.assertions.access_token_claims = access_token_claims;
    let mut tokens = match give(context, client, authorization, wishes).await? {
        Ok(given) => given,
        Err(fault) => return Ok(Err(fault)),
    };
    match store::step(context, &mut tokens.authorization, Vec::new()).await? {
        Step::Done => Ok(Ok(tokens)),
        Step::ValueInUse => Ok(Err(TokenFault::ValueInUse)),
        Step::Lost(_) | Step::Refused => Err(Error::internal("two authorizations of one name")),
    }
}
