//! The function `authlete-service-jwks`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::jwks::ENDPOINT)
}
