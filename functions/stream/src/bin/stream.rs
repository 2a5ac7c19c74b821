//! The function `stream`.

fn main() -> Result<(), lambda_http::Error> {
    stream::serve()
}
