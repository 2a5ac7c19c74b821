//! The function `operator-refusals`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::refusals::ENDPOINT)
}
