//! The function `authlete-service-list`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::service::list::ENDPOINT)
}
