//! The function `authlete-authorization-issue`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::authorization::issue::ENDPOINT)
}
