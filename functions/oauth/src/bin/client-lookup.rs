//! The function `client-lookup`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&oauth::client_lookup::ENDPOINT)
}
