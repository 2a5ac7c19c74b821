//! The function `authlete-granted-scopes-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::granted_scopes::get::ENDPOINT)
}
