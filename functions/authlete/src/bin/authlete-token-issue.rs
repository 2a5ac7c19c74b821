//! The function `authlete-token-issue`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::issue::ENDPOINT)
}
