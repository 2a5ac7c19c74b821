//! The operators' door: what people and their programs do with a service's clients, its policy and its tokens, and what
//! they see of it. No policy opens or closes it: one that is wrong has to stay repairable.

pub mod action;
pub mod audit;
pub mod bulk;
pub mod client;
pub mod client_action;
pub mod client_history;
pub mod clients;
pub mod counts;
mod door;
pub mod federation;
pub mod grants;
pub mod policy;
pub mod policy_try;
mod query;
pub mod refusals;
pub mod settable;
pub mod shown;
pub mod token;
pub mod tokens;
pub mod whoami;

use shared::http::Endpoint;

pub use door::{Fault, OTHER_SERVICE};

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[
    &whoami::ENDPOINT,
    &clients::ENDPOINT,
    &client::ENDPOINT,
    &client_history::ENDPOINT,
    &client_action::ENDPOINT,
    &bulk::ENDPOINT,
    &grants::ENDPOINT,
    &federation::ENDPOINT,
    &policy::ENDPOINT,
    &policy_try::ENDPOINT,
    &tokens::ENDPOINT,
    &token::ENDPOINT,
    &counts::ENDPOINT,
    &refusals::ENDPOINT,
    &audit::ENDPOINT,
];
