//! The function `authlete-token-revoke`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::revoke::ENDPOINT)
}
