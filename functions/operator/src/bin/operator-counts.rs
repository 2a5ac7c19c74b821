//! The function `operator-counts`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::counts::ENDPOINT)
}
