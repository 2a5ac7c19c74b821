//! The function `authlete-pushed-auth-req`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::pushed_auth_req::ENDPOINT)
}
