//! The function `authlete-token`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::ENDPOINT)
}
