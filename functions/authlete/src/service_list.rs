//! `GET /api/service/get/list`: the services of a token, oldest first.

use shared::Error as Core;
use shared::caller::{Operator, Reach};
use shared::http::Response;
use shared::service::Service;

use crate::door::{Call, endpoint, is_open};
use crate::error::Error;
use crate::range::{self, Range};
use crate::service_answer;
use crate::service_object::View;

endpoint!(list, "authlete-service-list", [Get], ["/api/service/get/list"]);

/// How many services a page may have: the clients of each are counted.
const MAX_LENGTH: u16 = 100;

async fn list(call: &Call<'_>) -> Result<Response, Error> {
    let operator = call.operator().await?;
    let range = range::of(call.request, MAX_LENGTH)?;
    let (services, total) = services(call, &operator, &range).await?;
    let view = View::of(&operator);
    let mut shown = Vec::with_capacity(services.len());
    for service in &services {
        shown.push(service_answer::answer(call.app, call.request, service, view).await?.into());
    }
    Ok(Response::json(200, range.answer(total, "services", shown)?))
}

/// A service's token lists its own service.
async fn services(call: &Call<'_>, operator: &Operator, range: &Range) -> Result<(Vec<Service>, u64), Core> {
    let store = &call.app.store;
    match &operator.reach {
        Reach::Organization(organization) => store.service_page(organization, range.start, range.end).await,
        Reach::Service(id) => {
            let own: Vec<Service> = store.service(*id).await?.into_iter().filter(is_open).collect();
            let total = u64::try_from(own.len()).unwrap_or_default();
            Ok((if range.start == 0 && range.end > 0 { own } else { Vec::new() }, total))
        }
    }
}
