//! The function `authlete-requestable-scopes-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::requestable_scopes::get::ENDPOINT)
}
