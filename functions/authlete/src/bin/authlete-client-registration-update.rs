//! The function `authlete-client-registration-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::registration::update::ENDPOINT)
}
