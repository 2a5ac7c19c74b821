//! The keys of a registration: each comes with a certificate, and says what the certificate says. Who signs with them.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::metadata::{Invalid, JwkSet};
use url::Url;

use crate::certificate::{CertificateFault, PublicKey, QualifiedCertificate, is_certificate, same_organization};
use crate::error::Error;
use crate::signature::{SignatureParameters, VerifiedSignature};
use crate::visit::Visit;

/// Under which a client's record keeps the URL that its first key was signed under.
const KEPT_KEY_ID: &str = "stet_key_id";

/// The largest document behind a `keyId`, in bytes.
const MAX_CERTIFICATES: usize = 64 * 1024;

/// A certificate that signs, and what it was sent with.
pub(crate) struct Signer {
    pub(crate) certificate: QualifiedCertificate,
    intermediates: Vec<Vec<u8>>,
}

impl Signer {
    /// The certificate of a key and those that follow it (RFC 7517 §4.7).
    fn of_key(index: usize, key: &Value) -> Result<Self, Error> {
        let invalid = |reason| Invalid::Key { index, reason };
        let chain = key.get("x5c").and_then(Value::as_array);
        let chain = chain.ok_or(invalid("x5c is missing or not an array"))?;
        let der = |value: &Value| STANDARD.decode(value.as_str()?).ok();
        let chain: Option<Vec<Vec<u8>>> = chain.iter().map(der).collect();
        let chain = chain.ok_or(invalid("x5c is not certificates in base64"))?;
        if !chain.iter().all(|der| is_certificate(der)) {
            return Err(invalid("x5c has an element that is no X.509 certificate").into());
        }
        Self::of_chain(chain)?.ok_or_else(|| invalid("x5c is empty").into())
    }

    fn of_chain(mut chain: Vec<Vec<u8>>) -> Result<Option<Self>, Error> {
        if chain.is_empty() {
            return Ok(None);
        }
        let intermediates = chain.split_off(1);
        let Some(der) = chain.pop() else { return Ok(None) };
        let certificate = QualifiedCertificate::parse(&der).map_err(Error::SealCertificate)?;
        Ok(Some(Self { certificate, intermediates }))
    }

    /// Whether it may seal requests of the institution.
    async fn check(&self, visit: &Visit<'_>) -> Result<(), Error> {
        visit.check_seal(&self.certificate, &self.intermediates).await.map_err(Error::SealCertificate)?;
        same_organization(&self.certificate, &visit.web).map_err(|_| Error::OtherOrganization)
    }
}

/// The certificates of a body's keys, in their order.
pub(crate) struct Seals {
    /// It signs the registration (STET: "the first item of the keys table").
    pub(crate) first: Signer,
    others: Vec<Signer>,
}

impl Seals {
    /// Reads the keys of a body.
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, Error> {
        let mut signers = keys(members).iter().enumerate().map(|(index, key)| Signer::of_key(index, key));
        let first = signers.next().ok_or(Invalid::Missing { member: "jwks" })??;
        Ok(Self { first, others: signers.collect::<Result<_, _>>()? })
    }

    /// The certificates.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &QualifiedCertificate> {
        self.signers().map(|signer| &signer.certificate)
    }

    /// Whether each of them may seal requests of the institution.
    pub(crate) async fn check(&self, visit: &Visit<'_>) -> Result<(), Error> {
        for signer in self.signers() {
            signer.check(visit).await?;
        }
        Ok(())
    }

    /// Lets every key say what its certificate says; a member that is `null` is absent.
    pub(crate) fn complete(&self, members: &mut Map<String, Value>) -> Result<(), Invalid> {
        let keys = members.get_mut("jwks").and_then(|jwks| jwks.get_mut("keys")).and_then(Value::as_array_mut);
        let keys = keys.ok_or(Invalid::Missing { member: "jwks" })?;
        for (index, (key, certificate)) in keys.iter_mut().zip(self.certificates()).enumerate() {
            let key = key.as_object_mut().ok_or(Invalid::Key { index, reason: "it is not an object" })?;
            key.retain(|_, value| !value.is_null());
            fill(key, certificate).map_err(|reason| Invalid::Key { index, reason })?;
        }
        Ok(())
    }

    fn signers(&self) -> impl Iterator<Item = &Signer> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// The keys of a body.
fn keys(members: &Map<String, Value>) -> &[Value] {
    let keys = members.get("jwks").and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
    keys.map(Vec::as_slice).unwrap_or_default()
}

/// The members that follow from the certificate (RFC 7517 §4, RFC 7518 §6): absent ones are set, sent ones must agree.
fn fill(key: &mut Map<String, Value>, certificate: &QualifiedCertificate) -> Result<(), &'static str> {
    check_use(key, certificate)?;
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    for (name, thumbprint) in [("x5t", sha1.as_ref()), ("x5t#S256", certificate.thumbprint())] {
        if !agrees(key.get(name), &BASE64URL.encode(thumbprint)) {
            return Err("x5t or x5t#S256 is not the thumbprint of its x5c");
        }
    }
    for (name, value) in public_members(certificate) {
        if !agrees(key.get(name), &value) {
            return Err("it is not the key of its x5c");
        }
        key.insert(name.to_owned(), value.into());
    }
    Ok(())
}

/// Whether a member is what the certificate says, or absent.
fn agrees(sent: Option<&Value>, value: &str) -> bool {
    match sent {
        None | Some(Value::Null) => true,
        Some(Value::String(sent)) => sent.is_empty() || sent.trim_end_matches('=') == value,
        Some(_) => false,
    }
}

/// A seal's key verifies signatures, with the algorithms that it is for (RFC 7517 §4.2 to §4.4).
fn check_use(key: &Map<String, Value>, certificate: &QualifiedCertificate) -> Result<(), &'static str> {
    let sent = |name: &str| key.get(name).filter(|value| !value.is_null());
    if sent("use").is_some_and(|value| value != "sig") {
        return Err("use is not sig");
    }
    let operations = sent("key_ops").map(Value::as_array);
    if operations.is_some_and(|list| list.is_none_or(|list| list.iter().all(|operation| operation != "verify"))) {
        return Err("key_ops is not an array with verify");
    }
    let fitting: &[&str] = match certificate.key() {
        PublicKey::Rsa { .. } => &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        PublicKey::P256 => &["ES256"],
        PublicKey::P384 => &["ES384"],
    };
    if sent("alg").is_some_and(|value| value.as_str().is_none_or(|name| !fitting.contains(&name))) {
        return Err("alg does not fit the key of its x5c");
    }
    Ok(())
}

fn public_members(certificate: &QualifiedCertificate) -> Vec<(&'static str, String)> {
    let point = |curve: &str, octets: usize| {
        let spki = certificate.spki();
        let (_, point) = spki.split_at(spki.len().saturating_sub(2 * octets));
        let (x, y) = point.split_at(point.len() / 2);
        vec![
            ("kty", "EC".to_owned()),
            ("crv", curve.to_owned()),
            ("x", BASE64URL.encode(x)),
            ("y", BASE64URL.encode(y)),
        ]
    };
    match certificate.key() {
        PublicKey::Rsa { modulus, exponent } => {
            vec![("kty", "RSA".to_owned()), ("n", BASE64URL.encode(modulus)), ("e", BASE64URL.encode(exponent))]
        }
        PublicKey::P256 => point("P-256", 32),
        PublicKey::P384 => point("P-384", 48),
    }
}

/// A `keyId` that is a URL.
fn url(key_id: &str) -> Option<Url> {
    Url::parse(key_id).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

/// Whether a `keyId` leads to the body's first key: it is its `kid`, or a URL, which is never fetched. A URL is kept, and
/// names that key from then on: what is to be kept.
pub(crate) fn in_body(key_id: &str, members: &Map<String, Value>) -> Option<Map<String, Value>> {
    if url(key_id).is_some() {
        return Some([(KEPT_KEY_ID.to_owned(), key_id.into())].into_iter().collect());
    }
    let kid = keys(members).first().and_then(|key| key.get("kid")).and_then(Value::as_str);
    (kid == Some(key_id)).then(Map::new)
}

/// The first key of a body that renews a registration, all of whose keys have been checked, and what is to be kept of the
/// `keyId` that led to it.
pub(crate) struct Renewal<'k> {
    pub(crate) signer: &'k Signer,
    pub(crate) kept: Map<String, Value>,
}

/// Checks that the institution has signed the request, for the first time. A client's `keyId` leads to a stored key by its
/// `kid` or by the URL of the registration, to the body's first key, or to what is behind a URL of a host that the service
/// trusts with it. Names are used again, so whoever of them verifies the signature is meant; what is to be kept of it.
pub(crate) async fn check_signature(
    visit: &Visit<'_>,
    client: &RegisteredClient,
    renewal: Option<Renewal<'_>>,
) -> Result<Map<String, Value>, Error> {
    let parameters = visit.signature()?;
    let key_id = parameters.key_id();
    let mut kept = Map::new();
    let mut outcome = match named(client, key_id) {
        Some(signer) => proven(visit, &parameters, &signer?).await,
        None => Err(Error::UnknownKey),
    };
    if let Some(renewal) = renewal.filter(|_| outcome.is_err()) {
        outcome = visit.verified(&parameters, &renewal.signer.certificate);
        kept = renewal.kept;
    }
    if outcome.is_err() && is_listed(visit, key_id) {
        outcome = proven(visit, &parameters, &fetched(visit, key_id).await?).await;
        kept = Map::new();
    }
    visit.check_first(&parameters, &outcome?).await?;
    Ok(kept)
}

/// Verifies a signature with a certificate that is good for it still.
async fn proven(
    visit: &Visit<'_>,
    parameters: &SignatureParameters,
    signer: &Signer,
) -> Result<VerifiedSignature, Error> {
    signer.check(visit).await?;
    visit.verified(parameters, &signer.certificate)
}

/// Whether no stored key of a client is good for a signature any more.
pub(crate) async fn have_ended(visit: &Visit<'_>, client: &RegisteredClient) -> bool {
    for (index, key) in stored(client).iter().enumerate() {
        let Ok(signer) = Signer::of_key(index, key) else { continue };
        match signer.check(visit).await {
            Ok(()) | Err(Error::SealCertificate(CertificateFault::RevocationUnknown)) => return false,
            Err(_) => {}
        }
    }
    true
}

/// The keys that a client has registered.
fn stored(client: &RegisteredClient) -> &[Value] {
    let jwks = client.record.metadata.jwks().map(JwkSet::as_object);
    let keys = jwks.and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
    keys.map(Vec::as_slice).unwrap_or_default()
}

/// The stored key that a `keyId` names.
fn named(client: &RegisteredClient, key_id: &str) -> Option<Result<Signer, Error>> {
    let stored = stored(client);
    let named = stored.iter().position(|key| key.get("kid").and_then(Value::as_str) == Some(key_id));
    let kept = client.record.settings.others.get(KEPT_KEY_ID).and_then(Value::as_str);
    let index = named.or_else(|| (kept == Some(key_id)).then_some(0))?;
    Some(Signer::of_key(index, stored.get(index)?))
}

/// Whether a `keyId` is a URL of a host that the service trusts with certificates.
fn is_listed(visit: &Visit<'_>, key_id: &str) -> bool {
    let host = url(key_id).and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| visit.settings.key_hosts.iter().any(|known| known.eq_ignore_ascii_case(&host)))
}

/// The certificate behind a URL.
async fn fetched(visit: &Visit<'_>, url: &str) -> Result<Signer, Error> {
    let chain = visit.fetch_certificates(url, MAX_CERTIFICATES).await?;
    let signer = Signer::of_chain(chain)?.ok_or(Error::UnknownKey)?;
    same_organization(&signer.certificate, &visit.web).map_err(|_| Error::UnknownKey)?;
    Ok(signer)
}
