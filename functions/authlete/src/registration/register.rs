//! `POST /api/{serviceId}/client/registration`: registers a client for an authorization server (RFC 7591).

use shared::caller::{self, Permission};
use shared::client::{ClientInformation, Source};
use shared::http::Response;
use shared::metadata::{Invalid, Submitted};
use shared::{Error as Core, registry};

use crate::body;
use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::registration::{self, Operation};

const OPERATION: Operation = Operation { family: "202", authorized_by_token: false };

endpoint!(register, "authlete-client-registration", [Post], ["/api/{serviceId}/client/registration"]);

async fn register(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::UseService]).await?;
    let body = body::json(call.request)?;
    let token = body::text(&body, "token")?.filter(|token| !token.is_empty());
    let text = body::text(&body, "json")?.unwrap_or_default();
    match register_at(call, &desk, token, text, registration::document(&body)?).await {
        Ok(information) => {
            let information = registration::with_uri(call, &desk, information);
            let text = format!("The client was created with id {}.", information.client.client_id);
            Ok(registration::succeeded("A202001", &text, "CREATED", Some(&information)))
        }
        Err(error) => registration::refused(&OPERATION, &desk.service, error),
    }
}

async fn register_at(
    call: &Call<'_>,
    desk: &Desk,
    token: Option<&str>,
    text: &str,
    document: Result<Submitted, Invalid>,
) -> Result<ClientInformation, Core> {
    // An authorization server passes a token on in the body: a missing one is as good as a wrong one.
    let registrant = match caller::registrant(call.app, &desk.service, token).await {
        Err(Core::MissingToken) => Err(Core::InvalidToken),
        found => found,
    };
    let read = match (registrant, document) {
        (Err(error), _) => Err(("registration", error)),
        (_, Err(fault)) => Err(("as sent", fault.into())),
        (Ok(registrant), Ok(document)) => Ok((registrant, document)),
    };
    let context = desk.context(call);
    match read {
        Ok((registrant, document)) => {
            registry::register(&context, Source::AuthleteRegistration, &registrant, &document).await
        }
        Err((rule, error)) => {
            registry::turned_away(&context, registry::Operation::Register, rule, &error, text.as_bytes()).await;
            Err(error)
        }
    }
}
