//! The function `authlete-client-create`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::create::ENDPOINT)
}
