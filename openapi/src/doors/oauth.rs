//! The OAuth door, and what authorization servers ask there.

use shared::http::Method::{Delete, Get, Post, Put};

use crate::operation::{Door, on};

pub(super) fn door() -> Door {
    Door {
        tag: "oauth",
        description: "Clients register by RFC 7591, manage their registration by RFC 7592, and find both by discovery. \
                      Authorization servers look them up.",
        endpoints: ::oauth::ENDPOINTS,
        security: &[&[]],
        error: "Error",
        failures: &[500, 503],
        schemas: vec![
            ("Error", "{ error: text, error_description?: text, error_uri?: text }"),
            ("RegisteredMetadata", "{ ..ClientMetadata, *: CustomMember }"),
            ("UpdateRequest", "{ ..ClientMetadata, client_id?: text, client_secret?: text, * }"),
            (
                "ClientInformation",
                "{ ..ClientMetadata, client_id: text, client_id_issued_at: integer, client_secret?: text, \
                 client_secret_expires_at?: integer, registration_access_token?: text, \
                 registration_client_uri?: text, *: CustomMember }",
            ),
            (
                "MetadataDocumentFacts",
                "{ host: text, redirect_hosts: [text], loopback_only: flag, same_origin: flag, \
                 trust: \"allow\" | \"ask\" | \"block\", trusted_by?: text, copy: \"fresh\" | \"stale\" | \"kept\", \
                 fetched_at: integer, fresh_until: integer, first_seen_at: integer, changed_at: integer, \
                 changed_members: { *: integer }, logo_on_other_host?: flag }",
            ),
            (
                "Source",
                "\"oauth\" | \"operator\" | \"authlete_registration\" | \"authlete_create\" | \"federation_explicit\" | \
                 \"federation_automatic\" | \"stet\" | \"identity_center\" | \"metadata_document\"",
            ),
            (
                "LookedUpClient",
                "{ ..ClientMetadata, client_id: text, client_id_issued_at?: integer, issued_at: integer, \
                 client_secret?: text, client_secret_expires_at?: integer, previous_client_secret?: text, \
                 previous_client_secret_expires_at?: integer, source: Source, locked: flag, pending?: flag, \
                 pending_until?: integer, flags?: [text], expires_at?: integer, requestable_scopes?: [text], \
                 token_endpoint_auth_methods_supported?: [text], metadata_document?: MetadataDocumentFacts, \
                 *: CustomMember }",
            ),
            ("LookUpError", "{ ..Error, outcome?: text, step?: text }"),
            (
                "ServerMetadata",
                "{ issuer: text, registration_endpoint?: text, authorization_endpoint?: text, token_endpoint?: text, \
                 jwks_uri?: text, scopes_supported?: [text], response_types_supported?: [text], \
                 grant_types_supported?: [text], token_endpoint_auth_methods_supported?: [text], *: OperatorMember }",
            ),
        ],
        operations: operations(),
    }
}

fn operations() -> Vec<crate::Operation> {
    vec![
        on("register", Post, "A client registers (RFC 7591 §3.1, OpenID Connect Registration §3.1)")
            .secured(&[&[], &["initial_access"]])
            .takes("ClientMetadata")
            .such_as(
                r#"{ "client_name": "My app", "redirect_uris": ["http://127.0.0.1/callback"],
                "token_endpoint_auth_method": "none" }"#,
            )
            .gives(201, "ClientInformation")
            .fails(&[400, 401, 403, 404, 429]),
        on("client-configuration", Get, "A client reads its registration (RFC 7592 §2.1)")
            .secured(&[&["registration_access"]])
            .gives(200, "ClientInformation")
            .fails(&[401, 403, 404]),
        on("client-configuration", Put, "A client replaces its metadata (RFC 7592 §2.2)")
            .secured(&[&["registration_access"]])
            .takes("UpdateRequest")
            .such_as(
                r#"{ "client_id": "6aefdcf1-feab-47c8-8398-dda8ad7dedf4", "client_name": "My app, renamed",
                "redirect_uris": ["http://127.0.0.1/callback"],
                "token_endpoint_auth_method": "none" }"#,
            )
            .gives(200, "ClientInformation")
            .fails(&[400, 401, 403, 404, 429]),
        on("client-configuration", Delete, "A client ends its registration (RFC 7592 §2.3)")
            .secured(&[&["registration_access"]])
            .gives_nothing(204)
            .fails(&[401, 403, 404, 429]),
        on("client-lookup", Get, "Who is this client? for its authorization server")
            .secured(&[&["operator"]])
            .query("client_id!", "text", "the client: its identifier, its number, its alias or its URL")
            .query("redirect_uri", "text", "the one of an authorization request, which has to be one of the client's")
            .query("kept", "flag", "whether a copy of its document will do that is no longer fresh")
            .gives(200, "LookedUpClient")
            .gives_nothing(304)
            .fails_as(&[400, 401, 403, 404, 429, 503], "LookUpError"),
        on("client-used", Post, "Which clients were used, says their authorization server")
            .secured(&[&["operator"]])
            .takes("{ client_ids: [text], * }")
            .such_as(r#"{ "client_ids": ["6aefdcf1-feab-47c8-8398-dda8ad7dedf4"] }"#)
            .gives(200, "{ unknown: [text] }")
            .fails(&[400, 401, 403, 429]),
        on("discovery", Get, "Authorization server metadata (RFC 8414 §3, OpenID Connect Discovery §4)")
            .gives(200, "ServerMetadata")
            .fails(&[404]),
    ]
}
