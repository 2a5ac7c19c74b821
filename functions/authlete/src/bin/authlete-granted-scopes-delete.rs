//! The function `authlete-granted-scopes-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::granted_scopes::delete::ENDPOINT)
}
