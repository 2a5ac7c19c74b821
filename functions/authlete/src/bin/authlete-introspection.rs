//! The function `authlete-introspection`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::introspection::ENDPOINT)
}
