//! The function `authlete-authorization-fail`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::authorization::fail::ENDPOINT)
}
