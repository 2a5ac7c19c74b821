//! What wraps the data keys of services is replaced: the keys stay, and all that is sealed under them.

use crate::credentials::KeyEncryption;
use crate::error::Error;
use crate::origin::Origin;
use crate::store::Store;

/// What became of a data key that was to be wrapped anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrapped {
    /// It is.
    Written,
    /// The new one opens it already.
    Unneeded,
}

/// Wraps the data key of a service by `new`, which `old` has wrapped until now; where that is absent, `new` has, and its
/// newest material does. A deleted service that can be restored has its key as well.
///
/// # Errors
/// [`Error::UnknownService`] if there is none, or its key is destroyed; [`Error::Internal`], with
/// [`OtherKey`](crate::credentials::OtherKey), if it was wrapped with another key; [`Error::Contention`] if it is being
/// changed; [`Error::Unavailable`].
pub async fn rewrap(
    store: &Store,
    old: Option<&KeyEncryption>,
    new: &KeyEncryption,
    service_id: u64,
    origin: &Origin,
) -> Result<Rewrapped, Error> {
    match try_rewrap(store, old, new, service_id, origin).await {
        Err(Error::Contention) => try_rewrap(store, old, new, service_id, origin).await,
        outcome => outcome,
    }
}

async fn try_rewrap(
    store: &Store,
    old: Option<&KeyEncryption>,
    new: &KeyEncryption,
    service_id: u64,
    origin: &Origin,
) -> Result<Rewrapped, Error> {
    let read = store.wrapped_key(service_id).await?.ok_or(Error::UnknownService)?;
    match old.unwrap_or(new).rewrap_data_key(new, service_id, &read.wrapped).await {
        Ok(rewrapped) => {
            store.replace_wrapped_key(&read, rewrapped, origin).await?;
            Ok(Rewrapped::Written)
        }
        // Whoever was interrupted begins again.
        Err(_) if old.is_some() && new.unwrap_data_key(service_id, &read.wrapped).await.is_ok() => {
            Ok(Rewrapped::Unneeded)
        }
        Err(error) => Err(error),
    }
}
