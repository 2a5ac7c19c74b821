//! The function `authlete-requestable-scopes-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::requestable_scopes_update::ENDPOINT)
}
