//! `POST /{serviceId}/client/used`: the authorization server says which clients were used.

use serde_json::Map;
use shared::App;
use shared::caller::Permission;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::metadata::{Invalid, parse_object_within};

use crate::door::{self, Fault};
use crate::operator;

const METHODS: &[Method] = &[Method::Post];

/// How many clients one request names.
const MOST_CLIENTS: usize = 100;

/// The largest body, in bytes: as many identifiers, each as long as one may be, and some JSON.
const MAX_BYTES: usize = 256 * 1024;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "client-used",
    paths: &["/{serviceId}/client/used"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed_operator,
};

/// Answers 200 with the identifiers that are unknown. Each of the others is noted as used today, by one write a day at most.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer_operator(&request, METHODS, note(app, &request)).await
}

async fn note(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, _) = operator::open(app, request, &[Permission::UseService], None).await?;
    let client_ids = client_ids(request).map_err(Fault::Request)?;
    let unknown = app.store.use_clients(&desk.service, &client_ids).await?;
    let members = Map::from_iter([("unknown".to_owned(), unknown.into())]);
    Ok(door::not_stored(Response::json(200, members)))
}

/// The identifiers in the body, each once.
fn client_ids(request: &Request) -> Result<Vec<String>, Invalid> {
    request.declares_json()?;
    let members = parse_object_within(&request.body, MAX_BYTES)?;
    let wrong = || Invalid::wrong_type("client_ids", "an array of strings");
    let values = members.get("client_ids").ok_or(Invalid::Missing { member: "client_ids" })?;
    let values = values.as_array().ok_or_else(wrong)?;
    if values.is_empty() {
        return Err(Invalid::Empty { member: "client_ids" });
    }
    if values.len() > MOST_CLIENTS {
        return Err(Invalid::TooLong { member: "client_ids".to_owned(), limit: MOST_CLIENTS, unit: "values" });
    }
    let mut client_ids = Vec::new();
    for value in values {
        let client_id = value.as_str().ok_or_else(wrong)?;
        if !client_ids.iter().any(|known| known == client_id) {
            client_ids.push(client_id.to_owned());
        }
    }
    Ok(client_ids)
}
