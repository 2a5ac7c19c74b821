//! The operators' door.

use shared::http::Method::{Delete, Get, Patch, Post, Put};

use crate::operation::{Door, Operation, on};

pub(super) fn door() -> Door {
    let mut operations = clients();
    operations.extend(service());
    Door {
        tag: "operator",
        description: "What people and their programs do with a service's clients, its policy and its tokens, and what they \
                      see of it. No policy opens or closes this door.",
        endpoints: ::operator::ENDPOINTS,
        security: &[&["operator"]],
        error: "OperatorError",
        failures: &[400, 401, 429, 500, 503],
        schemas: schemas(),
        operations,
    }
}

const LIMIT: &str = "how many there are in a page at the most, 50 if it is not given";
const CURSOR: &str = "what the last page has as `next`";

fn schemas() -> Vec<(&'static str, &'static str)> {
    vec![
        ("OperatorError", "{ error: text, error_description: text }"),
        (
            "Change",
            "{ rule: text, member: text, what: \"dropped\" | \"added\" | \"replaced\", from?: any, to?: any, \
            kept?: flag }",
        ),
        (
            "OperatorDocument",
            "{ trust: \"allow\" | \"ask\" | \"block\", trusted_by: text | null, \
            copy: \"fresh\" | \"stale\" | \"kept\", first_seen_at: integer, changed_at: integer, \
            changed_members: { *: integer }, fetched_at: integer, fresh_until: integer }",
        ),
        (
            "OperatorClient",
            "{ ..ClientMetadata, client_id: text, client_id_issued_at: integer, numeric_id: integer, \
            source: Source, client_type: \"public\" | \"confidential\", version: integer, locked: flag, \
            expires_at?: integer, pending_until?: integer, unused_until?: integer, retained?: flag, used?: text, flags?: [text], alias?: text, \
            developer?: text, client_secret_expires_at?: integer, previous_secret_until?: integer, \
            metadata_document?: OperatorDocument, software?: { iss: text, software_id: text | null }, \
            trust_chain?: { trust_anchor: text, expires_at: integer, resolved_at: integer }, \
            certificates?: [{ kid: text | null, use: text | null, subject: text, not_before: signed, \
            not_after: signed }], *: CustomMember }",
        ),
        ("ListedOperatorClient", "{ ..OperatorClient, position: text, *: CustomMember }"),
        (
            "OperatorClientWhole",
            "{ ..OperatorClient, resembles?: text, sent: object, changes: [Change], *: CustomMember }",
        ),
        (
            "NewSecret",
            "{ client_id: text, client_secret: text, client_secret_expires_at: integer, \
            previous_secret_until?: integer }",
        ),
        ("NewRegistrationToken", "{ client_id: text, registration_access_token: text, registration_client_uri: text }"),
        (
            "AuditEntry",
            "{ at: integer, service?: integer, subject: \"client\" | \"service\" | \"token\", \
            client_id?: text, numeric_id?: integer, source?: text, token?: text, kind?: text, organization?: text, \
            events: [text], members?: [text], actor?: text, door?: text, address?: text, request_id?: text, \
            sequence: text }",
        ),
        ("AuditPage", "{ entries: [AuditEntry], next?: text }"),
        (
            "ClientHistory",
            "{ ..AuditPage, deleted?: { client_name?: text, restorable_until?: integer, version?: integer } }",
        ),
        ("Conduct", "\"allow\" | \"flag\" | \"refuse\""),
        ("Unoffered", "\"drop\" | \"refuse\""),
        ("Offer", "{ offered: [text], default?: [text], unoffered: Unoffered }"),
        ("Policy", POLICY),
        (
            "Token",
            "{ token: text, kind: text, permissions?: [text], scope?: text, grant_types?: [text], \
            uses_left?: integer, created_at: integer, expires_at?: integer, made_by?: text }",
        ),
    ]
}

/// Members that a policy may lack have an answer, as far as they are not absent by their meaning.
const POLICY: &str = "{ doors: [text], dynamic_registration: flag, registration: \"open\" | \"initial_access_token\", \
    grant_types: Offer, response_types: Offer, token_endpoint_auth_methods: Offer, \
    scopes: { offered?: text, default?: text, unoffered: Unoffered }, unannounced: Unoffered, \
    names: { reserved?: [text], same: Conduct, look_alike: Conduct, hidden_characters: Conduct }, \
    redirect_uris: { private_use_schemes: \"accept\" | \"public_clients\" | \"refuse\", reverse_domain_schemes: flag, \
    loopback: flag, hosts?: [text], infer_native: flag, pages_share_host: Conduct, private_hosts: Conduct, \
    known_hosts?: [text], development_hosts?: [text] }, called_urls: \"public\" | \"any\", custom_members?: [text], \
    scope_is_requestable: flag, software_id_once: flag, clients_per_developer?: integer, clients_per_service?: integer, \
    audit: { retention: integer, addresses: \"whole\" | \"network\" | \"none\", refusals: flag }, \
    errors: { description: flag, uri: flag }, \
    limits: { redirect_uris: integer, list_items: integer, text_bytes: integer }, secret_lifetime?: integer, \
    secret_overlap: integer, client_lifetime?: integer, unused: { never?: integer, since?: integer }, \
    merge_identical: flag, approval: \"none\" | \"required\", approval_within: integer, \
    token_rotation: \"off\" | \"on_update\" | \"grace\", \
    software_statements: { required: flag, issuers?: [{ issuer: text, jwks?: object, jwks_uri?: text }], \
    max_age?: integer }, \
    metadata_documents: { trust?: [{ pattern: text, trust: \"allow\" | \"ask\" | \"block\" }], \
    others: \"allow\" | \"ask\" | \"block\", required?: [text], \
    same_origin: \"off\" | \"redirect_uris\" | \"all_urls\", query_permitted: flag, always_retrieved: flag, \
    metadata_policy?: object, max_bytes: integer, timeout: integer, redirect_uris: integer, fresh_least: integer, \
    fresh_most: integer, fresh_default: integer, stale_most: integer, pause_first: integer, pause_most: integer, \
    kept: integer, kept_used: integer }, \
    lookup_max_age: integer, lookup_is_use: flag, lookup_refuses_locked: flag }";

fn clients() -> Vec<Operation> {
    vec![
        on("operator-clients", Get, "A page of clients, newest first")
            .query("client_id", "text", "exactly one client, by its identifier, its number or its alias")
            .query("name", "text", "beginnings of words of its name")
            .query("redirect_host", "text", "a host to which it redirects, or the scheme of an application with its colon")
            .query("software_id", "text", "its software")
            .query("source", "Source", "how it came to be registered")
            .query("client_type", "\"public\" | \"confidential\"", "its type (RFC 6749 §2.1)")
            .query("locked", "flag", "whether it is locked")
            .query("pending", "flag", "whether it waits for approval")
            .query("flagged", "flag", "whether it has flags")
            .query("unused", "0..3153600000", "for how many seconds no use is known")
            .query("ending", "0..3153600000", "within how many seconds it ends; these come oldest first")
            .query("oldest", "flag", "whether all come oldest first")
            .query("limit", "1..100", LIMIT)
            .query("cursor", "text", CURSOR)
            .gives(
                200,
                "{ clients: [ListedOperatorClient], next?: text, deleted?: { client_id: text, numeric_id: integer, \
                client_name?: text, restorable_until?: integer, version?: integer } }",
            )
            .fails(&[403]),
        on("operator-clients", Post, "Registers a client on its registrant's behalf")
            .takes("ClientMetadata")
            .such_as(r#"{ "client_name": "My app", "redirect_uris": ["https://rp.example/cb"] }"#)
            .gives(201, "ClientInformation")
            .fails(&[403]),
        on("operator-client", Get, "A client").gives(200, "OperatorClientWhole").fails(&[403, 404]),
        on("operator-client", Patch, "Changes its metadata by a merge patch (RFC 7396)")
            .takes("{ ..ClientMetadata, version?: 1..9007199254740991, * }")
            .such_as(r#"{ "client_name": "My app, renamed" }"#)
            .gives(200, "{ ..OperatorClient, client_secret?: text, warnings?: [text], *: CustomMember }")
            .fails(&[403, 404, 409]),
        on("operator-client", Delete, "Deletes it; for thirty days it can be restored")
            .query("for_good", "flag", "whether nothing is kept of it")
            .query("version", "1..9007199254740991", "the only one that is deleted")
            .gives_nothing(204)
            .fails(&[403, 404, 409]),
        on("operator-client-history", Get, "What was changed of a client, newest first")
            .query("limit", "1..100", LIMIT)
            .query("cursor", "text", CURSOR)
            .gives(200, "ClientHistory")
            .fails(&[403]),
        on("operator-client-action", Post, "Something is done to a client")
            .takes("{ version?: 1..9007199254740991, overlap?: 0..31536000 }")
            .or_nothing()
            .gives(200, "OperatorClient | NewSecret | NewRegistrationToken")
            .gives_nothing(204)
            .fails(&[403, 404, 409]),
        on("operator-bulk", Post, "The same is done to many clients, or only looked at")
            .takes("{ action: \"lock\" | \"unlock\" | \"approve\" | \"deny\" | \"retain\" | \"release\" | \"restore\" | \
                \"delete\", preview?: flag, unused?: 0..9007199254740991, \
                clients: [{ client_id: text, version?: 1..9007199254740991 }] }")
            .such_as(r#"{ "action": "lock", "preview": true,
                "clients": [{ "client_id": "6aefdcf1-feab-47c8-8398-dda8ad7dedf4" }] }"#)
            .gives(200, "{ results: [{ client_id: text, client_name?: text, version?: integer, \
                outcome: \"possible\" | \"done\" | \"absent\" | \"changed\" | \"refused\", error_description?: text }] }")
            .fails(&[403]),
        on("operator-grants", Get, "What users have let clients have")
            .query("client", "text", "the client")
            .query("subject", "text", "the user")
            .query("limit", "1..100", LIMIT)
            .query("cursor", "text", CURSOR)
            .gives(200, "{ grants: [{ numeric_id: integer, client_id?: text, client_name?: text, subject: text, \
                scopes?: [text], latest_scopes?: [text], modified_at?: integer, \
                authorizations: [{ authorization: text, grant_type: text, scopes: [text], granted_at: integer, \
                refreshed_at?: integer, code_expires_at?: integer | null, access_token_id?: text, \
                access_token_expires_at?: integer | null, refresh_token_id?: text, \
                refresh_token_expires_at?: integer | null }] }], next?: text }")
            .fails(&[403, 404]),
        on("operator-grants", Delete, "Ends it")
            .query("client", "text", "the client")
            .query("subject", "text", "the user")
            .gives(200, "{ ended: integer }")
            .fails(&[403, 404]),
    ]
}

fn service() -> Vec<Operation> {
    vec![
        on("operator-whoami", Get, "What the token is, and its services").gives(
            200,
            "{ token: text, permissions: [text], expires_at?: integer, kind: \"service\" | \"organization\", \
             organization?: text, services: [{ service_id: integer, name: text | null }], are_more_services?: flag }",
        ),
        on("operator-federation", Get, "The service's place in federations; how far an entity would come")
            .query("entity_id", "text", "the entity")
            .gives(
                200,
                "{ enabled: flag, entity_id: text, authority_hints: [text], trust_anchors: [text] } | \
                { entity_id: text, checks: [{ check: text, outcome: \"passed\" | \"failed\" | \"not_reached\", \
                reason?: text }], trust_anchor?: text, expires_at?: integer, chain?: [{ iss: text, sub: text, \
                iat: integer, exp: integer }], registered?: RegisteredMetadata }",
            )
            .fails(&[403]),
        on("operator-policy", Get, "The policy of the service")
            .gives(200, "Policy")
            .telling("ETag", "which change of the service it is")
            .fails(&[403]),
        on("operator-policy", Put, "Replaces the policy; members that it lacks are those of the preset `protected`")
            .header("If-Match!", "text", "the `ETag` of the policy that is replaced")
            .takes("object")
            .gives(200, "{ ..Policy, warnings?: [text] }")
            .telling("ETag", "which change of the service it is")
            .fails(&[403, 412, 428]),
        on("operator-policy-try", Post, "What a policy would do to a registration; nothing happens")
            .takes(
                "{ policy?: object, preset?: \"open\" | \"mcp_shared\" | \"protected\" | \"regulated\", \
                client?: ClientMetadata, sample?: object, door?: \"oauth\" | \"authlete\" | \"identity_center\" | \
                \"federation\" | \"stet\" | \"metadata_document\" }",
            )
            .such_as(r#"{ "preset": "protected", "client": { "redirect_uris": ["https://rp.example/cb"] } }"#)
            .gives(
                200,
                "{ policy: Policy, differs: [{ member: text, from?: any, to?: any }], warnings?: [text], changes?: [Change], \
                registered?: RegisteredMetadata, requires?: [{ rule: text, what: text }], resembles?: text, \
                flags?: [text], client?: object, refused?: { rule: text, error: text, error_description: text } }",
            )
            .fails(&[403]),
        on("operator-tokens", Get, "A page of the service's tokens, newest first")
            .query("limit", "1..100", LIMIT)
            .query("cursor", "text", CURSOR)
            .gives(200, "{ tokens: [Token], next?: text }")
            .fails(&[403]),
        on("operator-tokens", Post, "Makes a token, which is shown this once")
            .takes(
                "{ kind: \"service\", permissions: [text], expires_in?: 1..3153600000 } | \
                { kind: \"initial_access\", uses?: 1..9007199254740991, scope?: text, grant_types?: [text], \
                expires_in?: 1..3153600000 }",
            )
            .such_as(r#"{ "kind": "initial_access", "uses": 1, "expires_in": 3600 }"#)
            .gives(201, "{ ..Token, value: text }")
            .fails(&[403]),
        on("operator-token", Delete, "Ends a token").gives_nothing(204).fails(&[403, 404]),
        on("operator-counts", Get, "How many clients there are; what was registered and refused")
            .query("days", "1..36500", "of how many days")
            .query("developers", "flag", "whether they are counted by developer as well")
            .query("limit", "1..100", "how many developers there are in a page at the most, 50 if it is not given")
            .query("cursor", "text", CURSOR)
            .gives(
                200,
                "{ clients: integer, days: [{ day: text, clients: integer }], hours: [{ hour: text, \
                registered: { *: integer }, refused: integer, refusals: { *: integer } }], \
                developers?: [{ developer: text, clients: integer }], next?: text }",
            )
            .fails(&[403]),
        on(
            "operator-refusals",
            Get,
            "What registrants were refused, by day, operation, rule, door and network, the newest day first",
        )
        .query("days", "1..31", "of how many days, 7 if it is not given")
        .query("limit", "1..100", LIMIT)
        .query("cursor", "text", CURSOR)
        .gives(
            200,
            "{ refusals: [{ day: text, operation: \"register\" | \"read\" | \"update\" | \"delete\", \
                count: integer, error: text, rule: text, door: text, network: text, \
                description: text, samples: [{ sent: object, reproduces: flag }], last_at: integer }], next?: text }",
        )
        .fails(&[403]),
        on("operator-audit", Get, "What was changed of the service, newest first")
            .query("since", "0..9999999999", "from when on, in seconds since 1970")
            .query("oldest", "flag", "whether they come oldest first")
            .query("limit", "1..100", LIMIT)
            .query("cursor", "text", CURSOR)
            .gives(200, "AuditPage")
            .fails(&[403]),
    ]
}
