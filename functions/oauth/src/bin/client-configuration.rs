//! The function `client-configuration`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(oauth::client_configuration::ENDPOINT).await
}
