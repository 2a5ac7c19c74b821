//! The function `console`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&console::ENDPOINT)
}
