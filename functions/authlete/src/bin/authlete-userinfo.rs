//! The function `authlete-userinfo`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::userinfo::ENDPOINT)
}
