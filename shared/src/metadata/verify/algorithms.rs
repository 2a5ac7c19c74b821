//! The algorithms of what the server signs, encrypts and accepts (OIDC Registration §2, RFC 9701 §6, JARM §3).

use super::VerifiedMetadata;
use crate::metadata::algorithms::{
    is_asymmetric_encryption, is_asymmetric_signature, is_content_encryption, is_symmetric_encryption,
    is_symmetric_signature,
};
use crate::metadata::{AuthMethod, Invalid};

impl VerifiedMetadata {
    /// OIDC Registration §2: known algorithms, `*_enc` only with `*_alg`, and their defaults.
    pub(super) fn check_algorithms(&mut self) -> Result<(), Invalid> {
        let id_token_from_front_channel = self.response_types.iter().any(|response| response.returns_id_token());
        if self.scope.as_ref().is_some_and(|scope| scope.contains("openid")) {
            self.rest.id_token_signed_response_alg.get_or_insert_with(|| "RS256".to_owned());
        }
        for (member, algorithm) in self.signature_algorithms() {
            let unsigned = match member {
                "id_token_signed_response_alg" => !id_token_from_front_channel,
                "authorization_signed_response_alg" => false,
                _ => true,
            };
            let known = is_asymmetric_signature(algorithm) || is_symmetric_signature(algorithm);
            if !(known || (unsigned && algorithm == "none")) {
                return Err(Invalid::Algorithm { member, algorithm: algorithm.to_owned() });
            }
        }
        for (member, algorithm) in self.encryption_algorithms() {
            if !(is_asymmetric_encryption(algorithm) || is_symmetric_encryption(algorithm)) {
                return Err(Invalid::Algorithm { member, algorithm: algorithm.to_owned() });
            }
        }
        self.content_encryptions()?;
        match self.symmetric_member() {
            Some(member) if self.token_endpoint_auth_method == AuthMethod::None => {
                Err(Invalid::SymmetricWithoutSecret { member })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn signature_algorithms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rest = &self.rest;
        [
            ("id_token_signed_response_alg", &rest.id_token_signed_response_alg),
            ("userinfo_signed_response_alg", &rest.userinfo_signed_response_alg),
            ("request_object_signing_alg", &rest.request_object_signing_alg),
            ("introspection_signed_response_alg", &rest.introspection_signed_response_alg),
            ("authorization_signed_response_alg", &rest.authorization_signed_response_alg),
            ("nfv_token_signed_response_alg", &rest.nfv_token_signed_response_alg),
        ]
        .into_iter()
        .filter_map(|(member, algorithm)| Some((member, algorithm.as_deref()?)))
    }

    pub(super) fn encryption_algorithms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rest = &self.rest;
        [
            ("id_token_encrypted_response_alg", &rest.id_token_encrypted_response_alg),
            ("userinfo_encrypted_response_alg", &rest.userinfo_encrypted_response_alg),
            ("request_object_encryption_alg", &rest.request_object_encryption_alg),
            ("introspection_encrypted_response_alg", &rest.introspection_encrypted_response_alg),
            ("authorization_encrypted_response_alg", &rest.authorization_encrypted_response_alg),
            ("nfv_token_encrypted_response_alg", &rest.nfv_token_encrypted_response_alg),
        ]
        .into_iter()
        .filter_map(|(member, algorithm)| Some((member, algorithm.as_deref()?)))
    }

    pub(super) fn content_encryptions(&mut self) -> Result<(), Invalid> {
        let rest = &mut self.rest;
        let pairs = [
            (
                "id_token_encrypted_response_enc",
                &rest.id_token_encrypted_response_alg,
                &mut rest.id_token_encrypted_response_enc,
            ),
            (
                "userinfo_encrypted_response_enc",
                &rest.userinfo_encrypted_response_alg,
                &mut rest.userinfo_encrypted_response_enc,
            ),
            (
                "request_object_encryption_enc",
                &rest.request_object_encryption_alg,
                &mut rest.request_object_encryption_enc,
            ),
            (
                "introspection_encrypted_response_enc",
                &rest.introspection_encrypted_response_alg,
                &mut rest.introspection_encrypted_response_enc,
            ),
            (
                "authorization_encrypted_response_enc",
                &rest.authorization_encrypted_response_alg,
                &mut rest.authorization_encrypted_response_enc,
            ),
            (
                "nfv_token_encrypted_response_enc",
                &rest.nfv_token_encrypted_response_alg,
                &mut rest.nfv_token_encrypted_response_enc,
            ),
        ];
        for (member, algorithm, encoding) in pairs {
            match (algorithm, &*encoding) {
                (None, Some(_)) => return Err(Invalid::requires(member, "its *_alg member")),
                (Some(_), Some(name)) if !is_content_encryption(name) => {
                    return Err(Invalid::Algorithm { member, algorithm: name.clone() });
                }
                (Some(_), None) => *encoding = Some("A128CBC-HS256".to_owned()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The first member whose algorithm is keyed with the client secret.
    pub(super) fn symmetric_member(&self) -> Option<&'static str> {
        let signatures = self.signature_algorithms().filter(|(_, algorithm)| is_symmetric_signature(algorithm));
        let encryptions = self.encryption_algorithms().filter(|(_, algorithm)| is_symmetric_encryption(algorithm));
        signatures.chain(encryptions).map(|(member, _)| member).next()
    }
}
