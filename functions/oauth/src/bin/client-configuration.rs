//! The function `client-configuration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&oauth::client_configuration::ENDPOINT)
}
