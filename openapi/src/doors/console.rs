//! The console.

use shared::http::Method::Get;

use crate::operation::{Door, on};

pub(super) fn door() -> Door {
    Door {
        tag: "console",
        description: "The console of operators, static files.",
        endpoints: ::console::ENDPOINTS,
        security: &[&[]],
        error: "OperatorError",
        failures: &[404],
        schemas: vec![],
        operations: vec![
            on("console", Get, "A file of the console")
                .gives_as(200, "text/html", "text")
                .gives_as(200, "text/css", "text")
                .gives_as(200, "text/javascript", "text")
                .gives_as(200, "image/svg+xml", "text")
                .gives_nothing(304),
        ],
    }
}
