//! The function `huawei-register-client`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&identity_center::huawei_register_client::ENDPOINT)
}
