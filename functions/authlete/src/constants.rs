//! Authlete's names for the values of the OAuth specifications: `AUTHORIZATION_CODE` for `authorization_code`.

/// One vocabulary: the specification's value and Authlete's constant, for each value that both know.
pub(crate) type Constants = &'static [(&'static str, &'static str)];

/// Authlete's constant for a value.
pub(crate) fn constant(constants: Constants, value: &str) -> Option<&'static str> {
    constants.iter().find(|(known, _)| *known == value).map(|(_, constant)| *constant)
}

/// The value behind a constant; the value itself is understood, too.
pub(crate) fn value(constants: Constants, name: &str) -> Option<&'static str> {
    constants.iter().find(|(value, constant)| *constant == name || *value == name).map(|(value, _)| *value)
}

pub(crate) const APPLICATION_TYPE: Constants = &[("web", "WEB"), ("native", "NATIVE")];

pub(crate) const ATTACHMENT_TYPE: Constants = &[("embedded", "EMBEDDED"), ("external", "EXTERNAL")];

pub(crate) const CLAIM_TYPE: Constants =
    &[("normal", "NORMAL"), ("aggregated", "AGGREGATED"), ("distributed", "DISTRIBUTED")];

pub(crate) const CLIENT_AUTH_METHOD: Constants = &[
    ("none", "NONE"),
    ("client_secret_basic", "CLIENT_SECRET_BASIC"),
    ("client_secret_post", "CLIENT_SECRET_POST"),
    ("client_secret_jwt", "CLIENT_SECRET_JWT"),
    ("private_key_jwt", "PRIVATE_KEY_JWT"),
    ("tls_client_auth", "TLS_CLIENT_AUTH"),
    ("self_signed_tls_client_auth", "SELF_SIGNED_TLS_CLIENT_AUTH"),
    ("attest_jwt_client_auth", "ATTEST_JWT_CLIENT_AUTH"),
];

pub(crate) const CLIENT_REGISTRATION_TYPE: Constants = &[("automatic", "AUTOMATIC"), ("explicit", "EXPLICIT")];

pub(crate) const DELIVERY_MODE: Constants = &[("ping", "PING"), ("poll", "POLL"), ("push", "PUSH")];

pub(crate) const DISPLAY: Constants = &[("page", "PAGE"), ("popup", "POPUP"), ("touch", "TOUCH"), ("wap", "WAP")];

pub(crate) const FAPI_MODE: Constants = &[
    ("FAPI1_ADVANCED", "FAPI1_ADVANCED"),
    ("FAPI1_BASELINE", "FAPI1_BASELINE"),
    ("FAPI2_MESSAGE_SIGNING_AUTH_REQ", "FAPI2_MESSAGE_SIGNING_AUTH_REQ"),
    ("FAPI2_MESSAGE_SIGNING_AUTH_RES", "FAPI2_MESSAGE_SIGNING_AUTH_RES"),
    ("FAPI2_MESSAGE_SIGNING_INTROSPECTION_RES", "FAPI2_MESSAGE_SIGNING_INTROSPECTION_RES"),
    ("FAPI2_SECURITY", "FAPI2_SECURITY"),
];

pub(crate) const GRANT_TYPE: Constants = &[
    ("authorization_code", "AUTHORIZATION_CODE"),
    ("implicit", "IMPLICIT"),
    ("password", "PASSWORD"),
    ("client_credentials", "CLIENT_CREDENTIALS"),
    ("refresh_token", "REFRESH_TOKEN"),
    ("urn:openid:params:grant-type:ciba", "CIBA"),
    ("urn:ietf:params:oauth:grant-type:device_code", "DEVICE_CODE"),
    ("urn:ietf:params:oauth:grant-type:token-exchange", "TOKEN_EXCHANGE"),
    ("urn:ietf:params:oauth:grant-type:jwt-bearer", "JWT_BEARER"),
    ("urn:ietf:params:oauth:grant-type:pre-authorized_code", "PRE_AUTHORIZED_CODE"),
];

pub(crate) const JWE_ALG: Constants = &[
    ("RSA1_5", "RSA1_5"),
    ("RSA-OAEP", "RSA_OAEP"),
    ("RSA-OAEP-256", "RSA_OAEP_256"),
    ("A128KW", "A128KW"),
    ("A192KW", "A192KW"),
    ("A256KW", "A256KW"),
    ("dir", "DIR"),
    ("ECDH-ES", "ECDH_ES"),
    ("ECDH-ES+A128KW", "ECDH_ES_A128KW"),
    ("ECDH-ES+A192KW", "ECDH_ES_A192KW"),
    ("ECDH-ES+A256KW", "ECDH_ES_A256KW"),
    ("A128GCMKW", "A128GCMKW"),
    ("A192GCMKW", "A192GCMKW"),
    ("A256GCMKW", "A256GCMKW"),
    ("PBES2-HS256+A128KW", "PBES2_HS256_A128KW"),
    ("PBES2-HS384+A192KW", "PBES2_HS384_A192KW"),
    ("PBES2-HS512+A256KW", "PBES2_HS512_A256KW"),
];

pub(crate) const JWE_ENC: Constants = &[
    ("A128CBC-HS256", "A128CBC_HS256"),
    ("A192CBC-HS384", "A192CBC_HS384"),
    ("A256CBC-HS512", "A256CBC_HS512"),
    ("A128GCM", "A128GCM"),
    ("A192GCM", "A192GCM"),
    ("A256GCM", "A256GCM"),
];

pub(crate) const JWS_ALG: Constants = &[
    ("none", "NONE"),
    ("HS256", "HS256"),
    ("HS384", "HS384"),
    ("HS512", "HS512"),
    ("RS256", "RS256"),
    ("RS384", "RS384"),
    ("RS512", "RS512"),
    ("ES256", "ES256"),
    ("ES384", "ES384"),
    ("ES512", "ES512"),
    ("PS256", "PS256"),
    ("PS384", "PS384"),
    ("PS512", "PS512"),
    ("ES256K", "ES256K"),
    ("EdDSA", "EdDSA"),
];

pub(crate) const PROMPT: Constants = &[
    ("none", "NONE"),
    ("login", "LOGIN"),
    ("consent", "CONSENT"),
    ("select_account", "SELECT_ACCOUNT"),
    ("create", "CREATE"),
];

pub(crate) const RESPONSE_MODE: Constants = &[
    ("query", "QUERY"),
    ("fragment", "FRAGMENT"),
    ("form_post", "FORM_POST"),
    ("jwt", "JWT"),
    ("query.jwt", "QUERY_JWT"),
    ("fragment.jwt", "FRAGMENT_JWT"),
    ("form_post.jwt", "FORM_POST_JWT"),
];

pub(crate) const RESPONSE_TYPE: Constants = &[
    ("none", "NONE"),
    ("code", "CODE"),
    ("token", "TOKEN"),
    ("id_token", "ID_TOKEN"),
    ("code token", "CODE_TOKEN"),
    ("code id_token", "CODE_ID_TOKEN"),
    ("id_token token", "ID_TOKEN_TOKEN"),
    ("code id_token token", "CODE_ID_TOKEN_TOKEN"),
];

pub(crate) const SERVICE_PROFILE: Constants = &[("FAPI", "FAPI"), ("OPEN_BANKING", "OPEN_BANKING")];

pub(crate) const SNS: Constants = &[("FACEBOOK", "FACEBOOK")];

pub(crate) const SUBJECT_TYPE: Constants = &[("public", "PUBLIC"), ("pairwise", "PAIRWISE")];

pub(crate) const USER_CODE_CHARSET: Constants = &[("BASE20", "BASE20"), ("NUMERIC", "NUMERIC")];

pub(crate) const VERIFIED_CLAIMS_SCHEMA: Constants =
    &[("standard", "standard"), ("standard+id_document", "standard+id_document")];
