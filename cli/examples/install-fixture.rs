//! Installs what the events in `events/` need into the table that the environment names (see
//! `shared::App::from_env`), for `cargo lambda invoke`.

#[path = "../tests/fixture.rs"]
mod fixture;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = shared::App::from_env().await?;
    fixture::install(&app).await
}
