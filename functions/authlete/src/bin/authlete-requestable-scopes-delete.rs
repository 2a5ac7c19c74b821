//! The function `authlete-requestable-scopes-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::requestable_scopes_delete::ENDPOINT)
}
