//! Tokens that an operator makes without any request of the client.

use shared::Error;
use shared::client::RegisteredClient;
use shared::metadata::GrantType;

use crate::authorization::{Assertions, Authorization, ClientName, Property};
use crate::context::Context;
use crate::exchange::{TokenFault, Tokens, Wishes, give};
use crate::grant::{self, Grant, Memory};
use crate::store::Step;
use crate::subject::is_subject;
use crate::token::AuthorizationId;
use crate::{activation, properties};

/// What an operator wants to be made.
pub struct Creation {
    /// The grant by which it would have begun.
    pub grant_type: GrantType,
    /// The user.
    pub subject: Option<String>,
    /// The scopes.
    pub scopes: Vec<String>,
    /// What is attached.
    pub properties: Vec<Property>,
    /// What is said for the tokens.
    pub assertions: Assertions,
    /// The resources that it is for.
    pub resources: Vec<String>,
    /// Authorization details.
    pub details: Option<serde_json::Value>,
    /// The certificate that the access token is bound to.
    pub certificate_thumbprint: Option<String>,
    /// Values and lives of the tokens.
    pub wishes: Wishes,
}

/// Why it is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateFault {
    /// No token begins with this grant.
    #[error("the grant type is missing, or none by which tokens are made")]
    GrantType,
    /// 1 to 100 ASCII characters; only a client's own authority has no user.
    #[error("the subject is missing, or not 1 to 100 ASCII characters")]
    Subject,
    /// The service does not have it.
    #[error("the service has no scope {0:?}")]
    Scope(String),
    /// A value that was chosen belongs to another token.
    #[error("{}", TokenFault::ValueInUse)]
    ValueInUse,
    /// A value that was chosen cannot be a token's.
    #[error("{}", TokenFault::ImpossibleValue)]
    ImpossibleValue,
    /// Nothing can be signed.
    #[error(transparent)]
    NoKey(#[from] crate::id_token::NoKey),
}

/// Whom a token is made for: its grant is read beforehand.
pub struct Holder<'h> {
    /// The client.
    pub client: &'h RegisteredClient,
    /// How it shall be called.
    pub name: ClientName,
    /// What the user has let it have until now.
    pub grant: Option<Grant>,
}

/// Makes tokens.
///
/// # Errors
/// [`CreateFault`], within [`Error::Unavailable`], [`Error::Internal`] and [`Error::Contention`].
pub async fn create(
    context: &Context<'_>,
    holder: Holder<'_>,
    creation: Creation,
) -> Result<Result<Tokens, CreateFault>, Error> {
    let is_clients = creation.grant_type == GrantType::ClientCredentials;
    if creation.grant_type == GrantType::RefreshToken {
        return Ok(Err(CreateFault::GrantType));
    }
    let subject = creation.subject.filter(|_| !is_clients);
    let may_lack = is_clients || creation.grant_type == GrantType::JwtBearer;
    if subject.as_ref().map_or(!may_lack, |subject| !is_subject(subject)) {
        return Ok(Err(CreateFault::Subject));
    }
    if let Some(unknown) = creation.scopes.iter().find(|scope| context.rules.scope(scope).is_none()) {
        return Ok(Err(CreateFault::Scope(unknown.clone())));
    }
    let client = holder.client;
    let now = context.now_millis();
    let id = AuthorizationId::mint(&context.app.entropy)?;
    let mut authorization = Authorization::begin(id, client, holder.name, creation.grant_type, now);
    authorization.issued = now;
    authorization.scopes = context.rules.known_scopes(&creation.scopes);
    authorization.refresh_scopes.clone_from(&authorization.scopes);
    authorization.properties = properties::at_rest(context, id, creation.properties).await?;
    authorization.assertions = creation.assertions;
    authorization.resources = creation.resources;
    authorization.details = creation.details;
    authorization.certificate_thumbprint = creation.certificate_thumbprint;
    authorization.subject = subject;
    let mut tokens = match give(context, client, authorization, &creation.wishes).await? {
        Ok(given) => given,
        Err(TokenFault::NoKey(fault)) => return Ok(Err(fault.into())),
        Err(TokenFault::ImpossibleValue) => return Ok(Err(CreateFault::ImpossibleValue)),
        Err(_) => return Ok(Err(CreateFault::ValueInUse)),
    };
    grant::make_room(context, client.numeric_id, holder.grant.as_ref()).await?;
    let memory = Memory { live: Some(id), ..Memory::default() };
    match activation::activate(context, client, &mut tokens.authorization, Some(memory)).await? {
        Step::Done => Ok(Ok(tokens)),
        Step::ValueInUse => Ok(Err(CreateFault::ValueInUse)),
        Step::Lost(_) | Step::Refused => Err(Error::internal("two authorizations of one name")),
    }
}
