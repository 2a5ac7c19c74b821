//! `POST /api/{serviceId}/auth/token/revoke`: an operator ends a token, or all of a client's, of a user's, or of a user at a
//! client.

use ::authorization::management::{self, Status};
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
        (Some(clue), ..) => match management::of_clue(&context, clue, &found).await? {
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
                count += end_all(&context, &grant).await?;
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
    let client = desk.to_change(call, named, identifier).await?;
    let number = client.numeric_id;
    if let Some(subject) = subject {
        let item = context.app.store.get(grant::key(context, number, subject)).await?;
        return match item {
            Some(item) => end_all(context, &grant::read(&item)).await,
            None => Ok(0),
        };
    }
    let page = management::by_client(context, number, Status::Valid, (0, 0)).await?;
    context.app.store.end_tokens(desk.service.id, number, &call.origin(&desk.operator)).await?;
    Ok(page.total)
}

/// Ends what a user has let a client have, codes included. Answers how many had tokens.
pub(crate) async fn end_all(context: &Context<'_>, grant: &grant::Grant) -> Result<usize, Error> {
    let living = grant::living(context, grant).await?;
    let now = context.now_millis();
    let count = living.iter().filter(|authorization| authorization.is_live(now)).count();
    for authorization in living {
        store::revoke(context, authorization).await?;
    }
    Ok(count)
}
