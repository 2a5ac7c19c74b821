//! The Authlete door: what its callers are promised.

mod clients;
mod openapi;
pub(crate) mod registration;
mod requests;
mod runtime;
mod services;
mod tokens;

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::credentials::{Token, TokenKind};
use shared::origin::Origin;
use shared::policy::BoundPolicy;
use shared::store::TokenRecord;

use crate::support::{Reply, World};

/// A world with service 1 and an operator's token for it.
struct Authlete {
    world: World,
    token: String,
}

impl Authlete {
    async fn open() -> Self {
        let world = World::open().await;
        let token = operator_token(&world, Owner::Service(1), &Permission::ALL).await;
        Self { world, token }
    }

    /// A request to an operation of service 1; an object is sent as JSON.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let path = format!("/api/1{path}");
        if body.is_null() {
            return self.world.send_bare(method, &path, Some(&self.token)).await;
        }
        self.world.send_json(method, &path, Some(&self.token), body).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &Value::Null).await
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, body).await
    }

    /// Makes a client by the management API.
    async fn create(&self, client: &Value) -> Value {
        let reply = self.post("/client/create", client).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// Registers a client: its `client_id`, its token and the answer.
    async fn register(&self, metadata: &Value) -> (String, String, Reply) {
        let reply = self.post("/client/registration", &json!({"json": metadata.to_string()})).await;
        assert_eq!(reply.text("action"), "CREATED", "{reply:?}");
        let content = content(&reply);
        let text = |name: &str| content[name].as_str().unwrap().to_owned();
        (text("client_id"), text("registration_access_token"), reply)
    }

    /// Replaces members of the service by the management API.
    async fn set_service(&self, members: &Value) -> Value {
        let mut service = self.get("/service/get").await.body;
        for (name, value) in members.as_object().unwrap() {
            service[name] = value.clone();
        }
        let reply = self.post("/service/update", &service).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }
}

/// Whose token it is.
#[derive(Clone, Copy)]
pub(crate) enum Owner<'o> {
    Service(u64),
    Organization(&'o str),
}

pub(crate) async fn operator_token(world: &World, owner: Owner<'_>, permissions: &[Permission]) -> String {
    let (kind, service_id, organization) = match owner {
        Owner::Service(id) => (TokenKind::Service, Some(id), None),
        Owner::Organization(name) => (TokenKind::Organization, None, Some(name.to_owned())),
    };
    let token = Token::mint(kind, &world.app.entropy).unwrap();
    let record = TokenRecord {
        hash: token.hash(),
        kind,
        service_id,
        organization,
        permissions: permissions.to_vec(),
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: world.clock.now_millis(),
        made_by: None,
    };
    world.app.store.create_token(&record, &Origin::default()).await.unwrap();
    token.expose().to_owned()
}

/// What the authorization server answers its client.
fn content(reply: &Reply) -> Value {
    serde_json::from_str(reply.text("responseContent")).unwrap()
}

/// An HTTP error with that result code.
fn assert_error(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.text("resultCode")), (status, code), "{reply:?}");
    assert!(reply.text("resultMessage").starts_with(&format!("[{code}] ")), "{reply:?}");
    assert_eq!(reply.text("action"), "INTERNAL_SERVER_ERROR");
    assert_eq!(reply.header("content-type"), "application/json");
}
