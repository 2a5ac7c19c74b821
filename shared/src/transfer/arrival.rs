//! A service that comes: looked at, stored where no door knows it, its clients with it, and made known at last.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};

use super::{Carried, ID_SALT, Misfit, OF_CLIENTS, OF_TABLE, SECRETS, Sealed, has_octets, is_mac};
use crate::administration::kept;
use crate::claim_kind::ClaimKind;
use crate::client::{ClientRecord, RegisteredClient, Source};
use crate::credentials::{ClientSecret, DataKey, IdSalt, KeyEncryption, TokenHash, numeric_id};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::metadata::parse_object_within;
use crate::origin::Origin;
use crate::registry::claimed;
use crate::service::{Service, ServiceConfiguration, seal_secrets, secret_place, with_signing_keys};
use crate::store::item::{MAX_JSON, blob, bytes, integer, number, string, text};
use crate::store::{Entered, Item, Store, is_placed, place_of};

/// The longest client identifier that is a part of what a secret is bound to, in bytes.
const MAX_CLIENT_ID: usize = 2048;

/// Whether an attribute is what it is in a table.
type Form = fn(&AttributeValue) -> bool;

/// The forms of attributes that are read; others are carried as they are.
const FORMS: [(&str, Form); 26] = [
    ("client_id", is_text),
    ("source", is_text),
    ("client", is_text),
    ("service", is_text),
    ("version", is_number),
    ("created", is_number),
    ("modified", is_number),
    ("secret_version", is_number),
    ("secrets_version", is_number),
    ("expires_at", is_number),
    ("ends_at", is_number),
    ("unused_until", is_number),
    ("given_until", is_number),
    ("registered_again_at", is_number),
    ("pending_until", is_number),
    ("tokens_from", is_number),
    ("begun", is_number),
    ("request_issued_at", is_number),
    ("used", is_text),
    ("locked", AttributeValue::is_bool),
    ("retained", AttributeValue::is_bool),
    ("unconfirmed", AttributeValue::is_bool),
    ("rat_hash", is_digest),
    ("rat_next", is_digest),
    ("previous_secret_version", is_number),
    ("previous_secret_until", is_number),
];

fn is_text(value: &AttributeValue) -> bool {
    value.as_s().is_ok_and(|text| !text.is_empty())
}

fn is_number(value: &AttributeValue) -> bool {
    value.as_n().is_ok_and(|text| text.parse::<u64>().is_ok())
}

fn is_digest(value: &AttributeValue) -> bool {
    value.as_s().is_ok_and(|text| TokenHash::parse(text).is_some())
}

/// A service that comes.
pub struct ArrivingService {
    /// What its operator decided.
    pub configuration: ServiceConfiguration,
    attributes: Item,
    secrets: Option<(IdSalt, Map<String, Value>)>,
}

impl ArrivingService {
    /// What makes its clients' numbers, if that came along.
    #[must_use]
    pub fn id_salt(&self) -> Option<&IdSalt> {
        self.secrets.as_ref().map(|(salt, _)| salt)
    }
}

/// A client that comes, where it shall stand.
pub struct ArrivingClient {
    client: RegisteredClient,
    carried: Carried,
}

/// What is said to be a service.
///
/// # Errors
/// [`Misfit`].
pub fn arriving_service(carried: Carried) -> Result<ArrivingService, Misfit> {
    let Carried { attributes, mut secrets } = carried;
    check_forms(&attributes, &["service", "version", "created"])?;
    let foreign = |name: &&String| OF_TABLE.contains(&name.as_str()) || *name == SECRETS.0;
    if let Some(name) = attributes.keys().find(foreign) {
        return Err(Misfit::Foreign(name.clone()));
    }
    let configuration = bounded(&attributes, "service")?;
    let salt = secrets.remove(ID_SALT).map(|salt| id_salt(&salt)).transpose()?;
    let kept = secrets.remove(SECRETS.0).map(|kept| object(&kept)).transpose()?;
    if let Some(name) = secrets.into_keys().next() {
        return Err(Misfit::Foreign(name));
    }
    let has_version = attributes.contains_key(SECRETS.1);
    let secrets = match (salt, kept) {
        (Some(_), None) if has_version => return Err(Misfit::Missing(SECRETS.0)),
        (_, Some(_)) if !has_version => return Err(Misfit::Missing(SECRETS.1)),
        (Some(salt), kept) => Some((salt, kept.unwrap_or_default())),
        (None, None) if !has_version => None,
        (None, _) => return Err(Misfit::Missing(ID_SALT)),
    };
    Ok(ArrivingService { configuration, attributes, secrets })
}

/// What is said to be a client of that service. Without the salt of its number it is looked at and stands nowhere yet.
///
/// # Errors
/// [`Misfit`].
pub fn arriving_client(service_id: u64, salt: Option<&IdSalt>, carried: Carried) -> Result<ArrivingClient, Misfit> {
    let Carried { attributes, secrets } = &carried;
    check_forms(attributes, &["client_id", "source", "client", "version", "locked"])?;
    if attributes.contains_key("deleted_by") {
        return Err(Misfit::Foreign("deleted_by".to_owned()));
    }
    if let Some(name) = secrets.keys().find(|name| OF_CLIENTS.iter().all(|sealed| sealed.value != *name)) {
        return Err(Misfit::Foreign(name.clone()));
    }
    for sealed in &OF_CLIENTS {
        check_sealed(sealed, salt, &carried)?;
    }
    if text(attributes, "source").and_then(Source::parse).is_none() {
        return Err(Misfit::Form("source".to_owned()));
    }
    let client_id = text(attributes, "client_id").unwrap_or_default();
    if client_id.len() > MAX_CLIENT_ID {
        return Err(Misfit::TooLarge("client_id", MAX_CLIENT_ID));
    }
    bounded::<ClientRecord>(attributes, "client")?;
    let numeric_id = salt.map_or(1, |salt| numeric_id(salt, client_id));
    let client =
        Store::stored_client(service_id, numeric_id, attributes).map_err(|_| Misfit::Form("client".to_owned()))?;
    place_of(&client)?;
    Ok(ArrivingClient { client, carried })
}

/// A secret has a version, and nothing is said of one that is not there.
fn check_sealed(sealed: &Sealed, salt: Option<&IdSalt>, carried: &Carried) -> Result<(), Misfit> {
    let Sealed { value, version, mac } = *sealed;
    let Carried { attributes, secrets } = carried;
    if attributes.contains_key(value) {
        return Err(Misfit::Foreign(value.to_owned()));
    }
    let Some(secret) = secrets.get(value) else {
        let left = [version, mac].into_iter().find(|name| attributes.contains_key(*name));
        return left.map_or(Ok(()), |name| Err(Misfit::Foreign(name.to_owned())));
    };
    if !attributes.contains_key(version) {
        return Err(Misfit::Missing(version));
    }
    if !attributes.contains_key(mac) {
        return Ok(());
    }
    let bytes: Option<[u8; 32]> = blob(attributes, mac).and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or_else(|| Misfit::Form(mac.to_owned()))?;
    match salt {
        Some(salt) if ClientSecret::is_of(secret, salt, &bytes) => Ok(()),
        _ => Err(Misfit::Mac(mac)),
    }
}

fn check_forms(attributes: &Item, required: &[&'static str]) -> Result<(), Misfit> {
    if let Some(name) = required.iter().find(|name| !attributes.contains_key(**name)) {
        return Err(Misfit::Missing(name));
    }
    for (name, value) in attributes {
        // DynamoDB's own bounds of names.
        if !(1..=255).contains(&name.len()) {
            return Err(Misfit::Form(name.clone()));
        }
        if is_placed(name) || (has_octets(value) && !is_mac(name)) {
            return Err(Misfit::Foreign(name.clone()));
        }
        if FORMS.iter().any(|(known, is_so)| known == name && !is_so(value)) {
            return Err(Misfit::Form(name.clone()));
        }
    }
    Ok(())
}

fn bounded<T: serde::de::DeserializeOwned>(attributes: &Item, name: &'static str) -> Result<T, Misfit> {
    let json = text(attributes, name).ok_or(Misfit::Missing(name))?;
    if json.len() > MAX_JSON {
        return Err(Misfit::TooLarge(name, MAX_JSON));
    }
    serde_json::from_str(json).map_err(|error| Misfit::Unreadable(name, error))
}

fn id_salt(text: &str) -> Result<IdSalt, Misfit> {
    let bytes: Option<[u8; 32]> = BASE64URL.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(IdSalt).ok_or_else(|| Misfit::Form(ID_SALT.to_owned()))
}

fn object(json: &str) -> Result<Map<String, Value>, Misfit> {
    parse_object_within(json.as_bytes(), MAX_JSON).map_err(|_| Misfit::Form(SECRETS.0.to_owned()))
}

/// An import: one service from one file, which may take several attempts.
pub struct Arrival<'a> {
    /// The table.
    pub store: &'a Store,
    /// What wraps the service's new data key.
    pub keys: &'a KeyEncryption,
    /// Randomness.
    pub entropy: &'a Entropy,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// Who does it.
    pub origin: &'a Origin,
    /// A name that it alone has: another attempt of it goes on where this one ends.
    pub name: &'a str,
}

impl Arrival<'_> {
    /// Stores the service under that number, with a data key of its own; no door knows it before
    /// [`finish`](Self::finish). Without what it kept sealed it gets new keys, and is in no federation. Nothing if the
    /// number is, or was, another service's.
    ///
    /// # Errors
    /// [`Invalid`](crate::metadata::Invalid), naming the member; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn begin(&self, id: u64, arriving: ArrivingService) -> Result<Option<Service>, Error> {
        let ArrivingService { mut configuration, mut attributes, secrets } = arriving;
        let sealed_for = number(&attributes, SECRETS.1).or_else(|| number(&attributes, "version")).unwrap_or_default();
        let (salt, secrets) = if let Some((salt, secrets)) = secrets {
            (salt, secrets)
        } else {
            configuration.federation.enabled = false;
            configuration.federation.signature_key_id = None;
            (IdSalt(self.entropy.bytes()?), with_signing_keys(Map::new(), self.now)?)
        };
        let configuration = kept(configuration, &secrets)?;
        let wrapped = self.keys.new_data_key(id, self.entropy).await?;
        let data_key = self.keys.unwrap_data_key(id, &wrapped).await?;
        let mut put = |name: &str, value: AttributeValue| attributes.insert(name.to_owned(), value);
        put("service", string(serde_json::to_string(&configuration).map_err(Error::internal)?));
        put(ID_SALT, bytes(salt.0.to_vec()));
        put("data_key", bytes(wrapped));
        if !secrets.is_empty() {
            let sealed = seal_secrets(&data_key, id, sealed_for, &secrets)?;
            put(SECRETS.0, bytes(sealed.sealed));
            put(SECRETS.1, integer(sealed.version));
        }
        self.store.begin_import(id, attributes, self.name, self.origin).await
    }

    /// Stores a client of the service.
    ///
    /// # Errors
    /// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client(&self, service: &Service, carried: Carried) -> Result<Entered, Error> {
        let arriving = arriving_client(service.id, Some(&service.id_salt), carried).map_err(Error::internal)?;
        let ArrivingClient { client, carried: Carried { mut attributes, secrets } } = arriving;
        if !secrets.is_empty() {
            let data_key = service.data_key(self.keys).await?;
            for sealed in &OF_CLIENTS {
                if let Some(secret) = secrets.get(sealed.value) {
                    let resealed = reseal(data_key, sealed, &client, &attributes, secret)?;
                    attributes.insert(sealed.value.to_owned(), bytes(resealed));
                }
            }
        }
        let mut kinds = claimed(service.policy(), client.source).to_vec();
        if !kinds.contains(&ClaimKind::Alias) {
            kinds.push(ClaimKind::Alias);
        }
        self.store.import_client(&client, &attributes, &kinds, self.origin).await
    }

    /// Lets the doors know the service.
    ///
    /// # Errors
    /// [`Error::Contention`] if it is not being imported any more; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn finish(&self, service: &Service) -> Result<(), Error> {
        self.store.finish_import(service, self.name, self.origin).await
    }
}

fn reseal(
    data_key: &DataKey,
    sealed: &Sealed,
    client: &RegisteredClient,
    attributes: &Item,
    secret: &str,
) -> Result<Vec<u8>, Error> {
    let version = number(attributes, sealed.version).unwrap_or_default();
    data_key.seal(secret_place(client.service_id, &client.client_id, version), secret)
}

impl ArrivingClient {
    /// Whether it needs a secret and has come without one.
    #[must_use]
    pub fn lacks_secret(&self) -> bool {
        self.client.record.metadata.needs_secret() && self.carried.secrets.is_empty()
    }

    /// Its identifier.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client.client_id
    }
}
