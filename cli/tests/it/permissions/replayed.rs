//! Each event again, also in worlds in which it asks for more: what one would write down for each function by hand.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use authorization::token::{TokenIdentifier, Value as Token};
use serde_json::{Value, json};
use shared::client::RegisteredClient;
use shared::fetch::FetchSettings;
use shared::jose::SigningKey;
use shared::origin::Origin;
use shared::policy::METADATA_DOCUMENT;
use shared::service::ServiceConfiguration;

use super::{granted, permitted};
use crate::events::events;
use crate::fault_proxy::FaultProxy;
use crate::fixture::{self, IDENTITY_CENTER_SERVICE, STET_SERVICE};
use crate::https::{Page, Site};
use crate::support::World;

/// When every rate has begun anew, in seconds.
const LATER: u64 = 30;

/// The services of the fixture.
const SERVICES: RangeInclusive<u64> = 101..=113;

/// A document of a client, which each service has kept.
const DOCUMENT: &str = "https://rp.example/known";

/// All events, function by function, as `rewrite` makes them of the clients that there are, in a world of which
/// `change` makes the services: what they ask, which their roles permit. `times` say how many seconds after the one
/// before it each comes.
async fn replay(
    times: &[u64],
    change: fn(&mut ServiceConfiguration),
    fetch: &FetchSettings,
    rewrite: impl Fn(&str, &[RegisteredClient]) -> String,
) -> BTreeSet<String> {
    let table = World::for_fixed_paths(IDENTITY_CENTER_SERVICE, STET_SERVICE).await;
    fixture::install(table.app).await.unwrap();
    let mut clients = Vec::new();
    for id in SERVICES {
        let service = table.app.store.service(id).await.unwrap().unwrap();
        let mut configuration = service.configuration;
        change(&mut configuration);
        let origin = Origin::default();
        table.app.store.update_service(id, service.version, &configuration, None, &origin).await.unwrap();
        fixture::install_document(table.app, id, DOCUMENT).await.unwrap();
        clients.extend(table.app.store.clients(id).await.unwrap());
    }
    let proxy = FaultProxy::start(&table.url()).await;
    let (granted, mut asked, mut passed) = (granted(), BTreeSet::new(), 0);
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let function = |path: &Path| name(path).split('.').next().unwrap().to_owned();
    for events in events().chunk_by(|one, next| function(one) == function(next)) {
        let function = function(&events[0]);
        // As a function is when it has just started: it knows no service and no key.
        let world = World::narrow_at(&proxy.url(), fetch.clone(), IDENTITY_CENTER_SERVICE, STET_SERVICE);
        world.clock.advance(passed);
        for seconds in times {
            for path in events {
                world.clock.advance(*seconds);
                passed += seconds;
                let event = rewrite(&std::fs::read_to_string(path).unwrap(), &clients);
                world.happens(&function, &event).await;
                for permission in permitted(&granted, &function, &proxy, &name(path)) {
                    asked.insert(permission.split('#').next().unwrap().to_owned());
                }
            }
        }
    }
    asked
}

fn assert_asked(asked: &BTreeSet<String>, permissions: &[&str]) {
    for permission in permissions {
        assert!(asked.contains(*permission), "the events ask for {permission}: {asked:?}");
    }
}

/// What services may have for which more is asked of the table and of KMS: ceilings, names, documents, and public keys
/// that stand nowhere but in what they keep sealed.
fn more(configuration: &mut ServiceConfiguration) {
    configuration.jwks = None;
    let policy = &mut configuration.policy;
    policy.clients_per_service = Some(1000);
    policy.clients_per_developer = Some(1000);
    policy.software_id_once = true;
    policy.doors.push(METADATA_DOCUMENT.to_owned());
}

#[tokio::test]
async fn each_role_permits_what_its_function_asks() {
    // Of who comes again at once, the rate is asked of the table.
    let asked = replay(&[LATER, 0, 0], |_| {}, &FetchSettings::default(), |event, _| event.to_owned()).await;
    assert_asked(
        &asked,
        &[
            "BatchWriteItem A",
            "BatchWriteItem Q",
            "GetItem T",
            "GetItem I",
            "PutItem M",
            "PutItem C",
            "Query list C",
            "BatchGetItem C",
            "UpdateItem S",
            "UpdateItem L",
            "BatchGetItem G",
            "PutItem G",
            "BatchGetItem K",
            "PutItem K",
            "BatchGetItem P",
            "PutItem P",
            "BatchGetItem V",
            "UpdateItem V",
            "Query list G",
            "Query list V",
        ],
    );
}

#[tokio::test]
async fn each_role_permits_what_its_function_asks_under_ceilings_and_of_names() {
    let rewrite = |event: &str, _: &[RegisteredClient]| {
        let event = with_metadata(event, ("softwareId", "software_id"), "x");
        let hint = format!("parameters=id_token_hint%3D{}%26", jwt(&json!({"sub": "alice"})));
        let event = event.replace("parameters=", &hint);
        let properties = json!([{"key": "region", "value": "eu", "hidden": true}]).to_string();
        let properties = Value::from(properties).to_string();
        let properties = properties.trim_matches('"');
        event.replace("\\\"subject\\\":", &format!("\\\"properties\\\":{properties},\\\"subject\\\":"))
    };
    let asked = replay(&[LATER], more, &FetchSettings::default(), rewrite).await;
    assert_asked(&asked, &["GetItem N", "Query N", "PutItem U"]);
}

#[tokio::test]
async fn each_role_permits_what_its_function_asks_of_sectors() {
    let listed = Page::Text(json!(["https://rp.example/cb"]).to_string());
    let site = Site::serve(&[("/sector", listed)]).await;
    let sector = format!("{}/sector", site.url);
    let members = ("sectorIdentifierUri", "sector_identifier_uri");
    let asked = replay(&[LATER], |_| {}, &site.reachable(), |event, _| with_metadata(event, members, &sector)).await;
    assert_asked(&asked, &["GetItem F", "UpdateItem F", "PutItem F"]);
}

/// Clients by their aliases; tokens as JWTs that name them so, or of a value that was chosen.
#[tokio::test]
async fn each_role_permits_what_its_function_asks_of_aliases() {
    let rewrite = |event: &str, clients: &[RegisteredClient]| {
        let mut event = event.replace("\"unknown\"", "\"chosen-token\"");
        for client in clients {
            if let Some(alias) = &client.record.settings.alias {
                event = event.replace(&client.client_id, alias);
            }
        }
        with_jwts(&event, "fixture-runtime")
    };
    let asked = replay(&[LATER], more, &FetchSettings::default(), rewrite).await;
    assert_asked(&asked, &["BatchGetItem U", "GetItem C", "BatchGetItem K"]);
}

/// The same with the URL of a document.
#[tokio::test]
async fn each_role_permits_what_its_function_asks_of_documents() {
    let rewrite = |event: &str, clients: &[RegisteredClient]| {
        let named = clients.iter().fold(event.to_owned(), |event, client| event.replace(&client.client_id, DOCUMENT));
        with_jwts(&named, DOCUMENT)
    };
    let asked = replay(&[LATER], more, &FetchSettings::default(), rewrite).await;
    assert_asked(&asked, &["BatchGetItem F", "UpdateItem F"]);
}

/// An event whose client metadata have one member more, which Authlete calls otherwise than RFC 7591 does.
fn with_metadata(event: &str, (authletes, name): (&str, &str), value: &str) -> String {
    let mut event = event.to_owned();
    // In a JSON string, and in one within it.
    for quote in ["\\\"", "\\\\\\\""] {
        for (uris, name) in [("redirectUris", authletes), ("redirect_uris", name)] {
            let uris = format!("{quote}{uris}{quote}:");
            event = event.replace(&uris, &format!("{quote}{name}{quote}:{quote}{value}{quote},{uris}"));
        }
    }
    event
}

/// An event whose tokens, and what they are called in lists, are JWTs of the same names, of a client of that name.
fn with_jwts(event: &str, client_id: &str) -> String {
    let is_other = |byte: char| !(byte.is_ascii_alphanumeric() || byte == '-' || byte == '_');
    let part = |part: &str| {
        let end = part.chars().last().filter(|last| is_other(*last)).map_or(0, char::len_utf8);
        let (text, end) = part.split_at(part.len() - end);
        let of_value = |token: Token| TokenIdentifier::of(token.id, &token.hash());
        let named = text.starts_with("AAAA").then_some(text);
        match named.and_then(|text| Token::parse(text).map(of_value).or_else(|| TokenIdentifier::parse(text))) {
            Some(identifier) => jwt(&json!({"jti": identifier.to_text(), "client_id": client_id})) + end,
            None => part.to_owned(),
        }
    };
    event.split_inclusive(is_other).map(part).collect()
}

/// A JWT of the fixture's services.
fn jwt(claims: &Value) -> String {
    let key = SigningKey::from_jwk(fixture::signing_key().as_object().unwrap()).unwrap();
    key.sign("at+jwt", claims.as_object().unwrap()).unwrap()
}
