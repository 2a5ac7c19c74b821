//! Answers for people, where `pretty` asks for them.

use serde_json::{Map, Value};
use shared::Error;
use shared::http::{Request, Response};
use shared::metadata::parse_object;

/// Whether the query or a JSON body has that parameter with the value `true`, in whatever case.
pub(crate) fn asks(request: &Request, name: &str) -> bool {
    let in_query = request.query_parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let in_body = || parse_object(&request.body).is_ok_and(|body| body.get(name) == Some(&Value::Bool(true)));
    in_query || in_body()
}

/// A JSON object, with line breaks if the request asks for them.
///
/// # Errors
/// [`Error::Internal`].
pub(crate) fn json(request: &Request, members: Map<String, Value>) -> Result<Response, Error> {
    let mut response = Response::json(200, Map::new());
    let value = Value::Object(members);
    response.body = if asks(request, "pretty") {
        serde_json::to_string_pretty(&value).map_err(Error::internal)?
    } else {
        value.to_string()
    };
    Ok(response)
}
