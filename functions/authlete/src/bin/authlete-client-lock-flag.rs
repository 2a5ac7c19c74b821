//! The function `authlete-client-lock-flag`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::client::lock_flag::ENDPOINT)
}
