//! Authlete's runtime: what an authorization server written for it is promised.

mod authentication;
mod chosen;
mod cost;
mod faults;
mod kinds;
mod management;
mod openapi;
mod purge;
mod requests;
mod secrecy;
mod tokens;

use serde_json::{Value, json};
use shared::jose::{SigningAlgorithm, generate_signing_key};

use super::{Authlete, Owner, operator_token};
use crate::support::{Reply, World};
use shared::caller::Permission;

/// A code verifier, and its challenge by S256 (RFC 7636 appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const REDIRECT: &str = "https://rp.example/cb";

/// A service with a key, and one of its clients.
struct Party {
    authlete: Authlete,
    client_id: String,
    secret: String,
}

/// A confidential client with all grants that are built, which signs its ID Tokens by ES256.
fn client() -> Value {
    json!({
        "clientName": "Shop", "clientType": "CONFIDENTIAL", "redirectUris": [REDIRECT],
        "tokenAuthMethod": "CLIENT_SECRET_BASIC", "idTokenSignAlg": "ES256", "responseTypes": ["CODE", "NONE"],
        "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "CLIENT_CREDENTIALS", "PASSWORD"],
    })
}

/// What every service here has.
fn service() -> Value {
    let key = generate_signing_key(SigningAlgorithm::Es256).unwrap();
    json!({
        "jwks": json!({"keys": [key]}).to_string(),
        "supportedScopes": [{"name": "openid"}, {"name": "profile"}, {"name": "email"}, {"name": "offline_access"},
            {"name": "a", "attributes": [{"key": "access_token.duration", "value": "100"}]}, {"name": "b"}],
        "supportedGrantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "CLIENT_CREDENTIALS", "PASSWORD"],
        "supportedResponseTypes": ["CODE", "NONE"],
        "attributes": [{"key": "of", "value": "service"}],
    })
}

fn with(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

impl Party {
    async fn new() -> Self {
        Self::with(&json!({}), &json!({})).await
    }

    /// With those members of the service and of the client.
    async fn with(of_service: &Value, of_client: &Value) -> Self {
        Self::at(Authlete::open().await, of_service, of_client).await
    }

    async fn at(authlete: Authlete, of_service: &Value, of_client: &Value) -> Self {
        authlete.set_service(&with(service(), of_service)).await;
        let created = authlete.create(&with(client(), of_client)).await;
        let secret = created["clientSecret"].as_str().unwrap_or_default().to_owned();
        Self { authlete, client_id: created["clientId"].to_string(), secret }
    }

    /// The same by way of another registrar on the same table.
    fn by(&self, world: World) -> Self {
        let authlete = Authlete { world, token: self.authlete.token.clone() };
        Self { authlete, client_id: self.client_id.clone(), secret: self.secret.clone() }
    }

    /// An authorization request with those parameters beside the client.
    async fn authorize(&self, parameters: &str) -> Reply {
        let parameters = format!("client_id={}&{parameters}", self.client_id);
        self.authlete.post("/auth/authorization", &json!({"parameters": parameters})).await
    }

    async fn ticket(&self, scope: &str) -> String {
        let challenge = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
        let tail = format!("state=xyz&nonce=n-1&scope={scope}&{challenge}");
        let reply = self.authorize(&format!("response_type=code&redirect_uri={REDIRECT}&{tail}")).await;
        assert_eq!(reply.text("action"), "INTERACTION", "{reply:?}");
        reply.text("ticket").to_owned()
    }

    async fn issue(&self, ticket: &str, subject: &str) -> Reply {
        self.authlete.post("/auth/authorization/issue", &json!({"ticket": ticket, "subject": subject})).await
    }

    async fn code(&self, scope: &str, subject: &str) -> String {
        let reply = self.issue(&self.ticket(scope).await, subject).await;
        assert_eq!(reply.text("action"), "LOCATION", "{reply:?}");
        reply.text("authorizationCode").to_owned()
    }

    /// A token request of the client.
    async fn token(&self, parameters: &str) -> Reply {
        self.token_with(parameters, &json!({})).await
    }

    async fn token_with(&self, parameters: &str, members: &Value) -> Reply {
        let request = json!({"parameters": parameters, "clientId": self.client_id, "clientSecret": self.secret});
        self.authlete.post("/auth/token", &with(request, members)).await
    }

    async fn exchange(&self, code: &str) -> Reply {
        let tail = format!("redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
        self.token(&format!("grant_type=authorization_code&code={code}&{tail}")).await
    }

    async fn tokens(&self, scope: &str, subject: &str) -> Reply {
        let reply = self.exchange(&self.code(scope, subject).await).await;
        assert_eq!(reply.text("action"), "OK", "{reply:?}");
        reply
    }

    async fn refresh(&self, refresh_token: &str) -> Reply {
        self.token(&format!("grant_type=refresh_token&refresh_token={refresh_token}")).await
    }

    async fn introspect(&self, token: &str) -> Reply {
        self.authlete.post("/auth/introspection", &json!({"token": token})).await
    }

    /// Whether an access token works.
    async fn works(&self, token: &str) -> bool {
        self.introspect(token).await.text("action") == "OK"
    }

    fn post<'a>(&'a self, path: &'a str, body: &'a Value) -> impl Future<Output = Reply> + 'a {
        self.authlete.post(path, body)
    }
}

/// An outcome with that action, code and, in what the client gets, error.
fn assert_outcome(reply: &Reply, action: &str, code: &str, error: &str) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!((reply.text("action"), reply.text("resultCode")), (action, code), "{reply:?}");
    assert!(reply.text("resultMessage").starts_with(&format!("[{code}] ")), "{reply:?}");
    if !error.is_empty() {
        let content = reply.text("responseContent");
        let parts = [format!("\"error\":\"{error}\""), format!("error=\"{error}\""), format!("error={error}&")];
        assert!(parts.iter().any(|part| content.contains(part)), "{error}: {content}");
    }
    assert_no_null(&reply.body);
}

/// SDKs break at `null`.
fn assert_no_null(value: &Value) {
    match value {
        Value::Null => panic!("null in an answer"),
        Value::Array(values) => values.iter().for_each(assert_no_null),
        Value::Object(members) => members.values().for_each(assert_no_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
