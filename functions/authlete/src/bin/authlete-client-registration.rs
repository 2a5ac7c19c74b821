//! The function `authlete-client-registration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::registration::register::ENDPOINT)
}
