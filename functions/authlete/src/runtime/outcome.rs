//! What the authorization server is told: a result code, an action, and what it passes on to its client.

use serde_json::{Map, Value};
use shared::http::{Response, error_members};
use shared::service::Service;

use crate::error::result;

/// Where Authlete explains its codes.
const CODES: &str = "https://docs.authlete.com/#";

/// A result code and what it says.
pub(crate) type Code = (&'static str, String);

/// The members of every answer.
pub(crate) fn answer(code: &'static str, text: &str, action: &str) -> Map<String, Value> {
    let mut members = result(code, text);
    members.insert("action".to_owned(), action.into());
    members
}

/// An HTTP answer; the log has the code.
pub(crate) fn respond(members: Map<String, Value>) -> Response {
    let code = members.get("resultCode").and_then(Value::as_str).map(|code| code.to_owned().into());
    Response { code, ..Response::json(200, members) }
}

/// An answer whose client is told of an error, in a JSON body.
pub(crate) fn refused(service: &Service, action: &str, error: &str, code: Code) -> Response {
    respond(refusal(service, action, error, code))
}

/// The members of one.
pub(crate) fn refusal(service: &Service, action: &str, error: &str, (code, text): Code) -> Map<String, Value> {
    let mut members = answer(code, &text, action);
    let content = Value::Object(error_body(service, error, code, &text)).to_string();
    members.insert("responseContent".to_owned(), content.into());
    members
}

/// The body of an error (RFC 6749 §5.2): its description begins with the code.
pub(crate) fn error_body(service: &Service, error: &str, code: &str, text: &str) -> Map<String, Value> {
    let says = service.policy().errors;
    let mut members = error_members(error, says.description.then(|| format!("[{code}] {text}")).as_deref());
    if says.uri {
        members.insert("error_uri".to_owned(), format!("{CODES}{code}").into());
    }
    members
}

/// The parameters of an error response at a redirect URI (RFC 6749 §4.1.2.1).
pub(crate) fn error_parameters(service: &Service, error: &str, code: &str, text: &str) -> Vec<(&'static str, String)> {
    let mut body = error_body(service, error, code, text);
    let names = ["error", "error_description", "error_uri"];
    names.into_iter().filter_map(|name| Some((name, body.remove(name)?.as_str()?.to_owned()))).collect()
}

/// The members of an answer whose client is told of an error in a challenge.
pub(crate) fn challenged(
    service: &Service,
    action: &str,
    error: &str,
    (code, text): Code,
    added: &[(&str, &str)],
) -> Map<String, Value> {
    let mut members = answer(code, &text, action);
    members.insert("responseContent".to_owned(), challenge(service, error, code, &text, added).into());
    members
}

/// A challenge (RFC 6750 §3), with what an error adds.
fn challenge(service: &Service, error: &str, code: &str, text: &str, added: &[(&str, &str)]) -> String {
    let body = error_body(service, error, code, text);
    let said =
        ["error_description", "error_uri"].into_iter().filter_map(|name| Some((name, body.get(name)?.as_str()?)));
    // RFC 6750 §3: neither quotes nor what is not printable.
    let is_plain = |char: &char| matches!(char, ' ' | '!' | '#'..='[' | ']'..='~');
    let plain = |value: &str| value.chars().filter(is_plain).collect::<String>();
    let members = [("error", error)].into_iter().chain(said).chain(added.iter().copied());
    let members: Vec<String> = members.map(|(name, value)| format!("{name}=\"{}\"", plain(value))).collect();
    format!("Bearer {}", members.join(","))
}

/// A JSON object whose members stand in that order; absent ones are left out.
pub(crate) fn ordered(members: &[(&str, Option<Value>)]) -> String {
    let present = members.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let members: Vec<String> = present.map(|(name, value)| format!("{}:{value}", Value::from(*name))).collect();
    format!("{{{}}}", members.join(","))
}
