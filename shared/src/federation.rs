//! OpenID Federation 1.0: who is vouched for by whom, up to a trust anchor of the service, and the registration of
//! relying parties on the strength of that. Sections (§) are the specification's.
//!
//! | module | one question |
//! |---|---|
//! | `entity_id` | what is an entity called? |
//! | `statement` | is this a well-formed statement? |
//! | `trust_chain` | does a chain of statements lead to a trust anchor? |
//! | `constraints` | which chains does a superior allow? |
//! | `metadata_policy` | which metadata does a superior allow? |
//! | `discovery` | which chains are there? |
//! | `provider` | who is the service in its federations? |
//! | `relying_party` | what is registered of a subject's metadata? |
//! | `registration` | who is registered? |
//! | `rehearsal` | how far would an entity come? |
//! | `anchor_keys` | does a trust anchor publish the keys that the service has? |

mod anchor_keys;
pub mod constraints;
pub mod discovery;
mod entity_id;
mod error;
pub mod metadata_policy;
mod provider;
mod registration;
mod rehearsal;
mod relying_party;
pub mod statement;
#[cfg(test)]
mod testing;
pub mod trust_chain;

pub use anchor_keys::{KeyDifference, Unpublished, published_keys};
pub use entity_id::EntityId;
pub use error::Error;
pub use metadata_policy::{MetadataPolicy, PolicyFault};
pub use provider::{
    DOOR, NotSetUp, Provider, REGISTRATION_TYPES, check_settings, registration_types, signing_key, trust_anchor,
};
pub(crate) use registration::register_if_entity;
pub use registration::{MAX_REQUEST_BYTES, REGISTRATION_RESPONSE, Registered, Request, offers_automatic, register};
pub use rehearsal::{CHECKS, Rehearsal, rehearse};
