//! The function `authlete-token-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::token::update::ENDPOINT)
}
