//! The function `discovery`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&oauth::discovery::ENDPOINT)
}
