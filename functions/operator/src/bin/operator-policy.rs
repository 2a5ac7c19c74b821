//! The function `operator-policy`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::policy::ENDPOINT)
}
