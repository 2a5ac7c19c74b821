//! Who asks, and what they may do.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::credentials::{Token, TokenHash, TokenKind};
use crate::error::Error;
use crate::policy::{BoundPolicy, Registration};
use crate::service::Service;

/// What an operator's token permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    /// Read a service.
    #[serde(rename = "service.read")]
    ServiceRead,
    /// Change a service.
    #[serde(rename = "service.write")]
    ServiceWrite,
    /// Read clients.
    #[serde(rename = "client.read")]
    ClientRead,
    /// Change clients.
    #[serde(rename = "client.write")]
    ClientWrite,
    /// What an authorization server does on behalf of its clients.
    #[serde(rename = "use_service")]
    UseService,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 5] =
        [Self::ServiceRead, Self::ServiceWrite, Self::ClientRead, Self::ClientWrite, Self::UseService];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceRead => "service.read",
            Self::ServiceWrite => "service.write",
            Self::ClientRead => "client.read",
            Self::ClientWrite => "client.write",
            Self::UseService => "use_service",
        }
    }

    /// The permission of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == name)
    }
}

/// Who registers a client.
#[derive(Debug, Clone)]
pub enum Registrant {
    /// Anyone, where the service's registration is open.
    Anonymous,
    /// The bearer of an initial access token.
    InitialAccess {
        /// Its digest.
        token: TokenHash,
        /// Whether its uses are counted.
        counted: bool,
        /// What it allows.
        bound: BoundPolicy,
    },
}

impl Registrant {
    /// What the registrant may ask for.
    #[must_use]
    pub fn bound(&self) -> BoundPolicy {
        match self {
            Self::Anonymous => BoundPolicy::default(),
            Self::InitialAccess { bound, .. } => bound.clone(),
        }
    }

    /// The token whose use is to be counted by the registering transaction.
    #[must_use]
    pub fn spends(&self) -> Option<TokenHash> {
        match self {
            Self::InitialAccess { token, counted: true, .. } => Some(*token),
            Self::InitialAccess { .. } | Self::Anonymous => None,
        }
    }
}

/// Finds out who registers. Where registration is open a token is ignored.
///
/// # Errors
/// [`Error::MissingToken`]; [`Error::InvalidToken`] for one that is unknown, expired, used up or of another
/// service.
pub async fn registrant(app: &App, service: &Service, presented: Option<&str>) -> Result<Registrant, Error> {
    if service.policy().registration == Registration::Open {
        return Ok(Registrant::Anonymous);
    }
    let presented = presented.ok_or(Error::MissingToken)?;
    let token = Token::parse(TokenKind::InitialAccess, presented).ok_or(Error::InvalidToken)?.hash();
    let record = app.store.token(&token).await?.ok_or(Error::InvalidToken)?;
    if record.kind != TokenKind::InitialAccess || record.service_id != Some(service.id) || record.uses_left == Some(0) {
        return Err(Error::InvalidToken);
    }
    Ok(Registrant::InitialAccess { token, counted: record.uses_left.is_some(), bound: record.bound })
}

/// Where a change comes from: written beside it, for the audit.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Who: `anonymous`, `registrant`, `operator`, or the digest of a token.
    pub actor: String,
    /// Through which front door.
    pub door: &'static str,
    /// The source address.
    pub address: String,
    /// The gateway's request identifier.
    pub request_id: String,
}
