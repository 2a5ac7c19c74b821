//! The function `operator-clients`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::clients::ENDPOINT)
}
