//! The function `authlete-service-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::update::ENDPOINT)
}
