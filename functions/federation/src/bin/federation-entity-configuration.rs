//! The function `federation-entity-configuration`.

fn main() -> Result<(), lambda_http::Error> {
    shared::http::serve(&federation::entity_configuration::ENDPOINT)
}
