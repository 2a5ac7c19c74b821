//! The function `authlete-requestable-scopes-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::requestable_scopes::delete::ENDPOINT)
}
