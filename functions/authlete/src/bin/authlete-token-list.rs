//! The function `authlete-token-list`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::list::ENDPOINT)
}
