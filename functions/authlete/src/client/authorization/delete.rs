//! `DELETE` or `POST /api/{serviceId}/client/authorization/delete/{clientId}`: ends what a user has let a client have, and
//! forgets that it was granted.

use ::authorization::management;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::{Error, result};
use crate::runtime::Runtime;
use crate::runtime::whose::{Whose, no_subject};

endpoint!(
    delete,
    "authlete-client-authorization-delete",
    [Delete, Post],
    ["/api/{serviceId}/client/authorization/delete/{clientId+}"]
);

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let whose = Whose::read(call);
    let (desk, found) = call.desk_and_found(Some(&whose.client), |service| whose.keys(service)).await?;
    let runtime = Runtime::new(call, &desk);
    let (client, subject, found, _) = whose.known(&runtime, found).await?;
    subject.ok_or_else(no_subject("A137280"))?;
    let context = runtime.context();
    let count = match &found {
        Some(grant) => management::end(&context, grant).await?,
        None => 0,
    };
    let text = format!(
        "Deleted {count} access token(s) issued to the client (ID = {}) of the service (API Key = {}).",
        client.numeric_id, desk.service.id
    );
    Ok(Response::json(200, result("A137001", &text)))
}
