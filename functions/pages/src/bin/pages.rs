//! The function `pages`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&pages::ENDPOINT)
}
