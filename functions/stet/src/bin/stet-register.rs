//! The function `stet-register`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&stet::register::ENDPOINT)
}
