//! The function `register`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(oauth::register::ENDPOINT).await
}
