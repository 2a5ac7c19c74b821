//! The function `authlete-userinfo-issue`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::userinfo::issue::ENDPOINT)
}
