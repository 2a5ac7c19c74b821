//! The function `authlete-client-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::delete::ENDPOINT)
}
