//! The Identity Center door.

use shared::http::Method::Post;

use crate::operation::{Door, on};

pub(super) fn door() -> Door {
    Door {
        tag: "identity_center",
        description: "RegisterClient, as command-line tools of Huawei Cloud and AWS call it. The paths name no service: the \
                      deployment does.",
        endpoints: ::identity_center::ENDPOINTS,
        security: &[&[]],
        error: "HuaweiError",
        failures: &[],
        schemas: vec![
            ("HuaweiError", "{ error_code: text, error_msg: text, request_id: text }"),
            ("AwsError", "{ __type: text, error: text, error_description: text }"),
        ],
        operations: vec![
            on("huawei-register-client", Post, "A command-line tool registers (Huawei Cloud)")
                .takes(
                    "{ client_name: text, client_type: \"public\", token_endpoint_auth_method: \"client_secret_post\", \
                     grant_types: [text], response_types: [text], scopes?: [text], * }",
                )
                .such_as(r#"{ "client_name": "A tool", "client_type": "public",
                    "token_endpoint_auth_method": "client_secret_post",
                    "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "response_types": ["code"] }"#)
            .gives(
                    200,
                    "{ client_info: { client_id: text, client_id_issued_at: integer, client_secret?: text, \
                     client_secret_expires_at: integer, scopes: [text], authorization_endpoint?: text, \
                     token_endpoint?: text } }",
                )
                .fails(&[400, 403, 404, 429, 500, 503]),
            on("aws-register-client", Post, "A command-line tool registers (AWS)")
                .takes(
                    "{ clientName: text, clientType: text, scopes?: [text], redirectUris?: [text], grantTypes?: [text], \
                     issuerUrl?: text, entitledApplicationArn?: text, * }",
                )
                .such_as(r#"{ "clientName": "A tool", "clientType": "public" }"#)
            .gives(
                    200,
                    "{ clientId: text, clientIdIssuedAt: integer, clientSecret?: text, clientSecretExpiresAt: integer, \
                     authorizationEndpoint?: text, tokenEndpoint?: text }",
                )
                .fails_as(&[400, 500, 503], "AwsError"),
        ],
    }
}
