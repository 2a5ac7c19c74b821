//! The function `client-used`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&oauth::client_used::ENDPOINT)
}
