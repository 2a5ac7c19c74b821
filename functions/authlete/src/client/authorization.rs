//! `/client/authorization/…`: what users have let clients have.

pub mod delete;
pub mod list;
pub mod update;
