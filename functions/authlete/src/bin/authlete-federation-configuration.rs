//! The function `authlete-federation-configuration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::federation::configuration::ENDPOINT)
}
