//! What cannot be an item of a service, whoever says that it was one.

use crate::metadata::Invalid;

/// Why what is said to be an item that has left a table is none. Its text begins with the attribute.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    /// An attribute is missing that such an item has.
    #[error("{0}: it is missing")]
    Missing(&'static str),
    /// An attribute is not of the type, or the form, that it has in a table.
    #[error("{0}: it is not what such an item has there")]
    Form(String),
    /// An attribute or a secret that no item takes along.
    #[error("{0}: no item takes that along")]
    Foreign(String),
    /// JSON that says something else.
    #[error("{0}: {1}")]
    Unreadable(&'static str, serde_json::Error),
    /// More JSON than an item has.
    #[error("{0}: it is larger than {1} bytes")]
    TooLarge(&'static str, usize),
    /// What a client is compared with is not of its secret.
    #[error("{0}: it does not belong to the secret")]
    Mac(&'static str),
    /// A member that no client or service has so.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
