//! The function `stet-unknown`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&stet::unknown::ENDPOINT)
}
