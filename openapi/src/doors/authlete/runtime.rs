//! Authlete's runtime: authorization, tokens, introspection.

use shared::http::Method::{Delete, Get, Post};

use super::AT_SERVICE;
use crate::operation::{Operation, on};

pub(super) fn schemas() -> Vec<(&'static str, &'static str)> {
    vec![
        ("AuthleteProperty", "{ key: text, value: text, hidden: flag }"),
        (
            "AuthleteAuthorizationDetails",
            "{ elements: [{ type: text, locations?: [text], actions?: [text], \
            dataTypes?: [text], identifier?: text, privileges?: [text], otherFields?: text }] }",
        ),
        ("AuthleteOutcome", "{ ..AuthleteResult, action: text, responseContent?: text }"),
        (
            "AuthleteAuthorization",
            "{ ..AuthleteOutcome, ticket?: text, client?: AuthleteClient, \
            service?: { apiKey: integer, issuer: text, clientIdAliasEnabled: flag, serviceName?: text }, \
            display?: \"PAGE\" | \"POPUP\" | \"TOUCH\" | \"WAP\", maxAge?: integer, scopes?: [AuthleteScope], \
            claims?: [text], claimsAtUserInfo?: [text], uiLocales?: [text], claimsLocales?: [text], acrs?: [text], \
            acrEssential?: flag, idTokenClaims?: text, userInfoClaims?: text, subject?: text, loginHint?: text, \
            prompts?: [text], lowestPrompt?: text, clientIdAliasUsed?: flag, clientEntityIdUsed?: flag, \
            metadataDocumentUsed?: flag, \
            clientAttributes?: [AuthletePair], serviceAttributes?: [AuthletePair] }",
        ),
        (
            "AuthleteSubject",
            "{ subject?: text, acr?: text, authTime?: integer, claims?: text, properties?: \
            [{ key: text, value: text, hidden?: flag, * }], scopes?: [text], sub?: text, idtHeaderParams?: text, \
            idTokenAudType?: text, jwtAtClaims?: text, consentedClaims?: [text], sessionId?: text, \
            accessToken?: text, accessTokenDuration?: integer, refreshTokenDuration?: integer, \
            authorizationDetails?: object, * }",
        ),
        (
            "AuthleteNames",
            "{ clientId?: integer, clientIdAlias?: text, clientIdAliasUsed?: flag, clientEntityId?: text, \
            clientEntityIdUsed?: flag, metadataDocumentUsed?: flag, clientAttributes?: [AuthletePair], \
            serviceAttributes?: [AuthletePair] }",
        ),
        (
            "AuthleteAuthorized",
            "{ ..AuthleteNames, subject?: text, scopes?: [text], resources?: [text], \
            accessTokenResources?: [text], authorizationDetails?: AuthleteAuthorizationDetails, acr?: text, \
            authTime?: integer, consentedClaims?: [text], sessionId?: text, grantType?: text, \
            properties?: [AuthleteProperty] }",
        ),
        (
            "AuthleteTokens",
            "{ ..AuthleteOutcome, ..AuthleteAuthorized, accessToken?: text, refreshToken?: text, \
            idToken?: text, jwtAccessToken?: text, accessTokenExpiresAt?: integer, accessTokenDuration?: integer, \
            refreshTokenExpiresAt?: integer, refreshTokenDuration?: integer, refreshTokenScopes?: [text], \
            previousRefreshTokenUsed?: flag, clientAuthMethod?: text, ticket?: text, username?: text, password?: text }",
        ),
        (
            "AuthleteToken",
            "{ ..AuthleteResult, ..AuthleteAuthorized, action: text, accessToken?: text, tokenType?: text, \
            refreshToken?: text, jwtAccessToken?: text, expiresAt?: integer, expiresIn?: integer, \
            accessTokenExpiresAt?: integer, refreshTokenExpiresAt?: integer, refreshTokenScopes?: [text], \
            tokenId?: text }",
        ),
        (
            "AuthleteIntrospection",
            "{ ..AuthleteOutcome, ..AuthleteAuthorized, existent?: flag, usable?: flag, \
            sufficient?: flag, refreshable?: flag, active?: flag, expiresAt?: integer, scopeDetails?: [AuthleteScope], \
            certificateThumbprint?: text }",
        ),
        (
            "AuthleteClientCredentials",
            "{ clientId?: text | integer, clientSecret?: text, clientCertificate?: text, \
            clientCertificatePath?: [text], * }",
        ),
    ]
}

fn at(function: &'static str, summary: &'static str, takes: &'static str, gives: &'static str) -> Operation {
    on(function, Post, summary).takes_or_form(takes).gives(200, gives).fails(AT_SERVICE).fails(&[400])
}

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = authorization();
    operations.extend(tokens());
    operations.extend(resources());
    operations
}

fn authorization() -> Vec<Operation> {
    const TICKET: &str = "{ ticket: text, * }";
    vec![
        at(
            "authlete-authorization",
            "A client's authorization request (RFC 6749 §4.1.1)",
            "{ parameters: text, context?: text, * }",
            "AuthleteAuthorization",
        ),
        at(
            "authlete-authorization-fail",
            "The user is not led on",
            "{ ticket: text, reason?: text, description?: text, * }",
            "AuthleteOutcome",
        ),
        at(
            "authlete-authorization-issue",
            "The user has agreed (RFC 6749 §4.1.2)",
            "{ ..AuthleteSubject, ticket: text, * }",
            "{ ..AuthleteOutcome, authorizationCode?: text, accessTokenExpiresAt?: integer, \
             accessTokenDuration?: integer, ticketInfo?: { context: text } }",
        ),
        at(
            "authlete-authorization-ticket-info",
            "What is kept with a ticket",
            TICKET,
            "{ ..AuthleteResult, action: text, info?: { context?: text } }",
        ),
        at(
            "authlete-authorization-ticket-update",
            "Other things are kept with it",
            "{ ticket: text, info?: text | object, * }",
            "{ ..AuthleteResult, action: text }",
        ),
        at(
            "authlete-pushed-auth-req",
            "A client's pushed authorization request (RFC 9126 §2)",
            "{ ..AuthleteClientCredentials, parameters: text, * }",
            "{ ..AuthleteOutcome, requestUri?: text, clientAuthMethod?: text }",
        ),
    ]
}

fn tokens() -> Vec<Operation> {
    vec![
        at(
            "authlete-token",
            "A client's token request (RFC 6749 §3.2)",
            "{ ..AuthleteClientCredentials, ..AuthleteSubject, parameters: text, * }",
            "AuthleteTokens",
        ),
        at(
            "authlete-token-issue",
            "A user's password is right (RFC 6749 §4.3)",
            "{ ..AuthleteSubject, ticket: text, * }",
            "AuthleteTokens",
        ),
        at("authlete-token-fail", "It is wrong", "{ ticket: text, reason?: text, * }", "AuthleteOutcome"),
        at(
            "authlete-token-create",
            "An operator makes tokens",
            "{ ..AuthleteSubject, clientId?: text | integer, clientIdentifier?: text, grantType: text, \
             clientIdAliasUsed?: flag, refreshToken?: text, accessTokenPersistent?: flag, resources?: [text], \
             certificateThumbprint?: text, * }",
            "AuthleteToken",
        ),
        at(
            "authlete-token-update",
            "An operator changes a token",
            "{ accessToken?: text, accessTokenHash?: text, refreshToken?: text, refreshTokenHash?: text, \
             accessTokenExpiresAt?: integer, refreshTokenExpiresAt?: integer, accessTokenPersistent?: flag, \
             scopes?: [text], accessTokenExpiresAtUpdatedOnScopeUpdate?: flag, \
             refreshTokenExpiresAtUpdatedOnScopeUpdate?: flag, accessTokenValueUpdated?: flag, * }",
            "AuthleteToken",
        ),
        on("authlete-token-delete", Delete, "An operator deletes a token")
            .gives_nothing(204)
            .fails(AT_SERVICE)
            .fails(&[400]),
        at(
            "authlete-token-revoke",
            "An operator ends a token, or those of a client, of a user, or of both",
            "{ accessTokenIdentifier?: text, refreshTokenIdentifier?: text, clientIdentifier?: text, subject?: text, * }",
            "{ ..AuthleteResult, count: integer }",
        ),
        on("authlete-token-list", Get, "The access tokens of a client, of a user, or of both")
            .query("clientIdentifier", "text", "the client")
            .query("subject", "text", "the user")
            .query("tokenStatus", "\"VALID\" | \"INVALID\" | \"ALL\"", "which of them")
            .query("start", "integer", "the first one, from 0")
            .query("end", "integer", "the one after the last")
            .gives(
                200,
                "{ start: integer, end: integer, totalCount: integer, client?: AuthleteClient, subject?: text, \
                accessTokens: [{ accessTokenHash?: text, refreshTokenHash?: text, accessTokenExpiresAt?: integer, \
                refreshTokenExpiresAt?: integer, createdAt: integer, lastRefreshedAt: integer, clientId: integer, \
                subject?: text, grantType?: text, scopes: [text], refreshTokenScopes?: [text], \
                properties?: [AuthleteProperty] }] }",
            )
            .fails(AT_SERVICE)
            .fails(&[400]),
        at(
            "authlete-revocation",
            "A client's revocation (RFC 7009 §2)",
            "{ ..AuthleteClientCredentials, parameters: text, * }",
            "AuthleteOutcome",
        ),
    ]
}

fn resources() -> Vec<Operation> {
    vec![
        at(
            "authlete-introspection",
            "Does this access token open a resource?",
            "{ token: text, scopes?: [text], subject?: text, resources?: [text], acrValues?: [text], maxAge?: integer, \
             clientCertificate?: text, * }",
            "AuthleteIntrospection",
        ),
        at(
            "authlete-introspection-standard",
            "A resource server's introspection (RFC 7662 §2)",
            "{ parameters: text, withHiddenProperties?: flag, rsUri?: text, * }",
            "AuthleteOutcome",
        ),
        at(
            "authlete-userinfo",
            "A client's userinfo request (OpenID Connect Core §5.3)",
            "{ token: text, clientCertificate?: text, * }",
            "{ ..AuthleteOutcome, ..AuthleteNames, subject?: text, scopes?: [text], token?: text, claims?: [text], \
             consentedClaims?: [text], userInfoClaims?: text, properties?: [AuthleteProperty] }",
        ),
        at("authlete-userinfo-issue", "Its answer", "{ token: text, claims?: text, sub?: text, * }", "AuthleteOutcome"),
    ]
}
