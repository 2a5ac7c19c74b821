//! The function `authlete-echo`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::echo::ENDPOINT)
}
