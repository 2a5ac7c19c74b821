//! `registrar serve --demo-login`: from nothing to a token in a browser.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use registrar::demo::{self, Demo, LoginPlace};
use registrar::demo_login::DemoLogin;
use registrar::gateway::{Client, Gateway};
use serde_json::Value;
use shared::caller::Permission;
use shared::jose::UnverifiedJwt;
use shared::metadata::GrantType;
use shared::origin::Origin;
use shared::service::ServiceConfiguration;

use crate::support::World;

/// Where the browser finds it.
const HOME: &str = "http://127.0.0.1:8080";

fn at_home(is_open: bool) -> LoginPlace<'static> {
    LoginPlace { base_url: HOME, before: None, is_open }
}

/// A browser: it keeps cookies, and follows nothing by itself.
struct Browser {
    gateway: Gateway,
    cookies: Vec<String>,
}

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).unwrap_or_else(|| panic!("no redirect: {}", self.body)).to_str().unwrap()
    }

    /// What stands in a field of the page's form.
    fn field(&self, name: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap()
    }
}

impl Browser {
    async fn new() -> Self {
        let world = World::empty().await;
        demo::service(world.app, None).await.unwrap();
        demo::announce_login(world.app, 1, &at_home(true)).await.unwrap();
        let service_token = world.service_token(1, &Permission::ALL).await;
        let text = String::new;
        let demo = Demo {
            base_url: HOME.to_owned(),
            service_id: 1,
            organization: text(),
            issuer: text(),
            registration_endpoint: text(),
            initial_access_token: text(),
            service_token,
            organization_token: text(),
            dynamodb_endpoint: text(),
            stet_base_url: None,
            stet_service_id: None,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        let gateway = Gateway::new(world.app, address, registrar::endpoints()).unwrap();
        let browser = Self { gateway: gateway.with_login(DemoLogin::new(&demo)), cookies: Vec::new() };
        std::mem::forget(world);
        browser
    }

    async fn goes(&mut self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let path = url.strip_prefix(HOME).unwrap_or(url);
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for cookie in &self.cookies {
            request = request.header("cookie", cookie);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let client = Client { address: SocketAddr::from(([192, 0, 2, 7], 50_000)), secure: false, certificate: None };
        let (head, body) = self.gateway.answer(request, client).await.into_parts();
        let set = head.headers.get_all(header::SET_COOKIE).iter();
        self.cookies.extend(set.map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned()));
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Seen { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn opens(&mut self, url: &str) -> Seen {
        self.goes("GET", url, &[], "").await
    }

    async fn login_page(&mut self) -> Seen {
        let begun = self.opens("/1/try").await;
        let page = self.opens(begun.location()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        page
    }

    async fn decides(&mut self, page: &Seen, decision: &str) -> Seen {
        let form =
            format!("ticket={}&csrf={}&user=alice&decision={decision}", page.field("ticket"), page.field("csrf"));
        let form_type = [("content-type", "application/x-www-form-urlencoded")];
        self.goes("POST", "/1/authorize/decision", &form_type, &form).await
    }
}

#[tokio::test]
async fn a_newcomer_gets_a_token() {
    let mut browser = Browser::new().await;
    let page = browser.login_page().await;
    assert!(
        page.body.contains("The demo&#39;s own client") && page.body.contains("<code>email</code>"),
        "{}",
        page.body
    );
    let decided = browser.decides(&page, "allow").await;
    let shown = browser.opens(decided.location()).await;
    let (_, rest) = shown.body.split_once("Bearer ").unwrap();
    let token = rest.split('\'').next().unwrap().to_owned();
    let authorization = format!("Bearer {token}");
    let userinfo = browser.goes("GET", "/1/userinfo", &[("authorization", &authorization)], "").await;
    let userinfo: Value = serde_json::from_str(&userinfo.body).unwrap();
    assert_eq!((&userinfo["sub"], &userinfo["email"]), (&Value::from("alice"), &Value::from("alice@example.com")));
    let (_, rest) = shown.body.split_once("id_token&quot;: &quot;").unwrap();
    let id_token = rest.split('&').next().unwrap();
    let keys = browser.opens("/1/jwks").await;
    let claims = UnverifiedJwt::parse(id_token).unwrap().verify(&serde_json::from_str(&keys.body).unwrap()).unwrap();
    assert_eq!(claims["sub"], "alice");
    let metadata = browser.opens("/1/.well-known/openid-configuration").await;
    let metadata: Value = serde_json::from_str(&metadata.body).unwrap();
    assert_eq!(metadata["token_endpoint"], format!("{HOME}/1/token"));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn a_user_who_denies_gives_nothing() {
    let mut browser = Browser::new().await;
    let page = browser.login_page().await;
    let decided = browser.decides(&page, "deny").await;
    assert!(decided.location().contains("error=access_denied"), "{}", decided.location());
}

/// Somebody who lures a user to a page of theirs has no cookie of the user's.
#[tokio::test]
async fn a_decision_comes_from_the_browser_that_was_asked() {
    let mut browser = Browser::new().await;
    let page = browser.login_page().await;
    let cookies = std::mem::take(&mut browser.cookies);
    let decided = browser.decides(&page, "allow").await;
    assert_eq!(decided.status, StatusCode::BAD_REQUEST);
    browser.cookies = cookies;
    assert_eq!(browser.decides(&page, "allow").await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn names_in_a_page_are_text() {
    let mut browser = Browser::new().await;
    let body = r#"{"client_name":"<script>alert(1)</script>\"'","redirect_uris":["https://rp.example/cb"]}"#;
    let registered = browser.goes("POST", "/1/register", &[("content-type", "application/json")], body).await;
    let registered: Value = serde_json::from_str(&registered.body).unwrap();
    let id = registered["client_id"].as_str().unwrap();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let hint = format!("login_hint=%22%3E%3Cscript%3E&code_challenge={challenge}&code_challenge_method=S256");
    let page = browser
        .opens(&format!("/1/authorize?response_type=code&client_id={id}&redirect_uri=https://rp.example/cb&{hint}"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<script>"), "{}", page.body);
    assert!(page.headers.get("content-security-policy").is_some());
    let failed = browser.opens("/1/authorize?response_type=code&client_id=%3Cscript%3E").await;
    assert_eq!(failed.status, StatusCode::BAD_REQUEST);
    assert!(!failed.body.contains("<script>"), "{}", failed.body);
}

async fn stored(world: &World) -> ServiceConfiguration {
    world.app.store.service(1).await.unwrap().unwrap().configuration
}

/// Authlete's device flow is not built, and the demo's token endpoint is Authlete's.
#[tokio::test]
async fn the_device_grant_is_offered_where_the_demos_login_is_not() {
    let world = World::empty().await;
    demo::service(world.app, None).await.unwrap();
    let before = stored(&world).await;
    assert!(before.policy.grant_types.offered.contains(&GrantType::DeviceCode));
    demo::announce_login(world.app, 1, &at_home(true)).await.unwrap();
    let open = stored(&world).await;
    assert!(!open.policy.grant_types.offered.contains(&GrantType::DeviceCode));
    open.policy.check().unwrap();
    demo::announce_login(world.app, 1, &at_home(false)).await.unwrap();
    assert_eq!(stored(&world).await, before, "what it was comes back");
}

#[tokio::test]
async fn nothing_leads_to_the_demos_login_when_it_is_gone() {
    let world = World::empty().await;
    demo::service(world.app, None).await.unwrap();
    demo::announce_login(world.app, 1, &at_home(true)).await.unwrap();
    let service = world.app.store.service(1).await.unwrap().unwrap();
    let mut written = service.configuration;
    written.authorization_server.insert("authorization_endpoint".to_owned(), "https://as.example/go".into());
    written.authorization_server.insert("revocation_endpoint".to_owned(), "https://as.example/1/revoke".into());
    world.app.store.update_service(1, service.version, &written, None, &Origin::default()).await.unwrap();
    let moved = LoginPlace { base_url: "http://127.0.0.1:8090", before: Some(HOME), is_open: true };
    demo::announce_login(world.app, 1, &moved).await.unwrap();
    assert_eq!(stored(&world).await, written, "an operator's are left as they are while it is there");
    demo::announce_login(world.app, 1, &LoginPlace { is_open: false, ..moved }).await.unwrap();
    let announced = stored(&world).await.authorization_server;
    assert_eq!(announced["authorization_endpoint"], "https://as.example/go");
    assert_eq!(announced["revocation_endpoint"], "https://as.example/1/revoke", "an operator's, of the same path");
    for name in ["token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert_eq!(announced.get(name), None, "{name}");
    }
}
