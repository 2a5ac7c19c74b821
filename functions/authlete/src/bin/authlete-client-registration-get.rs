//! The function `authlete-client-registration-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client_registration_get::ENDPOINT)
}
