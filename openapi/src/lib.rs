//! The description of the API by OpenAPI 3.1: which endpoints there are is known from their doors, what members clients
//! and services have from the tables by which they are read and written, the rest is said here, in a [`notation`] of its
//! own. No function has this library: the document is checked in, and a test compares.
//!
//! | module | what |
//! |---|---|
//! | [`notation`] | types of JSON, in a line |
//! | [`collection`] | the requests of the document for Bruno |
//! | `operation` | what is said of an operation |
//! | `tables` | schemas of the members that the code has in tables |
//! | `doors` | what is said of each door |

#![expect(
    clippy::indexing_slicing,
    reason = "what is indexed is an object of JSON that was made here, and no function has this library"
)]

mod collection;
mod doors;
pub mod notation;
mod operation;
mod tables;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

pub use collection::collection;
pub use doors::doors;
pub use operation::{Door, Operation};

/// Why there is no document.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A type that is none.
    #[error("{name}: {fault}")]
    Notation {
        /// What it is the type of.
        name: String,
        /// What is wrong with it.
        fault: notation::Fault,
    },
    /// An example that is no JSON.
    #[error("the example of {0} is no JSON")]
    Example(&'static str),
    /// A method of an endpoint of which nothing is said.
    #[error("nothing is said of {method} of {function}")]
    Undescribed {
        /// The function.
        function: &'static str,
        /// The method.
        method: &'static str,
    },
    /// Something that is said of no endpoint, or twice of one.
    #[error("{0}: no endpoint has such a method, or it is described already")]
    Surplus(String),
}

/// The document.
///
/// # Errors
/// [`Fault`]: what is said here and the code do not fit.
pub fn document() -> Result<Value, Fault> {
    let doors = doors();
    let mut schemas = tables::schemas();
    for door in &doors {
        for (name, notation) in &door.schemas {
            let schema = notation::parse(notation, &schemas);
            let schema = schema.map_err(|fault| Fault::Notation { name: (*name).to_owned(), fault })?;
            schemas.insert((*name).to_owned(), schema);
        }
    }
    let (mut paths, mut responses) = (Map::new(), Map::new());
    for door in &doors {
        door.describe(&schemas, &mut paths)?;
        responses.extend(door.failures(&schemas)?);
    }
    let tags: Vec<Value> =
        doors.iter().map(|door| json!({ "name": door.tag, "description": door.description })).collect();
    Ok(json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Registrar",
            "summary": "Registration of the clients of OAuth 2.0 and OpenID Connect authorization servers.",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": ".", "description": "where this document is" }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas, "responses": responses, "securitySchemes": security_schemes() },
    }))
}

/// The same as it is checked in.
///
/// # Errors
/// As [`document`].
pub fn text() -> Result<String, Fault> {
    let mut text = Vec::new();
    let mut lines = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b" "));
    // Nothing that is in memory fails to be written there.
    drop(document()?.serialize(&mut lines));
    text.push(b'\n');
    Ok(String::from_utf8_lossy(&text).into_owned())
}

const DESCRIPTION: &str = "Each service is one authorization server, by its number; its policy says which doors are open \
    to its clients. Methods that are not described are answered 405, with `Allow` and an error of the door. What the \
    gateway answers by itself (no such path, a body over its limit, throttling) is `{\"message\": …}`. What asks \
    neither the table nor for a key declares no 500 and no 503: only a bug is answered so there.";

fn security_schemes() -> Value {
    let bearer = |description: &str| json!({ "type": "http", "scheme": "bearer", "description": description });
    json!({
        "operator": bearer("A token of a service or of an organization: `svc_…`, `org_…`."),
        "initial_access": bearer("An initial access token (RFC 7591 §3), where the service asks for one."),
        "registration_access": bearer("The client's registration access token (RFC 7592 §1.2)."),
        "institution": bearer("An access token of `/stet/psd2/oauth/token`, bound to the certificate of the connection."),
        "certificate": { "type": "mutualTLS", "description": "A qualified certificate for websites (QWAC)." },
    })
}

/// The functions of which nothing is said: they answer what is no operation.
pub const UNDESCRIBED: [&str; 2] = ["authlete-unknown", "stet-unknown"];

/// The methods of endpoints that are described: function and method.
#[must_use]
pub fn described() -> BTreeSet<(&'static str, &'static str)> {
    let doors = doors();
    let operations = doors.iter().flat_map(|door| &door.operations);
    operations.map(|operation| (operation.function, operation.method.as_str())).collect()
}
