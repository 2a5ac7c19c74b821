//! The function `authlete-client-authorization-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::authorization::update::ENDPOINT)
}
