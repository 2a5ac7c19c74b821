//! The function `federation-explicit-registration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&federation::explicit_registration::ENDPOINT)
}
