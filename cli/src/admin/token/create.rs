//! `registrar token create`.

use std::time::Duration;

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};
use shared::caller::Permission;
use shared::credentials::{Token, TokenHash, TokenKind};
use shared::metadata::{GrantType, Invalid, Scope};
use shared::policy::{BoundPolicy, Policy};
use shared::store::TokenRecord;

use super::{displayed, duration, has_services, issued, print_new};
use crate::admin::api::shape::{Is, TOKEN, has};
use crate::admin::api::{Api, Asking};
use crate::admin::asked::{Asked, needs_table};
use crate::admin::connection::ORGANIZATION;
use crate::admin::service::organization;
use crate::admin::{Connection, Output};
use crate::failure::described;
use crate::print;

/// The doors at which clients register with initial access tokens.
const AT_DOORS: [&str; 2] = ["oauth", "authlete"];

#[derive(Subcommand)]
pub enum Create {
    /// An operator's token for one service.
    Service {
        /// The service.
        #[arg(long)]
        service: u64,
        #[command(flatten)]
        permissions: Permissions,
        /// When it ends, for example 1w, 90d, 2h30m; without it, never.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<Duration>,
    },
    /// An operator's token for all services of an organization.
    Organization {
        /// The organization.
        #[arg(long, default_value = ORGANIZATION, value_parser = organization)]
        organization: String,
        #[command(flatten)]
        permissions: Permissions,
        /// When it ends, for example 1w, 90d, 2h30m; without it, never.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<Duration>,
    },
    /// An initial access token, with which clients register (RFC 7591 section 3).
    InitialAccess {
        /// The service.
        #[arg(long)]
        service: u64,
        /// How many clients may register with it; without it, any number.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        uses: Option<u64>,
        /// When it ends, for example 1w, 90d, 2h30m; without it, never.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<Duration>,
        /// The scopes its clients may have, separated by spaces; without it, all that the service offers.
        #[arg(long)]
        scope: Option<String>,
        /// A grant type its clients may have; may be repeated; without it, all that the service offers.
        #[arg(long = "grant-type", value_name = "GRANT_TYPE", value_parser = grant_types())]
        grant_types: Vec<GrantType>,
    },
}

#[derive(Args)]
pub struct Permissions {
    /// What it permits; may be repeated; without it, all.
    #[arg(long = "permission", value_name = "PERMISSION", value_parser = permissions())]
    names: Vec<Permission>,
}

pub(super) async fn run(create: Create, asked: &Asked, output: &Output) -> Result<()> {
    match asked {
        Asked::Table(connection) => {
            let token = Token::mint(create.kind(), &connection.entropy).map_err(described)?;
            let record = record(create, token.hash(), connection).await?;
            print_new(&issued(&token, &record, connection).await?, "", output)
        }
        Asked::Api(api) => by_api(create, api, output).await,
    }
}

async fn by_api(create: Create, api: &Api, output: &Output) -> Result<()> {
    let (kind, service, expires) = match &create {
        Create::Service { service, expires, .. } => ("service", *service, *expires),
        Create::InitialAccess { service, expires, .. } => ("initial_access", *service, *expires),
        Create::Organization { .. } => {
            return Err(needs_table("the API has no tokens of organizations").into());
        }
    };
    let mut body = Map::from_iter([("kind".to_owned(), kind.into())]);
    let mut put = |name: &str, value: Option<Value>| body.extend(value.map(|value| (name.to_owned(), value)));
    put("expires_in", expires.map(|after| after.as_secs().into()));
    let id = service.to_string();
    match create {
        Create::InitialAccess { uses, scope, grant_types, .. } => {
            let bound = bound(scope.as_deref(), grant_types)?;
            // One of a later version may not be known here: it warns of nothing.
            if let Ok(policy) = serde_json::from_value(api.get(&[&id, "policy"]).await?.into()) {
                warn(service, &policy, &bound);
            }
            put("uses", uses.map(Value::from));
            put("scope", scope.map(Value::from));
            put("grant_types", bound.grant_types.as_ref().map(serde_json::to_value).transpose()?);
        }
        Create::Service { permissions, .. } => {
            let names: Vec<&str> = permissions.given().iter().map(|permission| permission.as_str()).collect();
            put("permissions", Some(names.into()));
        }
        Create::Organization { .. } => {}
    }
    let mut made = api.ask(Asking::new(Method::POST, &[&id, "tokens"]).sending(body)).await?.members;
    has(&made, &[("value", Is::Text)])?;
    has(&made, &TOKEN)?;
    let value = made.remove("value").unwrap_or_default();
    let mut members = displayed(made, Some(service));
    members.insert("token".to_owned(), value);
    print_new(&members, "", output)
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
        made_by: None,
    };
    let end = |expires: Option<Duration>| expires.map(|after| connection.clock.now().saturating_add(after.as_secs()));
    Ok(match create {
        Create::Service { service, permissions, expires } => {
            connection.service(service).await?;
            TokenRecord {
                service_id: Some(service),
                permissions: permissions.given(),
                expires_at: end(expires),
                ..blank
            }
        }
        Create::Organization { organization, permissions, expires } => {
            if !has_services(&organization, connection).await? {
                print::complain(&format!("warning: the organization {organization} has no service yet"));
            }
            TokenRecord {
                organization: Some(organization),
                permissions: permissions.given(),
                expires_at: end(expires),
                ..blank
            }
        }
        Create::InitialAccess { service, uses, expires, scope, grant_types } => {
            let policy = &connection.service(service).await?.configuration.policy;
            let bound = bound(scope.as_deref(), grant_types)?;
            warn(service, policy, &bound);
            TokenRecord { service_id: Some(service), bound, uses_left: uses, expires_at: end(expires), ..blank }
        }
    })
}

/// Says what is odd about a token to register with.
fn warn(service: u64, policy: &Policy, bound: &BoundPolicy) {
    let beyond = beyond(policy, bound);
    if !beyond.is_empty() {
        print::complain(&format!("warning: service {service} does not offer {}", beyond.join(", ")));
    }
    if !policy.dynamic_registration || !AT_DOORS.iter().any(|door| policy.opens(door)) {
        print::complain(&format!(
            "warning: no client of service {service} registers with such a token: that takes the door {}, and \
             dynamic_registration",
            AT_DOORS.join(" or ")
        ));
    }
}

impl Permissions {
    fn given(self) -> Vec<Permission> {
        if self.names.is_empty() { Permission::ALL.to_vec() } else { operator::tokens::once(self.names) }
    }
}

fn permissions() -> impl TypedValueParser<Value = Permission> {
    let names = PossibleValuesParser::new(Permission::ALL.map(Permission::as_str));
    names.try_map(|name| Permission::parse(&name).ok_or("there is no such permission"))
}

fn grant_types() -> impl TypedValueParser<Value = GrantType> {
    let names = PossibleValuesParser::new(GrantType::ALL.iter().copied().map(GrantType::as_str));
    names.try_map(|name| GrantType::parse(&name).ok_or("there is no such grant type"))
}

fn bound(scope: Option<&str>, grant_types: Vec<GrantType>) -> Result<BoundPolicy> {
    let scope = scope.map(Scope::parse).transpose()?;
    // What limits to nothing limits nothing.
    if scope == Some(None) {
        return Err(Invalid::Empty { member: "scope" }.into());
    }
    Ok(BoundPolicy {
        scope: scope.flatten(),
        grant_types: (!grant_types.is_empty()).then(|| operator::tokens::once(grant_types)),
    })
}

/// What a token would give that its service offers to nobody.
fn beyond(policy: &Policy, bound: &BoundPolicy) -> Vec<String> {
    let offers =
        |token: &str| policy.scopes.offered.as_ref().is_none_or(|offered| offered.tokens().any(|scope| scope == token));
    let scopes = bound.scope.iter().flat_map(Scope::tokens).filter(|token| !offers(token));
    let grant_types = bound.grant_types.iter().flatten().filter(|grant| !policy.grant_types.offered.contains(grant));
    let scopes = scopes.map(|scope| format!("the scope {scope}"));
    scopes.chain(grant_types.map(|grant| format!("the grant type {}", grant.as_str()))).collect()
}
