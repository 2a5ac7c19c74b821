//! JOSE algorithm names that client metadata may hold (RFC 7518, RFC 8037, RFC 8812, RFC 9864).

/// Whether a specification defines an algorithm of that name.
#[must_use]
pub fn is_algorithm(name: &str) -> bool {
    let kinds: [fn(&str) -> bool; 5] = [
        is_symmetric_signature,
        is_asymmetric_signature,
        is_symmetric_encryption,
        is_asymmetric_encryption,
        is_content_encryption,
    ];
    name == "none" || kinds.iter().any(|is_one| is_one(name))
}

/// `HS*`: keyed with the client secret.
#[must_use]
pub fn is_symmetric_signature(algorithm: &str) -> bool {
    matches!(algorithm, "HS256" | "HS384" | "HS512")
}

pub(super) fn is_asymmetric_signature(algorithm: &str) -> bool {
    matches!(
        algorithm,
        "RS256"
            | "RS384"
            | "RS512"
            | "PS256"
            | "PS384"
            | "PS512"
            | "ES256"
            | "ES384"
            | "ES512"
            | "ES256K"
            | "EdDSA"
            | "Ed25519"
            | "Ed448"
    )
}

/// Key management keyed with the client secret (OIDC Core §10.2).
#[must_use]
pub fn is_symmetric_encryption(algorithm: &str) -> bool {
    matches!(
        algorithm,
        "dir"
            | "A128KW"
            | "A192KW"
            | "A256KW"
            | "A128GCMKW"
            | "A192GCMKW"
            | "A256GCMKW"
            | "PBES2-HS256+A128KW"
            | "PBES2-HS384+A192KW"
            | "PBES2-HS512+A256KW"
    )
}

pub(super) fn is_asymmetric_encryption(algorithm: &str) -> bool {
    matches!(
        algorithm,
        "RSA1_5"
            | "RSA-OAEP"
            | "RSA-OAEP-256"
            | "RSA-OAEP-384"
            | "RSA-OAEP-512"
            | "ECDH-ES"
            | "ECDH-ES+A128KW"
            | "ECDH-ES+A192KW"
            | "ECDH-ES+A256KW"
    )
}

pub(super) fn is_content_encryption(encoding: &str) -> bool {
    matches!(encoding, "A128CBC-HS256" | "A192CBC-HS384" | "A256CBC-HS512" | "A128GCM" | "A192GCM" | "A256GCM")
}
