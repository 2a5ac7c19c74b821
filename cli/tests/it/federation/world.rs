//! A federation of one test: a trust anchor, two intermediates one below the other, and a relying party below both, all
//! on one web site; and a registrar that trusts the anchor.

use serde_json::{Map, Value, json};
use shared::caller::Permission;
use shared::jose::{SigningAlgorithm, SigningKey, UnverifiedJwt, generate_signing_key, public_keys};
use shared::service::{FederationSettings, TrustAnchorSettings};

use crate::authlete::{Owner, operator_token};
use crate::https::{Page, Site};
use crate::support::{BASE_URL, NOW, Reply, World};

#[path = "../../../../shared/src/federation/testing/entity.rs"]
mod entity;

pub(crate) use entity::Entity;

/// What the registrar is called in its federations.
pub(crate) const PROVIDER: &str = "https://registrar.example/1";

pub(crate) struct Federation {
    pub(crate) site: Site,
    pub(crate) world: World,
    pub(crate) anchor: Entity,
    pub(crate) above: Entity,
    pub(crate) below: Entity,
    pub(crate) party: Entity,
    pub(crate) provider_key: Map<String, Value>,
    operator: String,
}

impl Federation {
    /// All published, and the registrar offers both kinds of registration.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with other settings of the registrar.
    pub(crate) async fn with(change: impl FnOnce(&mut FederationSettings)) -> Self {
        let site = Site::serve(&[]).await;
        let entity = |name: &str| Entity::new(&format!("{}/{name}", site.url));
        let (anchor, above, below, party) = (entity("ta"), entity("above"), entity("below"), entity("rp"));
        let world = World::at_every_door(site.reachable()).await;
        world.service(1, shared::policy::Preset::Open.policy()).await;
        let provider_key = generate_signing_key(SigningAlgorithm::Es256).unwrap();
        let mut settings = FederationSettings {
            enabled: true,
            authority_hints: vec![anchor.id.clone()],
            trust_anchors: vec![TrustAnchorSettings {
                entity_id: anchor.id.clone(),
                jwks: anchor.jwks().to_string(),
                names: vec![],
            }],
            ..FederationSettings::default()
        };
        change(&mut settings);
        world.join_federation(settings, &provider_key, &["explicit", "automatic"]).await;
        let operator = operator_token(&world, Owner::Service(1), &Permission::ALL).await;
        let federation = Self { site, world, anchor, above, below, party, provider_key, operator };
        federation.publish_superior(&federation.anchor, &[]);
        federation.publish_superior(&federation.above, &[&federation.anchor]);
        federation.publish_superior(&federation.below, &[&federation.above]);
        federation.publish_about(&federation.anchor, &federation.above, |_| {});
        federation.publish_about(&federation.above, &federation.below, |_| {});
        federation.publish_about(&federation.below, &federation.party, |_| {});
        federation
    }

    /// Publishes a configuration.
    pub(crate) fn publish(&self, entity: &Entity, claims: &Value) {
        self.set(&format!("{}/.well-known/openid-federation", entity.id), &entity.sign(claims));
    }

    /// Publishes the configuration of an entity that has subordinates.
    pub(crate) fn publish_superior(&self, entity: &Entity, superiors: &[&Entity]) {
        let mut claims = entity.configuration(superiors);
        claims["metadata"] = json!({"federation_entity": {"federation_fetch_endpoint": fetch_endpoint(entity)}});
        self.publish(entity, &claims);
    }

    /// Publishes a statement about a subordinate.
    pub(crate) fn publish_about(&self, superior: &Entity, subordinate: &Entity, change: impl FnOnce(&mut Value)) {
        let mut claims = superior.about(subordinate);
        change(&mut claims);
        self.set(&fetch_url(superior, subordinate), &superior.sign(&claims));
    }

    /// Sets the page behind a URL of the site.
    pub(crate) fn set(&self, url: &str, text: &str) {
        self.set_page(url, Page::Text(text.to_owned()));
    }

    /// Sets the page behind a URL of the site.
    pub(crate) fn set_page(&self, url: &str, page: Page) {
        self.site.set(url.strip_prefix(&self.site.url).unwrap(), page);
    }

    /// The claims of the relying party's request.
    pub(crate) fn request(&self) -> Value {
        Self::request_of(&self.party, &[&self.below])
    }

    /// The claims of a relying party's request.
    pub(crate) fn request_of(party: &Entity, superiors: &[&Entity]) -> Value {
        let mut claims = party.configuration(superiors);
        claims["aud"] = PROVIDER.into();
        claims["metadata"] = json!({"openid_relying_party": {
            "redirect_uris": ["https://rp.example/cb"], "client_name": "RP", "contacts": ["rp@rp.example"],
            "client_registration_types": ["explicit"],
        }});
        claims
    }

    /// The statements of the relying party's chain that follow its own.
    pub(crate) fn superiors(&self) -> Vec<String> {
        vec![
            self.below.sign(&self.below.about(&self.party)),
            self.above.sign(&self.above.about(&self.below)),
            self.anchor.sign(&self.anchor.about(&self.above)),
            self.anchor.sign(&self.anchor.configuration(&[])),
        ]
    }

    /// Registers with an entity configuration that the relying party signs.
    pub(crate) async fn register(&self, claims: &Value) -> Reply {
        self.post("application/entity-statement+jwt", &self.party.sign(claims)).await
    }

    /// Registers with a chain.
    pub(crate) async fn register_chain(&self, statements: &[String]) -> Reply {
        self.post("application/trust-chain+json", &json!(statements).to_string()).await
    }

    /// Sends a body to the federation registration endpoint.
    pub(crate) async fn post(&self, content_type: &str, body: &str) -> Reply {
        let headers = [("content-type", content_type)];
        self.world.send("POST", "/1/federation/register", &headers, body.to_owned()).await
    }

    /// The operator's token.
    pub(crate) fn operator(&self) -> &str {
        &self.operator
    }

    /// An operator asks Authlete's API.
    pub(crate) async fn operate(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.world.send_json(method, &format!("/api/1{path}"), Some(&self.operator), body).await
    }

    /// An operator looks for a client by its entity identifier.
    pub(crate) async fn look_for(&self, entity: &str) -> Reply {
        let entity = entity.replace(':', "%3A").replace('/', "%2F");
        self.operate("GET", &format!("/client/get/{entity}"), &Value::Null).await
    }

    /// Publishes a configuration of the relying party for automatic registration.
    pub(crate) fn publish_party(&self, change: impl FnOnce(&mut Value)) {
        let mut claims = self.party.configuration(&[&self.below]);
        let key =
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        claims["metadata"] = json!({"openid_relying_party": {
            "redirect_uris": ["https://rp.example/cb"], "client_registration_types": ["automatic"],
            "jwks": {"keys": [key]},
        }});
        change(&mut claims);
        self.publish(&self.party, &claims);
    }

    /// Checks the provider's signature: header and claims.
    pub(crate) fn verified(&self, jwt: &str) -> (Map<String, Value>, Value) {
        Self::verified_with(jwt, &self.provider_key)
    }

    fn verified_with(jwt: &str, key: &Map<String, Value>) -> (Map<String, Value>, Value) {
        let jwt = UnverifiedJwt::parse(jwt).unwrap();
        let mut set = Map::new();
        set.insert("keys".to_owned(), json!([key]));
        let keys = serde_json::from_value(public_keys(&set).into()).unwrap();
        let claims = jwt.verify(&keys).unwrap();
        assert_eq!(claims["iss"], PROVIDER);
        assert_eq!(claims["iat"], NOW.max(claims["iat"].as_u64().unwrap()));
        (jwt.header().clone(), claims.into())
    }

    /// The registered metadata in the answer to an explicit registration.
    pub(crate) fn registered(&self, reply: &Reply) -> Value {
        Self::registered_with(reply, &self.provider_key)
    }

    /// The same, where another key of the provider signs.
    pub(crate) fn registered_with(reply: &Reply, key: &Map<String, Value>) -> Value {
        assert_eq!(reply.status, 200, "{reply:?}");
        let (_, claims) = Self::verified_with(reply.body.as_str().unwrap(), key);
        claims["metadata"]["openid_relying_party"].clone()
    }
}

fn fetch_endpoint(entity: &Entity) -> String {
    format!("{}/fetch", entity.id)
}

/// Where a superior has its statement about a subordinate.
pub(crate) fn fetch_url(superior: &Entity, subordinate: &Entity) -> String {
    let subject = subordinate.id.replace(':', "%3A").replace('/', "%2F");
    format!("{}?sub={subject}", fetch_endpoint(superior))
}

/// The reply refuses with that status and code, and says why.
pub(crate) fn assert_refused(reply: &Reply, status: u16, code: &str, part: &str) {
    assert_eq!((reply.status, &reply.body["error"]), (status, &code.into()), "{part}: {reply:?}");
    assert!(reply.text("error_description").contains(part), "{part}: {reply:?}");
    assert_eq!(reply.header("content-type"), "application/json");
}

/// The registrar's own address.
pub(crate) const OWN: &str = BASE_URL;
