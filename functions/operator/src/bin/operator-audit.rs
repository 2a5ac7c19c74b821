//! The function `operator-audit`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::audit::ENDPOINT)
}
