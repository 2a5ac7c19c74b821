//! The function `authlete-client-registration-delete`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::registration::delete::ENDPOINT)
}
