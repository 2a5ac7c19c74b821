//! The function `authlete-requestable-scopes-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::requestable_scopes::update::ENDPOINT)
}
