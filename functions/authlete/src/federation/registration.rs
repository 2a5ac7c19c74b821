//! `POST /api/{serviceId}/federation/registration`: registers a relying party for an authorization server (OpenID
//! Federation §12.2).

use serde_json::Value;
use shared::caller::Permission;
use shared::federation::{self, Error as Fault, Registered, Request};
use shared::http::Response;

use crate::body;
use crate::client::object::{View, client};
use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::federation::{refused, succeeded};
use crate::shape::Shape;

const FAMILY: &str = "317";

endpoint!(
    register,
    "authlete-federation-registration",
    [Post],
    ["/api/{serviceId}/federation/registration"],
    shared::http::RESOLVING_DEADLINE
);

async fn register(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::UseService]).await?;
    let body = body::json_or_form(call.request, |_| Shape::Text)?;
    let present = |name: &str| Ok::<_, Error>(body::text(&body, name)?.filter(|text| !text.is_empty()));
    let request = match (present("entityConfiguration")?, present("trustChain")?) {
        (Some(configuration), None) => Ok(Request::EntityConfiguration(configuration)),
        (None, Some(chain)) => Ok(Request::TrustChain(chain)),
        (None, None) | (Some(_), Some(_)) => Err(Fault::NeitherOrBoth),
    };
    Ok(match register_at(call, &desk, request).await {
        Ok(Registered { information, response }) => {
            let text = format!("The relying party was registered with the client id {}.", information.client.client_id);
            let client = Value::Object(client(&information, View::Full));
            succeeded("A317001", &text, response, [("client".to_owned(), client)].into_iter().collect())
        }
        Err(fault) => refused(FAMILY, &fault),
    })
}

async fn register_at(call: &Call<'_>, desk: &Desk, request: Result<Request<'_>, Fault>) -> Result<Registered, Fault> {
    let base_url = call.app.base_url(&desk.service, call.request);
    federation::register(&desk.resolving_context(call), &base_url, request).await
}
