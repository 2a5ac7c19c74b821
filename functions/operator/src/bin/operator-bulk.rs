//! The function `operator-bulk`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::bulk::ENDPOINT)
}
