//! The function `authlete-federation-registration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::federation::registration::ENDPOINT)
}
