//! `GET /api/service/get/list`: the services of a token, oldest first.

use shared::caller::Reach;
use shared::http::Response;

use crate::door::{Call, endpoint, is_open};
use crate::error::Error;
use crate::range::{self, Listing};
use crate::service::answer;
use crate::service::object::View;

endpoint!(list, "authlete-service-list", [Get], ["/api/service/get/list"]);

/// How many services a page may have: the clients of each are counted.
const MAX_LENGTH: u16 = 100;

async fn list(call: &Call<'_>) -> Result<Response, Error> {
    let operator = call.operator().await?;
    let range = range::of(call.request, MAX_LENGTH)?;
    let (store, view) = (&call.app.store, View::of(&operator));
    let mut listing = Listing::new("services");
    let total = match &operator.reach {
        Reach::Organization(organization) => {
            let mut page = store.service_page(organization, range.start, range.end).await?;
            while let Some(few) = page.next_few().await? {
                for service in &few {
                    listing.push(answer::answer(call.app, call.request, service, view).await?)?;
                }
            }
            page.total
        }
        // A service's token lists its own service.
        Reach::Service(id) => match store.service(*id).await?.filter(is_open) {
            Some(own) => {
                if range.start == 0 && range.end > 0 {
                    listing.push(answer::answer(call.app, call.request, &own, view).await?)?;
                }
                1
            }
            None => 0,
        },
    };
    Ok(listing.answer(range.members(total)))
}
