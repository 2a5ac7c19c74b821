//! The rules of a service and the terms of a client, as they stand in Authlete's members.

use std::collections::{HashMap, HashSet};

use authorization::Terms;
use authorization::rules::{Durations, OPENID_SCOPES, Rules, ScopeRule, ScopeRules};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::metadata::{GrantType, ResponseType, Scope};
use shared::service::Service;

/// The grants that are built.
pub(crate) const GRANTS: [GrantType; 4] =
    [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials, GrantType::Password];

/// The response types that are built.
pub(crate) const RESPONSES: [ResponseType; 2] = [ResponseType::Code, ResponseType::Nothing];

/// Seconds, where the service says nothing.
const ACCESS_TOKEN: u64 = 86_400;
const REFRESH_TOKEN: u64 = 864_000;
const ID_TOKEN: u64 = 86_400;
const CODE: u64 = 600;
const PUSHED: u64 = 600;

/// The values of `prompt` that a service has which names none.
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];

/// The rules of a service.
pub(crate) fn of(service: &Service, issuer: String) -> Rules<'_> {
    let configuration = &service.configuration;
    let others = &configuration.others;
    let metadata = &configuration.authorization_server;
    let flag = |name: &str| others.get(name) == Some(&Value::Bool(true));
    let seconds = |name: &str, usual: u64| positive(others, name).unwrap_or(usual);
    let text = |name: &str| others.get(name).and_then(Value::as_str);
    let policy = service.policy();
    let responses = &policy.response_types.offered;
    let displays = texts(metadata, "display_values_supported");
    let prompts = texts(metadata, "prompt_values_supported");
    let own_endpoints = ["token_endpoint", "pushed_authorization_request_endpoint", "revocation_endpoint"];
    let audiences = own_endpoints.iter().filter_map(|name| metadata.get(*name)?.as_str().map(str::to_owned)).collect();
    Rules {
        iss_suppressed: flag("issSuppressed"),
        scopes: scopes(service),
        scope_required: flag("scopeRequired"),
        grant_types: policy.grant_types.offered.iter().copied().filter(|grant| GRANTS.contains(grant)).collect(),
        offers_code: responses.contains(&ResponseType::Code),
        offers_none: responses.contains(&ResponseType::Nothing),
        displays: if displays.is_empty() { vec!["page"] } else { displays },
        prompts: if prompts.is_empty() { PROMPTS.to_vec() } else { prompts },
        acrs: texts(metadata, "acr_values_supported"),
        ui_locales: texts(metadata, "ui_locales_supported"),
        claims: texts(metadata, "claims_supported"),
        pushed_required: metadata.get("require_pushed_authorization_requests") == Some(&Value::Bool(true)),
        signed_required: metadata.get("require_signed_request_object") == Some(&Value::Bool(true)),
        pkce_required: flag("pkceRequired"),
        pkce_s256_required: flag("pkceS256Required"),
        loopback_port_is_free: flag("loopbackRedirectionUriVariable"),
        scope_claims_at_userinfo: flag("claimShortcutRestrictive"),
        pushed_seconds: seconds("pushedAuthReqDuration", PUSHED),
        code_seconds: seconds("authorizationCodeDuration", CODE),
        durations: Durations {
            access_token: seconds("accessTokenDuration", ACCESS_TOKEN),
            refresh_token: seconds("refreshTokenDuration", REFRESH_TOKEN),
            id_token: seconds("idTokenDuration", ID_TOKEN),
        },
        ends_are_linked: flag("tokenExpirationLinked"),
        access_token_type: text("accessTokenType").unwrap_or("Bearer"),
        access_token_algorithm: text("accessTokenSignAlg").filter(|name| *name != "NONE"),
        access_token_key: text("accessTokenSignatureKeyId"),
        id_token_key: text("idTokenSignatureKeyId"),
        userinfo_key: text("userInfoSignatureKeyId"),
        single_audience: text("idTokenAudType") == Some("string"),
        single_per_subject: flag("singleAccessTokenPerSubject"),
        refresh_token_kept: flag("refreshTokenKept"),
        refresh_end_kept: flag("refreshTokenDurationKept"),
        refresh_end_reset: flag("refreshTokenDurationReset"),
        refresh_is_idempotent: flag("refreshTokenIdempotent"),
        openid_needs_offline: flag("openidDroppedOnRefreshWithoutOfflineAccess"),
        missing_client_id_allowed: flag("missingClientIdAllowed"),
        token_methods: policy.token_endpoint_auth_methods.offered.iter().map(|method| method.as_str()).collect(),
        revocation_methods: texts(metadata, "revocation_endpoint_auth_methods_supported"),
        assertion_audiences: audiences,
        assertions_name_issuer: flag("clientAssertionAudRestrictedToIssuer"),
        clock_skew: positive(others, "allowableClockSkew").unwrap_or(0),
        validates_chains: flag("mutualTlsValidatePkiCertChain"),
        unbuilt_profile: texts(others, "fapiModes").first().copied(),
        issuer,
    }
}

/// What a service has that is made by a preset, and not by Authlete's API: code challenges by S256 (RFC 9700 §2.1.1), and
/// the ports that native applications get from their systems (RFC 8252 §7.3).
#[must_use]
pub fn recommended() -> Map<String, Value> {
    let flags = ["pkceRequired", "pkceS256Required", "loopbackRedirectionUriVariable"];
    flags.into_iter().map(|name| (name.to_owned(), true.into())).collect()
}

/// What operators say of a client.
pub(crate) fn terms(client: &RegisteredClient) -> Terms<'_> {
    let others = &client.record.settings.others;
    let flag = |name: &str| others.get(name) == Some(&Value::Bool(true));
    let extension = others.get("extension").and_then(Value::as_object);
    let seconds = |name: &str| extension.and_then(|extension| positive(extension, name)).unwrap_or_default();
    Terms {
        durations: extension.map(|_| Durations {
            access_token: seconds("accessTokenDuration"),
            refresh_token: seconds("refreshTokenDuration"),
            id_token: seconds("idTokenDuration"),
        }),
        pkce_required: flag("pkceRequired"),
        pkce_s256_required: flag("pkceS256Required"),
        single_per_subject: flag("singleAccessTokenPerSubject"),
        unbuilt_profile: texts(others, "fapiModes").first().copied(),
        self_signed_key: others.get("selfSignedCertificateKeyId").and_then(Value::as_str),
    }
}

fn positive(members: &Map<String, Value>, name: &str) -> Option<u64> {
    members.get(name).and_then(Value::as_u64).filter(|number| *number > 0)
}

fn texts<'m>(members: &'m Map<String, Value>, name: &str) -> Vec<&'m str> {
    members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The scopes that the service offers, with what is written about them; those of OpenID Connect if it names none.
fn scopes(service: &Service) -> ScopeRules<'_> {
    let policy = service.policy();
    let Some(offered) = &policy.scopes.offered else {
        return OPENID_SCOPES.map(ScopeRule::named).into_iter().collect();
    };
    let written = written(service);
    let default: HashSet<&str> = policy.scopes.default.iter().flat_map(Scope::tokens).collect();
    let rule = |name| {
        let attributes = written.get(name).and_then(|scope| scope.get("attributes"));
        let seconds = |key: &str| attribute(attributes, key).and_then(|value| value.parse().ok());
        ScopeRule {
            is_default: default.contains(name),
            access_token_seconds: seconds("access_token.duration"),
            refresh_token_seconds: seconds("refresh_token.duration"),
            id_token_seconds: seconds("id_token.duration"),
            ..ScopeRule::named(name)
        }
    };
    offered.tokens().map(rule).collect()
}

/// What is written about scopes, by their names.
pub(crate) fn written(service: &Service) -> HashMap<&str, &Value> {
    let scopes = service.configuration.others.get("supportedScopes").and_then(Value::as_array);
    scopes.into_iter().flatten().filter_map(|scope| Some((scope.get("name")?.as_str()?, scope))).collect()
}

fn attribute<'a>(attributes: Option<&'a Value>, key: &str) -> Option<&'a str> {
    let mut pairs = attributes?.as_array()?.iter();
    let pair = pairs.find(|pair| pair.get("key").and_then(Value::as_str) == Some(key))?;
    pair.get("value")?.as_str()
}
