//! `GET /api/{serviceId}/client/get/list`: lists clients, oldest first.

use shared::http::Response;

use crate::client::answer;
use crate::client::object::View;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::range::{self, Listing};

endpoint!(list, "authlete-client-list", [Get], ["/api/{serviceId}/client/get/list"]);

/// How many clients a page may have.
const MAX_LENGTH: u16 = 1000;

async fn list(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[]).await?;
    let range = range::of(call.request, MAX_LENGTH)?;
    let developer = call.request.query_parameter("developer").filter(|developer| !developer.is_empty());
    let mut page = call.app.store.client_page(desk.service.id, developer.as_deref(), range.start, range.end).await?;
    let (view, context) = (View::of(&desk.operator), desk.context(call));
    let mut listing = Listing::new("clients");
    while let Some(few) = page.next_few().await? {
        for found in few {
            listing.push(answer::answer(&context, found, view).await?)?;
        }
    }
    let mut members = range.members(page.total);
    if let Some(developer) = developer {
        members.insert("developer".to_owned(), developer.into());
    }
    Ok(listing.answer(members))
}
