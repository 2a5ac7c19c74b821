//! What the two operations of federation have in common: a JWT or an error for the authorization server that forwards
//! requests here.
//!
//! Every outcome is HTTP 200 with an `action`; `responseContent` is the very body to answer.

pub mod configuration;
pub mod registration;

use serde_json::{Map, Value};
use shared::federation::{Error as Fault, NotSetUp};
use shared::http::Response;

use crate::error::result;

/// The answer to an operation that succeeded, with what it adds. The body to answer is a JWT.
pub(crate) fn succeeded(code: &str, text: &str, jwt: String, more: Map<String, Value>) -> Response {
    let mut members = result(code, text);
    members.insert("action".to_owned(), "OK".into());
    members.insert("responseContent".to_owned(), jwt.into());
    members.extend(more);
    Response::json(200, members)
}

/// The answer to an operation that failed; `family` is what its result codes begin with.
pub(crate) fn refused(family: &str, fault: &Fault) -> Response {
    let (class, action) = match fault {
        Fault::NotEnabled | Fault::NotOffered(_) => ("290", "NOT_FOUND"),
        Fault::NotSetUp(NotSetUp::NoKeys) => ("201", "INTERNAL_SERVER_ERROR"),
        Fault::NotSetUp(_) => ("291", "INTERNAL_SERVER_ERROR"),
        fault if fault.status() >= 500 => ("292", "INTERNAL_SERVER_ERROR"),
        _ => ("390", "BAD_REQUEST"),
    };
    let mut members = result(&format!("A{family}{class}"), &fault.to_string());
    members.insert("action".to_owned(), action.into());
    members.insert("responseContent".to_owned(), Value::Object(fault.to_members()).to_string().into());
    let mut response = Response::json(200, members);
    response.code = Some(fault.code().into());
    match fault {
        Fault::Core(error) => return response.because(error),
        Fault::NotSetUp(_) => response.cause = Some(fault.to_string()),
        _ => response.reason = Some(fault.reason()),
    }
    response.to_be_retried(fault.retry_after())
}
