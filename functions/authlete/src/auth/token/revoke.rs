//! `POST /api/{serviceId}/auth/token/revoke`: an operator ends a token, or all of a client's, of a user's, or of a user at a
//! client.

use ::authorization::management::{self, end_tokens};
use ::authorization::{Context, grant, store};
use shared::http::Response;
use shared::service::Service;

use super::clue_keys;
use crate::door::{Call, Desk, endpoint};
use crate::error::{Error, result};
use crate::runtime::Runtime;
use crate::runtime::members::Members;
use shared::store::Named;

endpoint!(revoke, "authlete-token-revoke", [Post], ["/api/{serviceId}/auth/token/revoke"]);

async fn revoke(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let text = |name: &str| body.named(name).ok().flatten();
    let clue = text("accessTokenIdentifier").or_else(|| text("refreshTokenIdentifier"));
    let identifier = body.identifier("clientIdentifier").ok().flatten();
    let (desk, found) =
        call.desk_and_found(identifier.as_deref(), |service: &Service| clue_keys(service, clue)).await?;
    readable?;
    for name in ["accessTokenIdentifier", "refreshTokenIdentifier"] {
        body.named(name)?;
    }
    body.identifier("clientIdentifier")?;
    let subject = body.named("subject")?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let count = match (clue, &identifier, subject) {
        (Some(clue), ..) => match management::of_clue_to_end(&context, clue, &found).await? {
            Some(known) => {
                store::revoke(&context, known.authorization).await?;
                1
            }
            None => 0,
        },
        (None, Some(identifier), subject) => of_client(call, &desk, &context, identifier, found.named, subject).await?,
        (None, None, Some(subject)) => {
            let mut count = 0;
            for grant in management::grants_of_subject(&context, subject).await? {
                count += end_tokens(&context, &grant).await?;
            }
            count
        }
        (None, None, None) => return Err(Error::Unnamed("A312280", "which token, client or user it is about")),
    };
    let mut members = result("A312001", &format!("Revoked {count} access token(s)."));
    members.insert("count".to_owned(), count.into());
    Ok(Response::json(200, members))
}

async fn of_client(
    call: &Call<'_>,
    desk: &Desk,
    context: &Context<'_>,
    identifier: &str,
    named: Named,
    subject: Option<&str>,
) -> Result<usize, Error> {
    let Some(subject) = subject else {
        // That all of it has ended is said by the client.
        let client = desk.to_change(call, named, identifier).await?;
        return Ok(management::end_all_of_client(context, client.numeric_id).await?);
    };
    let number = desk.known(call, named, identifier).await?.numeric_id;
    match context.app.store.get(grant::key(context, number, subject)).await? {
        Some(item) => Ok(end_tokens(context, &grant::read(&item)).await?),
        None => Ok(0),
    }
}
