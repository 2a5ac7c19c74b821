//! The function `authlete-client-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::update::ENDPOINT)
}
