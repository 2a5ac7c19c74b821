//! Clients that name themselves by the URL of a metadata document, over TLS on the loopback interface: the requirements of
//! draft-ietf-oauth-client-id-metadata-document-03 by their numbers in `docs/client-id-metadata.md`, each broken alone.

mod caching;
mod documents;
mod fetching;
mod operators;
mod runtime;
mod trial;
mod trust;

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{METADATA_DOCUMENT, MetadataDocuments, Policy, Preset};

use crate::https::{Page, Site};
use crate::lookup::Asker;
use crate::support::{Reply, World};

/// Where most documents are.
const PATH: &str = "/oauth/client.json";

/// A host with documents, and a service that resolves them.
struct Scene {
    site: Site,
    world: World,
    token: String,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Preset::Open.policy()).await
    }

    async fn with(policy: Policy) -> Self {
        let site = Site::serve(&[]).await;
        let world = World::with(site.reachable()).await;
        world.service(1, opened(policy)).await;
        let token = world.service_token(1, &[Permission::UseService]).await;
        Self { site, world, token }
    }

    async fn settings(&self, settings: MetadataDocuments) {
        let policy = Policy { metadata_documents: settings, ..Preset::Open.policy() };
        self.world.set_policy(1, opened(policy)).await;
    }

    fn asker(&self) -> Asker<'_> {
        Asker { world: &self.world, token: self.token.clone() }
    }

    /// The URL of the document that most tests have.
    fn url(&self) -> String {
        format!("{}{PATH}", self.site.url)
    }

    async fn ask(&self) -> Reply {
        self.asker().ask(&self.url()).await
    }

    /// A public client at [`PATH`].
    fn document(&self) -> Value {
        json!({
            "client_id": self.url(),
            "client_name": "Example",
            "redirect_uris": ["https://rp.example/cb"],
            "token_endpoint_auth_method": "none",
        })
    }

    /// The same, with those members instead.
    fn document_with(&self, members: &Value) -> Value {
        let mut document = self.document();
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        document
    }

    fn publish(&self, document: &Value) {
        self.publish_with("", document);
    }

    /// With further headers, each with its line's end.
    fn publish_with(&self, headers: &str, document: &Value) {
        self.site.set(PATH, ok(&format!("content-type: application/json\r\n{headers}"), &document.to_string()));
    }
}

fn opened(mut policy: Policy) -> Policy {
    policy.doors.push(METADATA_DOCUMENT.to_owned());
    policy
}

fn ok(headers: &str, body: &str) -> Page {
    answer("200 OK", headers, body)
}

fn answer(status: &str, headers: &str, body: &str) -> Page {
    Page::Answer(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

/// What became of it: the status, the code, the outcome and the step.
fn outcome(reply: &Reply) -> (u16, &str, &str, &str) {
    let member = |name: &str| reply.body[name].as_str().unwrap_or_default();
    (reply.status, member("error"), member("outcome"), member("step"))
}

fn copy(reply: &Reply) -> &str {
    reply.body["metadata_document"]["copy"].as_str().unwrap_or_default()
}
