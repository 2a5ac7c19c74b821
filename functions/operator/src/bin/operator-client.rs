//! The function `operator-client`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::client::ENDPOINT)
}
