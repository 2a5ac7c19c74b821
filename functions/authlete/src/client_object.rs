//! Authlete's `Client`: what operators write, and what they are answered.

mod fields;
mod read;
mod write;

pub(crate) use fields::{METADATA, shape};
pub(crate) use read::{draft, scopes};
pub(crate) use write::{View, client};
