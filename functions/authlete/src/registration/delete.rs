//! `POST /api/{serviceId}/client/registration/delete`: ends a registration with its token (RFC 7592 §2.3).

use shared::caller::{Owner, Permission};
use shared::http::Response;
use shared::registry::{self, OWN_TOKEN};

use crate::body;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::registration::{self, Named, Operation};

const OPERATION: Operation = Operation { family: "216", authorized_by_token: true };

endpoint!(delete, "authlete-client-registration-delete", [Post], ["/api/{serviceId}/client/registration/delete"]);

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::UseService]).await?;
    let body = body::json(call.request)?;
    let Named { client_id, token } = Named::read(&body)?;
    let context = desk.context(call);
    let outcome = match token {
        Ok(token) => registry::delete(&context, client_id, &Owner::Token(token)).await,
        Err(error) => {
            registry::turned_away(&context, registry::Operation::Delete, OWN_TOKEN, &error, &[]).await;
            Err(error)
        }
    };
    match outcome {
        Ok(()) => Ok(registration::succeeded("A216001", "The client has been deleted.", "DELETED", None)),
        Err(shared::Error::ClientLocked) => Err(Error::ClientLocked(desk.service.numeric_id(client_id))),
        Err(error) => registration::refused(&OPERATION, &desk.service, error),
    }
}
