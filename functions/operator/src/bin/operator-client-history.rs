//! The function `operator-client-history`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&operator::client_history::ENDPOINT)
}
