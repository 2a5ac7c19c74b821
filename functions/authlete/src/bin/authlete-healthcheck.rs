//! The function `authlete-healthcheck`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::healthcheck::ENDPOINT)
}
