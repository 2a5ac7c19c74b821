//! `GET /api/{serviceId}/client/get/list`: lists clients, oldest first.

use shared::http::Response;

use crate::client_answer;
use crate::client_object::View;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::range;

endpoint!(list, "authlete-client-list", [Get], ["/api/{serviceId}/client/get/list"]);

/// How many clients a page may have.
const MAX_LENGTH: u16 = 1000;

async fn list(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[]).await?;
    let range = range::of(call.request, MAX_LENGTH)?;
    let developer = call.request.query_parameter("developer").filter(|developer| !developer.is_empty());
    let page = call.app.store.client_page(desk.service.id, developer.as_deref(), range.start, range.end).await?;
    let (view, context) = (View::of(&desk.operator), desk.context(call));
    let mut clients = Vec::with_capacity(page.clients.len());
    for found in page.clients {
        clients.push(client_answer::answer(&context, found, view).await?.into());
    }
    let mut members = range.answer(page.total, "clients", clients)?;
    if let Some(developer) = developer {
        members.insert("developer".to_owned(), developer.into());
    }
    Ok(Response::json(200, members))
}
