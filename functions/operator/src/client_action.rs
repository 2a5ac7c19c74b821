//! `POST /operator/{serviceId}/clients/{client}/{action}`: something is done to one client.

use serde_json::{Map, Value};
use shared::App;
use shared::http::{DEADLINE, Request, Response};
use shared::registry::Context;

use crate::action::{self, Action, Outcome};
use crate::door::{self, Fault, WRITE_CLIENTS, endpoint};
use crate::query::{Members, Query};
use crate::shown;

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
    let outcome = Box::pin(action::perform(&context, request, identifier, named, &action, version)).await?;
    Ok(answered(&context, app, request, outcome))
}

fn answered(context: &Context<'_>, app: &App, request: &Request, outcome: Outcome) -> Response {
    let now = app.clock.now();
    match outcome {
        Outcome::Gone => Response::empty(204),
        Outcome::Changed(client) => Response::json(200, shown::client(&client, context.service.policy(), now)),
        Outcome::Secret(client, secret) => {
            let mut members = made(&client.client_id, "client_secret", secret.expose());
            members.insert("client_secret_expires_at".to_owned(), client.record.secret_expires_at.into());
            if let Some(previous) = client.previous_secret_at(now) {
                members.insert("previous_secret_until".to_owned(), previous.until.into());
            }
            Response::json(200, members)
        }
        Outcome::Token(client_id, token) => {
            let mut members = made(&client_id, "registration_access_token", token.expose());
            let place = context.service.registration_endpoint(&app.base_url(context.service, request));
            members.insert("registration_client_uri".to_owned(), format!("{place}/{client_id}").into());
            Response::json(200, members)
        }
    }
}

/// A client's identifier and what has just been made for it.
fn made(client_id: &str, member: &str, value: &str) -> Map<String, Value> {
    [("client_id", client_id), (member, value)].map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect()
}
