//! The function `authlete-service-create`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::create::ENDPOINT)
}
