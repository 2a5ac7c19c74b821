//! Secrets at rest: sealed with AES-256-GCM under a data key of their service, which is itself wrapped by KMS
//! or, on a laptop, by a key file.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_sdk_kms::primitives::Blob;
use tokio::sync::OnceCell;

use crate::aws_fault::AwsFault;
use crate::entropy::Entropy;
use crate::error::Error;

/// Who is asked, for the log.
const KMS: &str = "KMS";

/// The version of what [`DataKey::seal`] writes.
const VERSION: u8 = 1;

/// The key under which the secrets of one service are sealed.
pub struct DataKey(RandomizedNonceKey);

/// What a sealed secret is bound to: moved to another place, it does not open.
#[derive(Clone, Copy)]
pub struct SealedFor<'a> {
    /// What is sealed, for example `client_secret`.
    pub kind: &'a str,
    /// The service.
    pub service_id: u64,
    /// The client, or the key.
    pub id: &'a str,
    /// The version of the secret.
    pub version: u64,
}

impl SealedFor<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let service = self.service_id.to_string();
        let version = self.version.to_string();
        let mut data = vec![VERSION];
        for part in [self.kind, &service, self.id, &version] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

impl DataKey {
    fn new(bytes: &[u8]) -> Result<Self, Error> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).map(Self).map_err(Error::internal)
    }

    /// Seals a text: version, nonce, ciphertext and tag.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn seal(&self, bound_to: SealedFor, text: &str) -> Result<Vec<u8>, Error> {
        seal(&self.0, &bound_to.associated_data(), text.as_bytes())
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    ///
    /// # Errors
    /// [`Error::Internal`] if it was altered, moved, or sealed under another key.
    pub fn open(&self, bound_to: SealedFor, sealed: &[u8]) -> Result<String, Error> {
        let text = open(&self.0, &bound_to.associated_data(), sealed)?;
        String::from_utf8(text).map_err(Error::internal)
    }
}

fn seal(key: &RandomizedNonceKey, associated_data: &[u8], text: &[u8]) -> Result<Vec<u8>, Error> {
    let mut ciphertext = text.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(associated_data), &mut ciphertext).map_err(Error::internal)?;
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + ciphertext.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(nonce.as_ref());
    sealed.append(&mut ciphertext);
    Ok(sealed)
}

fn open(key: &RandomizedNonceKey, associated_data: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let (nonce, ciphertext) = sealed
        .strip_prefix(&[VERSION])
        .and_then(|rest| rest.split_at_checked(NONCE_LEN))
        .ok_or_else(|| Error::internal("a sealed value has an unknown version"))?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(Error::internal)?;
    let mut text = ciphertext.to_vec();
    let length = key.open_in_place(nonce, Aad::from(associated_data), &mut text).map_err(Error::internal)?.len();
    text.truncate(length);
    Ok(text)
}

/// What wraps the data keys.
pub enum KeyEncryption {
    /// A symmetric key of AWS KMS, named by identifier, ARN or alias; the client is built at first use.
    Kms(Box<Kms>),
    /// A key file of 32 bytes.
    File(Box<RandomizedNonceKey>),
    /// None: nothing that is sealed is opened, and no service is made.
    Absent,
}

/// Why a data key is neither made nor opened.
const NO_KEY: &str = "there is no key that wraps data keys";

/// The data key of that service was wrapped with another key: nothing that it has sealed can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data key of service {0} was wrapped with another key")]
pub struct OtherKey(pub u64);

/// A KMS key and the client for it.
pub struct Kms {
    key_id: String,
    config: aws_config::SdkConfig,
    client: OnceCell<aws_sdk_kms::Client>,
}

impl Kms {
    async fn client(&self) -> &aws_sdk_kms::Client {
        self.client.get_or_init(|| async { aws_sdk_kms::Client::new(&self.config) }).await
    }
}

impl KeyEncryption {
    /// Wraps with a KMS key.
    #[must_use]
    pub fn kms(key_id: String, config: aws_config::SdkConfig) -> Self {
        Self::Kms(Box::new(Kms { key_id, config, client: OnceCell::new() }))
    }

    /// Wraps with the content of a key file.
    ///
    /// # Errors
    /// [`Error::Internal`] unless it has 32 bytes.
    pub fn file(bytes: &[u8]) -> Result<Self, Error> {
        let key =
            RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| Error::internal("a key file has 32 bytes"))?;
        Ok(Self::File(Box::new(key)))
    }

    /// A new data key for a service, wrapped.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if KMS does not answer; [`Error::Internal`].
    pub async fn new_data_key(&self, service_id: u64, entropy: &Entropy) -> Result<Vec<u8>, Error> {
        match self {
            Self::Kms(kms) => {
                let request = kms.client().await.generate_data_key_without_plaintext().key_id(&kms.key_id);
                let answer = request
                    .key_spec(aws_sdk_kms::types::DataKeySpec::Aes256)
                    .encryption_context("service", service_id.to_string())
                    .send()
                    .await
                    .map_err(|error| Error::Unavailable(AwsFault::of(KMS, &error).into()))?;
                let wrapped = answer.ciphertext_blob.ok_or_else(|| Error::internal("KMS gave no data key"))?;
                Ok(wrapped.into_inner())
            }
            Self::File(_) => self.wrapped(service_id, &entropy.bytes::<32>()?).await,
            Self::Absent => Err(Error::internal(NO_KEY)),
        }
    }

    /// Unwraps a service's data key.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if KMS does not answer; [`Error::Internal`], with [`OtherKey`], if it was wrapped with another
    /// key.
    pub async fn unwrap_data_key(&self, service_id: u64, wrapped: &[u8]) -> Result<DataKey, Error> {
        DataKey::new(&self.unwrapped(service_id, wrapped).await?)
    }

    /// The same data key, which this has wrapped, wrapped by `new`: what is sealed under it stays as it is. It is given only
    /// if it opens again.
    ///
    /// # Errors
    /// As [`unwrap_data_key`](Self::unwrap_data_key), of either.
    pub async fn rewrap_data_key(&self, new: &Self, service_id: u64, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
        let key = self.unwrapped(service_id, wrapped).await?;
        let rewrapped = new.wrapped(service_id, &key).await?;
        let opened = new.unwrapped(service_id, &rewrapped).await?;
        match verify_slices_are_equal(&key, &opened) {
            Ok(()) => Ok(rewrapped),
            Err(_) => Err(Error::internal("a data key that was wrapped anew opens as another one")),
        }
    }

    async fn wrapped(&self, service_id: u64, key: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Kms(kms) => {
                let request = kms.client().await.encrypt().key_id(&kms.key_id).plaintext(Blob::new(key));
                let answer = request.encryption_context("service", service_id.to_string()).send().await;
                let answer = answer.map_err(|error| Error::Unavailable(AwsFault::of(KMS, &error).into()))?;
                let wrapped = answer.ciphertext_blob.ok_or_else(|| Error::internal("KMS wrapped no data key"))?;
                Ok(wrapped.into_inner())
            }
            Self::File(file) => seal(file, &file_context(service_id), key),
            Self::Absent => Err(Error::internal(NO_KEY)),
        }
    }

    async fn unwrapped(&self, service_id: u64, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Kms(kms) => {
                let request = kms.client().await.decrypt().key_id(&kms.key_id);
                let answer = request
                    .ciphertext_blob(Blob::new(wrapped))
                    .encryption_context("service", service_id.to_string())
                    .send()
                    .await
                    .map_err(|error| refused(service_id, AwsFault::of(KMS, &error)))?;
                let key = answer.plaintext.ok_or_else(|| Error::internal("KMS gave no data key"))?;
                Ok(key.into_inner())
            }
            Self::File(key) => {
                let bytes = open(key, &file_context(service_id), wrapped);
                bytes.map_err(|_| Error::internal(OtherKey(service_id)))
            }
            Self::Absent => Err(Error::internal(NO_KEY)),
        }
    }
}

/// KMS says in two ways that a key is another one than the one it wrapped with.
fn refused(service_id: u64, fault: AwsFault) -> Error {
    match fault.code() {
        Some("IncorrectKeyException" | "InvalidCiphertextException") => Error::internal(OtherKey(service_id)),
        _ => Error::Unavailable(fault.into()),
    }
}

fn file_context(service_id: u64) -> Vec<u8> {
    format!("registrar data key of service {service_id}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: SealedFor<'_> = SealedFor { kind: "client_secret", service_id: 1, id: "client", version: 1 };

    #[tokio::test]
    async fn a_secret_opens_in_its_own_place_only() {
        let wrapping = KeyEncryption::file(&[9; 32]).unwrap();
        let wrapped = wrapping.new_data_key(1, &Entropy::seeded(1)).await.unwrap();
        let key = wrapping.unwrap_data_key(1, &wrapped).await.unwrap();
        let sealed = key.seal(PLACE, "secret").unwrap();
        assert_eq!(key.open(PLACE, &sealed).unwrap(), "secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        for moved in [
            SealedFor { kind: "key", ..PLACE },
            SealedFor { service_id: 2, ..PLACE },
            SealedFor { id: "other", ..PLACE },
            SealedFor { version: 2, ..PLACE },
        ] {
            assert!(key.open(moved, &sealed).is_err());
        }
        let mut altered = sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(key.open(PLACE, &altered).is_err());
        assert!(key.open(PLACE, &[]).is_err());
        assert!(key.open(PLACE, &[VERSION; 5]).is_err());
    }

    #[tokio::test]
    async fn a_data_key_belongs_to_its_service() {
        let wrapping = KeyEncryption::file(&[9; 32]).unwrap();
        let wrapped = wrapping.new_data_key(1, &Entropy::seeded(1)).await.unwrap();
        let other = KeyEncryption::file(&[8; 32]).unwrap();
        for (key, service_id) in [(&wrapping, 2), (&other, 1)] {
            let Err(Error::Internal(source)) = key.unwrap_data_key(service_id, &wrapped).await else {
                panic!("it opens")
            };
            assert_eq!(source.downcast_ref(), Some(&OtherKey(service_id)));
        }
        assert!(KeyEncryption::file(&[8; 31]).is_err());
    }

    #[tokio::test]
    async fn a_data_key_that_is_wrapped_anew_is_the_same_key() {
        let [old, new] = [9, 8].map(|byte| KeyEncryption::file(&[byte; 32]).unwrap());
        let wrapped = old.new_data_key(1, &Entropy::seeded(1)).await.unwrap();
        let sealed = old.unwrap_data_key(1, &wrapped).await.unwrap().seal(PLACE, "secret").unwrap();
        let rewrapped = old.rewrap_data_key(&new, 1, &wrapped).await.unwrap();
        assert_eq!(new.unwrap_data_key(1, &rewrapped).await.unwrap().open(PLACE, &sealed).unwrap(), "secret");
        assert!(old.unwrap_data_key(1, &rewrapped).await.is_err());
        for (from, to, service_id) in [(&new, &old, 1), (&old, &new, 2), (&old, &KeyEncryption::Absent, 1)] {
            assert!(from.rewrap_data_key(to, service_id, &wrapped).await.is_err());
        }
    }
}
