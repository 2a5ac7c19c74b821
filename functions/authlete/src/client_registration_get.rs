//! `POST /api/{serviceId}/client/registration/get`: reads a registration with its token (RFC 7592 §2.1).

use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::{App, registry};

use crate::body;
use crate::door::{self, Call};
use crate::error::Error;
use crate::registration::{self, Named, Operation};

const OPERATION: Operation = Operation { family: "217", authorized_by_token: true };

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-client-registration-get",
    &["/api/{serviceId}/client/registration/get"],
    &[Method::Post],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(get(&call).await)
}

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let body = body::json(call.request);
    let client_id = body.as_ref().ok().and_then(|body| body.get("clientId")?.as_str()).unwrap_or_default();
    let (desk, found) = call.desk_and_client(&[Permission::UseService], client_id).await?;
    let body = body?;
    let Named { client_id, token } = Named::read(&body)?;
    let outcome = match token {
        Ok(token) => registry::read(&desk.context(call), found.clone(), client_id, token).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(information) => {
            let information = registration::with_uri(call, &desk, information);
            Ok(registration::succeeded(
                "A217001",
                "The client information has been returned.",
                "OK",
                Some(&information),
            ))
        }
        Err(error) => registration::refused(&OPERATION, &desk.service, registration::locked(error, found.as_ref())?),
    }
}
