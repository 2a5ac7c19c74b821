//! Prints the description of the API, as it is in `docs/openapi.json`.

fn main() -> Result<(), openapi::Fault> {
    print!("{}", openapi::text()?);
    Ok(())
}
