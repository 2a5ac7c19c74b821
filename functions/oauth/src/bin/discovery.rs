//! The function `discovery`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(oauth::discovery::ENDPOINT).await
}
