//! The function `authlete-client-registration-get`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::registration::get::ENDPOINT)
}
