//! `DELETE` or `POST /api/{serviceId}/client/granted_scopes/delete/{clientId}`: forgets the scopes that a user has granted
//! a client; tokens stay.

use ::authorization::grant;
use shared::http::Response;

use super::known;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::runtime::whose::{Whose, no_subject};

endpoint!(
    delete,
    "authlete-granted-scopes-delete",
    [Delete, Post],
    ["/api/{serviceId}/client/granted_scopes/delete/{clientId+}"]
);

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let whose = Whose::read(call);
    let (desk, found) = call.desk_and_found(Some(&whose.client), |service| whose.keys(service)).await?;
    let runtime = Runtime::new(call, &desk);
    let (client, subject, _, _) = whose.known(&runtime, found).await?;
    let subject = subject.ok_or_else(no_subject("A187280"))?;
    grant::forget_scopes(&runtime.context(), &client, &subject).await?;
    let text = ("A187081", "The scopes that the user has granted the client are forgotten.");
    Ok(Response::json(200, known(&desk.service, &client, &subject, text)))
}
