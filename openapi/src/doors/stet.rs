//! The STET door.

use shared::http::Method::{Delete, Get, Post, Put};

use crate::operation::{Door, FORM, Operation, on};

pub(super) fn door() -> Door {
    Door {
        tag: "stet",
        description: "Payment institutions register with their qualified certificates (STET PSD2), over mutual TLS on a \
                      domain or a port of its own. The paths name no service: the deployment does.",
        endpoints: ::stet::ENDPOINTS,
        security: &[&["certificate", "institution"]],
        error: "StetError",
        failures: &[400, 401, 404, 406, 408, 429, 500, 503],
        schemas: vec![
            (
                "StetError",
                "{ timestamp: text, status: integer, error: text, error_description: text, message: text, path: text }",
            ),
            (
                "Institution",
                "{ ..ClientMetadata, provider_legal_id: text, client_legal_id?: text, contact?: object, \
                 logo?: text, * }",
            ),
            (
                "InstitutionInformation",
                "{ ..ClientInformation, provider_legal_id?: text, client_legal_id?: text, contact?: object, \
                 logo?: text, *: CustomMember }",
            ),
        ],
        operations: vec![
            on("stet-token", Post, "An access token for the registration (RFC 6749 §4.4)")
                .secured(&[&["certificate"]])
                .takes_as(
                    FORM,
                    "{ grant_type: \"client_credentials\", scope: \"manageRegistration\", client_id?: text, * }",
                )
                .gives(200, "{ access_token: text, token_type: \"Bearer\", expires_in: integer, scope: text }"),
            signed(on("stet-register", Post, "An institution registers").takes("Institution"))
                .gives(201, "InstitutionInformation")
                .fails(&[403, 501]),
            signed(on("stet-client", Get, "It reads its registration"))
                .gives(200, "InstitutionInformation")
                .fails(&[403, 501]),
            signed(on("stet-client", Put, "It replaces its metadata").takes("Institution"))
                .gives(200, "InstitutionInformation")
                .fails(&[403, 501]),
            signed(on("stet-client", Delete, "It ends its registration")).gives_nothing(204).fails(&[403, 501]),
        ],
    }
}

fn signed(operation: Operation) -> Operation {
    operation
        .header("X-Request-ID!", "text", "an identifier of the request")
        .header("Digest", "text", "the digest of the body (RFC 3230)")
        .header("Signature!", "text", "the signature of the institution's seal (draft-cavage-http-signatures)")
}
