//! `POST /api/{serviceId}/client/update/{clientId}`: an operator replaces a client.

use shared::http::Response;

use crate::body;
use crate::client::object::{self, View, client};
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(update, "authlete-client-update", [Post], ["/api/{serviceId}/client/update/{clientId+}"]);

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client_to_change().await?;
    let sent = body::json_or_form(call.request, object::shape)?;
    body::must_say_something(&sent, "Client", object::written)?;
    let service = &desk.service;
    let draft = |current: &_| {
        let draft = object::draft(&sent, Some(current), service.policy())?;
        object::permitted(service, &draft, Some(current))?;
        Ok(draft)
    };
    let information = found.replaced(&desk.context(call), draft).await?;
    Ok(Response::json(200, client(&information, View::Full)))
}
