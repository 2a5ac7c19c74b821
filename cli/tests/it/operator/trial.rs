//! A trial says what a registration becomes: the same bodies are tried and sent, at each door that takes them from anybody.

use serde_json::{Map, Value, json};
use shared::caller::Permission;
use shared::client::Source;
use shared::metadata::{AuthMethod, GrantType, Scope};
use shared::policy::{Conduct, Names, Policy, Preset, Unoffered};

use crate::changes::stored;
use crate::support::World;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The rules before the policy's.
const BEFORE: [&str; 2] = ["as sent", "identity_center"];

/// What was sent has become a client, or what it was refused for is told.
type Outcome = Result<String, String>;

/// Numbers that are the same each time (Marsaglia, xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % sides
    }

    /// A member in so many of a hundred bodies, with one of these values.
    fn put(&mut self, body: &mut Map<String, Value>, percent: usize, member: &str, values: &Value) {
        let (is_there, value) = (self.below(100) < percent, self.below(values.as_array().unwrap().len()));
        if is_there {
            body.insert(member.to_owned(), values[value].clone());
        }
    }

    /// What strangers send, good and bad.
    fn body(&mut self) -> Map<String, Value> {
        let mut body = Map::new();
        let long = "n".repeat(1025);
        for (percent, member, values) in [
            (
                90,
                "client_name",
                json!([
                    "Shop",
                    "Shop",
                    "ev\u{200b}il",
                    "\u{202e}knaB elpmaxE",
                    "Example Bank",
                    "Ex\u{430}mple Bank",
                    " ",
                    "a\u{1b}",
                    "\u{301}",
                    long,
                    5
                ]),
            ),
            (
                60,
                "redirect_uris",
                json!([
                    ["https://rp.example/cb"],
                    ["https://rp.example/cb"],
                    ["http://127.0.0.1/cb"],
                    ["cursor://x"],
                    ["https://rp.example/#a"],
                    ["https://10.0.0.1/x"],
                    [],
                    "x",
                    ["https://rp.example/cb", 1]
                ]),
            ),
            (
                80,
                "grant_types",
                json!([
                    ["authorization_code"],
                    ["authorization_code", "refresh_token"],
                    [DEVICE],
                    [DEVICE, "refresh_token"],
                    ["authorization_code", DEVICE],
                    ["client_credentials"],
                    ["password"],
                    ["magic"],
                    [],
                    "x"
                ]),
            ),
            (30, "response_types", json!([["code"], ["code"], ["code"], ["token"], [], "code"])),
            (40, "scope", json!(["openid", "openid fly", "fly", "openid  email", "a\"b", null])),
            (20, "token_endpoint_auth_method", json!(["none", "client_secret_post", "tls_client_auth", "magic"])),
            (10, "client_name#fr", json!(["Boutique", "Example Bank", "a\u{200b}"])),
            (10, "logo_uri", json!(["https://rp.example/a.png", "https://bank.example/a.png", "x"])),
            (10, "software_id", json!(["a", "a\u{200b}"])),
            (10, "subject_type", json!(["public", "pairwise"])),
            (20, "tls_client_auth_san_dns", json!(["rp.example", "192.0.2.1"])),
            (10, "made_up", json!([1, "x"])),
        ] {
            self.put(&mut body, percent, member, &values);
        }
        body
    }
}

fn policies() -> Vec<Policy> {
    let mut open = Preset::Open.policy();
    open.doors = ["oauth", "authlete", "identity_center"].map(str::to_owned).to_vec();
    open.grant_types.offered.push(GrantType::DeviceCode);
    let reserved = || vec!["Example Bank".to_owned()].into();
    let flag = Conduct::Flag;
    let mut flagging = open.clone();
    flagging.names = Names { reserved: reserved(), same: flag, look_alike: flag, hidden_characters: flag };
    flagging.scopes.offered = Scope::parse("openid email").unwrap();
    flagging.token_endpoint_auth_methods.offered.push(AuthMethod::TlsClientAuth);
    let mut strict = Preset::Protected.policy();
    (strict.doors, strict.registration) = (open.doors.clone(), open.registration);
    strict.names = Names { reserved: reserved(), ..Names::default() };
    strict.scopes.offered.clone_from(&flagging.scopes.offered);
    strict.scopes.unoffered = Unoffered::Refuse;
    let mut careless = open.clone();
    careless.names.hidden_characters = Conduct::Allow;
    careless.grant_types.offered.retain(|grant| *grant != GrantType::DeviceCode);
    vec![open, flagging, strict, careless]
}

/// The members that a form has.
fn only(body: &Map<String, Value>, members: &[&str]) -> Map<String, Value> {
    body.iter()
        .filter(|(name, _)| members.contains(&&***name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What Identity Center calls a scope: a list. What is no text is no list either.
fn list_of(scope: &Value) -> Value {
    scope.as_str().map_or(scope.clone(), |scope| scope.split(' ').collect())
}

async fn over_oauth(world: &World, body: &Map<String, Value>) -> Outcome {
    let reply = world.register(1, None, &Value::Object(body.clone())).await;
    let told = || reply.text("error_description").to_owned();
    if reply.status == 201 { Ok(reply.text("client_id").to_owned()) } else { Err(told()) }
}

async fn over_authlete(world: &World, token: &str, body: &Map<String, Value>) -> Outcome {
    let wrapped = json!({"json": Value::Object(body.clone()).to_string()});
    let reply = world.send_json("POST", "/api/1/client/registration", Some(token), &wrapped).await;
    let content: Value = serde_json::from_str(reply.text("responseContent")).unwrap();
    let text = |member: &str| content[member].as_str().unwrap().to_owned();
    if reply.text("action") == "CREATED" { Ok(text("client_id")) } else { Err(text("error_description")) }
}

async fn over_aws(world: &World, body: &Map<String, Value>) -> Outcome {
    let mut sent = Map::from_iter([("clientType".to_owned(), "public".into())]);
    for (ours, theirs) in
        [("client_name", "clientName"), ("redirect_uris", "redirectUris"), ("grant_types", "grantTypes")]
    {
        sent.extend(body.get(ours).map(|value| (theirs.to_owned(), value.clone())));
    }
    sent.extend(body.get("scope").map(|scope| ("scopes".to_owned(), list_of(scope))));
    let reply = world.send_json("POST", "/client/register", None, &Value::Object(sent)).await;
    let told = || reply.text("error_description").to_owned();
    if reply.status == 200 { Ok(reply.text("clientId").to_owned()) } else { Err(told()) }
}

async fn over_huawei(world: &World, body: &Map<String, Value>) -> Outcome {
    let mut sent = only(body, &["client_name", "grant_types", "response_types"]);
    sent.extend(body.get("scope").map(|scope| ("scopes".to_owned(), list_of(scope))));
    sent.insert("client_type".to_owned(), "public".into());
    sent.insert("token_endpoint_auth_method".to_owned(), "client_secret_post".into());
    let reply = world.send_json("POST", "/v1/clients", None, &Value::Object(sent)).await;
    if reply.status == 200 {
        return Ok(reply.body["client_info"]["client_id"].as_str().unwrap().to_owned());
    }
    Err(reply.text("error_msg").trim_start_matches("Bad Request: ").trim_end_matches('.').to_owned())
}

/// What is told in the words of RFC 7591, which Authlete's has with other quotes.
fn in_our_words(told: &str) -> String {
    [
        ("clientName", "client_name"),
        ("redirectUris", "redirect_uris"),
        ("grantTypes", "grant_types"),
        ("scopes", "scope"),
    ]
    .into_iter()
    .fold(told.replace('"', "'"), |told, (theirs, ours)| match told.strip_prefix(theirs) {
        Some(rest) => format!("{ours}{rest}"),
        None => told,
    })
}

/// What both have called a client is the same one, and what both have refused is refused for the same.
async fn assert_same(world: &World, token: &str, tried: &Value, real: &Outcome) {
    let Ok(client_id) = real else {
        let told = in_our_words(real.as_ref().unwrap_err());
        let expected = in_our_words(tried["refused"]["error_description"].as_str().unwrap_or_default());
        // A form reads its members in its own order, and each of its types before all else.
        if !told.contains(" must be a") && !expected.contains(" must be a") {
            assert_eq!(told.split(" is not a").next(), expected.split(" is not a").next(), "{tried}");
        }
        return;
    };
    let client = stored(world, client_id).await;
    assert_eq!(tried["registered"], Value::Object(client.record.metadata.to_members()), "{tried}");
    let shown = world.send_bare("GET", &format!("/operator/1/clients/{client_id}"), Some(token)).await.body;
    // Identity Center's forms have not sent what they do not have.
    let is_told =
        |change: &&Value| client.source != Source::IdentityCenter || !BEFORE.iter().any(|rule| change["rule"] == *rule);
    let changes =
        |told: &Value| told["changes"].as_array().unwrap().iter().filter(is_told).cloned().collect::<Vec<_>>();
    assert_eq!((tried.get("flags"), changes(tried)), (shown.get("flags"), changes(&shown)), "{tried}");
    assert_eq!(tried["requires"], json!([]));
}

#[tokio::test]
async fn a_trial_and_a_registration_come_to_the_same_at_each_door() {
    let world = World::for_identity_center(1).await;
    world.service(1, Preset::Open.policy()).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let mut dice = Dice(0x5eed_0f7e_a7ab_1e5d);
    let mut registered = [0; 4];
    for policy in policies() {
        world.set_policy(1, policy).await;
        for _ in 0..30 {
            world.clock.advance(60);
            let body = dice.body();
            // What a form does not have does not matter to it.
            let aws = body.iter().filter(|(name, _)| *name != "response_types");
            let aws: Map<_, _> = aws.map(|(name, value)| (name.clone(), value.clone())).collect();
            let mut huawei = only(&body, &["client_name", "grant_types", "scope", "logo_uri", "software_id"]);
            huawei.insert("response_types".to_owned(), json!(["code"]));
            for (at, (door, body)) in
                [("oauth", &body), ("authlete", &body), ("identity_center", &aws), ("identity_center", &huawei)]
                    .into_iter()
                    .enumerate()
            {
                let attempt = json!({"client": body, "door": door});
                let tried = world.send_json("POST", "/operator/1/policy/try", Some(&token), &attempt).await.body;
                let real = match at {
                    0 => over_oauth(&world, body).await,
                    1 => over_authlete(&world, &token, body).await,
                    2 => over_aws(&world, body).await,
                    _ => over_huawei(&world, body).await,
                };
                assert_eq!(real.is_ok(), tried.get("registered").is_some(), "{at}: {attempt}: {real:?}: {tried}");
                registered[at] += usize::from(real.is_ok());
                assert_same(&world, &token, &tried, &real).await;
            }
        }
    }
    assert!(registered.iter().all(|count| (10..110).contains(count)), "{registered:?}");
}

/// Each of these differed once.
#[tokio::test]
async fn what_identity_centers_forms_ask_for_is_asked_for_in_a_trial() {
    let world = World::for_identity_center(1).await;
    let mut policy = policies().remove(1);
    policy.scopes.offered = Scope::parse("openid").unwrap();
    world.service(1, policy).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let uris = json!(["https://rp.example/cb"]);
    for (client, expected) in [
        (json!({"client_name": "ev\u{200b}il"}), Ok(json!([DEVICE, "refresh_token"]))),
        (json!({"client_name": "ev\u{7}il"}), Err("the specifications")),
        (json!({"client_name": "a", "grant_types": ["authorization_code", "refresh_token"]}), Err("as sent")),
        (json!({"client_name": "a", "grant_types": ["authorization_code"], "redirect_uris": []}), Err("as sent")),
        (
            json!({"client_name": "a", "grant_types": ["authorization_code"], "redirect_uris": uris}),
            Ok(json!(["authorization_code"])),
        ),
        // Huawei's has no redirect URIs.
        (
            json!({"client_name": "a", "grant_types": ["authorization_code"], "response_types": ["code"], "scope": "fly"}),
            Ok(json!(["authorization_code"])),
        ),
        (json!({"client_name": "a", "response_types": ["code"]}), Err("as sent")),
        (
            json!({"client_name": "a", "grant_types": ["refresh_token"], "response_types": ["code"]}),
            Err("grant_types and response_types"),
        ),
        (json!({"redirect_uris": uris}), Err("as sent")),
        (json!({"client_name": "a", "scope": "fly"}), Err("scopes")),
        (json!({"client_name": "a", "grant_types": ["client_credentials"]}), Err("grant_types and response_types")),
    ] {
        let body = json!({"client": client, "door": "identity_center"});
        let tried = world.send_json("POST", "/operator/1/policy/try", Some(&token), &body).await.body;
        match expected {
            Ok(grants) => assert_eq!(tried["registered"]["grant_types"], grants, "{tried}"),
            Err(rule) => assert_eq!(tried["refused"]["rule"], rule, "{tried}"),
        }
    }
}
