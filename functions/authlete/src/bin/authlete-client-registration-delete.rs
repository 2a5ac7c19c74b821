//! The function `authlete-client-registration-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client_registration_delete::ENDPOINT)
}
