//! Who is asked: a table, or the operators' API before it.

use anyhow::Result;

use super::api::Api;
use super::connection::Connection;
use crate::failure::{Failure, Kind};

/// Who is asked.
pub(super) enum Asked {
    /// A table, with the credentials of AWS or of a folder.
    Table(Box<Connection>),
    /// The operators' API, with a token.
    Api(Api),
}

impl Asked {
    /// The table, for what the operators' API does not do.
    ///
    /// # Errors
    /// If that is asked.
    pub(super) fn table(&self) -> Result<&Connection> {
        match self {
            Self::Table(connection) => Ok(connection),
            Self::Api(_) => Err(needs_table("the operators' API does not do it").into()),
        }
    }

    /// The failure that an error is here: in one sentence, with what to do.
    pub(super) fn failure(&self, error: &anyhow::Error) -> Failure {
        match self {
            Self::Table(connection) => connection.failure(error),
            Self::Api(_) => Failure::of(error, Kind::Refused),
        }
    }
}

/// What only a table has is asked of an API.
pub(super) fn needs_table(why: &str) -> Failure {
    Failure::usage(format!("needs the table: {why}; leave out --api and --profile, and unset REGISTRAR_API"))
}
