//! The function `stet-client`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&stet::client::ENDPOINT)
}
