//! `POST /api/service/create`: an organization makes a service.

use serde_json::Map;
use shared::caller::Permission;
use shared::http::Response;
use shared::policy::{Policy, Preset, Unused};
use shared::service::{ServiceConfiguration, with_signing_keys};
use shared::{Error as Core, administration};

use crate::body;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::service::answer;
use crate::service::object::{self, Draft, View};

endpoint!(create, "authlete-service-create", [Post], ["/api/service/create"]);

/// Answers 200: the SDK on npm takes a 201 for an error. What a `Service` does not say is as the preset `open` has it; one
/// without `jwks` gets keys, so that it can sign from the start.
async fn create(call: &Call<'_>) -> Result<Response, Error> {
    let operator = call.operator().await?;
    let organization = operator.organization().ok_or(Core::InsufficientScope(Vec::new()))?;
    if !operator.may(&[Permission::ServiceWrite]) {
        return Err(Core::InsufficientScope(vec![Permission::ServiceWrite]).into());
    }
    let sent = body::json_or_form(call.request, object::shape)?;
    // Programs for Authlete do not look for clients to end.
    let policy = Policy { unused: Unused::default(), ..Preset::Open.policy() };
    let blank = ServiceConfiguration::new(organization, policy);
    let blank = Draft { configuration: blank, secrets: Map::new() };
    let draft = object::draft(&sent, blank, "")?;
    let app = call.app;
    let Draft { configuration, secrets } = draft;
    let secrets = with_signing_keys(secrets, app.clock.now())?;
    let origin = call.origin(&configuration.policy, &operator);
    let service =
        administration::create_service(&app.store, &app.keys, &app.entropy, configuration, &secrets, &origin).await?;
    Ok(Response::json(200, answer::answer(call.app, call.request, &service, View::Full).await?))
}
