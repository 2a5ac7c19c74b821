//! Whether the certificates of a request are to be trusted: chain, kind, revocation; and where they come from.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use shared::fetch::FetchError;
use shared::http::Request;

use crate::certificate::{
    CertificateFault, QualifiedCertificate, Revocation, RevocationLists, Trust, check_seal, check_web,
};
use crate::error::Error;
use crate::settings::RevocationPolicy;
use crate::visit::Visit;

/// How many revocation lists of one certificate are asked.
const MAX_LISTS: usize = 2;

/// What a certificate is for.
#[derive(Clone, Copy)]
enum Purpose {
    Seal,
    Web,
}

impl Visit<'_> {
    /// Whether a certificate may seal requests, by what it was sent with.
    pub(crate) async fn check_seal(
        &self,
        certificate: &QualifiedCertificate,
        intermediates: &[Vec<u8>],
    ) -> Result<(), CertificateFault> {
        self.check_certificate(certificate, intermediates, Purpose::Seal).await
    }

    /// Whether the connection's certificate may open connections. What it was sent with is not known here.
    pub(crate) async fn check_web(&self) -> Result<(), Error> {
        self.check_certificate(&self.web, &[], Purpose::Web).await.map_err(Error::WebCertificate)
    }

    /// The chain first, so that a list is fetched only where a trusted authority says.
    async fn check_certificate(
        &self,
        certificate: &QualifiedCertificate,
        intermediates: &[Vec<u8>],
        purpose: Purpose,
    ) -> Result<(), CertificateFault> {
        let now = self.app.clock.now();
        let check = |revocation| {
            let trust = Trust { anchors: &self.anchors, revocation };
            match purpose {
                Purpose::Seal => check_seal(certificate, intermediates, &trust, now),
                Purpose::Web => check_web(certificate, intermediates, &trust, now),
            }
        };
        check(Revocation::Ignored)?;
        match self.settings.revocation {
            RevocationPolicy::Ignored => Ok(()),
            RevocationPolicy::IfKnown => check(Revocation::IfKnown(&self.lists(certificate).await)),
            RevocationPolicy::Required => check(Revocation::Required(&self.lists(certificate).await)),
        }
    }

    /// The revocation lists that a certificate names, as far as they can be had and read.
    async fn lists(&self, certificate: &QualifiedCertificate) -> RevocationLists {
        let fetch = self.app.fetch.of(self.service.id);
        let mut lists = Vec::new();
        for url in certificate.crl_urls().iter().take(MAX_LISTS) {
            match fetch.revocation_list(url, &self.app.clock, self.fetching_ends).await {
                Ok(list) if RevocationLists::parse(&[&list]).is_ok() => lists.push(list),
                Ok(_) => tracing::warn!("a revocation list could not be read"),
                Err(error) => tracing::warn!(%error, "a revocation list could not be fetched"),
            }
        }
        RevocationLists::parse(&lists).unwrap_or_default()
    }

    /// A certificate behind a URL, with what follows it.
    pub(crate) async fn fetch_certificates(&self, url: &str, max_bytes: usize) -> Result<Vec<Vec<u8>>, Error> {
        let document = self.app.fetch.get(url, max_bytes, self.fetching_ends).await.map_err(|error| {
            tracing::info!(%error, "a certificate could not be fetched");
            match error {
                FetchError::Failed(_) | FetchError::FailedBefore | FetchError::Status(429 | 500..) => {
                    Error::KeyUnavailable
                }
                FetchError::NotAllowed | FetchError::TooLarge | FetchError::Malformed | FetchError::Status(_) => {
                    Error::UnknownKey
                }
            }
        })?;
        if !document.starts_with(b"-----") {
            return Ok(vec![document]);
        }
        let certificates: Result<Vec<CertificateDer>, _> = CertificateDer::pem_slice_iter(&document).collect();
        let certificates = certificates.map_err(|_| Error::UnknownKey)?;
        Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
    }
}

/// The certificate that the gateway has passed on.
pub(crate) fn web_certificate(request: &Request) -> Result<QualifiedCertificate, Error> {
    let pem = request.client_certificate.as_deref().ok_or(Error::NoCertificate)?;
    let der = CertificateDer::from_pem_slice(pem.as_bytes());
    let der = der.map_err(|_| Error::WebCertificate(CertificateFault::Malformed))?;
    QualifiedCertificate::parse(&der).map_err(Error::WebCertificate)
}
