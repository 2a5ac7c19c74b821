//! `GET` or `POST /api/{serviceId}/client/authorization/get/list`: the clients that a user has let have something.

use ::authorization::{grant, management};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::Response;
use shared::metadata::Invalid;

use crate::client::object::{View, client};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::range::Range;
use crate::runtime::Runtime;
use crate::runtime::members::Members;
use crate::runtime::whose::no_subject;

endpoint!(
    list,
    "authlete-client-authorization-list",
    [Get, Post],
    ["/api/{serviceId}/client/authorization/get/list", "/api/{serviceId}/client/authorization/get/list/{subject+}"]
);

/// How many clients a page has if the request does not say.
const USUAL: u64 = 5;

/// The longest page.
const LONGEST: u64 = 1000;

async fn list(call: &Call<'_>) -> Result<Response, Error> {
    let request = call.request;
    let (body, readable) = if request.body.is_empty() { (Members::none(), Ok(())) } else { Members::read(request) };
    let (desk, _) = call.desk_and_found(None, |_| Vec::new()).await?;
    readable?;
    let in_path = request.path_parameter("subject").filter(|subject| !subject.is_empty()).map(str::to_owned);
    let text = |name: &str| -> Result<Option<String>, Error> {
        let asked = request.query_parameter(name).filter(|text| !text.is_empty());
        Ok(asked.or(body.named(name)?.map(str::to_owned)))
    };
    let told = text("subject")?;
    let whole = told.as_deref().map(|subject| subject.split('?').next().unwrap_or_default());
    if in_path.is_some() && told.is_some() && in_path.as_deref() != whole {
        return Err(Error::Body(Invalid::syntax("subject", "the same in the path and in the query")));
    }
    let subject = told.or(in_path).ok_or_else(no_subject("A139280"))?;
    let developer = text("developer")?;
    let number = |name: &str| -> Result<Option<u64>, Error> {
        match request.query_parameter(name).filter(|text| !text.is_empty()) {
            Some(text) => text.parse().map(Some).map_err(|_| wrong(name)),
            None => body.number(name),
        }
    };
    let start = number("start")?.unwrap_or_default();
    let end = number("end")?.filter(|end| *end > 0).unwrap_or(start.saturating_add(USUAL));
    if end < start || end - start > LONGEST {
        return Err(wrong("end"));
    }
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let mut clients: Vec<RegisteredClient> = Vec::new();
    for grant in management::grants_of_subject(&context, &subject).await? {
        let living = grant::living(&context, &grant).await?;
        let now = context.now_millis();
        let live: Vec<_> = living.into_iter().filter(|authorization| authorization.is_live(now)).collect();
        if live.is_empty() {
            continue;
        }
        let number = grant.client.to_string();
        let named = context.app.store.client_and(&desk.service, &number, Vec::new()).await?.named;
        let Some(client) = runtime.kept_client(&number, named).await? else { continue };
        let is_developers = developer.as_ref().is_none_or(|developer| client.developer() == developer.as_str());
        if is_developers && live.iter().any(|authorization| authorization.works_for(context.service, Some(&client))) {
            clients.push(client);
        }
    }
    let total = u64::try_from(clients.len()).unwrap_or(u64::MAX);
    let (skip, take) =
        (usize::try_from(start).unwrap_or(usize::MAX), usize::try_from(end - start).unwrap_or(usize::MAX));
    let page: Vec<Value> = clients.into_iter().skip(skip).take(take).map(|found| limited(found).into()).collect();
    let mut members = Range { start, end }.members(total);
    members.insert("subject".to_owned(), subject.into());
    if let Some(developer) = developer {
        members.insert("developer".to_owned(), developer.into());
    }
    members.insert("clients".to_owned(), page.into());
    Ok(Response::json(200, members))
}

/// A client without what only it may know.
fn limited(found: RegisteredClient) -> Map<String, Value> {
    client(&shared::administration::closed(found), View::WithoutSecret)
}

fn wrong(name: &str) -> Error {
    Error::Body(Invalid::syntax(name, "a page of at most 1000 clients, counted from 0"))
}
