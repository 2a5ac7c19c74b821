//! The function `operator-grants`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::grants::ENDPOINT)
}
