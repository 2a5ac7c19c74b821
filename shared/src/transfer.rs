//! A service that moves, to another table or to another number: what its items are wherever they stand. Attributes are
//! carried as they are, also those that this version does not know; what follows from the place is made anew, and what
//! is sealed under the service's data key is opened here and sealed there.

mod arrival;
mod misfit;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;

use crate::credentials::KeyEncryption;
use crate::error::Error;
use crate::service::{Service, secret_place};
use crate::store::item::{number, required, text};
use crate::store::schema::service_key;
use crate::store::{Item, Store, is_placed};

pub use arrival::{Arrival, ArrivingClient, ArrivingService, arriving_client, arriving_service};
pub use misfit::Misfit;

/// What an item is, wherever it stands.
#[derive(Clone, Default)]
pub struct Carried {
    /// Its attributes, but for its place and what was sealed.
    pub attributes: Item,
    /// What was sealed, opened, by attribute; none where secrets are left out.
    pub secrets: BTreeMap<String, String>,
}

/// What of a client is sealed.
struct Sealed {
    value: &'static str,
    /// The version that it is bound to.
    version: &'static str,
    /// What it is compared with where it is not opened.
    mac: &'static str,
}

/// All that is sealed of a client. What has octets and is not here does not leave.
const OF_CLIENTS: [Sealed; 2] = [
    Sealed { value: "secret", version: "secret_version", mac: "secret_mac" },
    Sealed { value: "previous_secret", version: "previous_secret_version", mac: "previous_secret_mac" },
];

/// What makes a service's clients' numbers, and tells what has been compared with it.
const ID_SALT: &str = "id_salt";

/// What a service keeps sealed, and the version that it is bound to.
const SECRETS: (&str, &str) = ("secrets", "secrets_version");

/// What of a service belongs to its table.
const OF_TABLE: [&str; 6] = ["data_key", "deleted_by", "expires_at", "import", "purges", ID_SALT];

/// A service that leaves; with its secrets if keys are given that open them.
///
/// # Errors
/// [`Error::UnknownService`] if it is gone; [`Error::Unavailable`], [`Error::Internal`].
pub async fn leaving_service(store: &Store, service: &Service, keys: Option<&KeyEncryption>) -> Result<Carried, Error> {
    let mut attributes = store.get(service_key(service.id)).await?.ok_or(Error::UnknownService)?;
    attributes.retain(|name, _| !is_placed(name) && !OF_TABLE.contains(&name.as_str()) && name != SECRETS.0);
    let mut secrets = BTreeMap::new();
    match keys {
        Some(keys) => {
            secrets.insert(ID_SALT.to_owned(), BASE64URL.encode(service.id_salt.0));
            if attributes.contains_key(SECRETS.1) {
                let opened = Value::Object(service.secrets(keys).await?).to_string();
                secrets.insert(SECRETS.0.to_owned(), opened);
            }
        }
        None => drop(attributes.remove(SECRETS.1)),
    }
    check_octets(&attributes)?;
    Ok(Carried { attributes, secrets })
}

/// A client that leaves, as it is stored; with its secret if keys are given that open it.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn leaving_client(
    service: &Service,
    keys: Option<&KeyEncryption>,
    mut attributes: Item,
) -> Result<Carried, Error> {
    attributes.retain(|name, _| !is_placed(name));
    let client_id = required(text(&attributes, "client_id"), "client_id")?.to_owned();
    let mut secrets = BTreeMap::new();
    for Sealed { value, version, mac } in OF_CLIENTS {
        let (Some(AttributeValue::B(sealed)), Some(keys)) = (attributes.remove(value), keys) else {
            attributes.remove(version);
            attributes.remove(mac);
            continue;
        };
        let bound_to = secret_place(service.id, &client_id, required(number(&attributes, version), version)?);
        let opened = service.data_key(keys).await?.open(bound_to, sealed.as_ref())?;
        secrets.insert(value.to_owned(), opened);
    }
    check_octets(&attributes)?;
    Ok(Carried { attributes, secrets })
}

/// Octets are sealed, or compared by a key: of what is not known to be so nobody would notice that it is dead elsewhere.
fn check_octets(attributes: &Item) -> Result<(), Error> {
    match attributes.iter().find(|(name, value)| has_octets(value) && !is_mac(name)) {
        Some((name, _)) => Err(Error::internal(format!("it is not known how the attribute {name} leaves a table"))),
        None => Ok(()),
    }
}

fn is_mac(name: &str) -> bool {
    OF_CLIENTS.iter().any(|sealed| sealed.mac == name)
}

fn has_octets(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::B(_) | AttributeValue::Bs(_) => true,
        AttributeValue::L(values) => values.iter().any(has_octets),
        AttributeValue::M(values) => values.values().any(has_octets),
        _ => false,
    }
}
