//! `/operator/{serviceId}/tokens`: tokens of a service's operators, and initial access tokens.

use serde_json::{Map, Value};
use shared::App;
use shared::caller::Permission;
use shared::credentials::{Token, TokenKind};
use shared::desk::Desk;
use shared::http::{DEADLINE, Method, Request, Response};
use shared::metadata::{GrantType, Scope};
use shared::policy::BoundPolicy;
use shared::store::TokenRecord;

use crate::door::{self, Fault, READ_SERVICE, WRITE_SERVICE, endpoint};
use crate::query::{Members, Query, empty, required, unknown_word};
use crate::shown::page;

/// The longest that a token lasts, a hundred years, in seconds.
const LONGEST: u64 = 36_500 * 24 * 60 * 60;

endpoint!(tokens, "operator-tokens", [Get, Post], ["/operator/{serviceId}/tokens"], DEADLINE);

async fn tokens(app: &App, request: &Request) -> Result<Response, Fault> {
    if request.method == Method::Post { create(app, request).await } else { list(app, request).await }
}

async fn list(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_SERVICE).await?;
    let query = Query::of(request, &["limit", "cursor"])?;
    let (tokens, next) = app.store.token_page(desk.service.id, query.text("cursor"), query.limit()?).await?;
    Ok(Response::json(200, page("tokens", tokens.iter().map(shown), next)))
}

/// Makes a token; it is shown this once.
async fn create(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, WRITE_SERVICE).await?;
    Query::of(request, &[])?;
    let terms = Terms::of(Members(door::body(request)?), &desk)?;
    let token = Token::mint(terms.kind, &app.entropy)?;
    // Time is a right as well: nothing outlasts what has made it.
    let asked = terms.expires_in.map(|seconds| app.clock.now().saturating_add(seconds));
    let expires_at = asked.into_iter().chain(desk.operator.expires_at).min();
    let record = TokenRecord {
        hash: token.hash(),
        kind: terms.kind,
        service_id: Some(desk.service.id),
        organization: None,
        permissions: terms.permissions,
        bound: terms.bound,
        certificate: None,
        uses_left: terms.uses,
        expires_at,
        created_millis: app.clock.now_millis(),
        made_by: Some(desk.operator.token),
    };
    app.store.create_token(&record, &door::origin(&desk, request)).await?;
    let mut members = shown(&record);
    members.insert("value".to_owned(), token.expose().into());
    Ok(Response::json(201, members))
}

/// What a new token shall be.
struct Terms {
    kind: TokenKind,
    permissions: Vec<Permission>,
    bound: BoundPolicy,
    uses: Option<u64>,
    expires_in: Option<u64>,
}

impl Terms {
    fn of(mut asked: Members, desk: &Desk) -> Result<Self, Fault> {
        let kind = required("kind", asked.text("kind")?)?;
        let expires_in = asked.number("expires_in")?;
        if expires_in.is_some_and(|seconds| seconds == 0 || seconds > LONGEST) {
            return Err(Fault::Request("expires_in is a number of seconds from 1 to those of a hundred years".into()));
        }
        let terms = match kind.as_str() {
            "service" => {
                let permissions = once(asked.words("permissions", Permission::parse)?.unwrap_or_default());
                if permissions.is_empty() {
                    return Err(empty("permissions"));
                }
                // A token that could give what it has not would have it.
                if let Some(lacking) = permissions.iter().find(|permission| !desk.operator.may(&[**permission])) {
                    return Err(shared::Error::InsufficientScope(vec![*lacking]).into());
                }
                let bound = BoundPolicy::default();
                Self { kind: TokenKind::Service, permissions, bound, uses: None, expires_in }
            }
            "initial_access" => {
                let scope = asked.text("scope")?;
                let scope = scope.as_deref().map(Scope::parse).transpose();
                // What limits to nothing limits nothing.
                let scope = match scope.map_err(|fault| Fault::of_request(&fault))? {
                    Some(None) => return Err(empty("scope")),
                    scope => scope.flatten(),
                };
                let grant_types = asked.words("grant_types", GrantType::parse)?;
                if grant_types.as_ref().is_some_and(Vec::is_empty) {
                    return Err(empty("grant_types"));
                }
                let bound = BoundPolicy { scope, grant_types: grant_types.map(once) };
                let uses = asked.number("uses")?;
                if uses == Some(0) {
                    return Err(Fault::Request("uses is a whole number from 1".into()));
                }
                Self { kind: TokenKind::InitialAccess, permissions: Vec::new(), bound, uses, expires_in }
            }
            _ => return Err(unknown_word("kind", &kind)),
        };
        asked.end()?;
        Ok(terms)
    }
}

/// Each of them once, in their order.
#[must_use]
pub fn once<T: PartialEq>(words: Vec<T>) -> Vec<T> {
    words.into_iter().fold(Vec::new(), |mut known, word| {
        if !known.contains(&word) {
            known.push(word);
        }
        known
    })
}

/// What is known of a token; never the token.
#[must_use]
pub fn shown(token: &TokenRecord) -> Map<String, Value> {
    let mut members = Map::new();
    let permissions: Vec<&str> = token.permissions.iter().map(|permission| permission.as_str()).collect();
    for (name, value) in [
        ("token", Some(token.hash.to_text().into())),
        ("kind", serde_json::to_value(token.kind).ok()),
        ("permissions", (!permissions.is_empty()).then(|| permissions.into())),
        ("scope", token.bound.scope.as_ref().map(|scope| scope.to_string().into())),
        ("grant_types", token.bound.grant_types.as_ref().and_then(|grants| serde_json::to_value(grants).ok())),
        ("uses_left", token.uses_left.map(Value::from)),
        ("created_at", Some((token.created_millis / 1000).into())),
        ("expires_at", token.expires_at.map(Value::from)),
        ("made_by", token.made_by.map(|maker| maker.to_text().into())),
    ] {
        members.extend(value.map(|value| (name.to_owned(), value)));
    }
    members
}
