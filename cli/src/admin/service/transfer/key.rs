//! To whom secrets are sealed: HPKE (RFC 9180), base mode, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
//! AES-256-GCM. Each secret is a message of its own: the encapsulated key, then the ciphertext, in base64url.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use tokio_rustls::rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE;
use tokio_rustls::rustls::crypto::hpke::{EncapsulatedSecret, Hpke, HpkePrivateKey, HpkePublicKey};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

/// What these keys are used for, and for nothing else.
const INFO: &[u8] = b"registrar service export 1";

/// The length of a key of X25519, and of an encapsulated one, in bytes.
const LENGTH: usize = 32;

/// What comes before a private key of X25519 in PKCS #8 (RFC 8410 section 7).
const PRIVATE: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20";

/// What comes before a public one in its info (RFC 8410 section 4).
const PUBLIC: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x6e\x03\x21\x00";

/// The largest file with a key that is read, in bytes.
const MAX_FILE: u64 = 16 * 1024;

/// Who will open secrets.
pub(super) struct Recipient(HpkePublicKey);

impl Recipient {
    /// Of a file with a public key.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let content = content(path)?;
        let der = SubjectPublicKeyInfoDer::from_pem_slice(&content).ok();
        let key = der.and_then(|der| raw(&der, &PUBLIC));
        // No command is told that writes to a file that is there: it may be the key itself.
        let key = key.with_context(|| match PrivatePkcs8KeyDer::from_pem_slice(&content) {
            Ok(_) => {
                format!("{} is a private key: --secrets-to takes the public one that belongs to it", path.display())
            }
            Err(_) => format!("{} is no public key of X25519 in PEM", path.display()),
        })?;
        Ok(Self(HpkePublicKey(key)))
    }

    /// Its name: the key itself.
    pub(super) fn name(&self) -> String {
        BASE64URL.encode(&self.0.0)
    }

    /// Seals a text to it, for that place.
    pub(super) fn seal(&self, place: &[u8], text: &str) -> Result<String> {
        let sealed = SUITE.seal(INFO, place, text.as_bytes(), &self.0);
        let (EncapsulatedSecret(encapsulated), ciphertext) = sealed.context("the public key seals nothing")?;
        Ok(BASE64URL.encode([encapsulated, ciphertext].concat()))
    }
}

/// Who opens secrets.
pub(super) struct Holder(HpkePrivateKey);

impl Holder {
    /// Of a file with a private key.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(&content(path)?).ok();
        let key = der.and_then(|der| raw(der.secret_pkcs8_der(), &PRIVATE));
        let key = key.with_context(|| format!("{} is no private key of X25519 in PEM", path.display()))?;
        Ok(Self(HpkePrivateKey::from(key)))
    }

    /// Opens what [`Recipient::seal`] made for the same place.
    pub(super) fn open(&self, place: &[u8], sealed: &str) -> Result<String> {
        let no = || anyhow!("it does not open: the line was changed, or this is not the key it was sealed to");
        let bytes = BASE64URL.decode(sealed).map_err(|_| no())?;
        let (encapsulated, ciphertext) = bytes.split_at_checked(LENGTH).ok_or_else(no)?;
        let encapsulated = EncapsulatedSecret(encapsulated.to_vec());
        let text = SUITE.open(&encapsulated, INFO, place, ciphertext, &self.0).map_err(|_| no())?;
        String::from_utf8(text).map_err(|_| no())
    }
}

fn content(path: &Path) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    let read = std::io::Read::read_to_end(&mut std::io::Read::take(file, MAX_FILE), &mut bytes);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

/// The key itself, if the rest is what comes before one of this kind.
fn raw(der: &[u8], before: &[u8]) -> Option<Vec<u8>> {
    der.strip_prefix(before).filter(|key| key.len() == LENGTH).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Recipient, Holder) {
        let (public, private) = SUITE.generate_key_pair().unwrap();
        (Recipient(public), Holder(private))
    }

    #[test]
    fn a_secret_opens_for_its_holder_and_in_its_place() {
        let (recipient, holder) = pair();
        let sealed = recipient.seal(b"place", "secret").unwrap();
        assert_eq!(holder.open(b"place", &sealed).unwrap(), "secret");
        assert_ne!(recipient.seal(b"place", "secret").unwrap(), sealed);
        assert!(holder.open(b"other place", &sealed).is_err());
        assert!(pair().1.open(b"place", &sealed).is_err());
        assert!(Recipient(HpkePublicKey(vec![0; LENGTH])).seal(b"place", "secret").is_err(), "a point of small order");
        for wrong in ["", "AAAA", "!", &sealed[1..], &format!("{sealed}AAAA")] {
            assert!(holder.open(b"place", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_keys_of_x25519_are_read() {
        let folder = std::env::temp_dir().join(format!("registrar-keys-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("key.pem");
        let write = |label: &str, der: &[u8]| {
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            std::fs::write(&file, format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")).unwrap();
        };
        let (recipient, holder) = pair();
        write("PUBLIC KEY", &[&PUBLIC[..], &recipient.0.0].concat());
        assert_eq!(Recipient::read(&file).unwrap().name(), recipient.name());
        assert!(Holder::read(&file).is_err());
        write("PRIVATE KEY", &[&PRIVATE[..], holder.0.secret_bytes()].concat());
        let sealed = recipient.seal(b"", "secret").unwrap();
        assert_eq!(Holder::read(&file).unwrap().open(b"", &sealed).unwrap(), "secret");
        let told = |read: Result<()>| read.unwrap_err().to_string();
        assert!(told(Recipient::read(&file).map(drop)).contains("is a private key"));
        let ed25519 = PUBLIC.map(|byte| if byte == 0x6e { 0x70 } else { byte });
        write("PUBLIC KEY", &[&ed25519[..], &recipient.0.0].concat());
        for told in [told(Recipient::read(&file).map(drop)), told(Holder::read(&file).map(drop))] {
            assert!(told.ends_with("key of X25519 in PEM"), "nothing that would overwrite it: {told}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
