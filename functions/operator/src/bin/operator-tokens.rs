//! The function `operator-tokens`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::tokens::ENDPOINT)
}
