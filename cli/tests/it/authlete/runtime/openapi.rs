//! Authlete's `OpenAPI` document: its examples are accepted by the runtime, and every answer has its shape.

use serde_json::{Map, Value, json};

use super::{Party, REDIRECT, VERIFIER, with};
use crate::authlete::openapi::{assert_like, assert_shape, document, examples, operation};
use crate::support::Reply;

/// What examples of answers have and the answers do not, by operation, and why.
const NOT_AS_IN_EXAMPLES: [(&str, &[&str], &str); 6] = [
    (AUTHORIZATION, &["client.logo_uri"], "no member of the schema: it is logoUri there"),
    (AUTHORIZATION, &["service.number"], "a number of Authlete's database beside the service's own"),
    (
        "POST /auth/token/revoke",
        &["accessToken", "accessTokenExpiresAt", "action", "scopes", "tokenType"],
        "a copy of the example of token/update: the schema has count alone",
    ),
    ("GET /client/granted_scopes/get/{clientId}", &["type"], "no member of the schema"),
    ("POST /auth/userinfo", &["clientId"], "a text; the schema has a number"),
    (ISSUE, &["accessTokenDuration", "accessTokenExpiresAt"], "zeros, since a code is no access token"),
];

/// What answers have and the document does not, and why.
const NOT_IN_THE_DOCUMENT: [(&str, &[&str], &str); 5] = [
    (
        "DELETE /client/granted_scopes/delete/{clientId}",
        &["serviceApiKey", "clientId", "subject"],
        "the vendor's libraries read them; the document has them for authorization/delete, which answers none",
    ),
    (AUTHORIZATION, &["clientAttributes", "serviceAttributes"], "as in the answers to token requests"),
    (UPDATE, &["refreshTokenScopes", "subject"], "the new state of the token is all of it"),
    ("POST /auth/introspection", &["active"], "usable by another name, as the vendor's overview has it"),
    ("POST /auth/token/issue", &["grantType"], "the members of the answer to the token request"),
];

const AUTHORIZATION: &str = "POST /auth/authorization";
const FAIL: &str = "POST /auth/authorization/fail";
const ISSUE: &str = "POST /auth/authorization/issue";
const UPDATE: &str = "POST /auth/token/update";
const TOKEN: &str = "POST /auth/token";

/// The party, which has what the examples speak of.
struct Documented {
    document: Value,
    party: Party,
}

impl Documented {
    async fn open() -> Self {
        let service = json!({
            "serviceName": "My service", "supportedScopes": [{"name": "openid"}, {"name": "history.read",
            "description": "A permission to read your history."}, {"name": "timeline.read", "description": "…"}],
        });
        let redirect_uris = [REDIRECT, "https://my-client.example.com/cb1", "https://server.example.com/cb"];
        let client = json!({
            "clientIdAlias": "my-client", "clientIdAliasEnabled": true, "redirectUris": redirect_uris,
            "attributes": [{"key": "attribute1-key", "value": "attribute1-value"}],
        });
        Self { document: document(), party: Party::with(&service, &client).await }
    }

    fn full(name: &str) -> String {
        name.replacen(' ', " /api/{serviceId}", 1)
    }

    /// The example of a request, with those members in place of its own.
    fn example(&self, name: &str, members: &Value) -> Value {
        with(examples(&self.document, &Self::full(name)).remove(0), members)
    }

    /// The example's parameters, with some texts replaced.
    fn parameters(&self, name: &str, replaced: &[(&str, &str)]) -> String {
        let example = self.example(name, &json!({}));
        let parameters = example["parameters"].as_str().unwrap().to_owned();
        replaced.iter().fold(parameters, |parameters, (from, to)| {
            assert!(parameters.contains(from), "{name}: {parameters} has no {from}");
            parameters.replace(from, to)
        })
    }

    fn credentials(&self) -> Value {
        json!({"clientId": self.party.client_id, "clientSecret": self.party.secret})
    }

    /// Asks, and looks whether the answer has the documented shape. A path has the client's number in place of its name.
    async fn ask(&self, name: &str, tail: &str, body: &Value) -> Reply {
        let (method, path) = name.split_once(' ').unwrap();
        let path = path.replace("{clientId}", &self.party.client_id);
        let reply = self.party.authlete.call(method, &format!("{path}{tail}"), body).await;
        let responses = &operation(&self.document, &Self::full(name))["responses"];
        let schema = &responses[reply.status.to_string()]["application/json"]["schema"];
        assert!(schema.is_object(), "{name}: {reply:?}");
        assert_shape(&self.document, schema, &reply.body, name);
        let known = self.members(schema);
        let also: Vec<&str> = of(&NOT_IN_THE_DOCUMENT, name);
        let odd = reply.body.as_object().unwrap().keys();
        let odd: Vec<&String> =
            odd.filter(|member| !known.contains_key(*member) && !also.contains(&member.as_str())).collect();
        assert!(reply.status != 200 || odd.is_empty(), "{name}: the document has no {odd:?}");
        reply
    }

    /// The members of a schema.
    fn members(&self, schema: &Value) -> Map<String, Value> {
        if let Some(name) = schema["$ref"].as_str() {
            return self.members(self.document.pointer(name.trim_start_matches('#')).unwrap());
        }
        let mut members = schema["properties"].as_object().cloned().unwrap_or_default();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            members.extend(self.members(part));
        }
        members
    }

    /// The same of something that succeeds: the answer has what the example of the answer has.
    async fn succeed(&self, name: &str, tail: &str, body: &Value) -> Reply {
        let reply = self.ask(name, tail, body).await;
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        let answer = &operation(&self.document, &Self::full(name))["responses"]["200"]["application/json"];
        let Some(example) = answer["examples"].as_array().and_then(|examples| examples.first()) else { return reply };
        let mut example = example.clone();
        for path in of(&NOT_AS_IN_EXAMPLES, name) {
            let (parent, member) = path.rsplit_once('.').unwrap_or(("", path));
            let parent = if parent.is_empty() { &mut example } else { &mut example[parent] };
            assert!(parent.as_object_mut().unwrap().remove(member).is_some(), "{name} has no {path}");
        }
        assert_like(&example, &reply.body, name);
        if let Some(action) = example["action"].as_str().filter(|_| name != FAIL) {
            assert_eq!(reply.text("action"), action, "{name}: {reply:?}");
        }
        reply
    }

    /// The same of something that is refused.
    async fn refuse(&self, name: &str, tail: &str, body: &Value, action: &str) {
        let reply = self.ask(name, tail, body).await;
        if action.is_empty() {
            assert_eq!(reply.status, 400, "{name}: {reply:?}");
        } else {
            assert_eq!((reply.status, reply.text("action")), (200, action), "{name}: {reply:?}");
        }
    }

    /// A ticket for the scopes of the examples.
    async fn ticket(&self) -> String {
        let own = format!("client_id={}", self.party.client_id);
        let parameters = self.parameters(AUTHORIZATION, &[("client_id=26478243745571", &own)]);
        self.succeed(AUTHORIZATION, "", &json!({ "parameters": parameters })).await.text("ticket").to_owned()
    }

    async fn code(&self) -> String {
        let issue = self.example(ISSUE, &json!({"ticket": self.ticket().await}));
        self.succeed(ISSUE, "", &issue).await.text("authorizationCode").to_owned()
    }

    async fn tokens(&self) -> Reply {
        let parameters = self.parameters(TOKEN, &[("Xv_su944auuBgc5mfUnxXayiiQU9Z4-T_Yae_UfExmo", &self.code().await)]);
        assert!(parameters.contains(VERIFIER));
        self.succeed(TOKEN, "", &with(json!({ "parameters": parameters }), &self.credentials())).await
    }

    async fn access_token(&self) -> String {
        self.tokens().await.text("accessToken").to_owned()
    }

    async fn password_ticket(&self) -> String {
        let parameters = "grant_type=password&username=john&password=x&scope=history.read";
        let asked = self.ask(TOKEN, "", &with(json!({ "parameters": parameters }), &self.credentials())).await;
        assert_eq!(asked.text("action"), "PASSWORD");
        asked.text("ticket").to_owned()
    }
}

/// What is said there of an operation.
fn of(all: &[(&str, &[&'static str], &str)], name: &str) -> Vec<&'static str> {
    all.iter()
        .filter(|(operation, ..)| *operation == name)
        .flat_map(|(_, members, _)| members.iter().copied())
        .collect()
}

#[tokio::test]
async fn authorization_examples_are_accepted_and_answered_in_shape() {
    let documented = Documented::open().await;
    documented.refuse(AUTHORIZATION, "", &json!({"parameters": "client_id=1"}), "BAD_REQUEST").await;
    documented.refuse(AUTHORIZATION, "", &json!({}), "BAD_REQUEST").await;
    let redirected = format!("client_id={}&redirect_uri={REDIRECT}&response_type=odd", documented.party.client_id);
    documented.refuse(AUTHORIZATION, "", &json!({ "parameters": redirected }), "LOCATION").await;
    let failed = documented.example(FAIL, &json!({"ticket": documented.ticket().await}));
    assert_eq!(documented.succeed(FAIL, "", &failed).await.text("action"), "LOCATION");
    documented.refuse(FAIL, "", &failed, "BAD_REQUEST").await;
    documented.code().await;
    documented.refuse(ISSUE, "", &documented.example(ISSUE, &json!({})), "BAD_REQUEST").await;
    let (info, update) = ("POST /auth/authorization/ticket/info", "POST /auth/authorization/ticket/update");
    let ticket = documented.ticket().await;
    let updated = documented.succeed(update, "", &json!({"ticket": ticket, "info": "more"})).await;
    let told = documented.succeed(info, "", &json!({ "ticket": ticket })).await;
    assert_eq!((updated.text("action"), told.text("action")), ("OK", "OK"));
    documented.refuse(info, "", &json!({"ticket": "gone"}), "NOT_FOUND").await;
    documented.refuse(update, "", &json!({"ticket": "gone", "info": "more"}), "NOT_FOUND").await;
    let pushed = "POST /pushed_auth_req";
    let own = format!("client_id={}", documented.party.client_id);
    // `code id_token` is not built.
    let replaced = [("client_id=5921531358155430", own.as_str()), ("code%20id_token", "code")];
    let parameters = json!({"parameters": documented.parameters(pushed, &replaced)});
    documented.succeed(pushed, "", &with(parameters.clone(), &documented.credentials())).await;
    let wrong = with(parameters, &with(documented.credentials(), &json!({"clientSecret": "wrong"})));
    documented.refuse(pushed, "", &wrong, "UNAUTHORIZED").await;
}

#[tokio::test]
async fn token_examples_are_accepted_and_answered_in_shape() {
    let documented = Documented::open().await;
    let token = documented.access_token().await;
    let unknown = documented.example(TOKEN, &documented.credentials());
    documented.refuse(TOKEN, "", &unknown, "BAD_REQUEST").await;
    documented.refuse(TOKEN, "", &with(unknown, &json!({"clientSecret": "wrong"})), "INVALID_CLIENT").await;
    for name in ["POST /auth/token/issue", "POST /auth/token/fail"] {
        let example = documented.example(name, &json!({"ticket": documented.password_ticket().await}));
        documented.succeed(name, "", &example).await;
        documented.refuse(name, "", &example, "INTERNAL_SERVER_ERROR").await;
    }
    let introspection = "POST /auth/introspection";
    documented.succeed(introspection, "", &documented.example(introspection, &json!({ "token": token }))).await;
    documented.refuse(introspection, "", &documented.example(introspection, &json!({})), "UNAUTHORIZED").await;
    let standard = "POST /auth/introspection/standard";
    let parameters = documented.parameters(standard, &[("VFGsNK-5sXiqterdaR7b5QbRX9VTwVCQB87jbr2_xAI", &token)]);
    documented.succeed(standard, "", &json!({ "parameters": parameters })).await;
    documented.refuse(standard, "", &json!({"parameters": "token_type_hint=x"}), "BAD_REQUEST").await;
    let userinfo = "POST /auth/userinfo";
    let openid = documented.party.tokens("openid history.read", "john").await;
    let example = documented.example(userinfo, &json!({"token": openid.text("accessToken")}));
    documented.succeed(userinfo, "", &example).await;
    documented.refuse(userinfo, "", &documented.example(userinfo, &json!({})), "UNAUTHORIZED").await;
    let issue = "POST /auth/userinfo/issue";
    documented.succeed(issue, "", &documented.example(issue, &json!({"token": openid.text("accessToken")}))).await;
    documented.refuse(issue, "", &documented.example(issue, &json!({})), "UNAUTHORIZED").await;
    let revocation = "POST /auth/revocation";
    // The example has forgotten the name of its first parameter.
    let named = format!("token={token}");
    let parameters = documented.parameters(revocation, &[("VFGsNK-5sXiqterdaR7b5QbRX9VTwVCQB87jbr2_xAI", &named)]);
    let request = with(json!({ "parameters": parameters }), &documented.credentials());
    documented.succeed(revocation, "", &request).await;
    let wrong = with(request, &json!({"clientSecret": "wrong"}));
    documented.refuse(revocation, "", &wrong, "INVALID_CLIENT").await;
}

#[tokio::test]
async fn token_management_examples_are_accepted_and_answered_in_shape() {
    let documented = Documented::open().await;
    let id: u64 = documented.party.client_id.parse().unwrap();
    let (create, update) = ("POST /auth/token/create", UPDATE);
    let made = documented.succeed(create, "", &documented.example(create, &json!({ "clientId": id }))).await;
    documented.refuse(create, "", &documented.example(create, &json!({})), "BAD_REQUEST").await;
    let own = json!({"accessToken": made.text("accessToken")});
    documented.succeed(update, "", &documented.example(update, &own)).await;
    documented.refuse(update, "", &documented.example(update, &json!({})), "NOT_FOUND").await;
    let list = "GET /auth/token/get/list";
    let listed = documented.succeed(list, &format!("?clientIdentifier={id}&subject=john"), &Value::Null).await;
    documented.refuse(list, "?clientIdentifier=77", &Value::Null, "").await;
    let revoke = "POST /auth/token/revoke";
    let hash = &listed.body["accessTokens"][0]["accessTokenHash"];
    let revoked = documented.example(revoke, &json!({ "accessTokenIdentifier": hash }));
    assert_eq!(documented.succeed(revoke, "", &revoked).await.body["count"], 1);
    documented.refuse(revoke, "", &json!({}), "").await;
    let token = documented.access_token().await;
    let path = format!("/auth/token/delete/{token}");
    let responses = &operation(
        &documented.document,
        &Documented::full("DELETE /auth/token/delete/{accessTokenIdentifier}"),
    )["responses"];
    let deleted = documented.party.authlete.call("DELETE", &path, &Value::Null).await;
    assert_eq!((deleted.status, &deleted.body, &responses["204"]), (204, &Value::Null, &json!({})));
    let foreign = documented.party.authlete.world.send_bare("DELETE", &format!("/api/1{path}"), None).await;
    assert_shape(&documented.document, &responses["401"]["application/json"]["schema"], &foreign.body, "401");
}

#[tokio::test]
async fn grant_examples_are_accepted_and_answered_in_shape() {
    let documented = Documented::open().await;
    documented.tokens().await;
    let list = "GET /client/authorization/get/list";
    documented.succeed(list, "?subject=john", &Value::Null).await;
    documented.refuse(list, "", &Value::Null, "").await;
    let update = "POST /client/authorization/update/{clientId}";
    documented.succeed(update, "", &documented.example(update, &json!({}))).await;
    documented.refuse(update, "", &json!({}), "").await;
    for name in [
        "GET /client/granted_scopes/get/{clientId}",
        "DELETE /client/granted_scopes/delete/{clientId}",
        "DELETE /client/authorization/delete/{clientId}",
    ] {
        documented.succeed(name, "?subject=john", &Value::Null).await;
        documented.refuse(name, "", &Value::Null, "").await;
    }
}
