//! The function `authlete-client-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::get::ENDPOINT)
}
