//! The members of Authlete's `Client` that are client metadata, and those that are Authlete's own.

use crate::constants::{
    APPLICATION_TYPE, CLIENT_AUTH_METHOD, CLIENT_REGISTRATION_TYPE, Constants, DELIVERY_MODE, FAPI_MODE, GRANT_TYPE,
    JWE_ALG, JWE_ENC, JWS_ALG, RESPONSE_MODE, RESPONSE_TYPE, SUBJECT_TYPE,
};
use crate::shape::{PAIRS, Shape, TAGGED};

/// How a member of `Client` and a metadata member say the same.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// With the same value, of that JSON type.
    Same(Shape),
    /// With the same boolean; `false` is as good as absent.
    Flag,
    /// With a constant for the value.
    Constant(Constants),
    /// With a constant for each value.
    Constants(Constants),
    /// With the same text; the languages are in another member of `Client`, if it has one.
    Localized(Option<&'static str>),
    /// With a string that holds the JSON object.
    Json,
}

use Form::{Flag, Json, Localized, Same};

const TEXT: Form = Same(Shape::Text);

const TEXTS: Form = Same(Shape::Texts);

/// Member of `Client`, metadata member, and how they say the same.
pub(crate) const METADATA: &[(&str, &str, Form)] = &[
    ("clientName", "client_name", Localized(Some("clientNames"))),
    ("applicationType", "application_type", Form::Constant(APPLICATION_TYPE)),
    ("logoUri", "logo_uri", Localized(Some("logoUris"))),
    ("contacts", "contacts", TEXTS),
    ("tlsClientCertificateBoundAccessTokens", "tls_client_certificate_bound_access_tokens", Flag),
    ("softwareId", "software_id", TEXT),
    ("softwareVersion", "software_version", TEXT),
    ("grantTypes", "grant_types", Form::Constants(GRANT_TYPE)),
    ("responseTypes", "response_types", Form::Constants(RESPONSE_TYPE)),
    ("redirectUris", "redirect_uris", TEXTS),
    ("authorizationSignAlg", "authorization_signed_response_alg", Form::Constant(JWS_ALG)),
    ("authorizationEncryptionAlg", "authorization_encrypted_response_alg", Form::Constant(JWE_ALG)),
    ("authorizationEncryptionEnc", "authorization_encrypted_response_enc", Form::Constant(JWE_ENC)),
    ("tokenAuthMethod", "token_endpoint_auth_method", Form::Constant(CLIENT_AUTH_METHOD)),
    ("tokenAuthSignAlg", "token_endpoint_auth_signing_alg", Form::Constant(JWS_ALG)),
    ("tlsClientAuthSubjectDn", "tls_client_auth_subject_dn", TEXT),
    ("tlsClientAuthSanDns", "tls_client_auth_san_dns", TEXT),
    ("tlsClientAuthSanUri", "tls_client_auth_san_uri", TEXT),
    ("tlsClientAuthSanIp", "tls_client_auth_san_ip", TEXT),
    ("tlsClientAuthSanEmail", "tls_client_auth_san_email", TEXT),
    ("parRequired", "require_pushed_authorization_requests", Flag),
    ("requestObjectRequired", "require_signed_request_object", Flag),
    ("requestSignAlg", "request_object_signing_alg", Form::Constant(JWS_ALG)),
    ("requestEncryptionAlg", "request_object_encryption_alg", Form::Constant(JWE_ALG)),
    ("requestEncryptionEnc", "request_object_encryption_enc", Form::Constant(JWE_ENC)),
    ("requestUris", "request_uris", TEXTS),
    ("defaultMaxAge", "default_max_age", Same(Shape::Int32)),
    ("defaultAcrs", "default_acr_values", TEXTS),
    ("idTokenSignAlg", "id_token_signed_response_alg", Form::Constant(JWS_ALG)),
    ("idTokenEncryptionAlg", "id_token_encrypted_response_alg", Form::Constant(JWE_ALG)),
    ("idTokenEncryptionEnc", "id_token_encrypted_response_enc", Form::Constant(JWE_ENC)),
    ("authTimeRequired", "require_auth_time", Flag),
    ("subjectType", "subject_type", Form::Constant(SUBJECT_TYPE)),
    ("sectorIdentifierUri", "sector_identifier_uri", TEXT),
    ("jwksUri", "jwks_uri", TEXT),
    ("jwks", "jwks", Json),
    ("userInfoSignAlg", "userinfo_signed_response_alg", Form::Constant(JWS_ALG)),
    ("userInfoEncryptionAlg", "userinfo_encrypted_response_alg", Form::Constant(JWE_ALG)),
    ("userInfoEncryptionEnc", "userinfo_encrypted_response_enc", Form::Constant(JWE_ENC)),
    ("loginUri", "initiate_login_uri", TEXT),
    ("tosUri", "tos_uri", Localized(Some("tosUris"))),
    ("policyUri", "policy_uri", Localized(Some("policyUris"))),
    ("clientUri", "client_uri", Localized(Some("clientUris"))),
    ("bcDeliveryMode", "backchannel_token_delivery_mode", Form::Constant(DELIVERY_MODE)),
    ("bcNotificationEndpoint", "backchannel_client_notification_endpoint", TEXT),
    ("bcRequestSignAlg", "backchannel_authentication_request_signing_alg", Form::Constant(JWS_ALG)),
    ("bcUserCodeRequired", "backchannel_user_code_parameter", Flag),
    ("authorizationDetailsTypes", "authorization_details_types", TEXTS),
    ("digestAlgorithm", "digest_algorithm", TEXT),
    ("dpopRequired", "dpop_bound_access_tokens", Flag),
    ("clientRegistrationTypes", "client_registration_types", Form::Constants(CLIENT_REGISTRATION_TYPE)),
    ("organizationName", "organization_name", Localized(None)),
    ("signedJwksUri", "signed_jwks_uri", TEXT),
    ("credentialOfferEndpoint", "credential_offer_endpoint", TEXT),
    ("responseModes", "response_modes", Form::Constants(RESPONSE_MODE)),
    ("mtlsEndpointAliasesUsed", "use_mtls_endpoint_aliases", Flag),
    ("spiffeId", "spiffe_id", TEXT),
    ("spiffeBundleEndpoint", "spiffe_bundle_endpoint", TEXT),
    ("backchannelLogoutUri", "backchannel_logout_uri", TEXT),
    ("backchannelLogoutSessionRequired", "backchannel_logout_session_required", Flag),
];

/// What a `Client` says where the metadata says nothing: member of `Client`, metadata member, value.
pub(crate) const DEFAULTS: &[(&str, &str, &str)] =
    &[("idTokenSignAlg", "id_token_signed_response_alg", "RS256"), ("subjectType", "subject_type", "PUBLIC")];

/// Authlete's own members, which are kept beside the metadata.
pub(crate) const OWN: &[(&str, Shape)] = &[
    ("description", Shape::Text),
    ("descriptions", TAGGED),
    ("selfSignedCertificateKeyId", Shape::Text),
    ("attributes", PAIRS),
    ("frontChannelRequestObjectEncryptionRequired", Shape::Flag),
    ("requestObjectEncryptionAlgMatchRequired", Shape::Flag),
    ("requestObjectEncryptionEncMatchRequired", Shape::Flag),
    ("singleAccessTokenPerSubject", Shape::Flag),
    ("pkceRequired", Shape::Flag),
    ("pkceS256Required", Shape::Flag),
    ("rsRequestSigned", Shape::Flag),
    ("rsSignedRequestKeyId", Shape::Text),
    ("entityId", Shape::Url),
    ("trustAnchorId", Shape::Url),
    ("trustChain", Shape::Texts),
    ("trustChainExpiresAt", Shape::Integer),
    ("trustChainUpdatedAt", Shape::Integer),
    ("fapiModes", Shape::Constants(FAPI_MODE)),
    ("credentialResponseEncryptionRequired", Shape::Flag),
    ("inScopeForTokenMigration", Shape::Flag),
    ("haipVersion", Shape::Text),
];

/// Those among them that follow from the trust chain of a client that was registered with one.
pub(crate) const OF_TRUST_CHAIN: [&str; 5] =
    ["entityId", "trustAnchorId", "trustChain", "trustChainExpiresAt", "trustChainUpdatedAt"];

/// The members of `extension` beside the requestable scopes.
pub(crate) const EXTENSION: &[(&str, Shape)] = &[
    ("accessTokenDuration", Shape::Integer),
    ("refreshTokenDuration", Shape::Integer),
    ("idTokenDuration", Shape::Integer),
    ("tokenExchangePermitted", Shape::Flag),
];

/// The JSON type of a member of `Client` in a form.
pub(crate) fn shape(name: &str) -> Shape {
    match name {
        "clientIdAliasEnabled" | "locked" => Shape::Flag,
        _ => written(name).unwrap_or(Shape::Text),
    }
}

/// The JSON type of a member of `Client` that operators write.
pub(crate) fn written(name: &str) -> Option<Shape> {
    let own = OWN.iter().find(|(own, _)| *own == name).map(|(_, shape)| *shape);
    let metadata = METADATA.iter().find(|(field, _, _)| *field == name).map(|(_, _, form)| match form {
        Form::Flag => Shape::Flag,
        Form::Constants(known) => Shape::Constants(known),
        Form::Same(shape) => *shape,
        Form::Constant(_) | Form::Localized(_) | Form::Json => Shape::Text,
    });
    match name {
        "extension" => Some(Shape::Object),
        "clientNames" | "logoUris" | "tosUris" | "policyUris" | "clientUris" => Some(TAGGED),
        "clientIdAlias" | "clientType" | "customMetadata" | "developer" => Some(Shape::Text),
        _ => own.or(metadata),
    }
}
