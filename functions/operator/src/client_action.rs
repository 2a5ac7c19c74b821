//! `POST /operator/{serviceId}/clients/{client}/{action}`: something is done to one client.

use shared::App;
use shared::http::{DEADLINE, Request, Response};

use crate::action::{self, Action};
use crate::door::{self, Fault, WRITE_CLIENTS, endpoint};
use crate::query::{Members, Query};

endpoint!(act, "operator-client-action", [Post], ["/operator/{serviceId}/clients/{client}/{action}"], DEADLINE);

async fn act(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, named, identifier) = door::client(app, request, WRITE_CLIENTS).await?;
    Query::of(request, &[])?;
    let mut members = Members(door::optional_body(request)?);
    let version = members.number("version")?;
    let action = match Action::parse(request.path_parameter("action").unwrap_or_default()) {
        Some(Action::RotateSecret { .. }) => Action::RotateSecret { overlap: members.number("overlap")? },
        // That is the client's own method.
        Some(Action::Delete { .. }) | None => return Err(Fault::Absent("there is no such action")),
        Some(action) => action,
    };
    members.end()?;
    let context = door::context(app, &desk, request);
    let base_url = app.base_url(&desk.service, request);
    let outcome = Box::pin(action::perform(&context, &base_url, identifier, named, &action, version)).await?;
    let told = outcome.told(&context, &base_url);
    Ok(told.map_or_else(|| Response::empty(204), |members| Response::json(200, members)))
}
