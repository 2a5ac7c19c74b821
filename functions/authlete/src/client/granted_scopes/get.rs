//! `GET` or `POST /api/{serviceId}/client/granted_scopes/get/{clientId}`: the scopes that a user has granted a client.

use shared::http::Response;

use super::{granted, known};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::runtime::whose::{Whose, no_subject};

endpoint!(get, "authlete-granted-scopes-get", [Get, Post], ["/api/{serviceId}/client/granted_scopes/get/{clientId+}"]);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let whose = Whose::read(call);
    let (desk, found) = call.desk_and_found(Some(&whose.client), |service| whose.keys(service)).await?;
    let runtime = Runtime::new(call, &desk);
    let (client, subject, grant, _) = whose.known(&runtime, found).await?;
    let subject = subject.ok_or_else(no_subject("A187280"))?;
    let text = ("A187080", "The scopes that the user has granted the client.");
    let mut members = known(&desk.service, &client, &subject, text);
    granted(&mut members, grant.as_ref());
    Ok(Response::json(200, members))
}
