//! What every operation of a kind answers alike: without a token, with one of another service, with one that asks too often;
//! to a service that is none, to a parameter that nobody knows; and where the table fails.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::fetch::FetchSettings;
use shared::http::{Endpoint, Method};
use shared::policy::Preset;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::stet::authority::Authority;
use crate::stet::institution::{ACME, Institution, OTHER, REGISTER, TOKEN};
use crate::stet::settings;
use crate::support::{World, table};

/// An endpoint, one of its paths, one of its methods.
type Operation = (&'static Endpoint, &'static str, Method);

/// Every method of every path of the endpoints that are described.
fn operations() -> impl Iterator<Item = Operation> {
    let endpoints = registrar::endpoints().filter(|endpoint| !openapi::UNDESCRIBED.contains(&endpoint.function));
    endpoints.flat_map(|endpoint| {
        let methods = move |path: &'static str| endpoint.methods.iter().map(move |method| (endpoint, path, *method));
        endpoint.paths.iter().copied().flat_map(methods)
    })
}

/// Asks all of it, of the operations that the document describes.
pub(super) async fn all(document: &Value) {
    tokens(document).await;
    institutions().await;
    bad_days(document).await;
}

/// Tokens and what is wrong beside them.
async fn tokens(document: &Value) {
    let world = World::open().await;
    world.service(2, Preset::Open.policy()).await;
    let token = world.service_token(1, &Permission::ALL).await;
    for (_, path, method) in operations() {
        ask(&world, method, path, None, None).await;
        ask(&world, method, &path.replace("{serviceId}", "x"), None, None).await;
        if described(document, path, method)["security"] != json!([{ "operator": [] }]) {
            continue;
        }
        for (path, body) in [
            (path.replace("{serviceId}", "2"), None),
            (path.replace("{serviceId}", "x"), None),
            (path.replace("{clientId", "a%23b{clientId"), None),
            (format!("{path}?nothing=1"), None),
            (path.to_owned(), Some("{")),
            (path.to_owned(), Some("{}")),
        ] {
            world.clock.advance(30);
            ask(&world, method, &path, Some(&token), body).await;
        }
    }
    // The token has asked for more than it may.
    while world.send_bare("GET", "/operator/whoami", Some(&token)).await.status == 200 {}
    for (_, path, method) in operations() {
        ask(&world, method, path, Some(&token), None).await;
    }
}

/// What is wrong at the STET door, whatever an institution wants.
async fn institutions() {
    let authority = Authority::new();
    let mut switched_off = settings(&authority);
    let world = World::for_stet(FetchSettings::default(), switched_off.clone()).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let all = || {
        let own = ["GET", "PUT", "DELETE"].map(|method| acme.unsigned(method, &acme.path()));
        [TOKEN, REGISTER].map(|path| acme.unsigned("POST", path)).into_iter().chain(own)
    };
    for request in all() {
        for wrong in [request.clone().without("x-request-id"), request.clone().with("accept", "text/html")] {
            acme.send(&wrong).await;
        }
        acme.send_over(None, &request).await;
    }
    for method in ["GET", "PUT", "DELETE"] {
        acme.send(&acme.unsigned(method, &format!("{REGISTER}/{OTHER}"))).await;
    }
    switched_off["switched_off"] = json!(["GET", "POST", "PUT", "DELETE"]);
    world.set_stet(switched_off).await;
    let ask_all = async || join_all(all().map(async |request| acme.send(&request).await.status)).await;
    ask_all().await;
    while !ask_all().await.contains(&429) {}
    ask_all().await;
    world.set_policy(1, Preset::Open.policy()).await;
    ask_all().await;
}

/// Everybody asks where the table refuses what the role does not permit, and where it fails; an institution where it is so
/// slow that the STET door gives up.
async fn bad_days(document: &Value) {
    let embedded = table(None).await;
    let [failing, slow] = [FaultProxy::start(&embedded.url()).await, FaultProxy::start(&embedded.url()).await];
    slow.inject_everywhere(Fault::Late);
    let at = |url: &str| World::at_for_fixed_paths(url, 1, 1);
    let (sound, world) = (at(&embedded.url()), at(&failing.url()));
    let mut policy = Preset::Open.policy();
    policy.doors.extend(["federation", "identity_center", "stet"].map(str::to_owned));
    sound.service(1, policy).await;
    let authority = Authority::new();
    sound.set_stet(settings(&authority)).await;
    let token = sound.service_token(1, &Permission::ALL).await;
    for fault in [Fault::Exception(400, "AccessDeniedException"), Fault::Exception(500, "InternalServerError")] {
        failing.inject_everywhere(fault);
        join_all(operations().map(async |(_, path, method)| {
            let body = described(document, path, method).get("requestBody").map(|_| "{}");
            ask(&world, method, path, Some(&token), body).await;
        }))
        .await;
    }
    let world = at(&slow.url());
    let acme = Institution::new(&sound, &authority, ACME).await;
    let authorization = format!("Bearer {}", acme.token);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    join_all(operations().filter(|(endpoint, ..)| endpoint.door() == "stet").map(async |(_, path, method)| {
        let path = path.replace("{clientId}", ACME);
        let form = "grant_type=client_credentials&scope=manageRegistration";
        world.send_as(Some(&acme.web), method.as_str(), &path, &headers, form).await;
    }))
    .await;
}

fn described<'d>(document: &'d Value, path: &str, method: Method) -> &'d Value {
    &document["paths"][path.replace("+}", "}")][method.as_str().to_lowercase()]
}

/// Sends it with a token and a body; what stands in the path is one that there is not, unless it is given.
async fn ask(world: &World, method: Method, path: &str, token: Option<&str>, body: Option<&str>) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let part = |part: &str| match part.split_once('{') {
        Some(("", "serviceId}")) => "1".to_owned(),
        Some(("", "action}")) => "lock".to_owned(),
        Some(("", _)) => "nobody".to_owned(),
        Some((given, _)) => given.to_owned(),
        None => part.to_owned(),
    };
    let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers: Vec<_> = body.iter().map(|_| ("content-type", "application/json")).collect();
    headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
    world.send(method.as_str(), &format!("{path}?{query}"), &headers, body.unwrap_or_default().to_owned()).await;
}
