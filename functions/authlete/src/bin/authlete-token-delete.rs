//! The function `authlete-token-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::delete::ENDPOINT)
}
