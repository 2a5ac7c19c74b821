//! `POST /api/{serviceId}/client/authorization/update/{clientId}`: changes the scopes of all that a user has let a client
//! have.

use ::authorization::grant;
use ::authorization::management::{self, Change};
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::{Error, result};
use crate::runtime::Runtime;
use crate::runtime::whose::{Whose, no_subject};

endpoint!(
    update,
    "authlete-client-authorization-update",
    [Post],
    ["/api/{serviceId}/client/authorization/update/{clientId+}"]
);

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let whose = Whose::read(call);
    let (desk, found) = call.desk_and_found(Some(&whose.client), |service| whose.keys(service)).await?;
    let runtime = Runtime::new(call, &desk);
    let (client, subject, found, body) = whose.known(&runtime, found).await?;
    subject.ok_or_else(no_subject("A138280"))?;
    let context = runtime.context();
    let change = Change { scopes: body.texts("scopes")?, ..Change::default() };
    let living = match &found {
        Some(grant) => grant::living(&context, grant).await?,
        None => Vec::new(),
    };
    let (now, mut count) = (context.now_millis(), 0);
    for authorization in living.into_iter().filter(|authorization| authorization.is_live(now)) {
        let works = authorization.works_for(context.service, Some(&client));
        if works && management::update(&context, &client, authorization, &change).await?.is_some() {
            count += 1;
        }
    }
    let text = format!(
        "Updated {count} access token(s) issued to the client (ID = {}) of the service (API Key = {}).",
        client.numeric_id, desk.service.id
    );
    Ok(Response::json(200, result("A138001", &text)))
}
