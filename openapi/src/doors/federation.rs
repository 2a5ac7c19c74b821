//! The federation door.

use shared::http::Method::{Get, Post};

use crate::operation::{Door, on};

pub(super) fn door() -> Door {
    Door {
        tag: "federation",
        description: "OpenID Federation 1.0: the entity configuration of a service, and explicit registration.",
        endpoints: ::federation::ENDPOINTS,
        security: &[&[]],
        error: "OperatorError",
        failures: &[404, 500, 503],
        schemas: vec![],
        operations: vec![
            on("federation-entity-configuration", Get, "The entity configuration of the service (§9)").gives_as(
                200,
                "application/entity-statement+jwt",
                "text",
            ),
            on("federation-explicit-registration", Post, "A relying party registers (§12.2)")
                .takes_as("application/entity-statement+jwt", "text")
                .takes_as("application/trust-chain+json", "[text]")
                .gives_as(200, "application/explicit-registration-response+jwt", "text")
                .fails(&[400, 403, 429]),
        ],
    }
}
