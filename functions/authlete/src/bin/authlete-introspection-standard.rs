//! The function `authlete-introspection-standard`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::introspection::standard::ENDPOINT)
}
