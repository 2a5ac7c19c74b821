//! The function `aws-register-client`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&identity_center::aws_register_client::ENDPOINT)
}
