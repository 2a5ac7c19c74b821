//! `POST /api/{serviceId}/client/registration/update`: replaces a registration with its token (RFC 7592 §2.2).

use shared::Error as Core;
use shared::caller::{Owner, Permission};
use shared::client::{ClientInformation, RegisteredClient};
use shared::credentials::Token;
use shared::http::Response;
use shared::metadata::{Invalid, Submitted};
use shared::registry::{self, OWN_TOKEN};

use crate::body;
use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::registration::{self, Named, Operation};

const OPERATION: Operation = Operation { family: "213", authorized_by_token: true };

endpoint!(update, "authlete-client-registration-update", [Post], ["/api/{serviceId}/client/registration/update"]);

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let body = body::json(call.request);
    let (desk, known) = call.desk_and_client(&[Permission::UseService], registration::client_id(&body)).await?;
    let found = known.client;
    let body = body?;
    let Named { client_id, token } = Named::read(&body)?;
    let text = body::text(&body, "json")?.unwrap_or_default();
    let document = registration::document(&body)?;
    match update_at(call, &desk, found.clone(), (client_id, token), (text, document)).await {
        Ok(information) => {
            let information = registration::with_uri(call, &desk, information);
            Ok(registration::succeeded("A213001", "The client has been updated.", "UPDATED", Some(&information)))
        }
        Err(error) => registration::refused(&OPERATION, &desk.service, registration::locked(error, found.as_ref())?),
    }
}

async fn update_at(
    call: &Call<'_>,
    desk: &Desk,
    found: Option<RegisteredClient>,
    (client_id, token): (&str, Result<Token, Core>),
    (text, document): (&str, Result<Submitted, Invalid>),
) -> Result<ClientInformation, Core> {
    let context = desk.context(call);
    let owner = match token {
        Ok(token) => Owner::Token(token),
        Err(error) => {
            registry::turned_away(&context, registry::Operation::Update, OWN_TOKEN, &error, text.as_bytes()).await;
            return Err(error);
        }
    };
    match document {
        // Authlete's own servers send back all that they were answered.
        Ok(mut submitted) => {
            submitted.server_set.forbidden.clear();
            registry::update(&context, found, client_id, &owner, &submitted).await
        }
        Err(fault) => Err(registry::unreadable(&context, found, client_id, &owner, (fault, text.as_bytes())).await),
    }
}
