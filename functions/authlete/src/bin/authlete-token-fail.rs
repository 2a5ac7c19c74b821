//! The function `authlete-token-fail`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::fail::ENDPOINT)
}
