//! The function `authlete-client-registration-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client_registration_update::ENDPOINT)
}
