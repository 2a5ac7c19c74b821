//! The function `operator-federation`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::federation::ENDPOINT)
}
