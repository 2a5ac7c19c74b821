//! `POST /api/{serviceId}/federation/configuration`: the entity configuration that the authorization server publishes
//! (OpenID Federation §9).

use serde_json::Map;
use shared::caller::Permission;
use shared::federation::{Error as Fault, Provider};
use shared::http::Response;

use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::federation;

const FAMILY: &str = "316";

endpoint!(configure, "authlete-federation-configuration", [Post], ["/api/{serviceId}/federation/configuration"]);

/// The one entity type here is that of `OpenID` providers, so what the body asks for makes no difference.
async fn configure(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::UseService]).await?;
    Ok(match configuration(call, &desk).await {
        Ok(jwt) => federation::succeeded("A316001", "The entity configuration has been generated.", jwt, Map::new()),
        Err(fault) => federation::refused(FAMILY, &fault),
    })
}

async fn configuration(call: &Call<'_>, desk: &Desk) -> Result<String, Fault> {
    let base_url = call.app.base_url(&desk.service, call.request);
    let provider = Provider::of(call.app, &desk.service, &base_url).await?;
    provider.entity_configuration(call.app.clock.now()).map(|(jwt, _)| jwt)
}
