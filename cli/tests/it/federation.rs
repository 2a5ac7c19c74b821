//! OpenID Federation 1.0: explicit and automatic registration, against federations of the test's own.

mod anchors;
mod automatic;
mod chains;
mod discovery;
mod documents;
pub(crate) mod ends;
mod faults;
mod names;
mod outcome;
mod provider;
mod registration;
mod rehearsal;
mod repeated;
mod requests;
pub(crate) mod world;

use serde_json::Value;

/// The claims with one that is another.
fn changed(claims: &Value, member: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[member] = value;
    claims
}
