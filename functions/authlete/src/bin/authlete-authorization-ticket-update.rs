//! The function `authlete-authorization-ticket-update`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&authlete::auth::authorization::ticket::update::ENDPOINT)
}
