//! Services are created and changed.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::credentials::{IdSalt, KeyEncryption};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::metadata::Invalid;
use crate::origin::Origin;
use crate::registry::MINTING_ATTEMPTS;
use crate::service::{Service, ServiceConfiguration, public_jwks, seal_secrets};
use crate::store::{CreatedService, FIRST_VERSION, NewService, Store};

/// How much a service keeps sealed, in bytes of JSON: it stands in one item with what is not sealed.
const MAX_SECRETS_BYTES: usize = 128 * 1024;

/// Creates a service with a random number of ten digits: below 2^53, and short enough for a URL. It keeps `secrets` sealed.
///
/// # Errors
/// [`Invalid`], naming the member; [`Error::Contention`] if no free number was found; [`Error::Unavailable`], [`Error::Internal`].
pub async fn create_service(
    store: &Store,
    keys: &KeyEncryption,
    entropy: &Entropy,
    configuration: ServiceConfiguration,
    secrets: &Map<String, Value>,
    origin: &Origin,
) -> Result<Service, Error> {
    for _ in 0..MINTING_ATTEMPTS {
        let id = 1_000_000_000 + u64::from_be_bytes(entropy.bytes()?) % 9_000_000_000;
        let created = create_numbered_service(store, keys, entropy, id, &configuration, secrets, origin).await?;
        if let Some(service) = created {
            return Ok(service);
        }
    }
    Err(Error::Contention)
}

/// Creates a service with that number, below 2^53; nothing if it is taken, by a living service or a deleted one.
///
/// # Errors
/// [`Invalid`], naming the member; [`Error::Unavailable`], [`Error::Internal`].
pub async fn create_numbered_service(
    store: &Store,
    keys: &KeyEncryption,
    entropy: &Entropy,
    id: u64,
    configuration: &ServiceConfiguration,
    secrets: &Map<String, Value>,
    origin: &Origin,
) -> Result<Option<Service>, Error> {
    configuration.policy.check_new(None)?;
    let configuration = &kept(configuration.clone(), secrets)?;
    let id_salt = &IdSalt(entropy.bytes()?);
    let wrapped_data_key = keys.new_data_key(id, entropy).await?;
    let data_key = if secrets.is_empty() { None } else { Some(keys.unwrap_data_key(id, &wrapped_data_key).await?) };
    let sealed = data_key.as_ref().map(|key| seal_secrets(key, id, FIRST_VERSION, secrets)).transpose()?;
    let new = NewService { id, configuration, id_salt, wrapped_data_key, secrets: sealed };
    match store.create_service(new, origin).await? {
        CreatedService::Created => {
            let service = store.service(id).await?.ok_or(Error::UnknownService)?;
            Ok(Some(Service { data_key: Arc::new(OnceCell::new_with(data_key)), ..service }))
        }
        CreatedService::Taken => Ok(None),
    }
}

/// Replaces a service's configuration; `current` is as it was read, and what it keeps sealed stays, keys included. What is
/// so already is no change.
///
/// # Errors
/// [`Invalid`], naming the member; [`Error::Contention`] if it was changed since; [`Error::Unavailable`],
/// [`Error::Internal`].
pub async fn configure_service(
    store: &Store,
    current: &Service,
    configuration: &ServiceConfiguration,
    origin: &Origin,
) -> Result<Service, Error> {
    configuration.check()?;
    configuration.policy.check_successor(&current.configuration.policy)?;
    let configuration = &ServiceConfiguration { jwks: current.configuration.jwks.clone(), ..configuration.clone() };
    if *configuration != current.configuration {
        store.update_service(current.id, current.version, configuration, None, origin).await?;
    }
    store.service(current.id).await?.ok_or(Error::UnknownService)
}

/// Replaces a service's configuration and what it keeps sealed; `current` is as it was read. What is so already is no change.
///
/// # Errors
/// [`Invalid`], naming the member; [`Error::Contention`] if it was changed since; [`Error::Unavailable`], [`Error::Internal`].
pub async fn replace_service(
    store: &Store,
    keys: &KeyEncryption,
    current: &Service,
    configuration: ServiceConfiguration,
    secrets: &Map<String, Value>,
    origin: &Origin,
) -> Result<Service, Error> {
    configuration.policy.check_new(Some(&current.configuration.policy))?;
    let configuration = kept(configuration, secrets)?;
    let keeps_secrets = current.secrets(keys).await? == *secrets;
    if configuration != current.configuration || !keeps_secrets {
        let sealed = if keeps_secrets { None } else { Some(current.sealed(keys, secrets).await?) };
        store.update_service(current.id, current.version, &configuration, sealed, origin).await?;
    }
    let service = store.service(current.id).await?.ok_or(Error::UnknownService)?;
    Ok(Service { data_key: Arc::clone(&current.data_key), ..service })
}

/// What is kept of a service beside these secrets: what was decided, and the public part of its keys.
pub(crate) fn kept(
    mut configuration: ServiceConfiguration,
    secrets: &Map<String, Value>,
) -> Result<ServiceConfiguration, Invalid> {
    configuration.check()?;
    bound_secrets(secrets)?;
    configuration.jwks = public_jwks(secrets)?;
    Ok(configuration)
}

/// What a service keeps sealed is bounded, for an item of the table is.
fn bound_secrets(secrets: &Map<String, Value>) -> Result<(), Invalid> {
    let bytes: usize = secrets.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if bytes > MAX_SECRETS_BYTES {
        return Err(Invalid::too_large("what the service keeps sealed", secrets, MAX_SECRETS_BYTES));
    }
    Ok(())
}
