//! Connections by TLS; where the client has to show a certificate, as API Gateway accepts them at a domain with mutual
//! TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{Certificate, CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The certificate that the server shows, and its key.
pub struct Identity {
    /// The chain in PEM.
    pub certificate: String,
    key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { certificate: self.certificate.clone(), key: self.key.clone_key() }
    }
}

impl Identity {
    /// From files in PEM.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn read(certificate: &PathBuf, key: &PathBuf) -> Result<Self> {
        let text =
            std::fs::read_to_string(certificate).with_context(|| format!("cannot read {}", certificate.display()))?;
        let key = PrivateKeyDer::from_pem_file(key).with_context(|| format!("{} is no key in PEM", key.display()))?;
        Ok(Self { certificate: text, key })
    }

    /// A new one, for those names and addresses and for `localhost`, that nobody vouches for.
    ///
    /// # Errors
    /// If no key can be made, or a name is none.
    pub fn generated(names: impl Iterator<Item = String>) -> Result<Self> {
        let (certificate, key) = self_signed(std::iter::once("localhost".to_owned()).chain(names).collect())?;
        let certificate = certificate.pem();
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| anyhow!(error))?;
        Ok(Self { certificate, key })
    }
}

/// A certificate for those names and addresses that nobody vouches for, and its key.
///
/// # Errors
/// If no key can be made, or a name is none.
pub(crate) fn self_signed(names: Vec<String>) -> Result<(Certificate, KeyPair)> {
    let key = KeyPair::generate()?;
    Ok((CertificateParams::new(names)?.self_signed(&key)?, key))
}

/// What makes connections by TLS; with `client_ca`, of clients with a certificate that an authority of that file has
/// issued.
///
/// # Errors
/// If the authorities or the identity cannot be used.
pub fn acceptor(identity: Identity, client_ca: Option<&Path>) -> Result<TlsAcceptor> {
    Ok(TlsAcceptor::from(Arc::new(configuration(identity, client_ca)?)))
}

fn configuration(identity: Identity, client_ca: Option<&Path>) -> Result<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(client_ca) => builder.with_client_cert_verifier(verifier(provider, client_ca)?),
    };
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).collect::<Result<Vec<_>, _>>();
    let mut configuration = builder
        .with_single_cert(chain.context("the server's certificate is not PEM")?, identity.key)
        .context("the server's certificate and key do not belong together")?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

/// Lets in who has a certificate of one of those authorities.
fn verifier(provider: Arc<CryptoProvider>, client_ca: &Path) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    let authorities = CertificateDer::pem_file_iter(client_ca);
    let authorities = authorities.with_context(|| format!("cannot read {}", client_ca.display()))?;
    for authority in authorities {
        let authority = authority.with_context(|| format!("{} is not PEM", client_ca.display()))?;
        roots.add(authority).with_context(|| format!("{} has what is no certificate", client_ca.display()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .with_context(|| format!("{} has no certification authority", client_ca.display()))
}

/// The certificate that the client has shown, in PEM: the leaf.
pub(crate) fn certificate(stream: &TlsStream<TcpStream>) -> Option<String> {
    let leaf = stream.get_ref().1.peer_certificates()?.first()?;
    let text = STANDARD.encode(leaf);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    Some(pem)
}
