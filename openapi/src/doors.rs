//! What is said of each door.

mod authlete;
mod console;
mod federation;
mod identity_center;
mod oauth;
mod operator;
mod pages;
mod stet;

use crate::operation::Door;

/// The doors, in the order of the document. A type that has a name can be used by those behind.
#[must_use]
pub fn doors() -> Vec<Door> {
    vec![
        oauth::door(),
        authlete::door(),
        operator::door(),
        identity_center::door(),
        stet::door(),
        federation::door(),
        console::door(),
        pages::door(),
    ]
}
