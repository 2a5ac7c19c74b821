//! `POST /api/{serviceId}/service/update`: an operator replaces what a `Service` says.

use serde_json::{Map, Value};
use shared::caller::Permission;
use shared::http::Response;
use shared::service::Service;
use shared::{App, Error as Core, administration};

use crate::body;
use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::service::answer;
use crate::service::object::{self, Draft, View};

endpoint!(update, "authlete-service-update", [Post], ["/api/{serviceId}/service/update"]);

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceWrite]).await?;
    let sent = body::json_or_form(call.request, object::shape)?;
    body::must_say_something(&sent, "Service", object::written)?;
    // A cached configuration may be behind the table's.
    let service = match try_update(call, &desk, &sent).await {
        Err(Error::Core(Core::Contention)) => try_update(call, &desk, &sent).await?,
        outcome => outcome?,
    };
    Ok(Response::json(200, answer::answer(call.app, call.request, &service, View::Full).await?))
}

async fn try_update(call: &Call<'_>, desk: &Desk, sent: &Map<String, Value>) -> Result<Service, Error> {
    let App { store, keys, .. } = call.app;
    let current = store.service(desk.service.id).await?.ok_or(Core::UnknownService)?;
    let own_issuer = format!("{}/{}", call.app.base_url(&current, call.request), current.id);
    let stored = Draft { configuration: current.configuration.clone(), secrets: current.secrets(keys).await? };
    let Draft { configuration, secrets } = object::draft(sent, stored, &own_issuer)?;
    let origin = call.origin(current.policy(), &desk.operator);
    Ok(administration::replace_service(store, keys, &current, configuration, &secrets, &origin).await?)
}
