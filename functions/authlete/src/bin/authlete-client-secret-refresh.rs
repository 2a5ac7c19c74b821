//! The function `authlete-client-secret-refresh`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::secret::refresh::ENDPOINT)
}
