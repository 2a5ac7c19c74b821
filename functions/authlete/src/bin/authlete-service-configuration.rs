//! The function `authlete-service-configuration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::configuration::ENDPOINT)
}
