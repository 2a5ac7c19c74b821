//! The function `authlete-client-secret-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::secret::update::ENDPOINT)
}
