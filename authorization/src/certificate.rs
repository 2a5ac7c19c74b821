//! Certificates that clients show at their connections, in PEM.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use shared::distinguished_name::DistinguishedName;
use std::net::IpAddr;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

/// A certificate in DER; none if the text holds none.
#[must_use]
pub fn der(pem: &str) -> Option<Vec<u8>> {
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    (pem.label == "CERTIFICATE").then_some(pem.contents)
}

/// `x5t#S256` of a certificate in PEM (RFC 8705 §3.1).
#[must_use]
pub fn thumbprint(pem: &str) -> Option<String> {
    der(pem).map(|der| BASE64URL.encode(digest(&SHA256, &der)))
}

/// The names in a certificate (RFC 8705 §2.1.2).
pub struct Names {
    subject: DistinguishedName,
    /// `dNSName`.
    pub dns: Vec<String>,
    /// `uniformResourceIdentifier`.
    pub uri: Vec<String>,
    /// `rfc822Name`.
    pub email: Vec<String>,
    ips: Vec<IpAddr>,
}

impl Names {
    /// Those of a certificate in DER.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = DistinguishedName::read(certificate.subject())?;
        let mut names = Self { subject, dns: Vec::new(), uri: Vec::new(), email: Vec::new(), ips: Vec::new() };
        let alternatives = certificate.subject_alternative_name().ok()?;
        for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
                GeneralName::URI(name) => names.uri.push((*name).to_owned()),
                GeneralName::RFC822Name(name) => names.email.push((*name).to_owned()),
                GeneralName::IPAddress(octets) => names.ips.extend(address(octets)),
                _ => {}
            }
        }
        Some(names)
    }

    /// Whether that is the subject.
    #[must_use]
    pub fn is_subject(&self, name: &str) -> bool {
        self.subject.is(name)
    }

    /// Whether that is one of the addresses.
    #[must_use]
    pub fn has_address(&self, text: &str) -> bool {
        text.parse().is_ok_and(|address| self.ips.contains(&address))
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}
