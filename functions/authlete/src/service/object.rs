//! Authlete's `Service`: what operators write, and what they are answered.

mod fields;
mod keys;
mod read;
mod write;

pub(crate) use fields::{KEPT, METADATA, SEALED, shape, written};
pub(crate) use read::{Draft, draft};
pub(crate) use write::{View, service};
