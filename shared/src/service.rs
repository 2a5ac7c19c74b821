//! The tenant: one authorization server whose clients are registered.

mod announced;
mod check;
mod federation;
mod jwks;
mod topology;

use std::sync::{Arc, OnceLock};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::client::{PreviousSecret, RegisteredClient, SealedSecret};
use crate::credentials::{ClientSecret, DataKey, IdSalt, KeyEncryption, SealedFor, numeric_id};
use crate::error::Error;
use crate::jose::{JwkSet, ServiceKey};
use crate::metadata_document::{SUPPORTED, is_announced};
use crate::policy::Policy;

pub(crate) use announced::{METHODS, has_means, is_choice, taken};
pub use check::check_organization;
pub use federation::{FEDERATION_JWKS, FederationSettings, RepeatedRegistration, TrustAnchorSettings};
pub(crate) use jwks::public_jwks;
pub use jwks::{JWKS, dated_signing_key, private_jwks, with_signing_keys};
pub use topology::Topology;

/// What an operator decides about a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceConfiguration {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who owns it; organization tokens work for all services of theirs.
    pub organization: String,
    /// The issuer identifier of the authorization server; absent if discovery is served here, and then it is
    /// the base URL and the service's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where this API is reached, without a slash at the end; absent if as the gateway says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// What else the authorization server's metadata says (RFC 8414 §2): `authorization_endpoint`,
    /// `token_endpoint`, `jwks_uri`, …
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub authorization_server: Map<String, Value>,
    /// What clients may register.
    pub policy: Policy,
    /// Its place in federations.
    #[serde(default)]
    pub federation: FederationSettings,
    /// The public part of the JWK Set that the service keeps sealed under [`JWKS`]; absent where it keeps none. It follows
    /// from what is sealed, whatever is given here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Map<String, Value>>,
    /// What a front door keeps here; only that door reads it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub others: Map<String, Value>,
}

impl ServiceConfiguration {
    /// What has an owner and a policy and says nothing else.
    #[must_use]
    pub fn new(organization: impl Into<String>, policy: Policy) -> Self {
        Self {
            name: None,
            organization: organization.into(),
            issuer: None,
            base_url: None,
            authorization_server: Map::new(),
            policy,
            federation: FederationSettings::default(),
            jwks: None,
            others: Map::new(),
        }
    }
}

/// A service, as stored.
pub struct Service {
    /// Its number, below 2^53.
    pub id: u64,
    /// What its operator decided.
    pub configuration: ServiceConfiguration,
    /// Counts the changes, from 1.
    pub version: u64,
    /// When it was created, in milliseconds since 1970.
    pub created_millis: u64,
    /// When it was changed last, in milliseconds since 1970.
    pub modified_millis: u64,
    pub(crate) narrowed_policy: Option<Policy>,
    pub(crate) document_policy: OnceLock<Policy>,
    pub(crate) secrets: Option<SealedSecret>,
    pub(crate) id_salt: IdSalt,
    pub(crate) wrapped_data_key: Vec<u8>,
    pub(crate) data_key: Arc<OnceCell<DataKey>>,
    pub(crate) signing_keys: OnceCell<Vec<ServiceKey>>,
    pub(crate) verification_keys: OnceCell<JwkSet>,
}

impl Service {
    /// The policy; it offers no grant type, response type or method that is not announced.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.narrowed_policy.as_ref().unwrap_or(&self.configuration.policy)
    }

    /// What the policy says of clients with a metadata document: what they cannot have is dropped, since one document is
    /// read by all authorization servers, and one that only a native application can be is one.
    pub(crate) fn document_policy(&self) -> &Policy {
        self.document_policy.get_or_init(|| self.policy().of_documents())
    }

    /// The number under which a client of this service is stored.
    #[must_use]
    pub fn numeric_id(&self, client_id: &str) -> u64 {
        numeric_id(&self.id_salt, client_id)
    }

    /// A key of the service's own for one purpose, which its data key has no part in: whoever has it can neither open
    /// nor sign anything.
    #[must_use]
    pub fn derived_key(&self, purpose: &str) -> hmac::Key {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, &self.id_salt.0);
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&salt, purpose.as_bytes()).as_ref())
    }

    /// Whether that is the client's secret, or the one before it that still works, in constant time: by what was stored to compare it with, or by opening it.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn is_secret_of(
        &self,
        keys: &KeyEncryption,
        client: &RegisteredClient,
        presented: &str,
        now: u64,
    ) -> Result<bool, Error> {
        let is_it = match &client.secret_mac {
            Some(mac) => ClientSecret::is_of(presented, &self.id_salt, mac),
            None => self.secret_of(keys, client).await?.is_some_and(|secret| secret.matches(presented)),
        };
        if is_it {
            return Ok(true);
        }
        match client.previous_secret_at(now).map(|previous| &previous.mac) {
            None => Ok(false),
            Some(Some(mac)) => Ok(ClientSecret::is_of(presented, &self.id_salt, mac)),
            Some(None) => Ok(self.previous_secret_of(keys, client, now).await?.is_some_and(|it| it.matches(presented))),
        }
    }

    /// The secret that the client had before, opened, if it still works at that time, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn previous_secret_of(
        &self,
        keys: &KeyEncryption,
        client: &RegisteredClient,
        now: u64,
    ) -> Result<Option<ClientSecret>, Error> {
        let Some(PreviousSecret { secret, .. }) = client.previous_secret_at(now) else { return Ok(None) };
        let text = self.data_key(keys).await?.open(client_secret_place(client, secret.version), &secret.sealed)?;
        Ok(Some(ClientSecret::chosen(text)))
    }

    /// The client's secret, opened, if it has one.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn secret_of(
        &self,
        keys: &KeyEncryption,
        client: &RegisteredClient,
    ) -> Result<Option<ClientSecret>, Error> {
        let Some(secret) = &client.secret else { return Ok(None) };
        let text = self.data_key(keys).await?.open(client_secret_place(client, secret.version), &secret.sealed)?;
        Ok(Some(ClientSecret::chosen(text)))
    }

    /// Seals a text for an item of the service's own, which `id` names within `kind`.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn seal(&self, keys: &KeyEncryption, kind: &str, id: &str, text: &str) -> Result<Vec<u8>, Error> {
        self.data_key(keys).await?.seal(SealedFor { kind, service_id: self.id, id, version: 1 }, text)
    }

    /// Opens what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn open(&self, keys: &KeyEncryption, kind: &str, id: &str, sealed: &[u8]) -> Result<String, Error> {
        self.data_key(keys).await?.open(SealedFor { kind, service_id: self.id, id, version: 1 }, sealed)
    }

    /// The key of this service's secrets, unwrapped at first use.
    pub(crate) async fn data_key(&self, keys: &KeyEncryption) -> Result<&DataKey, Error> {
        self.data_key.get_or_try_init(|| keys.unwrap_data_key(self.id, &self.wrapped_data_key)).await
    }

    /// Whether these keys open what the service has sealed.
    ///
    /// # Errors
    /// [`Error::Internal`], with [`OtherKey`](crate::credentials::OtherKey), if they do not; [`Error::Unavailable`].
    pub async fn opens_with(&self, keys: &KeyEncryption) -> Result<(), Error> {
        self.data_key(keys).await.map(|_| ())
    }

    /// What the service keeps sealed: members by name, as a front door gave them to [`sealed`](Self::sealed).
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn secrets(&self, keys: &KeyEncryption) -> Result<Map<String, Value>, Error> {
        let Some(secrets) = &self.secrets else { return Ok(Map::new()) };
        let text = self.data_key(keys).await?.open(sealed_for(self.id, secrets.version), &secrets.sealed)?;
        serde_json::from_str(&text).map_err(Error::internal)
    }

    /// Seals what the next version of the service shall keep so.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn sealed(&self, keys: &KeyEncryption, secrets: &Map<String, Value>) -> Result<SealedSecret, Error> {
        seal_secrets(self.data_key(keys).await?, self.id, self.version.saturating_add(1), secrets)
    }

    /// Where this API registers the service's clients (RFC 7591 §3), where it is reached at `base_url`.
    #[must_use]
    pub fn registration_endpoint(&self, base_url: &str) -> String {
        format!("{base_url}/{}/register", self.id)
    }

    /// Where the authorization server lets clients register, else where this API does.
    #[must_use]
    pub fn published_registration_endpoint(&self, base_url: &str) -> String {
        let configured = self.configuration.authorization_server.get("registration_endpoint").and_then(Value::as_str);
        configured.map_or_else(|| self.registration_endpoint(base_url), str::to_owned)
    }

    /// Where this API registers relying parties explicitly (OpenID Federation §12.2), where it is reached at
    /// `base_url`.
    #[must_use]
    pub fn federation_registration_endpoint(&self, base_url: &str) -> String {
        format!("{base_url}/{}/federation/register", self.id)
    }

    /// The authorization server's metadata (RFC 8414 §2): what was configured, and what follows from the policy.
    #[must_use]
    pub fn metadata(&self, issuer: &str, registration_endpoint: &str) -> Map<String, Value> {
        let policy = self.policy();
        let mut metadata = self.configuration.authorization_server.clone();
        metadata.insert("issuer".to_owned(), issuer.into());
        metadata.remove("registration_endpoint");
        if policy.dynamic_registration {
            metadata.insert("registration_endpoint".to_owned(), registration_endpoint.into());
        }
        for list in announced::ALWAYS {
            if let Some(values) = self.configuration.announced(list) {
                metadata.insert(list.to_owned(), values.into());
            }
        }
        // The flag and the look-up are one switch: who is told of one that refuses everybody does not come back.
        metadata.remove(SUPPORTED);
        if is_announced(self) {
            metadata.insert(SUPPORTED.to_owned(), true.into());
        }
        // RFC 8414 §3.2: no empty list.
        metadata.retain(|_, value| value.as_array().is_none_or(|values| !values.is_empty()));
        metadata
    }

    /// Whether the issuer is what this API is, where it is reached at `base_url`: another server's metadata is its own
    /// to serve (RFC 8414 §3.3).
    #[must_use]
    pub fn is_issuer_at(&self, base_url: &str) -> bool {
        let issuer = self.issuer(base_url);
        issuer == format!("{base_url}/{}", self.id) || issuer == base_url
    }

    /// The issuer identifier, where this API is reached at `base_url`.
    #[must_use]
    pub fn issuer(&self, base_url: &str) -> String {
        self.configuration.issuer.clone().unwrap_or_else(|| format!("{base_url}/{}", self.id))
    }
}

/// What a client's sealed secret is bound to.
pub(crate) fn client_secret_place(client: &RegisteredClient, version: u64) -> SealedFor<'_> {
    secret_place(client.service_id, &client.client_id, version)
}

/// The same of the client of that identifier.
pub(crate) fn secret_place(service_id: u64, client_id: &str, version: u64) -> SealedFor<'_> {
    SealedFor { kind: "client_secret", service_id, id: client_id, version }
}

/// Seals what that version of a service keeps so, under the service's data key.
pub(crate) fn seal_secrets(
    data_key: &DataKey,
    service_id: u64,
    version: u64,
    secrets: &Map<String, Value>,
) -> Result<SealedSecret, Error> {
    let text = serde_json::to_string(secrets).map_err(Error::internal)?;
    Ok(SealedSecret { sealed: data_key.seal(sealed_for(service_id, version), &text)?, version })
}

fn sealed_for(service_id: u64, version: u64) -> SealedFor<'static> {
    SealedFor { kind: "service_secrets", service_id, id: "", version }
}
