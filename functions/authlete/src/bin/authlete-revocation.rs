//! The function `authlete-revocation`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::revocation::ENDPOINT)
}
