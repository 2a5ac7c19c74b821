//! The function `authlete-client-authorization-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::authorization::delete::ENDPOINT)
}
