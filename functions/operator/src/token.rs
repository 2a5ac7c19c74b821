//! `DELETE /operator/{serviceId}/tokens/{token}`: a token ends.

use shared::App;
use shared::credentials::TokenHash;
use shared::http::{DEADLINE, Request, Response};

use crate::door::{self, Fault, WRITE_SERVICE, endpoint};
use crate::query::{Query, has_no_body};

endpoint!(revoke, "operator-token", [Delete], ["/operator/{serviceId}/tokens/{token}"], DEADLINE);

/// Ends a token of the service, at once; it may be the one that asks.
async fn revoke(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, WRITE_SERVICE).await?;
    Query::of(request, &[])?;
    has_no_body(request, "it has no")?;
    let absent = || Fault::Absent("this service has no such token");
    let hash = request.path_parameter("token").and_then(TokenHash::parse).ok_or_else(absent)?;
    let record = app.store.service_token(&hash).await?;
    let record = record.filter(|record| record.service_id == Some(desk.service.id)).ok_or_else(absent)?;
    app.store.revoke_token(&record, &door::origin(&desk, request)).await?;
    Ok(Response::empty(204))
}
