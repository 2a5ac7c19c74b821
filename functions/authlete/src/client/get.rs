//! `GET /api/{serviceId}/client/get/{clientId}`: shows a client to an operator. A relying party that is known by its
//! entity identifier only is registered on the way, where the service does that (OpenID Federation §12.1), and a client that
//! names itself by a URL is read from the metadata document there.

use shared::caller::Permission;
use shared::http::Response;
use shared::metadata_document::Wanted;
use shared::resolution;

use crate::client::answer;
use crate::client::object::View;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(
    get,
    "authlete-client-get",
    [Get],
    ["/api/{serviceId}/client/get/{clientId+}"],
    shared::http::RESOLVING_DEADLINE
);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, named, identifier) = call.desk_and_named(&[]).await?;
    let view = View::of(&desk.operator);
    let context = desk.resolving_context(call);
    let may_fetch = desk.operator.may(&[Permission::UseService]);
    let wanted = Wanted { may_fetch, ..Wanted::default() };
    let base_url = call.app.base_url(&desk.service, call.request);
    let found = resolution::resolve(&context, &base_url, identifier, named, wanted).await;
    let found = found.map_err(Error::unresolved)?;
    Ok(Response::json(200, answer::answer(&context, found, view).await?))
}
