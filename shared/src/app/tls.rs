//! Whom the SDK trusts.

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// Four fifths of a start would parse the system's root certificates, of which AWS's endpoints use these.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Where endpoints are under other roots.
const CHINA: &str = "cn-";

/// Variables with which the SDK speaks to something else than AWS, which may be under any root.
const ELSEWHERE: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_KMS"];

/// An HTTP client that trusts Amazon's roots alone, where all that is asked by TLS is AWS.
pub(super) fn http_client(variable: impl Fn(&str) -> Option<String>) -> Option<SharedHttpClient> {
    let in_china = variable("AWS_REGION").is_some_and(|region| region.starts_with(CHINA));
    let by_tls = |name| variable(name).is_some_and(|url| !url.starts_with("http://"));
    if in_china || ELSEWHERE.into_iter().any(by_tls) {
        return None;
    }
    let trust = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let context = TlsContext::builder().with_trust_store(trust).build().ok()?;
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    Some(builder.tls_context(context).build_https())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    use super::*;

    /// As <https://www.amazontrust.com/repository/> has them.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_roots_are_amazons() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_ROOTS).collect::<Result<_, _>>().unwrap();
        let fingerprint = |root: &CertificateDer<'_>| {
            let digest = digest(&SHA256, root);
            digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
        };
        assert_eq!(roots.iter().map(fingerprint).collect::<Vec<_>>(), FINGERPRINTS);
    }

    #[test]
    fn amazons_roots_are_for_aws_alone() {
        let client = |set: &'static str, value: &'static str| {
            http_client(|variable| (variable == set).then(|| value.to_owned())).is_some()
        };
        assert!(client("AWS_REGION", "eu-central-1"));
        assert!(client("", ""));
        assert!(!client("AWS_REGION", "cn-north-1"));
        for variable in ELSEWHERE {
            assert!(!client(variable, "https://table.example"), "{variable}");
            assert!(client(variable, "http://127.0.0.1:8000"), "{variable}");
        }
    }
}
