//! The whole of Registrar on one machine, and its administration.
//!
//! | module | what |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`failure`], `print` | how a command fails, and what is printed |
//! | [`serve`] | `registrar serve`: starts all of it |
//! | [`embedded`] | the embedded DynamoDB and the table in it |
//! | `environment` | how functions and commands reach that table |
//! | [`streams`] | what Lambda does with the table's stream |
//! | [`gateway`] | what API Gateway does: routes, events, answers |
//! | [`connections`] | how many connections there are, and how long each may take |
//! | [`bodies`] | how the bodies of requests are read |
//! | [`tls`] | connections by TLS, with or without certificates of clients |
//! | [`console_code`] | the code that signs in to the console once |
//! | [`front`] | what is answered where no service is named |
//! | [`host`] | the names that we are asked by |
//! | `folder`, `private` | the data folder, the files that nobody else may read |
//! | `logging` | what is logged |
//! | [`demo`] | the demo service and what scripts need to know of it |
//! | [`demo_login`] | a demo authorization server for it |
//! | [`sandbox`] | `registrar sandbox`: institutions and federations for one machine |
//! | [`admin`] | all other commands: administration, by the table or the operators' API |

#![warn(clippy::print_stdout, clippy::print_stderr)] // they panic where nobody reads: `print` does not

pub mod admin;
pub mod arguments;
pub mod bodies;
pub mod connections;
pub mod console_code;
pub mod demo;
pub mod demo_login;
pub mod embedded;
mod environment;
pub mod failure;
mod folder;
pub mod front;
pub mod gateway;
pub mod host;
mod logging;
mod print;
mod private;
pub mod sandbox;
pub mod serve;
pub mod streams;
pub mod tls;

use shared::http::Endpoint;

/// Every endpoint of every front door.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    api_endpoints().chain(stet_endpoints())
}

/// The endpoints of the API that everybody reaches.
pub fn api_endpoints() -> impl Iterator<Item = &'static Endpoint> {
    [
        oauth::ENDPOINTS,
        authlete::ENDPOINTS,
        identity_center::ENDPOINTS,
        federation::ENDPOINTS,
        operator::ENDPOINTS,
        console::ENDPOINTS,
        pages::ENDPOINTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The endpoints of STET's API, which is reached with a client certificate only.
pub fn stet_endpoints() -> impl Iterator<Item = &'static Endpoint> {
    stet::ENDPOINTS.iter().copied()
}
