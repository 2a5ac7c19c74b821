//! The function `authlete-authorization-ticket-info`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::authorization::ticket::info::ENDPOINT)
}
