//! The function `stet-token`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&stet::token::ENDPOINT)
}
