//! Why a certificate is refused.

/// What is wrong with a qualified certificate. The text is public; it does not say whose certificate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// A bound of ours on bytes, extensions, statements or roles.
    #[error("the certificate is larger than any qualified certificate")]
    TooLarge,
    /// Not an X.509 v3 certificate in DER, or sent with an issuer's that is not one (RFC 5280 §4.1).
    #[error("it or an issuer is not an X.509 version 3 certificate in DER")]
    Malformed,
    /// Bytes after the certificate.
    #[error("there is data after the certificate")]
    TrailingData,
    /// A critical extension that this service does not know (RFC 5280 §4.2).
    #[error("it has a critical extension that is not known here")]
    CriticalExtension,
    /// The certificate itself is signed with RSASSA-PSS, which STET deployments do not accept.
    #[error("certificates signed with RSASSA-PSS are not accepted")]
    PssSigned,
    /// Neither PKCS#1 v1.5 nor ECDSA with SHA-256 or better, here or further up the chain.
    #[error("it or an issuer is signed with an algorithm that is not accepted")]
    SignatureAlgorithm,
    /// Neither RSA nor ECDSA on P-256 or P-384.
    #[error("its key is neither RSA nor on the curves P-256 and P-384")]
    KeyType,
    /// RSA of less than 2048 or more than 8192 bits, or with an exponent nobody uses.
    #[error("its RSA key is not of 2048 to 8192 bits with a common exponent")]
    KeySize,
    /// `notBefore` is to come, here or further up the chain (RFC 5280 §4.1.2.5).
    #[error("it or an issuer is not valid yet")]
    NotYetValid,
    /// `notAfter` has passed, here or further up the chain (RFC 5280 §4.1.2.5).
    #[error("it or an issuer has expired")]
    Expired,
    /// No chain leads to a root that the service trusts.
    #[error("its issuer is not trusted by this service")]
    Untrusted,
    /// An issuer did not make this signature.
    #[error("its signature is not its issuer's")]
    Signature,
    /// It belongs to a certification authority (RFC 5280 §4.2.1.9).
    #[error("it is the certificate of a certification authority")]
    IsAuthority,
    /// Something that may not issue certificates did (RFC 5280 §4.2.1.3, §4.2.1.9).
    #[error("an issuer in its chain may not issue certificates")]
    IssuerNotAuthority,
    /// More intermediates than an issuer or this service allows (RFC 5280 §4.2.1.9).
    #[error("its chain is longer than allowed")]
    PathLength,
    /// An issuer may not issue for this name (RFC 5280 §4.2.1.10).
    #[error("its issuer may not issue for this name")]
    NameConstraint,
    /// A revocation list names it, or an issuer of it (RFC 5280 §5).
    #[error("it or an issuer has been revoked")]
    Revoked,
    /// The policy asks for a revocation list, and there is no valid one.
    #[error("whether it has been revoked cannot be determined")]
    RevocationUnknown,
    /// A seal needs digitalSignature or nonRepudiation, a website certificate digitalSignature.
    #[error("its key usage does not permit signatures")]
    KeyUsage,
    /// A website certificate that authenticates a client needs clientAuth (RFC 5280 §4.2.1.12).
    #[error("its extended key usage does not permit client authentication")]
    ExtendedKeyUsage,
    /// The `QCStatements` are not what RFC 3739 §3.2.6 and ETSI EN 319 412-5 define.
    #[error("its QCStatements are malformed")]
    Statements,
    /// A statement that must be unambiguous is there twice.
    #[error("one of its QCStatements is there twice")]
    StatementRepeated,
    /// `QcCompliance` is missing (ETSI EN 319 412-5 §4.2.1).
    #[error("it is not a qualified certificate: QcCompliance is missing")]
    NotQualified,
    /// `QcType` is not eseal (ETSI EN 319 412-5 §4.2.3).
    #[error("it is not a certificate for electronic seals: QcType is not eseal")]
    NotSeal,
    /// `QcType` is not web (ETSI EN 319 412-5 §4.2.3).
    #[error("it is not a certificate for website authentication: QcType is not web")]
    NotWeb,
    /// The PSD2 statement is missing (ETSI TS 119 495 §5.1).
    #[error("its PSD2 QCStatement is missing")]
    Psd2Missing,
    /// The list of roles is empty (ETSI TS 119 495 §5.1).
    #[error("its PSD2 QCStatement has no role")]
    RoleMissing,
    /// The role's name is that of another role.
    #[error("its PSD2 QCStatement names a role that is not the role's OID")]
    RoleMismatch,
    /// Neither account servicing nor a role that is not known here opens accounts of others.
    #[error("none of its PSD2 roles permits access to accounts")]
    NoRole,
    /// The subject has no organizationIdentifier (ETSI EN 319 412-1 §5.1.4).
    #[error("its subject has no organizationIdentifier")]
    OrganizationMissing,
    /// The subject has several.
    #[error("its subject has more than one organizationIdentifier")]
    OrganizationRepeated,
    /// Not `PSD` + country + `-` + authority + `-` + identifier (ETSI TS 119 495 §5.2.1, GEN-5.2.1-3).
    #[error("its organizationIdentifier is not of the form PSDFR-ACPR-12345")]
    OrganizationSyntax,
    /// The certificates of one request belong to two organizations.
    #[error("the certificates belong to different organizations")]
    OtherOrganization,
}
