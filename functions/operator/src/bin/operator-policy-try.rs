//! The function `operator-policy-try`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::policy_try::ENDPOINT)
}
