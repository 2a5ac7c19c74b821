//! The function `operator-token`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::token::ENDPOINT)
}
