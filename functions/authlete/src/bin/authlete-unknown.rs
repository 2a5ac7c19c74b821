//! The function `authlete-unknown`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::unknown::ENDPOINT)
}
