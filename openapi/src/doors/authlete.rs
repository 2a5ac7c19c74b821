//! The Authlete door: Authlete API 3.0.

mod runtime;

use shared::http::Method::{Delete, Get, Post, Put};

use crate::operation::{Door, Operation, on};

pub(super) fn door() -> Door {
    let mut schemas = objects();
    schemas.extend(runtime::schemas());
    let mut operations = registration();
    operations.extend(clients());
    operations.extend(services());
    operations.extend(runtime::operations());
    operations.extend(grants());
    operations.extend(others());
    Door {
        tag: "authlete",
        description: "Authlete API 3.0: registration, clients, services, and the runtime of an authorization server. What \
                      the authorization server's own client did wrong is no HTTP error: `action` says what is done next.",
        endpoints: ::authlete::ENDPOINTS,
        security: &[&["operator"]],
        error: "AuthleteError",
        failures: &[],
        schemas,
        operations,
    }
}

/// The statuses with which whatever is about a service fails.
const AT_SERVICE: &[u16] = &[401, 403, 404, 429, 500, 503];

fn objects() -> Vec<(&'static str, &'static str)> {
    vec![
        ("AuthleteResult", "{ resultCode: text, resultMessage: text }"),
        ("AuthleteError", "{ ..AuthleteResult, action: \"INTERNAL_SERVER_ERROR\" }"),
        ("AuthletePair", "{ key: text, value: text }"),
        (
            "AuthleteScope",
            "{ name: text, defaultEntry?: flag, description?: text, descriptions?: [object], \
            attributes?: [AuthletePair], *: OperatorMember }",
        ),
        (
            "AuthleteClientExtension",
            "{ requestableScopesEnabled?: flag, requestableScopes?: [text], \
            accessTokenDuration?: integer, refreshTokenDuration?: integer, idTokenDuration?: integer, \
            tokenExchangePermitted?: flag, *: OperatorMember }",
        ),
        (
            "AuthleteClientRequest",
            "{ ..AuthleteClientMembers, clientIdAlias?: text, clientIdAliasEnabled?: flag, \
            clientType?: \"PUBLIC\" | \"CONFIDENTIAL\", developer?: text, customMetadata?: text, \
            extension?: AuthleteClientExtension, * }",
        ),
        (
            "AuthleteClient",
            "{ ..AuthleteClientMembers, clientId: integer, number: integer, serviceNumber?: integer, \
            clientIdAlias: text, clientIdAliasEnabled: flag, clientType: \"PUBLIC\" | \"CONFIDENTIAL\", \
            clientSecret?: text, registrationAccessTokenHash?: text, developer?: text, createdAt?: integer, \
            modifiedAt?: integer, locked?: flag, dynamicallyRegistered?: flag, automaticallyRegistered?: flag, \
            explicitlyRegistered?: flag, discoveredByMetadataDocument?: flag, clientSource?: \"STATIC_REGISTRATION\" | \
            \"AUTOMATIC_REGISTRATION\" | \"EXPLICIT_REGISTRATION\" | \"METADATA_DOCUMENT\" | \"DYNAMIC_REGISTRATION\", \
            derivedSectorIdentifier?: text, customMetadata?: text, extension?: AuthleteClientExtension, \
            metadataDocumentLocation?: text, metadataDocumentExpiresAt?: integer, metadataDocumentUpdatedAt?: integer }",
        ),
        ("AuthleteTrustAnchor", "{ entityId: text, jwks: text }"),
        (
            "AuthleteServiceRequest",
            "{ ..AuthleteServiceMembers, serviceName?: text, issuer?: text, \
            supportedGrantTypes?: [text], supportedResponseTypes?: [text], supportedTokenAuthMethods?: [text], \
            supportedScopes?: [AuthleteScope], supportedCustomClientMetadata?: [text], clientsPerDeveloper?: integer, \
            dynamicRegistrationSupported?: flag, dcrScopeUsedAsRequestable?: flag, \
            dcrDuplicateSoftwareIdBlocked?: flag, errorDescriptionOmitted?: flag, errorUriOmitted?: flag, \
            federationEnabled?: flag, federationConfigurationDuration?: integer, federationSignatureKeyId?: text, \
            authorityHints?: [text], trustAnchors?: [AuthleteTrustAnchor], * }",
        ),
        (
            "AuthleteService",
            "{ ..AuthleteServiceRequest, apiKey: integer, number: integer, clientIdAliasEnabled: flag, \
            createdAt?: integer, modifiedAt?: integer, metadata?: [AuthletePair], cimdAllowlist?: [text], \
            clientIdMetadataDocumentSupported?: flag, cimdAlwaysRetrieved?: flag, cimdQueryPermitted?: flag, \
            cimdAllowlistEnabled?: flag, cimdMetadataPolicyEnabled?: flag }",
        ),
        (
            "AuthleteRegistrationResult",
            "{ ..AuthleteResult, action: \"CREATED\" | \"OK\" | \"UPDATED\" | \"DELETED\" | \
            \"BAD_REQUEST\" | \"UNAUTHORIZED\" | \"INTERNAL_SERVER_ERROR\", responseContent?: text, \
            client?: AuthleteClient }",
        ),
        (
            "AuthleteFederationResult",
            "{ ..AuthleteResult, action: \"OK\" | \"BAD_REQUEST\" | \"NOT_FOUND\" | \
            \"INTERNAL_SERVER_ERROR\", responseContent?: text, client?: AuthleteClient }",
        ),
        ("AuthleteSecret", "{ ..AuthleteResult, newClientSecret: text, oldClientSecret: text }"),
        ("AuthleteRequestableScopes", "{ requestableScopes?: [text] }"),
    ]
}

fn registration() -> Vec<Operation> {
    vec![
        on("authlete-client-registration", Post, "A client's registration is passed on (RFC 7591 §3.1)")
            .takes("{ json: text, token?: text, clientId?: text, * }")
            .such_as(r#"{ "json": "{\"client_name\":\"My app\",\"redirect_uris\":[\"https://rp.example/cb\"]}" }"#)
            .gives(200, "AuthleteRegistrationResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-registration-get", Post, "A client's reading of its registration (RFC 7592 §2.1)")
            .takes("{ clientId: text, token: text, * }")
            .gives(200, "AuthleteRegistrationResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-registration-update", Post, "A client's update of it (RFC 7592 §2.2)")
            .takes("{ clientId: text, token: text, json: text, * }")
            .gives(200, "AuthleteRegistrationResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-registration-delete", Post, "A client ends it (RFC 7592 §2.3)")
            .takes("{ clientId: text, token: text, * }")
            .gives(200, "AuthleteRegistrationResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on(
            "authlete-federation-registration",
            Post,
            "A relying party's explicit registration (OpenID Federation §12.2)",
        )
        .takes_or_form("{ entityConfiguration?: text, trustChain?: text, * }")
        .gives(200, "AuthleteFederationResult")
        .fails(AT_SERVICE)
        .fails(&[400]),
        on("authlete-federation-configuration", Post, "The entity configuration of the service (OpenID Federation §9)")
            .takes("{ * }")
            .or_nothing()
            .gives(200, "AuthleteFederationResult")
            .fails(AT_SERVICE),
    ]
}

fn clients() -> Vec<Operation> {
    vec![
        on("authlete-client-create", Post, "Creates a client")
            .takes("AuthleteClientRequest")
            .such_as(
                r#"{ "clientName": "My app", "redirectUris": ["https://rp.example/cb"],
                "clientType": "CONFIDENTIAL" }"#,
            )
            .gives(200, "AuthleteClient")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-get", Get, "A client").gives(200, "AuthleteClient").fails(AT_SERVICE).fails(&[400]),
        on("authlete-client-list", Get, "A range of the service's clients, newest first")
            .query("developer", "text", "whose they are")
            .query("start", "integer", "the first one, from 0")
            .query("end", "integer", "the one after the last")
            .gives(
                200,
                "{ start: integer, end: integer, totalCount: integer, developer?: text, clients: [AuthleteClient] }",
            )
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-update", Post, "Replaces a client")
            .takes_or_form("AuthleteClientRequest")
            .such_as(r#"{ "clientName": "My app, renamed", "redirectUris": ["https://rp.example/cb"] }"#)
            .gives(200, "AuthleteClient")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-delete", Delete, "Deletes a client").gives_nothing(204).fails(AT_SERVICE).fails(&[400]),
        on("authlete-client-lock-flag", Post, "Locks a client, or unlocks it")
            .takes_or_form("{ clientLocked: flag, * }")
            .such_as(r#"{ "clientLocked": false }"#)
            .gives(200, "AuthleteResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-secret-refresh", Get, "Gives a client another secret")
            .gives(200, "AuthleteSecret")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-secret-update", Post, "Gives a client that secret")
            .takes_or_form("{ clientSecret: text, * }")
            .gives(200, "AuthleteSecret")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-requestable-scopes-get", Get, "The scopes that a client may request")
            .gives(200, "AuthleteRequestableScopes")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-requestable-scopes-update", Post, "Replaces them")
            .takes("{ requestableScopes?: [text], * }")
            .gives(200, "AuthleteRequestableScopes")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-requestable-scopes-update", Put, "Replaces them")
            .takes("{ requestableScopes?: [text], * }")
            .gives(200, "AuthleteRequestableScopes")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-requestable-scopes-delete", Delete, "A client may request any scope")
            .gives_nothing(204)
            .fails(AT_SERVICE)
            .fails(&[400]),
    ]
}

fn services() -> Vec<Operation> {
    vec![
        on("authlete-service-list", Get, "A range of the services of the token")
            .query("start", "integer", "the first one, from 0")
            .query("end", "integer", "the one after the last")
            .gives(200, "{ start: integer, end: integer, totalCount: integer, services: [AuthleteService] }")
            .fails(&[400, 401, 429, 500, 503]),
        on("authlete-service-get", Get, "A service").gives(200, "AuthleteService").fails(AT_SERVICE),
        on("authlete-service-create", Post, "Creates a service of the token's organization")
            .takes_or_form("AuthleteServiceRequest")
            .such_as(r#"{ "serviceName": "My service" }"#)
            .gives(200, "AuthleteService")
            .fails(&[400, 401, 403, 429, 500, 503]),
        on("authlete-service-update", Post, "Replaces a service")
            .takes_or_form("AuthleteServiceRequest")
            .such_as(r#"{ "serviceName": "My service, renamed" }"#)
            .gives(200, "AuthleteService")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-service-delete", Delete, "Deletes a service").gives_nothing(204).fails(AT_SERVICE),
        on("authlete-service-configuration", Get, "The service's metadata (OpenID Connect Discovery §3)")
            .query("pretty", "flag", "whether it is indented")
            .gives(200, "ServerMetadata")
            .fails(AT_SERVICE),
        on("authlete-service-configuration", Post, "The same")
            .query("pretty", "flag", "whether it is indented")
            .takes("{ * }")
            .or_nothing()
            .gives(200, "ServerMetadata")
            .fails(AT_SERVICE),
        on("authlete-service-jwks", Get, "The service's keys (RFC 7517 §5)")
            .query("includePrivateKeys", "flag", "whether with their private parts")
            .query("pretty", "flag", "whether it is indented")
            .gives(200, "{ keys: [object] }")
            .gives_nothing(204)
            .fails(AT_SERVICE),
    ]
}

fn grants() -> Vec<Operation> {
    const LIST: &str = "{ start: integer, end: integer, totalCount: integer, subject: text, developer?: text, \
                        clients: [AuthleteClient] }";
    const SCOPES: &str = "{ ..AuthleteResult, serviceApiKey: integer, clientId: integer, subject: text, \
                          latestGrantedScopes?: [text], mergedGrantedScopes?: [text], modifiedAt?: integer }";
    const FORGOTTEN: &str = "{ ..AuthleteResult, serviceApiKey: integer, clientId: integer, subject: text }";
    vec![
        on("authlete-client-authorization-list", Get, "The clients that a user lets have tokens")
            .query("subject", "text", "the user, if the path does not say")
            .query("developer", "text", "whose clients")
            .query("start", "integer", "the first one, from 0")
            .query("end", "integer", "the one after the last")
            .gives(200, LIST)
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-authorization-list", Post, "The same")
            .takes_or_form("{ subject?: text, developer?: text, start?: integer, end?: integer, * }")
            .or_nothing()
            .gives(200, LIST)
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-authorization-update", Post, "Other scopes for what a user lets a client have")
            .takes_or_form("{ subject: text, scopes?: [text], * }")
            .gives(200, "AuthleteResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-authorization-delete", Delete, "Ends what a user lets a client have")
            .query("subject!", "text", "the user")
            .gives(200, "AuthleteResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-client-authorization-delete", Post, "The same")
            .takes_or_form("{ subject: text, * }")
            .gives(200, "AuthleteResult")
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-granted-scopes-get", Get, "The scopes that a user has granted to a client")
            .query("subject!", "text", "the user")
            .gives(200, SCOPES)
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-granted-scopes-get", Post, "The same")
            .takes_or_form("{ subject: text, * }")
            .gives(200, SCOPES)
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-granted-scopes-delete", Delete, "Forgets them")
            .query("subject!", "text", "the user")
            .gives(200, FORGOTTEN)
            .fails(AT_SERVICE)
            .fails(&[400]),
        on("authlete-granted-scopes-delete", Post, "The same")
            .takes_or_form("{ subject: text, * }")
            .gives(200, FORGOTTEN)
            .fails(AT_SERVICE)
            .fails(&[400]),
    ]
}

fn others() -> Vec<Operation> {
    vec![
        on("authlete-info", Get, "What this is, and what it can do")
            .secured(&[&[]])
            .gives(200, "{ version: text, features: [text] }"),
        on("authlete-healthcheck", Get, "Whether it answers")
            .secured(&[&[]])
            .gives_as(200, "text/plain", "\"OK\"")
            .fails(&[500, 503]),
        on("authlete-echo", Get, "The query that was sent").secured(&[&[]]).gives(200, "{ *: text }"),
    ]
}
