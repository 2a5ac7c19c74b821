//! The function `authlete-token-create`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::create::ENDPOINT)
}
