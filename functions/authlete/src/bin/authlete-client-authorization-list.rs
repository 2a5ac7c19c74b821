//! The function `authlete-client-authorization-list`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::authorization::list::ENDPOINT)
}
