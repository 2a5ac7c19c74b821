//! `registrar token`.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use shared::caller::Permission;
use shared::credentials::{Token, TokenHash, TokenKind};
use shared::metadata::{GrantType, Scope};
use shared::policy::BoundPolicy;
use shared::store::TokenRecord;

use super::output::date;
use super::{Connection, Output, operator};
use crate::demo::described;

#[derive(Subcommand)]
pub enum Command {
    /// Create a token; it is shown this once.
    #[command(subcommand)]
    Create(Create),
    /// List the tokens of a service or of an organization.
    List(Owner),
    /// Replace a token by a new one with the same terms; the old one ends at once.
    Rotate {
        /// Its identifier, as listed.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// End a token.
    Revoke {
        /// Its identifier, as listed.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

#[derive(Subcommand)]
pub enum Create {
    /// An operator's token for one service.
    Service {
        /// The service.
        #[arg(long)]
        service: u64,
        #[command(flatten)]
        permissions: Permissions,
        /// When it ends, for example 90d, 12h, 30m.
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
    },
    /// An operator's token for all services of an organization.
    Organization {
        /// The organization.
        #[arg(long, default_value = "default", value_parser = super::service::organization)]
        organization: String,
        #[command(flatten)]
        permissions: Permissions,
        /// When it ends, for example 90d, 12h, 30m.
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
    },
    /// A token with which clients register (RFC 7591 section 3).
    InitialAccess {
        /// The service.
        #[arg(long)]
        service: u64,
        /// How many clients may register with it; without it, any number.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        uses: Option<u64>,
        /// When it ends, for example 90d, 12h, 30m.
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        /// The scopes its clients may have, separated by spaces; without it, all that the service offers.
        #[arg(long)]
        scope: Option<String>,
        /// A grant type its clients may have; may be repeated; without it, all that the service offers.
        #[arg(long = "grant-type", value_name = "GRANT_TYPE")]
        grant_types: Vec<String>,
    },
}

#[derive(Args)]
pub struct Permissions {
    /// What it permits: service.read, service.write, client.read, client.write, `use_service`; may be repeated;
    /// without it, all.
    #[arg(long = "permission", value_name = "PERMISSION")]
    names: Vec<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Owner {
    /// The service.
    #[arg(long)]
    service: Option<u64>,
    /// The organization.
    #[arg(long, value_parser = super::service::organization)]
    organization: Option<String>,
}

pub(super) async fn run(command: Command, connection: &Connection, output: &Output) -> Result<()> {
    match command {
        Command::Create(create) => {
            let token = Token::mint(create.kind(), &connection.entropy).map_err(described)?;
            let record = record(create, token.hash(), connection).await?;
            issue(&token, &record, connection, output).await
        }
        Command::List(owner) => list(owner, connection, output).await,
        Command::Rotate { id } => rotate(&id, connection, output).await,
        Command::Revoke { id } => {
            connection.store.delete_token(&existing(&id, connection).await?).await.map_err(described)?;
            output.done("The token is revoked.");
            Ok(())
        }
    }
}

impl Create {
    fn kind(&self) -> TokenKind {
        match self {
            Self::Service { .. } => TokenKind::Service,
            Self::Organization { .. } => TokenKind::Organization,
            Self::InitialAccess { .. } => TokenKind::InitialAccess,
        }
    }
}

/// The new token's terms.
async fn record(create: Create, hash: TokenHash, connection: &Connection) -> Result<TokenRecord> {
    let blank = TokenRecord {
        hash,
        kind: create.kind(),
        service_id: None,
        organization: None,
        permissions: Vec::new(),
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: connection.clock.now_millis(),
    };
    let end = |expires: Option<String>| -> Result<Option<u64>> {
        expires.map(|text| Ok(connection.clock.now().saturating_add(seconds(&text)?))).transpose()
    };
    Ok(match create {
        Create::Service { service, permissions, expires } => {
            connection.service(service).await?;
            TokenRecord {
                service_id: Some(service),
                permissions: permissions.parsed()?,
                expires_at: end(expires)?,
                ..blank
            }
        }
        Create::Organization { organization, permissions, expires } => TokenRecord {
            organization: Some(organization),
            permissions: permissions.parsed()?,
            expires_at: end(expires)?,
            ..blank
        },
        Create::InitialAccess { service, uses, expires, scope, grant_types } => {
            connection.service(service).await?;
            TokenRecord {
                service_id: Some(service),
                bound: bound(scope.as_deref(), &grant_types)?,
                uses_left: uses,
                expires_at: end(expires)?,
                ..blank
            }
        }
    })
}

async fn issue(token: &Token, record: &TokenRecord, connection: &Connection, output: &Output) -> Result<()> {
    connection.store.create_token(record, &operator()).await.map_err(described)?;
    let mut members = shown(record)?;
    members.insert("token".to_owned(), token.expose().into());
    output.one(&members)
}

async fn rotate(id: &str, connection: &Connection, output: &Output) -> Result<()> {
    let old = existing(id, connection).await?;
    let token = Token::mint(old.kind, &connection.entropy).map_err(described)?;
    let record = TokenRecord { hash: token.hash(), created_millis: connection.clock.now_millis(), ..old.clone() };
    issue(&token, &record, connection, output).await?;
    connection.store.delete_token(&old).await.map_err(described)
}

async fn list(owner: Owner, connection: &Connection, output: &Output) -> Result<()> {
    let tokens = match (owner.service, owner.organization) {
        (Some(service), _) => connection.store.service_tokens(service).await,
        (None, organization) => connection.store.organization_tokens(&organization.unwrap_or_default()).await,
    };
    let rows: Vec<_> = tokens.map_err(described)?.iter().map(shown).collect::<Result<_>>()?;
    output.rows(&["id", "kind", "permissions", "uses_left", "expires", "created"], &rows)
}

impl Permissions {
    fn parsed(self) -> Result<Vec<Permission>> {
        if self.names.is_empty() {
            return Ok(Permission::ALL.to_vec());
        }
        let parse = |name: &String| Permission::parse(name).with_context(|| format!("there is no permission {name}"));
        self.names.iter().map(parse).collect()
    }
}

fn bound(scope: Option<&str>, grant_types: &[String]) -> Result<BoundPolicy> {
    let parse = |name: &String| GrantType::parse(name).with_context(|| format!("there is no grant type {name}"));
    let grant_types: Vec<GrantType> = grant_types.iter().map(parse).collect::<Result<_>>()?;
    Ok(BoundPolicy {
        scope: scope.map(Scope::parse).transpose()?.flatten(),
        grant_types: (!grant_types.is_empty()).then_some(grant_types),
    })
}

async fn existing(id: &str, connection: &Connection) -> Result<TokenRecord> {
    let hash = TokenHash::parse(id);
    let hash = hash.context("a token's identifier is what `token list` shows, not the token itself")?;
    connection.store.token_of_any_kind(&hash).await.map_err(described)?.context("there is no such token")
}

/// `90d`, `12h`, `30m`, `45s` in seconds.
fn seconds(text: &str) -> Result<u64> {
    let unit = match text.chars().last() {
        Some('d') => 86_400,
        Some('h') => 3600,
        Some('m') => 60,
        Some('s') => 1,
        _ => bail!("a duration ends in d, h, m or s: 90d"),
    };
    let count: u64 =
        text.get(..text.len() - 1).unwrap_or_default().parse().context("a duration is a number and a unit: 90d")?;
    count.checked_mul(unit).filter(|seconds| *seconds > 0).context("the duration is out of range")
}

fn shown(token: &TokenRecord) -> Result<Map<String, Value>> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("id", token.hash.to_text().into());
    put("kind", serde_json::to_value(token.kind)?);
    put("created", date(token.created_millis / 1000).into());
    for (name, value) in [
        ("service", token.service_id.map(Value::from)),
        ("organization", token.organization.clone().map(Value::from)),
        ("uses_left", token.uses_left.map(Value::from)),
        ("expires", token.expires_at.map(|end| date(end).into())),
        ("scope", token.bound.scope.as_ref().map(|scope| scope.to_string().into())),
        ("grant_types", token.bound.grant_types.as_ref().map(serde_json::to_value).transpose()?),
    ] {
        if let Some(value) = value {
            put(name, value);
        }
    }
    if !token.permissions.is_empty() {
        put("permissions", token.permissions.iter().map(|permission| permission.as_str()).collect());
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(seconds("90d").unwrap(), 7_776_000);
        assert_eq!(seconds("45s").unwrap(), 45);
        for wrong in ["", "d", "0d", "-1d", "5", "5y", "99999999999999999999d", "999999999999999999d", "5\u{e9}"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
