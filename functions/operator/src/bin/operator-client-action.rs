//! The function `operator-client-action`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::client_action::ENDPOINT)
}
