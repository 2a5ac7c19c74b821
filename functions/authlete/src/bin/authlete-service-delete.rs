//! The function `authlete-service-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::delete::ENDPOINT)
}
