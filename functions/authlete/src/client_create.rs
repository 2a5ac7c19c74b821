//! `POST /api/{serviceId}/client/create`: an operator makes a client.

use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::{App, administration};

use crate::body;
use crate::client_object::{self, View, client};
use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    door::endpoint("authlete-client-create", &["/api/{serviceId}/client/create"], &[Method::Post], |app, request| {
        Box::pin(handle(app, request))
    });

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(create(&call).await)
}

/// Answers 200: the SDK on npm takes a 201 for an error.
async fn create(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ClientWrite]).await?;
    let sent = body::json(call.request)?;
    let draft = client_object::draft(&sent, None, desk.service.policy())?;
    let information = administration::create(&desk.context(call), draft).await?;
    Ok(Response::json(200, client(&information, View::Full)))
}
