//! The keys of a registration: each comes with a certificate, and says what the certificate says.

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::metadata::{Invalid, JwkSet};
use url::Url;

use crate::certificate::{PublicKey, QualifiedCertificate, same_organization};
use crate::door::Visit;
use crate::error::Error;

/// Under which a client's record keeps the URL that its registration was signed under.
pub(crate) const KEPT_KEY_ID: &str = "stet_key_id";

/// The largest document behind a `keyId`, in bytes.
const MAX_CERTIFICATES: usize = 64 * 1024;

/// A certificate that signs, and what it was sent with.
pub(crate) struct Signer {
    pub(crate) certificate: QualifiedCertificate,
    pub(crate) intermediates: Vec<Vec<u8>>,
}

impl Signer {
    /// The certificate of a key (RFC 7517 §4.7) and those that follow it.
    fn of_key(index: usize, key: &Value) -> Result<Self, Error> {
        let chain = key.get("x5c").and_then(Value::as_array);
        let chain = chain.ok_or(Invalid::Key { index, reason: "x5c is missing or not an array" })?;
        let der = |value: &Value| STANDARD.decode(value.as_str()?).ok();
        let chain: Option<Vec<Vec<u8>>> = chain.iter().map(der).collect();
        let chain = chain.ok_or(Invalid::Key { index, reason: "x5c is not certificates in base64" })?;
        Self::of_chain(chain)?.ok_or_else(|| Invalid::Key { index, reason: "x5c is empty" }.into())
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
}

/// The keys of a body.
pub(crate) fn keys(members: &Map<String, Value>) -> &[Value] {
    let keys = members.get("jwks").and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
    keys.map(Vec::as_slice).unwrap_or_default()
}

/// The certificate of the body's first key: it signs the registration (STET: "the first item of the keys table").
pub(crate) fn first(members: &Map<String, Value>) -> Result<Signer, Error> {
    let key = keys(members).first().ok_or(Invalid::Missing { member: "jwks" })?;
    Signer::of_key(0, key)
}

/// Lets every key say what its certificate says; `signer` is the first one's.
pub(crate) fn complete(members: &mut Map<String, Value>, signer: &Signer) -> Result<(), Error> {
    let Some(Value::Array(keys)) = members.get_mut("jwks").and_then(|jwks| jwks.get_mut("keys")) else {
        return Err(Invalid::Missing { member: "jwks" }.into());
    };
    for (index, key) in keys.iter_mut().enumerate() {
        if index == 0 {
            fill(index, key, &signer.certificate)?;
            continue;
        }
        let other = Signer::of_key(index, key)?;
        same_organization(&other.certificate, &signer.certificate).map_err(|_| Error::OtherOrganization)?;
        fill(index, key, &other.certificate)?;
    }
    Ok(())
}

/// The members that follow from the certificate (RFC 7517 §4, RFC 7518 §6): absent ones are set, sent ones must agree.
fn fill(index: usize, key: &mut Value, certificate: &QualifiedCertificate) -> Result<(), Error> {
    let Value::Object(key) = key else {
        return Err(Invalid::Key { index, reason: "it is not an object" }.into());
    };
    let thumbprint = BASE64URL.encode(certificate.thumbprint());
    for (name, value) in public_members(certificate).into_iter().chain([("x5t#S256", thumbprint)]) {
        match key.get(name) {
            Some(Value::String(sent)) if !sent.is_empty() => {
                if sent.trim_end_matches('=') != value {
                    return Err(Invalid::Key { index, reason: "it is not the key of its x5c" }.into());
                }
            }
            _ if name == "x5t#S256" => {}
            _ => {
                key.insert(name.to_owned(), value.into());
            }
        }
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
pub(crate) fn url(key_id: &str) -> Option<Url> {
    Url::parse(key_id).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

/// The certificate that a `keyId` leads to once a client is registered: a stored key by its `kid`, the first key by
/// the URL of the registration, or what is behind a URL of a host that the service trusts with it.
pub(crate) async fn find(visit: &Visit<'_>, client: &RegisteredClient, key_id: &str) -> Result<Signer, Error> {
    let jwks = client.record.metadata.jwks().map(JwkSet::as_object);
    let stored = jwks.and_then(|jwks| jwks.get("keys")).and_then(Value::as_array).map(Vec::as_slice);
    let stored = stored.unwrap_or_default();
    let named = stored.iter().position(|key| key.get("kid").and_then(Value::as_str) == Some(key_id));
    let kept = client.record.settings.others.get(KEPT_KEY_ID).and_then(Value::as_str);
    let index = named.or_else(|| (kept == Some(key_id)).then_some(0));
    if let Some((index, key)) = index.and_then(|index| Some((index, stored.get(index)?))) {
        return Signer::of_key(index, key);
    }
    let host = url(key_id).and_then(|url| url.host_str().map(str::to_owned)).ok_or(Error::UnknownKey)?;
    if !visit.settings.key_hosts.iter().any(|known| known.eq_ignore_ascii_case(&host)) {
        return Err(Error::UnknownKey);
    }
    let chain = visit.fetch_certificates(key_id, MAX_CERTIFICATES).await?;
    let signer = Signer::of_chain(chain)?.ok_or(Error::UnknownKey)?;
    same_organization(&signer.certificate, &visit.web).map_err(|_| Error::UnknownKey)?;
    Ok(signer)
}
