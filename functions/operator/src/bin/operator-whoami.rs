//! The function `operator-whoami`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::whoami::ENDPOINT)
}
