//! The function `authlete-requestable-scopes-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::requestable_scopes_get::ENDPOINT)
}
