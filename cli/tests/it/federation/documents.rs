//! A URL that names a client where the service takes part in a federation: the entity first, a metadata document only
//! where there is none.

use serde_json::{Value, json};
use shared::origin::Origin;
use shared::policy::METADATA_DOCUMENT;

use super::world::Federation;
use crate::https::Page;
use crate::support::Reply;

/// A federation whose service resolves metadata documents as well.
async fn federation(automatic: bool) -> Federation {
    let federation = Federation::new().await;
    let store = &federation.world.app.store;
    let service = store.service(1).await.unwrap().unwrap();
    let mut configuration = service.configuration;
    configuration.policy.doors.push(METADATA_DOCUMENT.to_owned());
    if !automatic {
        let explicit: Value = json!(["explicit"]);
        configuration.authorization_server.insert("client_registration_types_supported".to_owned(), explicit);
    }
    store.update_service(1, service.version, &configuration, None, &Origin::default()).await.unwrap();
    federation
}

async fn ask(federation: &Federation, client_id: &str) -> Reply {
    let token = federation.world.service_token(1, &[shared::caller::Permission::UseService]).await;
    crate::lookup::Asker { world: &federation.world, token }.ask(client_id).await
}

fn publish_document(federation: &Federation, url: &str) {
    let document = json!({"client_id": url, "redirect_uris": ["https://rp.example/cb"]}).to_string();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", document.len());
    let path = url.strip_prefix(&federation.site.url).unwrap();
    federation.site.set(path, Page::Answer(format!("{head}{document}")));
}

#[tokio::test]
async fn a16_an_entity_of_the_federation_is_a_federations_client() {
    let federation = federation(true).await;
    federation.publish_party(|_| {});
    publish_document(&federation, &federation.party.id);
    let found = ask(&federation, &federation.party.id).await;
    assert_eq!((found.status, found.text("source")), (200, "federation_automatic"), "{found:?}");
    let requests = federation.site.requests();
    assert_eq!(ask(&federation, &federation.party.id).await.status, 200);
    assert_eq!(federation.site.requests(), requests, "it is registered now");
}

#[tokio::test]
async fn a16_what_is_no_entity_has_a_document() {
    for automatic in [true, false] {
        let federation = federation(automatic).await;
        let url = format!("{}/client.json", federation.site.url);
        publish_document(&federation, &url);
        let found = ask(&federation, &url).await;
        assert_eq!((found.status, found.text("source")), (200, "metadata_document"), "{found:?}");
        let requests = federation.site.requests();
        assert_eq!(ask(&federation, &url).await.status, 200);
        assert_eq!(federation.site.requests(), requests, "nobody is asked while the copy is fresh");
    }
}

#[tokio::test]
async fn a16_any_other_failure_of_the_federation_is_final() {
    let federation = federation(true).await;
    let url = format!("{}/client.json", federation.site.url);
    publish_document(&federation, &url);
    let well_known = "/client.json/.well-known/openid-federation";
    for (page, status) in [
        (Page::Head("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"), 503),
        (Page::Head("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"), 400),
        (Page::Text("a.b.c".to_owned()), 400),
    ] {
        federation.site.set(well_known, page);
        federation.world.clock.advance(11);
        let reply = ask(&federation, &url).await;
        assert_eq!((reply.status, reply.text("outcome")), (status, "federation"), "{reply:?}");
    }
}

#[tokio::test]
async fn a16_an_entity_that_must_register_explicitly_is_no_document_either() {
    let federation = federation(false).await;
    federation.publish_party(|_| {});
    publish_document(&federation, &federation.party.id);
    let reply = ask(&federation, &federation.party.id).await;
    assert_eq!((reply.status, reply.text("outcome")), (404, "federation"), "{reply:?}");
    assert!(reply.text("error_description").contains("automatic"), "{reply:?}");
}

#[tokio::test]
async fn b13_no_host_is_flooded_by_the_question_whether_it_is_an_entity() {
    let federation = federation(true).await;
    let before = federation.site.requests();
    for number in 0..70 {
        ask(&federation, &format!("{}/{number}", federation.site.url)).await;
    }
    let asked = federation.site.requests() - before;
    assert!(asked <= 70, "{asked} of 140: the entity's configuration and the document count as one host's");
}
