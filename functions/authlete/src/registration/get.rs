//! `POST /api/{serviceId}/client/registration/get`: reads a registration with its token (RFC 7592 §2.1).

use shared::caller::{Owner, Permission};
use shared::http::Response;
use shared::registry::{self, OWN_TOKEN};

use crate::body;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::registration::{self, Named, Operation};

const OPERATION: Operation = Operation { family: "217", authorized_by_token: true };

endpoint!(get, "authlete-client-registration-get", [Post], ["/api/{serviceId}/client/registration/get"]);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let body = body::json(call.request);
    let (desk, known) = call.desk_and_client(&[Permission::UseService], registration::client_id(&body)).await?;
    let found = known.client;
    let body = body?;
    let Named { client_id, token } = Named::read(&body)?;
    let context = desk.context(call);
    let outcome = match token {
        Ok(token) => registry::read(&context, found.clone(), client_id, &Owner::Token(token)).await,
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
        Err(error) => {
            registry::turned_away(&context, registry::Operation::Read, OWN_TOKEN, &error, &[]).await;
            registration::refused(&OPERATION, &desk.service, registration::locked(error, found.as_ref())?)
        }
    }
}
