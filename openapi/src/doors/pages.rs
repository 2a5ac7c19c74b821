//! The pages about all of this.

use shared::http::Method::Get;

use crate::operation::{Door, on};

pub(super) fn door() -> Door {
    Door {
        tag: "pages",
        description: "What this is, and how it is used.",
        endpoints: ::pages::ENDPOINTS,
        security: &[&[]],
        error: "OperatorError",
        failures: &[404],
        schemas: vec![],
        operations: vec![
            on("pages", Get, "A page, a file of one, or this document")
                .gives_as(200, "text/html", "text")
                .gives_as(200, "text/css", "text")
                .gives_as(200, "text/javascript", "text")
                .gives_as(200, "text/plain", "text")
                .gives_as(200, "image/svg+xml", "text")
                .gives(200, "object")
                .gives_nothing(304),
        ],
    }
}
