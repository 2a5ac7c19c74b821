//! The function `register`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&oauth::register::ENDPOINT)
}
