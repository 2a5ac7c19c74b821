//! Sections C, D, E and K: what a document may say, and what becomes of it.

use serde_json::{Value, json};
use shared::metadata::{AuthMethod, GrantType, Scope};
use shared::policy::{MetadataDocuments, Policy, Preset, SameOrigin, Unoffered};

use super::{PATH, Scene, ok, opened, outcome};
use crate::statements::{ISSUER, Issuer};
use crate::support::Reply;

/// The documents of real hosts, as published between May and September 2026, with `@ORIGIN@` for their hosts: path and body.
const HOSTS: [(&str, &str); 6] = [
    (
        "/oauth/mcp-oauth-client-metadata",
        r#"{"client_id":"@ORIGIN@/oauth/mcp-oauth-client-metadata","client_name":"Claude","client_uri":"@ORIGIN@","redirect_uris":["@ORIGIN@/api/mcp/auth_callback"],"grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:jwt-bearer"],"response_types":["code"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "/oauth/claude-code-client-metadata",
        r#"{"client_id":"@ORIGIN@/oauth/claude-code-client-metadata","client_name":"Claude Code","client_uri":"@ORIGIN@","redirect_uris":["http://localhost/callback","http://127.0.0.1/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "/oauth/client.json",
        r#"{"client_id":"@ORIGIN@/oauth/client.json","client_uri":"@ORIGIN@/","client_name":"ChatGPT","logo_uri":"https://persistent.oaistatic.com/sonic/misc/openai-logo.png","redirect_uris":["@ORIGIN@/connector_platform_oauth_redirect"],"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["none","private_key_jwt"],"token_endpoint_auth_signing_alg":"RS256","jwks_uri":"@ORIGIN@/oauth/jwks.json","grant_types":["authorization_code","refresh_token"],"response_types":["code"]}"#,
    ),
    (
        "/oauth/client-metadata.json",
        r#"{"client_name":"Visual Studio Code","logo_uri":"https://code.visualstudio.com/assets/branding/code-stable.png","grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code"],"token_endpoint_auth_method":"none","application_type":"native","client_id":"@ORIGIN@/oauth/client-metadata.json","client_uri":"@ORIGIN@/product","redirect_uris":["http://127.0.0.1:33418/","@ORIGIN@/redirect"]}"#,
    ),
    (
        "/goose/client-metadata.json",
        r#"{"client_id":"@ORIGIN@/goose/client-metadata.json","client_name":"Goose","redirect_uris":["http://localhost/oauth_callback"],"grant_types":["authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"none","scope":"openid profile email","code_challenge_methods_supported":["S256"]}"#,
    ),
    (
        "/example/client-metadata.json",
        r#"{"client_id":"@ORIGIN@/example/client-metadata.json","client_name":"Example MCP Client","client_uri":"@ORIGIN@","logo_uri":"@ORIGIN@/logo.png","redirect_uris":["http://127.0.0.1:3000/callback","http://localhost:3000/callback"],"grant_types":["authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"none"}"#,
    ),
];

const JSON: &str = "content-type: application/json\r\n";

/// The scene of the real hosts' documents, with a policy that lets keys be on its host.
struct Hosts {
    scene: Scene,
}

impl Hosts {
    async fn new(policy: Policy) -> Self {
        let called_urls = shared::policy::CalledUrls::Any;
        Self { scene: Scene::with(Policy { called_urls, ..policy }).await }
    }

    fn document(&self, number: usize) -> Value {
        serde_json::from_str(&HOSTS[number - 1].1.replace("@ORIGIN@", &self.scene.site.url)).unwrap()
    }

    async fn ask(&self, number: usize, document: &Value) -> Reply {
        self.ask_as(number, JSON, &document.to_string()).await
    }

    async fn ask_as(&self, number: usize, headers: &str, body: &str) -> Reply {
        let path = HOSTS[number - 1].0;
        self.scene.world.clock.advance(2 * 86_400);
        self.scene.site.set(path, ok(headers, body));
        self.scene.asker().ask(&format!("{}{path}", self.scene.site.url)).await
    }

    async fn redirects(&self, number: usize, uri: &str) -> u16 {
        let url = format!("{}{}", self.scene.site.url, HOSTS[number - 1].0);
        self.scene.asker().ask_with(&url, &[("redirect_uri", uri)]).await.status
    }
}

/// Nothing of a document is lost but what stands there.
fn assert_kept(reply: &Reply, document: &Value, but: &[(&str, Value)]) {
    assert_eq!(reply.status, 200, "{reply:?}");
    for (member, value) in document.as_object().unwrap() {
        let expected = but.iter().find(|(name, _)| name == member).map_or(value, |(_, value)| value);
        assert_eq!(reply.body.get(member).unwrap_or(&Value::Null), expected, "{member}");
    }
}

#[tokio::test]
async fn k1_to_k6_the_documents_of_real_hosts_resolve_with_nothing_lost() {
    let hosts = Hosts::new(Preset::Open.policy()).await;
    let flows = json!(["authorization_code", "refresh_token"]);
    for (number, but) in [
        (1, vec![("grant_types", flows.clone())]),
        (2, vec![]),
        (3, vec![]),
        (4, vec![("grant_types", flows.clone())]),
        (5, vec![("code_challenge_methods_supported", Value::Null)]),
        (6, vec![]),
    ] {
        let document = hosts.document(number);
        let reply = hosts.ask(number, &document).await;
        let kept: Vec<(&str, Value)> = but;
        assert_kept(&reply, &document, &kept);
        let kind = if [2, 4, 5, 6].contains(&number) { "native" } else { "web" };
        assert_eq!(reply.body["application_type"], kind, "D4: K{number}");
    }
}

#[tokio::test]
async fn k3_m3_a_document_that_prefers_keys_resolves_where_one_of_its_methods_is_offered() {
    let offering = |methods: &[AuthMethod]| {
        let mut policy = Preset::Open.policy();
        policy.token_endpoint_auth_methods.offered = methods.to_vec();
        policy.token_endpoint_auth_methods.default = methods.first().copied().into_iter().collect();
        policy
    };
    for (offered, chosen, all) in [
        (
            &[AuthMethod::None, AuthMethod::PrivateKeyJwt][..],
            Some("private_key_jwt"),
            json!(["none", "private_key_jwt"]),
        ),
        (&[AuthMethod::PrivateKeyJwt], Some("private_key_jwt"), json!(["private_key_jwt"])),
        (&[AuthMethod::None], Some("none"), json!(["none"])),
        (&[AuthMethod::ClientSecretBasic], None, Value::Null),
    ] {
        let hosts = Hosts::new(offering(offered)).await;
        let reply = hosts.ask(3, &hosts.document(3)).await;
        let Some(chosen) = chosen else {
            let expected = (400, "unauthorized_client", "no_common_method", "rule");
            assert_eq!(outcome(&reply), expected, "E5: {reply:?}");
            continue;
        };
        assert_eq!((reply.status, reply.text("token_endpoint_auth_method")), (200, chosen), "E4, E6");
        assert_eq!(reply.body["token_endpoint_auth_methods_supported"], all);
    }
}

#[tokio::test]
async fn k3_strict_presets_take_hosts_whose_logo_is_elsewhere() {
    for (preset, method) in [(Preset::Protected, "private_key_jwt"), (Preset::Regulated, "private_key_jwt")] {
        let hosts = Hosts::new(preset.policy()).await;
        let reply = hosts.ask(3, &hosts.document(3)).await;
        assert_eq!((reply.status, reply.text("token_endpoint_auth_method")), (200, method), "{reply:?}");
    }
}

#[tokio::test]
async fn e1_e2_m4_what_a_document_says_of_its_method() {
    let hosts = Hosts::new(Preset::Open.policy()).await;
    let with = |number: usize, change: &dyn Fn(&mut Value)| {
        let mut document = hosts.document(number);
        change(&mut document);
        document
    };
    let remove = |document: &mut Value, member: &str| {
        assert!(document.as_object_mut().unwrap().remove(member).is_some(), "{member}");
    };
    let plural = with(3, &|document| remove(document, "token_endpoint_auth_method"));
    let reply = hosts.ask(3, &plural).await;
    assert_eq!((reply.status, reply.text("token_endpoint_auth_method")), (200, "private_key_jwt"), "E2");
    let neither = with(5, &|document| remove(document, "token_endpoint_auth_method"));
    let reply = hosts.ask(5, &neither).await;
    assert_eq!((reply.status, reply.text("token_endpoint_auth_method")), (200, "none"), "E1");
    let outside = with(3, &|document| document["token_endpoint_auth_method"] = "tls_client_auth".into());
    assert_eq!(outcome(&hosts.ask(3, &outside).await).2, "invalid_document", "E3");
    let unknown = with(3, &|document| {
        document["token_endpoint_auth_methods_supported"] = json!(["attest_jwt_client_auth", "made_up"]);
        remove(document, "token_endpoint_auth_method");
    });
    assert_eq!(outcome(&hosts.ask(3, &unknown).await).2, "no_common_method", "E5");
    let keyless = with(3, &|document| {
        remove(document, "token_endpoint_auth_methods_supported");
        remove(document, "jwks_uri");
    });
    let reply = hosts.ask(3, &keyless).await;
    assert_eq!(outcome(&reply).2, "invalid_document", "E7: {reply:?}");
    assert!(reply.text("error_description").contains("jwks"), "{reply:?}");
    let keyless_plural = with(3, &|document| {
        remove(document, "token_endpoint_auth_method");
        remove(document, "jwks_uri");
    });
    assert_eq!(hosts.ask(3, &keyless_plural).await.body["token_endpoint_auth_method"], "none", "E6");
}

#[tokio::test]
async fn c1_to_c14_each_rule_of_the_document_is_broken_alone() {
    let scene = Scene::new().await;
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
    let mut private = ec.clone();
    private["d"] = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE".into();
    let secret = |claims: &Value| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "ES256"})), part(claims))
    };
    let many: Vec<String> = (0..33).map(|number| format!("https://rp.example/{number}")).collect();
    let text = scene.document().to_string();
    let twice = text.replacen('{', "{\"client_name\":\"Other\",", 1);
    scene.site.set(PATH, ok(JSON, &twice));
    let reply = scene.ask().await;
    assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "json"), "C1");
    assert_eq!(reply.text("error_description"), "client_name appears twice");
    let mut asked = 1;
    for (rule, members, said) in [
        ("C2", json!({"client_id": null}), "client_id is required"),
        ("C2", json!({"client_id": 1}), "client_id must be a string"),
        ("C2", json!({"client_id": format!("{}/", scene.url())}), "client_id is not the URL of the document"),
        ("C2", json!({"client_id": scene.url().replace("localhost", "LOCALHOST")}), "client_id is not the URL"),
        ("C6", json!({"client_secret": ""}), "client_secret must not be in a public document"),
        ("C6", json!({"client_secret_expires_at": 0}), "client_secret_expires_at must not be"),
        ("C7", json!({"token_endpoint_auth_method": "client_secret_basic"}), "must not need a shared secret"),
        ("C7", json!({"token_endpoint_auth_method": "client_secret_jwt"}), "must not need a shared secret"),
        ("C7", json!({"token_endpoint_auth_methods_supported": ["client_secret_post", "none"]}), "shared secret"),
        ("C8", json!({"jwks": {"keys": [private]}}), "jwks must not have private keys"),
        ("C8", json!({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}), "jwks must not have private keys"),
        ("C8", json!({"jwks": {"keys": [ec], "private": {"d": "a"}}}), "jwks must not have private keys"),
        ("C9", json!({"software_statement": secret(&json!({"client_secret": "a"}))}), "client_secret must not be"),
        (
            "C9",
            json!({"software_statement": secret(&json!({"token_endpoint_auth_method": "client_secret_post"}))}),
            "must not need a shared secret",
        ),
        ("C12", json!({"redirect_uris": null}), "redirect_uris"),
        ("C12", json!({"redirect_uris": []}), "redirect_uris"),
        ("C13", json!({"jwks": {"keys": [ec]}, "jwks_uri": "https://rp.example/jwks"}), "jwks"),
        ("C18", json!({"redirect_uris": "http://localhost/callback"}), "redirect_uris must be an array of strings"),
        ("C18", json!({"client_name": 1}), "client_name must be a string"),
        ("C19", json!({"logo_uri": "javascript:alert(1)"}), "logo_uri has a scheme that runs a script"),
        ("C19", json!({"tos_uri#fr": "JavaScript:alert(1)"}), "tos_uri#fr has a scheme that runs a script"),
        ("C19", json!({"policy_uri": "data:text/html,a"}), "policy_uri has a scheme that runs a script"),
        ("D5", json!({"redirect_uris": ["http://rp.example/cb"]}), "redirect_uris[0]"),
        ("D8", json!({"redirect_uris": ["https://*.rp.example/cb"]}), "wildcard"),
        ("D9", json!({"redirect_uris": many}), "redirect_uris"),
    ] {
        scene.world.clock.advance(61);
        scene.publish(&scene.document_with(&members));
        let reply = scene.ask().await;
        asked += 1;
        assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "rule"), "{rule} {members}: {reply:?}");
        assert!(reply.text("error_description").contains(said), "{rule} {members}: {reply:?}");
    }
    assert_eq!(scene.site.requests(), asked, "F4: none of them is cached");
}

#[tokio::test]
async fn c3_c5_c14_to_c22_what_a_document_may_say() {
    let scene = Scene::new().await;
    let ec = json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
    let dozens: Vec<String> = (0..32).map(|number| format!("https://rp.example/{number}")).collect();
    for (rule, members, becomes) in [
        (
            "C5",
            json!({"@context": ["https://a.example"], "made_up": {"a": 1}}),
            json!({"@context": null, "made_up": null}),
        ),
        ("C10", json!({"software_statement": "a.b.c"}), json!({"client_name": "Example"})),
        ("C14", json!({"jwks": {"keys": [ec]}}), json!({"jwks": {"keys": [ec]}})),
        (
            "C15",
            json!({"registration_access_token": "a", "registration_client_uri": "b", "client_id_issued_at": 1}),
            json!({"registration_access_token": null, "registration_client_uri": null, "client_id_issued_at": null}),
        ),
        (
            "C16",
            json!({"grant_types": ["authorization_code", "urn:example:new"], "response_types": ["code", "urn:new"]}),
            json!({"grant_types": ["authorization_code"], "response_types": ["code"]}),
        ),
        (
            "C17",
            json!({"grant_types": null}),
            json!({"grant_types": ["authorization_code"], "response_types": ["code"]}),
        ),
        ("C18", json!({"jwks": null, "client_uri": null}), json!({"jwks": null, "client_uri": null})),
        (
            "C19",
            json!({"client_uri": "http://rp.example/", "logo_uri": "https://rp.example/a", "logo_uri#fr": "ftp://a/"}),
            json!({"client_uri": null, "logo_uri": "https://rp.example/a", "logo_uri#fr": null}),
        ),
        ("C21", json!({"client_name#ja-Jpan-JP": "Kuraianto"}), json!({"client_name#ja-Jpan-JP": "Kuraianto"})),
        ("C22", json!({"client_id_expires_at": 1}), json!({"client_id_expires_at": null})),
        ("D5", json!({"redirect_uris": ["com.example.app:/cb"]}), json!({"application_type": "native"})),
        ("D9", json!({"redirect_uris": dozens}), json!({"redirect_uris": dozens})),
    ] {
        scene.world.clock.advance(3600);
        scene.publish(&scene.document_with(&members));
        let reply = scene.ask().await;
        assert_eq!(reply.status, 200, "{rule} {members}: {reply:?}");
        for (member, value) in becomes.as_object().unwrap() {
            assert_eq!(reply.body.get(member).unwrap_or(&Value::Null), value, "{rule} {member}");
        }
    }
    // C3
    for kind in ["application/client+json; charset=utf-8", "Application/JSON", "application/ld+json"] {
        scene.world.clock.advance(86_400 + 3600);
        scene.site.set(PATH, ok(&format!("content-type: {kind}\r\n"), &scene.document().to_string()));
        let reply = scene.ask().await;
        assert_eq!((reply.status, super::copy(&reply)), (200, "fresh"), "{kind}");
    }
    // A4
    let root = format!("{}/", scene.site.url);
    scene.site.set("/", ok(JSON, &scene.document_with(&json!({"client_id": root})).to_string()));
    assert_eq!(scene.asker().ask(&root).await.status, 200);
}

#[tokio::test]
async fn c10_a_software_statement_is_worth_what_its_issuer_is() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let scene = Scene::with(issuer.required()).await;
    let claims = |iss: &str| json!({"iss": iss, "client_name": "Vouched"});
    for (statement, name) in [
        (None, Some("Example")),
        (Some("a.b.c".to_owned()), Some("Example")),
        (Some(stranger.sign(&claims("https://other.example"))), Some("Example")),
        (Some(stranger.sign(&json!({"client_name": "Vouched"}))), Some("Example")),
        (Some(issuer.sign(&claims(ISSUER))), Some("Vouched")),
        (Some(stranger.sign(&claims(ISSUER))), None),
    ] {
        scene.world.clock.advance(3600);
        scene.publish(&scene.document_with(&json!({"software_statement": statement})));
        let reply = scene.ask().await;
        match name {
            Some(name) => assert_eq!((reply.status, reply.text("client_name")), (200, name), "{reply:?}"),
            None => assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "rule"), "{reply:?}"),
        }
    }
}

#[tokio::test]
async fn c11_the_profile_of_mcp_asks_for_a_name_and_redirects() {
    let scene = Scene::new().await;
    let required = ["client_name", "redirect_uris"].map(str::to_owned).to_vec();
    scene.settings(MetadataDocuments { required, ..MetadataDocuments::default() }).await;
    for members in [json!({"client_name": null}), json!({"client_name": ""})] {
        scene.publish(&scene.document_with(&members));
        let reply = scene.ask().await;
        assert_eq!(reply.text("error_description"), "client_name is required in documents by this service");
        scene.world.clock.advance(61);
    }
    scene.publish(&scene.document());
    assert_eq!(scene.ask().await.status, 200);
}

#[tokio::test]
async fn c16_c20_what_a_strict_service_does_not_offer_is_dropped_from_documents_alone() {
    let mut policy = Preset::Protected.policy();
    policy.scopes.offered = Scope::parse("read write").unwrap();
    policy.scopes.default = Scope::parse("read").unwrap();
    assert_eq!(policy.grant_types.unoffered, Unoffered::Refuse);
    let scene = Scene::with(policy).await;
    scene.publish(&scene.document_with(&json!({
        "grant_types": ["authorization_code", "implicit"], "response_types": ["code"], "scope": "openid write",
    })));
    let reply = scene.ask().await;
    assert_eq!((reply.status, &reply.body["grant_types"]), (200, &json!(["authorization_code"])), "{reply:?}");
    assert_eq!(reply.text("scope"), "write");
    scene.world.clock.advance(3600);
    scene.publish(&scene.document_with(&json!({"scope": "openid profile"})));
    assert_eq!(scene.ask().await.text("scope"), "read", "none is left: as if absent");
    scene.world.clock.advance(3600);
    scene.publish(&scene.document_with(&json!({"grant_types": ["implicit"]})));
    assert_eq!(outcome(&scene.ask().await).2, "invalid_document", "nothing usable remains");
    // D4: a strict service does not infer, but a document with a loopback redirect is native.
    scene.world.clock.advance(3600);
    scene.publish(&scene.document_with(&json!({"redirect_uris": ["http://127.0.0.1/cb"]})));
    let reply = scene.ask().await;
    assert_eq!((reply.status, reply.text("application_type")), (200, "native"), "{reply:?}");
}

#[tokio::test]
async fn d2_d3_m1_a_loopback_redirect_matches_on_any_port() {
    let hosts = Hosts::new(Preset::Open.policy()).await;
    assert_eq!(hosts.ask(2, &hosts.document(2)).await.status, 200);
    for (uri, status) in [
        ("http://localhost:51763/callback", 200),
        ("http://127.0.0.1:40001/callback", 200),
        ("http://localhost:51763/callback/", 400),
        ("http://[::1]:51763/callback", 400),
        ("https://localhost:51763/callback", 400),
    ] {
        assert_eq!(hosts.redirects(2, uri).await, status, "{uri}");
    }
    assert_eq!(hosts.ask(6, &hosts.document(6)).await.status, 200);
    assert_eq!(hosts.redirects(6, "http://127.0.0.1:4711/callback").await, 200);
}

#[tokio::test]
async fn d6_d7_h8_m18_m19_where_a_service_asks_for_one_origin_it_covers_every_url() {
    let scene = Scene::new().await;
    let own = |path: &str| format!("{}{path}", scene.site.url);
    let redirects = json!([own("/cb"), own("/cb2")]);
    let settings = |same_origin| MetadataDocuments { same_origin, ..MetadataDocuments::default() };
    let check = async |same_origin, members: Value, status: u16| {
        scene.world.clock.advance(4 * 86_400);
        scene.settings(settings(same_origin)).await;
        scene.publish(&scene.document_with(&members));
        let reply = scene.ask().await;
        assert_eq!(reply.status, status, "{members}: {reply:?}");
        if status == 400 {
            assert!(reply.text("error_description").contains("must have the origin of client_id"), "{reply:?}");
        }
    };
    check(SameOrigin::RedirectUris, json!({"redirect_uris": redirects}), 200).await;
    check(SameOrigin::RedirectUris, json!({"redirect_uris": [own("/cb"), "https://rp.example/cb"]}), 400).await;
    check(SameOrigin::RedirectUris, json!({"redirect_uris": redirects, "logo_uri": "https://cdn.example/a"}), 200)
        .await;
    for (member, value) in [
        ("logo_uri", json!("https://cdn.example/a")),
        ("jwks_uri", json!("https://rp.example/jwks")),
        ("backchannel_logout_uri", json!("https://rp.example/logout")),
        ("backchannel_client_notification_endpoint", json!("https://rp.example/notify")),
        ("request_uris", json!(["https://rp.example/request"])),
        ("initiate_login_uri", json!("https://rp.example/login")),
        ("post_logout_redirect_uris", json!(["https://rp.example/out"])),
        ("sector_identifier_uri", json!("https://rp.example/sector")),
    ] {
        check(SameOrigin::AllUrls, json!({"redirect_uris": redirects, member: value}), 400).await;
    }
    check(SameOrigin::AllUrls, json!({"redirect_uris": redirects, "logo_uri": own("/logo.png")}), 200).await;
}

#[tokio::test]
async fn h14_a_metadata_policy_is_applied_at_the_end() {
    let scene = Scene::new().await;
    let with = async |metadata_policy: Value| {
        let metadata_policy = metadata_policy.as_object().unwrap().clone();
        scene.settings(MetadataDocuments { metadata_policy, ..MetadataDocuments::default() }).await;
    };
    let grants = json!(["authorization_code", "refresh_token"]);
    scene.publish(&scene.document_with(&json!({"grant_types": grants, "logo_uri": "https://rp.example/a"})));
    assert_eq!(scene.ask().await.body["grant_types"], grants);
    with(json!({"grant_types": {"subset_of": ["authorization_code"]}, "contacts": {"value": ["a@rp.example"]}})).await;
    let reply = scene.ask().await;
    assert_eq!(reply.body["grant_types"], json!(["authorization_code"]), "it acts on the copy that is kept");
    assert_eq!(reply.body["contacts"], json!(["a@rp.example"]));
    with(json!({"token_endpoint_auth_method": {"one_of": ["none"]}})).await;
    assert_eq!(scene.ask().await.status, 200);
    with(json!({"openid_relying_party": {"client_name": {"one_of": ["Other"]}}})).await;
    let reply = scene.ask().await;
    assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "rule"));
    assert!(reply.text("error_description").contains("client_name"), "{reply:?}");
    assert_eq!(scene.site.requests(), 1);
}

#[tokio::test]
async fn what_a_service_asks_of_documents_it_asks_of_copies_too() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    assert_eq!(scene.ask().await.status, 200);
    let default = MetadataDocuments::default;
    for (settings, said) in [
        (
            MetadataDocuments { same_origin: SameOrigin::RedirectUris, ..default() },
            "redirect_uris[0] must have the origin",
        ),
        (MetadataDocuments { required: vec!["logo_uri".to_owned()], ..default() }, "logo_uri is required"),
    ] {
        scene.settings(settings).await;
        let reply = scene.ask().await;
        assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "rule"));
        assert!(reply.text("error_description").contains(said), "{reply:?}");
    }
    scene.settings(default()).await;
    assert_eq!((scene.ask().await.status, scene.site.requests()), (200, 1));
}

#[tokio::test]
async fn e6_what_judges_the_method_judges_every_method() {
    let mut policy = Preset::Open.policy();
    policy.grant_types.offered.push(GrantType::ClientCredentials);
    let hosts = Hosts::new(policy.clone()).await;
    let mut document = hosts.document(3);
    document["grant_types"] = json!(["client_credentials"]);
    document["response_types"] = json!([]);
    let reply = hosts.ask(3, &document).await;
    assert_eq!(reply.body["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]), "{reply:?}");
    let rules = json!({"token_endpoint_auth_method": {"one_of": ["private_key_jwt"]}}).as_object().unwrap().clone();
    policy.metadata_documents.metadata_policy = rules;
    let hosts = Hosts::new(policy).await;
    let reply = hosts.ask(3, &hosts.document(3)).await;
    assert_eq!(reply.body["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]), "{reply:?}");
}

#[tokio::test]
async fn a_policy_that_changes_acts_on_the_copies_that_are_kept() {
    let mut policy = Preset::Open.policy();
    policy.grant_types.offered.push(GrantType::DeviceCode);
    let scene = Scene::with(policy).await;
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    scene.publish(&scene.document_with(&json!({"grant_types": ["authorization_code", device]})));
    assert_eq!(scene.ask().await.body["grant_types"], json!(["authorization_code", device]));
    scene.world.set_policy(1, opened(Preset::Open.policy())).await;
    assert_eq!(scene.ask().await.body["grant_types"], json!(["authorization_code"]));
    assert_eq!(scene.site.requests(), 1);
}
