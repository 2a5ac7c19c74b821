//! The function `authlete-info`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::info::ENDPOINT)
}
