//! The function `authlete-client-list`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::list::ENDPOINT)
}
