//! Answers for people, where `pretty=true` asks for them.

use serde_json::{Map, Value};
use shared::Error;
use shared::http::{Request, Response};

/// A JSON object, with line breaks if the request asks for them.
///
/// # Errors
/// [`Error::Internal`].
pub(crate) fn json(request: &Request, members: Map<String, Value>) -> Result<Response, Error> {
    let mut response = Response::json(200, Map::new());
    let value = Value::Object(members);
    let pretty = request.query_parameter("pretty").is_some_and(|pretty| pretty == "true");
    response.body =
        if pretty { serde_json::to_string_pretty(&value).map_err(Error::internal)? } else { value.to_string() };
    Ok(response)
}
