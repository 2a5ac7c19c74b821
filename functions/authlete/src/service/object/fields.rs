//! The members of Authlete's `Service`: which are authorization server metadata, which are kept as sent, which are
//! kept sealed. Those that are the registration's policy are read and written by name.

use shared::service::{FEDERATION_JWKS, JWKS};

use crate::constants::{
    ATTACHMENT_TYPE, CLAIM_TYPE, CLIENT_AUTH_METHOD, CLIENT_REGISTRATION_TYPE, DELIVERY_MODE, DISPLAY, FAPI_MODE,
    JWS_ALG, PROMPT, SERVICE_PROFILE, SNS, USER_CODE_CHARSET, VERIFIED_CLAIMS_SCHEMA,
};
use crate::shape::{PAIRS, Shape};

/// Member of `Service`, authorization server metadata (RFC 8414 §2 and its registry), and its JSON type.
pub(crate) const METADATA: &[(&str, &str, Shape)] = &[
    ("supportedAcrs", "acr_values_supported", Shape::Texts),
    ("supportedAuthorizationDetailsTypes", "authorization_details_types_supported", Shape::Texts),
    ("authorizationEndpoint", "authorization_endpoint", Shape::Url),
    ("supportedUiLocales", "ui_locales_supported", Shape::Texts),
    ("supportedDisplays", "display_values_supported", Shape::Constants(DISPLAY)),
    ("tokenEndpoint", "token_endpoint", Shape::Url),
    ("revocationEndpoint", "revocation_endpoint", Shape::Url),
    (
        "supportedRevocationAuthMethods",
        "revocation_endpoint_auth_methods_supported",
        Shape::Constants(CLIENT_AUTH_METHOD),
    ),
    ("introspectionEndpoint", "introspection_endpoint", Shape::Url),
    (
        "supportedIntrospectionAuthMethods",
        "introspection_endpoint_auth_methods_supported",
        Shape::Constants(CLIENT_AUTH_METHOD),
    ),
    ("pushedAuthReqEndpoint", "pushed_authorization_request_endpoint", Shape::Url),
    ("parRequired", "require_pushed_authorization_requests", Shape::Flag),
    ("requestObjectRequired", "require_signed_request_object", Shape::Flag),
    ("tlsClientCertificateBoundAccessTokens", "tls_client_certificate_bound_access_tokens", Shape::Flag),
    ("supportedClaimTypes", "claim_types_supported", Shape::Constants(CLAIM_TYPE)),
    ("supportedClaimLocales", "claims_locales_supported", Shape::Texts),
    ("supportedClaims", "claims_supported", Shape::Texts),
    ("jwksUri", "jwks_uri", Shape::Url),
    ("userInfoEndpoint", "userinfo_endpoint", Shape::Url),
    ("registrationEndpoint", "registration_endpoint", Shape::Url),
    ("policyUri", "op_policy_uri", Shape::Url),
    ("tosUri", "op_tos_uri", Shape::Url),
    ("serviceDocumentation", "service_documentation", Shape::Url),
    ("backchannelAuthenticationEndpoint", "backchannel_authentication_endpoint", Shape::Url),
    (
        "supportedBackchannelTokenDeliveryModes",
        "backchannel_token_delivery_modes_supported",
        Shape::Constants(DELIVERY_MODE),
    ),
    ("backchannelUserCodeParameterSupported", "backchannel_user_code_parameter_supported", Shape::Flag),
    ("deviceAuthorizationEndpoint", "device_authorization_endpoint", Shape::Url),
    ("supportedTrustFrameworks", "trust_frameworks_supported", Shape::Texts),
    ("supportedEvidence", "evidence_supported", Shape::Texts),
    ("supportedIdentityDocuments", "id_documents_supported", Shape::Texts),
    ("supportedVerificationMethods", "id_documents_verification_methods_supported", Shape::Texts),
    ("supportedVerifiedClaims", "claims_in_verified_claims_supported", Shape::Texts),
    ("grantManagementEndpoint", "grant_management_endpoint", Shape::Url),
    ("endSessionEndpoint", "end_session_endpoint", Shape::Url),
    ("federationRegistrationEndpoint", "federation_registration_endpoint", Shape::Url),
    ("organizationName", "organization_name", Shape::Text),
    ("signedJwksUri", "signed_jwks_uri", Shape::Url),
    ("supportedAttachments", "attachments_supported", Shape::Constants(ATTACHMENT_TYPE)),
    ("supportedDigestAlgorithms", "digest_algorithms_supported", Shape::Texts),
    ("supportedDocuments", "documents_supported", Shape::Texts),
    ("supportedDocumentsMethods", "documents_methods_supported", Shape::Texts),
    ("supportedDocumentsValidationMethods", "documents_validation_methods_supported", Shape::Texts),
    ("supportedDocumentsVerificationMethods", "documents_verification_methods_supported", Shape::Texts),
    ("supportedElectronicRecords", "electronic_records_supported", Shape::Texts),
    (
        "supportedClientRegistrationTypes",
        "client_registration_types_supported",
        Shape::Constants(CLIENT_REGISTRATION_TYPE),
    ),
    ("supportedDocumentsCheckMethods", "documents_check_methods_supported", Shape::Texts),
    ("supportedPromptValues", "prompt_values_supported", Shape::Constants(PROMPT)),
];

/// Members that are kept and answered as sent.
pub(crate) const KEPT: &[(&str, Shape)] = &[
    ("description", Shape::Text),
    ("tokenBatchNotificationEndpoint", Shape::Url),
    ("clientAssertionAudRestrictedToIssuer", Shape::Flag),
    ("developerAuthenticationCallbackEndpoint", Shape::Url),
    ("developerAuthenticationCallbackApiKey", Shape::Text),
    ("supportedSnses", Shape::Constants(SNS)),
    ("authenticationCallbackEndpoint", Shape::Url),
    ("authenticationCallbackApiKey", Shape::Text),
    ("supportedServiceProfiles", Shape::Constants(SERVICE_PROFILE)),
    ("directAuthorizationEndpointEnabled", Shape::Flag),
    ("pkceRequired", Shape::Flag),
    ("pkceS256Required", Shape::Flag),
    ("authorizationResponseDuration", Shape::Integer),
    ("directTokenEndpointEnabled", Shape::Flag),
    ("missingClientIdAllowed", Shape::Flag),
    ("directRevocationEndpointEnabled", Shape::Flag),
    ("directIntrospectionEndpointEnabled", Shape::Flag),
    ("pushedAuthReqDuration", Shape::Integer),
    ("traditionalRequestObjectProcessingApplied", Shape::Flag),
    ("mutualTlsValidatePkiCertChain", Shape::Flag),
    ("trustedRootCertificates", Shape::Texts),
    ("mtlsEndpointAliases", Shape::Entries(&["name", "uri"])),
    ("accessTokenType", Shape::Text),
    ("accessTokenDuration", Shape::Integer),
    ("singleAccessTokenPerSubject", Shape::Flag),
    ("accessTokenSignAlg", Shape::Constant(JWS_ALG)),
    ("accessTokenSignatureKeyId", Shape::Text),
    ("refreshTokenDuration", Shape::Integer),
    ("refreshTokenDurationKept", Shape::Flag),
    ("refreshTokenDurationReset", Shape::Flag),
    ("refreshTokenKept", Shape::Flag),
    ("scopeRequired", Shape::Flag),
    ("idTokenDuration", Shape::Integer),
    ("allowableClockSkew", Shape::Int32),
    ("claimShortcutRestrictive", Shape::Flag),
    ("directJwksEndpointEnabled", Shape::Flag),
    ("idTokenSignatureKeyId", Shape::Text),
    ("userInfoSignatureKeyId", Shape::Text),
    ("authorizationSignatureKeyId", Shape::Text),
    ("directUserInfoEndpointEnabled", Shape::Flag),
    ("registrationManagementEndpoint", Shape::Url),
    ("backchannelAuthReqIdDuration", Shape::Int32),
    ("backchannelPollingInterval", Shape::Int32),
    ("backchannelBindingMessageRequiredInFapi", Shape::Flag),
    ("deviceVerificationUri", Shape::Url),
    ("deviceVerificationUriComplete", Shape::Url),
    ("deviceFlowCodeDuration", Shape::Int32),
    ("deviceFlowPollingInterval", Shape::Int32),
    ("userCodeCharset", Shape::Constant(USER_CODE_CHARSET)),
    ("userCodeLength", Shape::Int32),
    ("verifiedClaimsValidationSchemaSet", Shape::Constant(VERIFIED_CLAIMS_SCHEMA)),
    ("attributes", PAIRS),
    ("nbfOptional", Shape::Flag),
    ("issSuppressed", Shape::Flag),
    ("tokenExpirationLinked", Shape::Flag),
    ("frontChannelRequestObjectEncryptionRequired", Shape::Flag),
    ("requestObjectEncryptionAlgMatchRequired", Shape::Flag),
    ("requestObjectEncryptionEncMatchRequired", Shape::Flag),
    ("hsmEnabled", Shape::Flag),
    ("grantManagementActionRequired", Shape::Flag),
    ("unauthorizedOnClientConfigSupported", Shape::Flag),
    ("loopbackRedirectionUriVariable", Shape::Flag),
    ("requestObjectAudienceChecked", Shape::Flag),
    ("accessTokenForExternalAttachmentEmbedded", Shape::Flag),
    ("predefinedTransformedClaims", Shape::Text),
    ("refreshTokenIdempotent", Shape::Flag),
    ("tokenExchangeByIdentifiableClientsOnly", Shape::Flag),
    ("tokenExchangeByConfidentialClientsOnly", Shape::Flag),
    ("tokenExchangeByPermittedClientsOnly", Shape::Flag),
    ("tokenExchangeEncryptedJwtRejected", Shape::Flag),
    ("tokenExchangeUnsignedJwtRejected", Shape::Flag),
    ("jwtGrantByIdentifiableClientsOnly", Shape::Flag),
    ("jwtGrantEncryptedJwtRejected", Shape::Flag),
    ("jwtGrantUnsignedJwtRejected", Shape::Flag),
    ("openidDroppedOnRefreshWithoutOfflineAccess", Shape::Flag),
    ("rsResponseSigned", Shape::Flag),
    ("cnonceDuration", Shape::Integer),
    ("dpopNonceRequired", Shape::Flag),
    ("verifiableCredentialsEnabled", Shape::Flag),
    ("credentialJwksUri", Shape::Url),
    ("credentialOfferDuration", Shape::Integer),
    ("dpopNonceDuration", Shape::Integer),
    ("preAuthorizedGrantAnonymousAccessSupported", Shape::Flag),
    ("credentialTransactionDuration", Shape::Integer),
    ("introspectionSignatureKeyId", Shape::Text),
    ("resourceSignatureKeyId", Shape::Text),
    ("userPinLength", Shape::Int32),
    ("idTokenReissuable", Shape::Flag),
    ("fapiModes", Shape::Constants(FAPI_MODE)),
    ("credentialDuration", Shape::Integer),
    ("credentialIssuerMetadata", Shape::Object),
    ("idTokenAudType", Shape::Text),
    ("nativeSsoSupported", Shape::Flag),
    ("oid4vciVersion", Shape::Text),
    ("cimdHttpPermitted", Shape::Flag),
    ("cimdMetadataPolicy", Shape::Text),
    ("httpAliasProhibited", Shape::Flag),
    ("supportedDeveloperSnses", Shape::Constants(SNS)),
    ("authorizationCodeDuration", Shape::Integer),
    ("challengeEndpoint", Shape::Url),
    ("attestationChallengeTimeWindow", Shape::Integer),
    ("haipVersion", Shape::Text),
    ("clientAttesterRoots", Shape::Texts),
    ("clientAttesterRootsEnabled", Shape::Flag),
    ("clientAttesterRootsOnly", Shape::Flag),
    ("keyAttesterRoots", Shape::Texts),
    ("keyAttesterRootsEnabled", Shape::Flag),
    ("keyAttesterRootsOnly", Shape::Flag),
    ("backchannelLogoutSupported", Shape::Flag),
    ("backchannelLogoutSessionSupported", Shape::Flag),
];

/// Trust anchors, with their keys in strings.
pub(crate) const TRUST_ANCHORS: Shape = Shape::Entries(&["entityId", "jwks"]);

/// Members that hold secrets, and are kept sealed.
pub(crate) const SEALED: &[(&str, Shape)] = &[
    (JWKS, Shape::Json),
    (FEDERATION_JWKS, Shape::Json),
    ("credentialJwks", Shape::Json),
    ("authenticationCallbackApiSecret", Shape::Text),
    ("developerAuthenticationCallbackApiSecret", Shape::Text),
    ("snsCredentials", Shape::Entries(&["sns", "apiKey", "apiSecret"])),
    ("developerSnsCredentials", Shape::Entries(&["sns", "apiKey", "apiSecret"])),
];

/// The JSON type of a member of `Service` in a form.
pub(crate) fn shape(name: &str) -> Shape {
    written(name).unwrap_or(Shape::Text)
}

/// The JSON type of a member of `Service` that operators write.
pub(crate) fn written(name: &str) -> Option<Shape> {
    let metadata = METADATA.iter().map(|(field, _, shape)| (field, shape));
    let known = metadata.chain(KEPT.iter().chain(SEALED).map(|(field, shape)| (field, shape)));
    let shape = match name {
        "serviceName" | "federationSignatureKeyId" => Shape::Text,
        "issuer" => Shape::Url,
        "supportedGrantTypes"
        | "supportedResponseTypes"
        | "supportedTokenAuthMethods"
        | "supportedCustomClientMetadata"
        | "authorityHints" => Shape::Texts,
        "supportedScopes" => Shape::Objects,
        "clientsPerDeveloper" => Shape::Int32,
        "federationConfigurationDuration" => Shape::Integer,
        "trustAnchors" => TRUST_ANCHORS,
        "dynamicRegistrationSupported"
        | "dcrScopeUsedAsRequestable"
        | "dcrDuplicateSoftwareIdBlocked"
        | "errorDescriptionOmitted"
        | "errorUriOmitted"
        | "federationEnabled" => Shape::Flag,
        _ => return known.into_iter().find(|(field, _)| **field == name).map(|(_, shape)| *shape),
    };
    Some(shape)
}
