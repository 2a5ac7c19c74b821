//! `POST /api/{serviceId}/client/create`: an operator makes a client.

use shared::administration;
use shared::caller::Permission;
use shared::http::Response;

use crate::body;
use crate::client::object::{self, View, client};
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(create, "authlete-client-create", [Post], ["/api/{serviceId}/client/create"]);

/// Answers 200: the SDK on npm takes a 201 for an error.
async fn create(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ClientWrite]).await?;
    let sent = body::json(call.request)?;
    let draft = object::draft(&sent, None, desk.service.policy())?;
    object::permitted(&desk.service, &draft, None)?;
    let information = administration::create(&desk.context(call), draft).await?;
    Ok(Response::json(200, client(&information, View::Full)))
}
