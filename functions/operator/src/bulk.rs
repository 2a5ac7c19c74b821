//! `POST /operator/{serviceId}/bulk`: the same is done to many clients, or only looked at.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use shared::App;
use shared::administration;
use shared::http::{RESOLVING_DEADLINE, Request, Response};
use shared::metadata::Invalid;
use shared::registry::Context;
use shared::resolution;
use shared::store::Named;

use crate::action::{self, Action, Outcome};
use crate::door::{self, Fault, WRITE_CLIENTS, endpoint};
use crate::query::{Members, Query, empty, required, unknown_word};
use crate::shown;

/// How many clients one request names.
pub const MOST_CLIENTS: usize = 100;

/// The outcome where there is no such client.
const ABSENT: &str = "absent";

endpoint!(bulk, "operator-bulk", [Post], ["/operator/{serviceId}/bulk"], RESOLVING_DEADLINE);

async fn bulk(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, WRITE_CLIENTS).await?;
    Query::of(request, &[])?;
    let order = door::body(request)?;
    let (context, base_url) = (door::context(app, &desk, request), app.base_url(&desk.service, request));
    let results = results(&context, &base_url, order).await?.into_iter().map(Value::Object).collect();
    Ok(Response::json(200, Map::from_iter([("results".to_owned(), results)])))
}

/// What becomes of each of the clients that an order names, which is the body of a request.
///
/// # Errors
/// That it is no order; [`Fault::Core`] with what ends it for all of them.
pub async fn results(
    context: &Context<'_>,
    base_url: &str,
    order: Map<String, Value>,
) -> Result<Vec<Map<String, Value>>, Fault> {
    let order = Order::of(Members(order))?;
    let (mut results, mut seen) = (Vec::new(), Seen::default());
    for one in &order.clients {
        if let Some(found) = seen.unseen(context, &one.client_id).await? {
            let result = done(context, base_url, &order, one, found).await?;
            if result.get("outcome").is_some_and(|outcome| outcome != ABSENT) {
                seen.clients.insert(context.service.numeric_id(&one.client_id));
            }
            results.push(result);
        }
    }
    Ok(results)
}

/// What is asked.
struct Order {
    action: Action,
    clients: Vec<One>,
    /// Whether it is only looked at.
    preview: bool,
}

/// One of the clients.
struct One {
    client_id: String,
    /// The only version to which it may be done.
    version: Option<u64>,
}

impl Order {
    fn of(mut asked: Members) -> Result<Self, Fault> {
        let name = required("action", asked.text("action")?)?;
        let action = Action::of_many().find(|action| action.name() == name);
        let action = action.ok_or_else(|| unknown_word("action", &name))?;
        let values = required("clients", asked.array("clients")?)?;
        if values.is_empty() {
            return Err(empty("clients"));
        }
        if values.len() > MOST_CLIENTS {
            let member = "clients".to_owned();
            return Err(Fault::of_request(&Invalid::TooLong { member, limit: MOST_CLIENTS, unit: "values" }));
        }
        let preview = asked.flag("preview")?;
        let action = match (action, asked.number("unused")?) {
            (Action::Delete { for_good, .. }, unused) => Action::Delete { for_good, unused },
            (_, Some(_)) => return Err(Fault::Request("unused is a member of the action delete".into())),
            (action, None) => action,
        };
        asked.end()?;
        let one = |(at, value)| One::of(value).map_err(|fault: Fault| fault.within(&format!("clients[{at}]")));
        let clients = values.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
        Ok(Self { action, clients, preview })
    }
}

impl One {
    fn of(value: Value) -> Result<Self, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::Request("must be an object".into()));
        };
        let mut members = Members(members);
        let client_id = required("client_id", members.identifier("client_id")?)?;
        let version = members.number("version")?;
        members.end()?;
        Ok(Self { client_id, version })
    }
}

/// Whom a request has named so far.
#[derive(Default)]
struct Seen<'o> {
    /// By what names.
    names: BTreeSet<&'o str>,
    /// Those that were there, by the numbers of all their names.
    clients: BTreeSet<u64>,
}

impl<'o> Seen<'o> {
    /// What the service has under a name, unless that client was named before, be it otherwise.
    async fn unseen(&mut self, context: &Context<'_>, name: &'o str) -> Result<Option<Named>, Fault> {
        let number = |name: &str| context.service.numeric_id(name);
        if !self.names.insert(name) || self.clients.contains(&number(name)) {
            return Ok(None);
        }
        let found = context.app.store.client_and(context.service, name, Vec::new()).await?.named;
        if let Some(client) = &found.client {
            if !self.clients.insert(client.numeric_id) {
                return Ok(None);
            }
            // It may be deleted by the time its alias comes.
            self.clients.extend(client.record.settings.alias.as_deref().map(number));
        }
        Ok(Some(found))
    }
}

/// What has become of one; what is refused for one stops none of the others.
async fn done(
    context: &Context<'_>,
    base_url: &str,
    order: &Order,
    one: &One,
    found: Named,
) -> Result<Map<String, Value>, Fault> {
    let mut result = Map::from_iter([("client_id".to_owned(), one.client_id.as_str().into())]);
    if let Some(client) = &found.client {
        result.extend(shown::name(client).map(|name| ("client_name".to_owned(), name)));
        result.insert("version".to_owned(), client.version.into());
    }
    let outcome = if order.preview {
        looked_at(context, base_url, order, one, found).await.map(|()| "possible")
    } else {
        let performed = action::perform(context, base_url, &one.client_id, found, &order.action, one.version);
        Box::pin(performed).await.map(|outcome| {
            if let Outcome::Changed(client) = outcome {
                result.insert("version".to_owned(), client.version.into());
            }
            "done"
        })
    };
    let told = match outcome {
        Ok(told) => told,
        Err(Fault::Core(error)) if error.status() >= 500 => return Err(error.into()),
        Err(Fault::Core(shared::Error::UnknownClient)) => ABSENT,
        Err(fault) => {
            let (_, _, text) = fault.told();
            result.insert("error_description".to_owned(), text.into());
            if matches!(fault, Fault::Changed) { "changed" } else { "refused" }
        }
    };
    result.insert("outcome".to_owned(), told.into());
    Ok(result)
}

/// Whether it could be done.
async fn looked_at(context: &Context<'_>, base_url: &str, order: &Order, one: &One, found: Named) -> Result<(), Fault> {
    let is_absent = found.client.is_none() && found.document.is_none();
    match order.action {
        // What is deleted is looked for where the action would find it.
        Action::Restore if is_absent => {
            let restored = administration::restored(context, &one.client_id, one.version).await;
            return restored.map(|_| ()).map_err(|fault| action::of_restoring(fault, one.version));
        }
        Action::Unlock if is_absent && one.version.is_none() => {
            let (service, number) = (context.service, context.service.numeric_id(&one.client_id));
            let is_locked = context.app.store.is_deleted_locked(service.id, &one.client_id, number).await?;
            return if is_locked { Ok(()) } else { Err(shared::Error::UnknownClient.into()) };
        }
        _ => {}
    }
    let client = resolution::known(context, base_url, &one.client_id, found).await?;
    if one.version.is_some_and(|version| version != client.version) {
        return Err(Fault::Changed);
    }
    order.action.fits(&client)?;
    match order.action {
        Action::Delete { unused: Some(unused), .. } => {
            let since = context.app.clock.now().saturating_sub(unused);
            let kept = administration::kept_unused(&context.app.store, &client, since).await?;
            kept.map_or(Ok(()), |kept| Err(Fault::Conflict(kept.as_str())))
        }
        Action::Delete { .. } | Action::Deny => Ok(administration::may_go(&client)?),
        _ => Ok(()),
    }
}
