//! What registrants are refused is counted, once each, at every door.

use std::collections::{BTreeMap, BTreeSet};

use registrar::embedded::{self, TABLE};
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::client::RegisteredClient;
use shared::metadata::{GrantType, Scope};
use shared::origin::Origin;
use shared::policy::{BoundPolicy, DOORS, Policy, Preset, Registration, Trust, TrustRule, Unoffered};
use shared::store::Refused;
use shared::time::DAY;

use crate::fault_proxy::FaultProxy;
use crate::federation::world::{Entity, Federation};
use crate::https::Page;
use crate::lookup::Asker;
use crate::permissions::granted;
use crate::stet::authority::{self, Authority};
use crate::stet::institution::{ACME, Institution, REGISTER, TOKEN};
use crate::support::{Reply, World, access_key, as_update, web_client};

/// What was refused: operation, error, rule, door, what it was told, the network; and how often.
type Counts = BTreeMap<[String; 6], u64>;

async fn counts(world: &World) -> Counts {
    let refused = world.refused(1, 1).await;
    let kind = |one: Refused| ([one.operation, one.error, one.rule, one.door, one.description, one.network], one.count);
    refused.into_iter().map(kind).collect()
}

/// Where Authlete's runtime meets clients first.
const AUTHORIZING: [(&str, &str); 2] =
    [("authlete-authorization", "/api/1/auth/authorization"), ("authlete-pushed-auth-req", "/api/1/pushed_auth_req")];

/// Where clients are managed by their tokens.
const CONFIGURATION: &str = "client-configuration";

/// A service that opens every door, and who knocks.
struct Street {
    federation: Federation,
    authority: Authority,
    asker: String,
}

/// What a case has sent.
struct Sent {
    function: &'static str,
    reply: Reply,
}

impl Street {
    async fn new() -> Self {
        let federation = Federation::new().await;
        let authority = Authority::new();
        federation.world.set_policy(1, policy(&federation)).await;
        federation.world.set_stet(crate::stet::settings(&authority)).await;
        let asker = federation.operator().to_owned();
        Self { federation, authority, asker }
    }

    fn world(&self) -> &World {
        &self.federation.world
    }

    async fn post(&self, function: &'static str, path: &str, body: &Value) -> Sent {
        let token = path.starts_with("/api/").then_some(self.asker.as_str());
        Sent { function, reply: self.world().send_json("POST", path, token, body).await }
    }

    async fn lock(&self, client_id: &str) {
        let store = &self.world().app.store;
        let number = store.service(1).await.unwrap().unwrap().numeric_id(client_id);
        let client = store.client(1, number).await.unwrap().unwrap();
        let client = RegisteredClient { locked: true, version: client.version + 1, ..client };
        store.replace_client(&client, &[], &Origin::default()).await.unwrap();
    }

    async fn look_up(&self, client_id: &str) -> Sent {
        let asker = Asker { world: self.world(), token: self.asker.clone() };
        Sent { function: "client-lookup", reply: asker.ask(client_id).await }
    }

    /// Somebody authorizes with that identifier, or pushes such a request.
    async fn authorize(&self, (function, path): (&'static str, &str), client_id: &str) -> Sent {
        let parameters = format!("response_type=code&redirect_uri=https://rp.example/cb&client_id={client_id}");
        self.post(function, path, &json!({ "parameters": parameters })).await
    }

    /// An entity that its federation vouches for, with those metadata; its superior demands that of them.
    fn party(&self, name: &str, members: &Value, demanded: &Value) -> String {
        let Federation { site, below, .. } = &self.federation;
        let party = Entity::new(&format!("{}/{name}", site.url));
        let key =
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let mut metadata = json!({"redirect_uris": ["https://rp.example/cb"], "jwks": {"keys": [key]}});
        metadata.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let mut claims = party.configuration(&[below]);
        claims["metadata"] = json!({ "openid_relying_party": metadata });
        self.federation.publish(&party, &claims);
        self.federation.publish_about(below, &party, |claims| {
            if demanded.as_object().is_some_and(|demanded| !demanded.is_empty()) {
                claims["metadata_policy"] = json!({ "openid_relying_party": demanded });
            }
        });
        party.id
    }

    /// The URL of a document on the site, which says that.
    fn document(&self, name: &str, members: &Value) -> String {
        let site = &self.federation.site;
        let url = format!("{}/{name}.json", site.url);
        let mut document = json!({"client_id": url, "redirect_uris": ["https://rp.example/cb"]});
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let body = document.to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        site.set(&format!("/{name}.json"), Page::Answer(head + &body));
        url
    }
}

fn policy(federation: &Federation) -> Policy {
    let mut policy = Preset::Open.policy();
    policy.doors = DOORS.map(str::to_owned).to_vec();
    let pattern = format!("{}/blocked/*", federation.site.url);
    policy.metadata_documents.trust = vec![TrustRule { pattern, trust: Trust::Block }];
    policy
}

/// Whatever happens raises one count by one; it is of that door and rule.
struct Counter<'s> {
    street: &'s Street,
    before: Counts,
    functions: BTreeSet<&'static str>,
    doors: BTreeSet<String>,
}

impl Counter<'_> {
    /// A registration.
    async fn is_one(&mut self, sent: Sent, door: &str, rule: &str, description: &str) {
        self.is_one_of("register", sent, door, rule, description).await;
    }

    async fn is_one_of(&mut self, operation: &str, sent: Sent, door: &str, rule: &str, description: &str) {
        let Sent { function, reply } = sent;
        let after = counts(self.street.world()).await;
        let rise_of = |(kind, count): &(&[String; 6], &u64)| **count - self.before.get(*kind).copied().unwrap_or(0);
        let rise: u64 = after.iter().map(|one| rise_of(&one)).sum();
        assert_eq!(rise, 1, "{function} {reply:?}: {after:?}");
        let kind = after.iter().find(|one| rise_of(one) == 1).unwrap().0.clone();
        let [asked, _, found_rule, found_door, told, network] = kind.each_ref().map(String::as_str);
        assert_eq!((asked, found_door, found_rule), (operation, door, rule), "{function} {reply:?}: {kind:?}");
        assert!(told.contains(description), "{function}: {description}: {kind:?}");
        assert!(!network.is_empty() && !told.contains("hunter2"), "{kind:?}");
        self.before = after;
        self.functions.insert(function);
        self.doors.insert(found_door.to_owned());
    }
}

#[tokio::test]
async fn what_registrants_are_refused_counts_once_at_every_door() {
    let street = Street::new().await;
    let counted =
        Counter { street: &street, before: Counts::new(), functions: BTreeSet::new(), doors: BTreeSet::new() };
    let Counter { functions, before, doors, .. } = everywhere(&street, counted).await;
    // Nothing of what was sent is kept but words of protocols, and hosts.
    let items = street.world().refused(1, 1).await;
    assert!(items.iter().all(|one| !format!("{one:?}").contains("hunter2")), "{items:?}");
    let of_url =
        items.iter().find(|one| one.rule == "metadata_documents" && one.error == "unauthorized_client").unwrap();
    let site = &street.federation.site.url;
    let by = format!("{site}/…, by the pattern {site}/blocked/*");
    assert_eq!(Value::Object(of_url.samples[0].sent.clone()), json!({ "client_id": by }));
    assert!(of_url.samples[0].reproduces, "{of_url:?}");
    // Whoever may count is seen to count.
    let may = granted().into_iter().filter(|(_, role)| role.contains("UpdateItem X#*")).map(|(function, _)| function);
    assert_eq!(may.collect::<Vec<_>>(), functions.into_iter().collect::<Vec<_>>());
    assert_eq!(
        doors,
        ["authlete", "federation", "identity_center", "metadata_document", "oauth", "stet"].map(str::to_owned).into()
    );

    // What is switched off costs nothing.
    let mut off = policy(&street.federation);
    off.audit.refusals = false;
    street.world().set_policy(1, off).await;
    street.world().clock.advance(60);
    let implicit = json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["password"]});
    assert_eq!(street.world().register(1, None, &implicit).await.status, 400);
    street.look_up(&format!("{}/blocked/client.json", street.federation.site.url)).await;
    let acme = Institution::new(street.world(), &street.authority, ACME).await;
    assert_eq!(acme.send_over(None, &acme.registration()).await.status, 401);
    assert_eq!(counts(street.world()).await, before);
}

async fn everywhere<'s>(street: &'s Street, mut counted: Counter<'s>) -> Counter<'s> {
    let world = street.world();
    let unoffered = json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["password"]});
    let unreadable = json!({"redirect_uris": "https://rp.example/hunter2", "client_name": "hunter2"});
    let grants = "grant_types and response_types";

    // RFC 7591 and RFC 7592.
    let path = "/1/register";
    counted.is_one(street.post("register", path, &unoffered).await, "oauth", grants, "\"password\"").await;
    counted.is_one(street.post("register", path, &unreadable).await, "oauth", "as sent", "redirect_uris").await;
    let (path, token, registered) = world.client(&web_client()).await;
    let mut update = as_update(&registered.body);
    update["grant_types"] = json!(["password"]);
    for (body, rule) in [(&update, grants), (&unreadable, "as sent"), (&web_client(), "as sent")] {
        let reply = world.send_json("PUT", &path, Some(&token), body).await;
        counted.is_one_of("update", Sent { function: CONFIGURATION, reply }, "oauth", rule, "").await;
    }

    // Authlete's.
    let path = "/api/1/client/registration";
    for (document, rule) in [(&unoffered, grants), (&unreadable, "as sent")] {
        let body = json!({"json": document.to_string()});
        counted.is_one(street.post("authlete-client-registration", path, &body).await, "authlete", rule, "").await;
    }
    let sent = street.post("authlete-client-registration", path, &json!({"json": web_client().to_string()})).await;
    let registered: Value = serde_json::from_str(sent.reply.text("responseContent")).unwrap();
    let mut update = as_update(&registered);
    update["grant_types"] = json!(["password"]);
    for (document, rule) in [(&update, grants), (&unreadable, "as sent")] {
        let (id, token) = (&registered["client_id"], &registered["registration_access_token"]);
        let body = json!({"json": document.to_string(), "clientId": id, "token": token});
        let sent = street.post("authlete-client-registration-update", &format!("{path}/update"), &body).await;
        counted.is_one_of("update", sent, "authlete", rule, "").await;
    }

    // Identity Center's, each in its own words.
    for (function, path, body, rule) in [
        ("aws-register-client", "/client/register", json!({"clientName": "hunter2"}), "as sent"),
        (
            "aws-register-client",
            "/client/register",
            json!({"clientName": "a", "clientType": "public", "grantTypes": ["hunter2"]}),
            grants,
        ),
        (
            "aws-register-client",
            "/client/register",
            json!({
                "clientName": "a", "clientType": "public", "grantTypes": ["authorization_code"],
                "redirectUris": ["https://rp.example/#hunter2"],
            }),
            "the specifications",
        ),
        ("huawei-register-client", "/v1/clients", json!({"client_name": "hunter2"}), "as sent"),
    ] {
        counted.is_one(street.post(function, path, &body).await, "identity_center", rule, "").await;
    }
    tokens(street, &mut counted).await;
    owners(street, &mut counted).await;
    institutions(street, &mut counted).await;
    relying_parties(street, &mut counted).await;
    unreachable_parties(street, &mut counted).await;
    documents(street, &mut counted).await;
    closed_doors(street, &mut counted).await;
    counted
}

/// Where a token is asked for.
async fn tokens(street: &Street, counted: &mut Counter<'_>) {
    let open = policy(&street.federation);
    let mut protected = Policy { registration: Registration::InitialAccessToken, ..open.clone() };
    protected.grant_types.offered.push(GrantType::ClientCredentials);
    street.world().set_policy(1, protected).await;
    street.world().clock.advance(31);
    let rule = "registration";
    counted.is_one(street.post("register", "/1/register", &web_client()).await, "oauth", rule, "token").await;
    let body = json!({"json": web_client().to_string(), "token": "iat_hunter2"});
    let sent = street.post("authlete-client-registration", "/api/1/client/registration", &body).await;
    counted.is_one(sent, "authlete", rule, "token").await;
    for (function, path) in [("aws-register-client", "/client/register"), ("huawei-register-client", "/v1/clients")] {
        counted.is_one(street.post(function, path, &json!({})).await, "identity_center", rule, "token").await;
    }
    // A token that allows less than the service offers.
    let world = street.world();
    let bound = BoundPolicy { scope: None, grant_types: Some(vec![GrantType::ClientCredentials]) };
    let token = world.initial_access_token(1, None, None, bound).await;
    let (rule, told) =
        ("grant_types and response_types", "\"authorization_code\" is not allowed by the initial access");
    let reply = world.register(1, Some(&token), &web_client()).await;
    assert_eq!((reply.status, reply.text("error")), (400, "invalid_client_metadata"), "{reply:?}");
    counted.is_one(Sent { function: "register", reply }, "oauth", rule, told).await;
    let body = json!({"json": web_client().to_string(), "token": token});
    let sent = street.post("authlete-client-registration", "/api/1/client/registration", &body).await;
    assert!(sent.reply.text("resultCode").contains("A202391"), "{:?}", sent.reply);
    counted.is_one(sent, "authlete", rule, told).await;
    let machine = json!({"grant_types": ["client_credentials"], "response_types": []});
    let registered = world.register(1, Some(&token), &machine).await;
    let path = format!("/1/register/{}", registered.text("client_id"));
    let mut update = as_update(&registered.body);
    update["grant_types"] = json!(["authorization_code"]);
    update["response_types"] = json!(["code"]);
    update["redirect_uris"] = json!(["https://rp.example/cb"]);
    let own = registered.text("registration_access_token");
    let reply = world.send_json("PUT", &path, Some(own), &update).await;
    counted.is_one_of("update", Sent { function: CONFIGURATION, reply }, "oauth", rule, told).await;
    // A trial has no such token, and does not pretend to.
    let refused = world.refused(1, 1).await;
    let beyond = refused.iter().filter(|one| one.description.contains(told)).collect::<Vec<_>>();
    assert!(beyond.len() == 3 && beyond.iter().all(|one| !one.samples[0].reproduces), "{beyond:?}");
    street.world().set_policy(1, open).await;
    street.world().clock.advance(31);
}

async fn institutions(street: &Street, counted: &mut Counter<'_>) {
    let world = street.world();
    let acme = Institution::new(world, &street.authority, ACME).await;
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
    let stranger = Institution::pem(&crate::stet::stranger().issue(&authority::web()));
    let path = acme.path();
    for (certificate, told) in [
        (None, "a client certificate is required"),
        (Some("hunter2"), "X.509"),
        (Some(stranger.as_str()), "its issuer is not trusted"),
    ] {
        let registration = acme.registration();
        let reply = acme.send_over(certificate, &registration).await;
        assert_eq!((reply.status, reply.text("error")), (401, "invalid_client"));
        counted.is_one(Sent { function: "stet-register", reply }, "stet", "stet", told).await;
        let reply = acme.send_over(certificate, &acme.unsigned("POST", TOKEN)).await;
        counted.is_one(Sent { function: "stet-token", reply }, "stet", "stet", told).await;
        for (operation, method) in [("read", "GET"), ("update", "PUT"), ("delete", "DELETE")] {
            let reply = acme.send_over(certificate, &acme.signed(method, &path).with_body(&acme.metadata())).await;
            counted.is_one_of(operation, Sent { function: "stet-client", reply }, "stet", "stet", told).await;
        }
    }
    let reply = acme.send(&acme.unsigned("POST", TOKEN)).await;
    counted.is_one(Sent { function: "stet-token", reply }, "stet", "stet", "Content-Type").await;
    for (operation, method) in [("read", "GET"), ("delete", "DELETE")] {
        for (request, told) in [
            (acme.signed(method, &path).with("authorization", "Bearer mgr_hunter2"), "token"),
            (acme.unsigned(method, &path), "Signature: it is missing"),
            (acme.signed(method, "/stet/setting/v1/register/hunter2"), "another organization"),
        ] {
            let reply = acme.send(&request).await;
            counted.is_one_of(operation, Sent { function: "stet-client", reply }, "stet", "stet", told).await;
        }
    }
    let mut metadata = acme.metadata();
    metadata["client_id"] = ACME.into();
    metadata["redirect_uris"] = json!(["https://tpp.example/#hunter2"]);
    for (operation, function, method, path) in
        [("register", "stet-register", "POST", REGISTER), ("update", "stet-client", "PUT", path.as_str())]
    {
        let request = acme.signed(method, path).with_body(&metadata);
        for (request, rule, told) in [
            (request.clone().with("authorization", "Bearer mgr_hunter2"), "stet", "token"),
            (request.clone().with("digest", "SHA-256=hunter2"), "stet", "Digest"),
            (acme.unsigned(method, path).with_body(&metadata), "stet", "Signature: it is missing"),
            (
                acme.sign(request.clone(), "(request-target) digest x-request-id x-hunter2", "", "seal"),
                "stet",
                "…: listed in the signature but absent",
            ),
            (acme.signed(method, path).with_body(&json!({"jwks": "hunter2"})), "as sent", "jwks"),
            (request.clone(), "the specifications", "fragment"),
        ] {
            let reply = acme.send(&request).await;
            counted.is_one_of(operation, Sent { function, reply }, "stet", rule, told).await;
        }
    }
    street.lock(ACME).await;
    let rule = "the client that is there";
    for (operation, method) in [("read", "GET"), ("update", "PUT"), ("delete", "DELETE")] {
        let request = acme.signed(method, &path);
        let request = if method == "PUT" { request.with_body(&acme.metadata()) } else { request };
        let reply = acme.send(&request).await;
        counted.is_one_of(operation, Sent { function: "stet-client", reply }, "stet", rule, "locked").await;
    }
    let reply = acme.send(&acme.registration()).await;
    counted.is_one(Sent { function: "stet-register", reply }, "stet", rule, "locked").await;
}

/// Who manages a client without its token, or one that is locked.
async fn owners(street: &Street, counted: &mut Counter<'_>) {
    const OPERATIONS: [(&str, &str); 3] = [("read", "GET"), ("update", "PUT"), ("delete", "DELETE")];
    let world = street.world();
    let (_, foreign, _) = world.client(&web_client()).await;
    let (path, token, registered) = world.client(&web_client()).await;
    let (own, locked) = ("registration_access_token", "the client that is there");
    let update = as_update(&registered.body);
    for (token, told) in [(None, "is required"), (Some("hunter2"), "is not valid"), (Some(&*foreign), "is not valid")] {
        for (operation, method) in OPERATIONS {
            let reply = world.send_json(method, &path, token, &update).await;
            assert_eq!(reply.status, 401, "{reply:?}");
            counted.is_one_of(operation, Sent { function: CONFIGURATION, reply }, "oauth", own, told).await;
        }
    }
    // What cannot be read is no update of somebody else's client.
    let reply = world.send_json("PUT", &path, Some(&foreign), &json!("hunter2")).await;
    counted.is_one_of("update", Sent { function: CONFIGURATION, reply }, "oauth", own, "is not valid").await;
    street.lock(registered.text("client_id")).await;
    for (operation, method) in OPERATIONS {
        let reply = world.send_json(method, &path, Some(&token), &update).await;
        assert_eq!(reply.status, 403, "{reply:?}");
        counted.is_one_of(operation, Sent { function: CONFIGURATION, reply }, "oauth", locked, "locked").await;
    }

    let path = "/api/1/client/registration";
    let sent = street.post("authlete-client-registration", path, &json!({"json": web_client().to_string()})).await;
    let registered: Value = serde_json::from_str(sent.reply.text("responseContent")).unwrap();
    let operations = [
        ("read", "authlete-client-registration-get", "get"),
        ("update", "authlete-client-registration-update", "update"),
        ("delete", "authlete-client-registration-delete", "delete"),
    ];
    let document = as_update(&registered).to_string();
    let body = |token: &str| json!({"json": document, "clientId": registered["client_id"], "token": token});
    for token in ["", "hunter2", foreign.as_str()] {
        for (operation, function, step) in operations {
            let sent = street.post(function, &format!("{path}/{step}"), &body(token)).await;
            counted.is_one_of(operation, sent, "authlete", own, "is not valid").await;
        }
    }
    street.lock(registered["client_id"].as_str().unwrap()).await;
    for (operation, function, step) in operations {
        let token = registered["registration_access_token"].as_str().unwrap();
        let sent = street.post(function, &format!("{path}/{step}"), &body(token)).await;
        counted.is_one_of(operation, sent, "authlete", locked, "locked").await;
    }
    // Of who reads and deletes there is nothing to try; who updates shows no token in a trial.
    for one in world.refused(1, 1).await.iter().filter(|one| one.rule == own) {
        assert_eq!(one.samples.is_empty(), one.operation != "update", "{one:?}");
        assert!(one.samples.iter().all(|sample| !sample.reproduces), "{one:?}");
    }
}

/// A service that opens no door at which anybody registers.
async fn closed_doors(street: &Street, counted: &mut Counter<'_>) {
    let world = street.world();
    let (path, token, registered) = world.client(&web_client()).await;
    let acme = Institution::new(world, &street.authority, ACME).await;
    let mut closed = policy(&street.federation);
    closed.doors = vec!["metadata_document".to_owned()];
    world.set_policy(1, closed).await;
    world.clock.advance(31);
    let sent = street.post("register", "/1/register", &web_client()).await;
    counted.is_one(sent, "oauth", "doors", "does not open the door oauth").await;
    for (operation, method) in [("read", "GET"), ("update", "PUT"), ("delete", "DELETE")] {
        let reply = world.send_json(method, &path, Some(&token), &as_update(&registered.body)).await;
        assert_eq!(reply.status, 404, "{reply:?}");
        let sent = Sent { function: CONFIGURATION, reply };
        counted.is_one_of(operation, sent, "oauth", "doors", "does not open the door oauth").await;
    }
    let body = json!({"json": web_client().to_string(), "clientId": "hunter2", "token": "hunter2"});
    for (operation, function, path) in [
        ("register", "authlete-client-registration", "client/registration"),
        ("read", "authlete-client-registration-get", "client/registration/get"),
        ("update", "authlete-client-registration-update", "client/registration/update"),
        ("delete", "authlete-client-registration-delete", "client/registration/delete"),
        ("register", "authlete-federation-registration", "federation/registration"),
    ] {
        let sent = street.post(function, &format!("/api/1/{path}"), &body).await;
        assert_eq!(sent.reply.status, 403, "{:?}", sent.reply);
        counted.is_one_of(operation, sent, "authlete", "doors", "does not open the door authlete").await;
    }
    // Whose token is not that service's learns and counts nothing.
    let foreign = world.send_json("POST", "/api/1/client/registration", Some("svc_hunter2"), &body).await;
    assert_eq!(foreign.status, 401);
    for (function, path) in [("aws-register-client", "/client/register"), ("huawei-register-client", "/v1/clients")] {
        let sent = street.post(function, path, &json!({"clientName": "hunter2"})).await;
        counted.is_one(sent, "identity_center", "doors", "does not open the door identity_center").await;
    }
    let reply = street.federation.register(&street.federation.request()).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    let sent = Sent { function: "federation-explicit-registration", reply };
    counted.is_one(sent, "federation", "doors", "does not open the door federation").await;
    let path = acme.path();
    for (operation, function, request) in [
        ("register", "stet-register", acme.registration()),
        ("read", "stet-client", acme.signed("GET", &path)),
        ("update", "stet-client", acme.signed("PUT", &path).with_body(&acme.metadata())),
        ("delete", "stet-client", acme.signed("DELETE", &path)),
        ("register", "stet-token", acme.unsigned("POST", TOKEN)),
    ] {
        let reply = acme.send(&request).await;
        let sent = Sent { function, reply };
        counted.is_one_of(operation, sent, "stet", "doors", "does not open the door stet").await;
    }
    let mut closed = policy(&street.federation);
    closed.doors = vec!["oauth".to_owned(), "authlete".to_owned()];
    world.set_policy(1, closed).await;
    world.clock.advance(31);
    let url = format!("{}/hunter2.json", street.federation.site.url);
    let (door, told) = ("metadata_document", "does not open the door metadata_document");
    let sent = street.look_up(&url).await;
    assert_eq!((sent.reply.status, sent.reply.text("error")), (404, "not_found"), "{:?}", sent.reply);
    counted.is_one(sent, door, "doors", told).await;
    let reply = street.federation.look_for(&url).await;
    counted.is_one(Sent { function: "authlete-client-get", reply }, door, "doors", told).await;
    for place in AUTHORIZING {
        counted.is_one(street.authorize(place, &url).await, door, "doors", told).await;
    }
    // What is no URL of a document was never one's name.
    assert_eq!(street.look_up("hunter2").await.reply.status, 404);
    assert_eq!(counts(world).await, counted.before);
    // What others than these are sent is in other words, or signed.
    for one in world.refused(1, 1).await.iter().filter(|one| one.rule == "doors") {
        let is_tried = ["oauth", "authlete"].contains(&&*one.door);
        assert!(one.samples.iter().all(|sample| sample.reproduces == is_tried), "{one:?}");
    }
}

async fn relying_parties(street: &Street, counted: &mut Counter<'_>) {
    let federation = &street.federation;
    let door = "federation";
    for (content_type, body, told) in [
        ("application/json", "hunter2", "the content type must be"),
        ("application/entity-statement+jwt", "hunter2", "the entity configuration"),
        ("application/trust-chain+json", "[]", "a trust chain has 2 to"),
    ] {
        let reply = federation.post(content_type, body).await;
        counted.is_one(Sent { function: "federation-explicit-registration", reply }, door, door, told).await;
    }
    let mut request = federation.request();
    request["metadata"]["openid_relying_party"]["grant_types"] = json!(["password"]);
    let reply = federation.register(&request).await;
    let rule = "grant_types and response_types";
    counted.is_one(Sent { function: "federation-explicit-registration", reply }, door, rule, "\"password\"").await;
    let (function, path) = ("authlete-federation-registration", "/api/1/federation/registration");
    for (body, told) in [
        (json!({}), "the request must be"),
        (json!({"trustChain": "hunter2"}), "a trust chain is a list"),
        (json!({"entityConfiguration": "hunter2"}), "the entity configuration"),
    ] {
        counted.is_one(street.post(function, path, &body).await, "authlete", door, told).await;
    }

    // Whoever is looked for is registered, if its federation and the service let it.
    for (name, members, demanded, rule, told) in [
        ("a", json!({"client_registration_types": ["explicit"]}), json!({}), door, "does not have automatic"),
        ("b", json!({"grant_types": ["password"]}), json!({}), rule, "\"password\""),
        ("c", json!({"redirect_uris": ["https://rp.example/#hunter2"]}), json!({}), "the specifications", "fragment"),
        ("d", json!({}), json!({"scope": {"essential": true}}), door, "scope does not comply with the metadata policy"),
        ("e", json!({}), json!({"hunter2": {"essential": true}}), door, "\"…\" does not comply"),
        ("f", json!({}), json!({"hunter2": {"one_of": 5}}), door, "metadata_policy of \"…\""),
    ] {
        let party = street.party(name, &members, &demanded);
        counted.is_one(street.look_up(&party).await, "oauth", rule, told).await;
        let reply = federation.look_for(&party).await;
        counted.is_one(Sent { function: "authlete-client-get", reply }, "authlete", rule, told).await;
        for place in AUTHORIZING {
            counted.is_one(street.authorize(place, &party).await, "authlete", rule, told).await;
        }
    }
}

/// A chain that cannot be fetched at the moment is no fault of the server's.
async fn unreachable_parties(street: &Street, counted: &mut Counter<'_>) {
    let site = &street.federation.site;
    let failing = Page::Head("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
    site.set("/failing/.well-known/openid-federation", failing);
    let sent = street.look_up(&format!("{}/failing", site.url)).await;
    assert_eq!((sent.reply.status, sent.reply.text("error")), (503, "temporarily_unavailable"), "{:?}", sent.reply);
    counted.is_one(sent, "oauth", "federation", "").await;
}

async fn documents(street: &Street, counted: &mut Counter<'_>) {
    let site = &street.federation.site;
    let good = street.document("good", &json!({"token_endpoint_auth_method": "none"}));
    let reply = street.look_up(&good).await.reply;
    assert_eq!(reply.status, 200, "{reply:?}");
    let unread = street.document("unread", &json!({"client_id": 5, "hunter2": "hunter2"}));
    let script = street.document("script", &json!({"hunter2_uri": "javascript:hunter2"}));
    let method = street.document("method", &json!({"token_endpoint_auth_method": "hunter2"}));
    let grants = street.document("grants", &json!({"grant_types": ["hunter2"]}));
    for (url, rule, told) in [
        (format!("{}/a/../hunter2", site.url), "metadata_documents", "dot segment"),
        (format!("{}/blocked/hunter2", site.url), "metadata_documents", "does not take clients of this URL"),
        (unread, "the document", "client_id must be a string"),
        (script, "the document", "… has a scheme that runs a script"),
        (method, "token_endpoint_auth_methods_supported", "\"…\" is not offered"),
        (grants, "grant_types and response_types", "\"…\" is not offered"),
    ] {
        counted.is_one(street.look_up(&url).await, "metadata_document", rule, told).await;
    }
    // A copy that the service does not take any more.
    let mut policy = policy(&street.federation);
    policy.metadata_documents.required = vec!["client_name".to_owned()];
    street.world().set_policy(1, policy).await;
    street.world().clock.advance(31);
    let (door, rule) = ("metadata_document", "metadata_documents");
    counted.is_one(street.look_up(&good).await, door, rule, "client_name is required").await;
    for place in AUTHORIZING {
        let sent = street.authorize(place, &good).await;
        counted.is_one(sent, door, rule, "client_name is required").await;
    }
    // What is gone, or cannot be fetched, counts as often as its host is asked.
    site.set("/page.json", Page::Text("hunter2".to_owned()));
    site.set("/broken.json", Page::Head("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"));
    for (page, status, told) in [
        ("absent", 404, "the answer was 404"),
        ("page", 503, "the media type is"),
        ("broken", 503, "the answer was 500"),
    ] {
        let url = format!("{}/{page}.json", site.url);
        let sent = street.look_up(&url).await;
        assert_eq!(sent.reply.status, status, "{:?}", sent.reply);
        counted.is_one(sent, door, "the document", told).await;
        assert_eq!(street.look_up(&url).await.reply.status, 503, "nobody is asked again so soon");
        assert_eq!(counts(street.world()).await, counted.before);
    }
}

/// Somebody comes to that door with a redirect to `rp.example`, or an institution with its own.
async fn knock(street: &Street, door: &str, acme: &Institution<'_>) -> Reply {
    let aws = json!({"clientName": "a", "clientType": "public", "grantTypes": ["authorization_code"],
        "redirectUris": ["https://rp.example/cb"]});
    match door {
        "oauth" => street.world().register(1, None, &web_client()).await,
        "authlete" => {
            let body = json!({"json": web_client().to_string()});
            street.post("authlete-client-registration", "/api/1/client/registration", &body).await.reply
        }
        "identity_center" => street.post("aws-register-client", "/client/register", &aws).await.reply,
        "federation" => street.federation.register(&street.federation.request()).await,
        _ => acme.send(&acme.registration()).await,
    }
}

/// A service that opens one door alone sees what it refuses there tried there, and what is said to help helps.
#[tokio::test]
async fn what_one_door_alone_refuses_is_tried_there() {
    let street = Street::new().await;
    let world = street.world();
    let acme = Institution::new(world, &street.authority, ACME).await;
    for door in ["federation", "stet", "oauth", "authlete", "identity_center"] {
        let mut open = policy(&street.federation);
        open.doors = vec![door.to_owned()];
        let mut narrow = open.clone();
        narrow.redirect_uris.hosts = vec!["only.example".to_owned()];
        let protected = Policy { registration: Registration::InitialAccessToken, ..open.clone() };
        let refusing = if door == "identity_center" {
            vec![(narrow, "redirect_uris"), (protected, "registration")]
        } else {
            vec![(narrow, "redirect_uris")]
        };
        for (policy, rule) in refusing {
            world.set_policy(1, policy.clone()).await;
            world.clock.advance(31);
            let reply = knock(&street, door, &acme).await;
            let found = world.refused(1, 1).await;
            let Some(refused) = found.iter().find(|one| one.door == door && one.rule == rule) else {
                panic!("{door}: {reply:?}: {found:?}")
            };
            let sample = &refused.samples[0];
            assert!(sample.reproduces, "{refused:?}");
            let attempt = async |policy: &Policy| {
                let body = json!({"policy": policy, "sample": sample.sent, "door": door});
                world.send_json("POST", "/operator/1/policy/try", Some(&street.asker), &body).await.body
            };
            assert_eq!(attempt(&policy).await["refused"]["rule"], rule);
            let helped = attempt(&open).await;
            assert!(helped.get("registered").is_some(), "{door}: {helped}");
            assert_eq!(helped["requires"], json!([]), "{door}");
        }
        world.set_policy(1, open).await;
        world.clock.advance(31);
        let reply = knock(&street, door, &acme).await;
        assert!([200, 201].contains(&reply.status), "{door}: {reply:?}");
        assert!(door != "authlete" || reply.text("action") == "CREATED", "{reply:?}");
    }
}

/// Whoever guesses tokens is one kind for each operation, and is counted no more often than clients may be changed from
/// there; the answer is the same.
#[tokio::test]
async fn guessed_tokens_are_one_kind_and_counted_within_a_networks_allowance() {
    let table = World::empty().await;
    table.service(1, Preset::Open.policy()).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::deployed_at(&proxy.url());
    let (path, token, _) = world.client(&web_client()).await;
    proxy.requests();
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200);
    assert_eq!(proxy.requests(), ["GetItem C"], "who may read costs no request more");
    for guess in 0..200 {
        let guessed = format!("rat_{}{guess:03}", "A".repeat(40));
        let reply = world.send_bare("GET", &path, Some(&guessed)).await;
        assert_eq!((reply.status, reply.text("error")), (401, "invalid_token"), "{reply:?}");
    }
    let [found] = &world.refused(1, 1).await[..] else { panic!("one kind") };
    assert_eq!(
        (&*found.operation, found.count, found.samples.len()),
        ("read", 63, 0),
        "sixty, and an instance's share"
    );
    let writes = proxy.requests().iter().filter(|request| request.starts_with("UpdateItem")).count();
    assert!(writes < 100, "{writes}");
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200);

    // What is switched off costs nothing.
    let mut off = Preset::Open.policy();
    off.audit.refusals = false;
    world.set_policy(1, off).await;
    world.clock.advance(31);
    assert_eq!(world.send_bare("GET", &path, None).await.status, 401);
    proxy.requests();
    for _ in 0..30 {
        assert_eq!(world.send_bare("GET", &path, Some("hunter2")).await.status, 401);
    }
    assert_eq!(proxy.requests(), [""; 0]);
}

/// Whoever guesses URLs at a service without such clients is one kind, and is counted no more often than a service may fetch
/// documents that nobody knows.
#[tokio::test]
async fn guessed_urls_are_counted_as_often_as_documents_may_be_fetched() {
    let table = World::empty().await;
    table.service(1, Preset::Open.policy()).await;
    // More than one token may ask.
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(table.service_token(1, &[Permission::UseService]).await);
    }
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::deployed_at(&proxy.url());
    proxy.requests();
    for (guess, token) in (0..300).zip(tokens.iter().cycle()) {
        let asker = Asker { world: &world, token: token.clone() };
        let reply = asker.ask(&format!("https://{guess}.example/client.json")).await;
        assert_eq!((reply.status, reply.text("error")), (404, "not_found"), "{reply:?}");
    }
    let [found] = &world.refused(1, 1).await[..] else { panic!("one kind") };
    assert_eq!((&*found.rule, &*found.door), ("doors", "metadata_document"));
    assert!((100..=110).contains(&found.count), "a hundred, and an instance's share: {found:?}");
    let counted = proxy.requests().iter().filter(|request| *request == "UpdateItem X").count();
    assert_eq!(u64::try_from(counted).unwrap(), found.count);
}

/// A scope that is not offered is an error of AWS's protocol, whatever the policy says of scopes elsewhere; Huawei's form
/// drops it.
#[tokio::test]
async fn a_scope_that_identity_center_refuses_is_kept_and_tried() {
    let street = Street::new().await;
    let world = street.world();
    for unoffered in [Unoffered::Drop, Unoffered::Refuse] {
        let mut policy = policy(&street.federation);
        policy.scopes.offered = Scope::parse("openid").unwrap();
        policy.scopes.unoffered = unoffered;
        world.set_policy(1, policy.clone()).await;
        world.clock.advance(DAY);
        let aws = json!({"clientName": "a", "clientType": "public", "scopes": ["openid", "hunter2"]});
        let reply = street.post("aws-register-client", "/client/register", &aws).await.reply;
        assert_eq!((reply.status, reply.text("error")), (400, "invalid_scope"), "{reply:?}");
        assert_eq!(reply.text("error_description"), "scopes: \"hunter2\" is not offered by this service");
        let [found] = &world.refused(1, 1).await[..] else { panic!("one is counted") };
        assert_eq!((&*found.door, &*found.rule), ("identity_center", "scopes"), "{found:?}");
        let sample = &found.samples[0];
        assert!(sample.reproduces && sample.sent["scope"] == "openid (7 characters)", "{sample:?}");
        let attempt = async |offered: Option<Scope>| {
            let mut policy = policy.clone();
            policy.scopes.offered = offered;
            let body = json!({"policy": policy, "sample": sample.sent, "door": "identity_center"});
            world.send_json("POST", "/operator/1/policy/try", Some(&street.asker), &body).await.body
        };
        assert_eq!(attempt(policy.scopes.offered.clone()).await["refused"]["rule"], "scopes");
        let helped = attempt(None).await;
        assert_eq!(helped["registered"]["scope"], "openid xxxxxxx", "{helped}");
        let huawei = json!({"client_name": "abcdef", "client_type": "public", "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": "client_secret_post", "response_types": ["code"],
            "scopes": ["openid", "hunter2"]});
        let reply = street.post("huawei-register-client", "/v1/clients", &huawei).await.reply;
        assert_eq!((reply.status, &reply.body["client_info"]["scopes"]), (200, &json!(["openid"])), "{reply:?}");
    }
}

/// A service with as many clients as it may have says when there may be room, in each door's form.
#[tokio::test]
async fn a_full_service_says_at_every_door_when_to_try_again() {
    let street = Street::new().await;
    let world = street.world();
    world.set_policy(1, Policy { clients_per_service: Some(1), ..policy(&street.federation) }).await;
    world.clock.advance(31);
    while world.register(1, None, &web_client()).await.status == 201 {
        world.catch_up().await;
    }
    let acme = Institution::new(world, &street.authority, ACME).await;
    let aws = json!({"clientName": "a", "clientType": "public"});
    let huawei = json!({"client_name": "abcdef", "client_type": "public", "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_post", "response_types": ["code"]});
    let wrapped = json!({"json": web_client().to_string()});
    for (sent, status) in [
        (street.post("register", "/1/register", &web_client()).await, 403),
        (street.post("authlete-client-registration", "/api/1/client/registration", &wrapped).await, 200),
        (street.post("aws-register-client", "/client/register", &aws).await, 400),
        (street.post("huawei-register-client", "/v1/clients", &huawei).await, 403),
        (Sent { function: "stet-register", reply: acme.send(&acme.registration()).await }, 403),
    ] {
        let Sent { function, reply } = sent;
        let again = reply.headers.get("retry-after").and_then(|value| value.to_str().ok());
        assert_eq!((reply.status, again), (status, Some("60")), "{function}: {reply:?}");
        assert!(reply.body.to_string().contains("no more clients can be registered"), "{function}: {reply:?}");
    }
}

/// What was counted before operations were told apart were registrations, and what is counted since goes on with it.
#[tokio::test]
async fn what_was_counted_without_an_operation_is_a_registration() {
    let world = World::open().await;
    let unoffered = json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["password"]});
    assert_eq!(world.register(1, None, &unoffered).await.status, 400);
    let table = embedded::client(&world.url(), &access_key());
    let items = table.scan().table_name(TABLE).send().await.unwrap().items.unwrap();
    let mut item = items.into_iter().find(|item| item["PK"].as_s().unwrap().starts_with("X#")).unwrap();
    assert_eq!(item.remove("operation").unwrap().as_s().unwrap(), "register");
    table.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    assert_eq!(world.refused(1, 1).await[0].operation, "register");
    assert_eq!(world.register(1, None, &unoffered).await.status, 400);
    let [found] = &world.refused(1, 1).await[..] else { panic!("one kind") };
    assert_eq!((&*found.operation, found.count), ("register", 2));
}
