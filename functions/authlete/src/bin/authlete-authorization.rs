//! The function `authlete-authorization`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::authorization::ENDPOINT)
}
