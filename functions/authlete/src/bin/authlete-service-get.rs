//! The function `authlete-service-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::get::ENDPOINT)
}
