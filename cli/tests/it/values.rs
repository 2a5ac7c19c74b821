//! URLs, texts and numbers that nobody should have to read, at every door.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::metadata::{AuthMethod, GrantType};
use shared::policy::{CalledUrls, Policy, Preset};

use crate::authlete::{Owner, operator_token};
use crate::support::{Reply, World, as_update, assert_refused, web_client};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A world whose service 1 has all doors for strangers open, and an operator's token.
async fn world() -> (World, String) {
    let mut policy = Preset::Open.policy();
    policy.doors.push("identity_center".to_owned());
    policy.grant_types.offered.push(GrantType::DeviceCode);
    let world = World::for_identity_center(1).await;
    world.service(1, policy).await;
    let token = operator_token(&world, Owner::Service(1), &Permission::ALL).await;
    (world, token)
}

/// A client with one member more.
fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut client = web_client();
    client[member] = value.into();
    client
}

async fn operator(world: &World, token: &str, operation: &str, body: &Value) -> Reply {
    world.send_json("POST", &format!("/api/1/{operation}"), Some(token), body).await
}

/// The answer of Authlete's API to its caller, naming the member.
fn assert_operator_refused(reply: &Reply, member: &str) {
    assert_eq!((reply.status, reply.text("resultCode")), (400, "A001296"), "{reply:?}");
    assert!(reply.text("resultMessage").contains(member), "{reply:?}");
}

#[tokio::test]
async fn a27_redirect_uris_that_are_no_uris_or_no_applications_are_refused_for_what_is_wrong() {
    let (world, token) = world().await;
    for (uri, part) in [
        ("https://rp.example/%zz", "percent sign"),
        ("https://rp.example/a|b", "a character that no URI has"),
        ("https://rp.example/{id}", "a character that no URI has"),
        ("https://rp.example/a^b", "a character that no URI has"),
        ("https://rp.example/a`b", "a character that no URI has"),
        ("https://rp.example/a/../cb", "dot segment"),
        ("https://rp.example/%2E%2e/cb", "dot segment"),
        ("https://rp.example/cb%00", "control character"),
        ("https://rp.example:0/cb", "port"),
        ("http://[0:0:0:0:0:0:0:1]/cb", "usual form (127.0.0.1, [::1])"),
        ("ms-msdt:/id", "no application's own"),
        ("search-ms:query", "no application's own"),
        ("ms-appinstaller:?source=x", "no application's own"),
        ("itms-services://?action=download-manifest", "no application's own"),
        ("intent:#Intent;end", "no application's own"),
        ("chrome-extension://abc/cb", "no application's own"),
        ("shell:startup", "no application's own"),
        ("smb://host/share", "no application's own"),
        ("ldap://host/", "no application's own"),
        ("tel:1234", "no application's own"),
        ("c:/cb", "no application's own"),
        ("localhost:3000/cb", "no application's own"),
    ] {
        let client = json!({"redirect_uris": ["https://rp.example/cb", uri], "token_endpoint_auth_method": "none"});
        let reply = world.register(1, None, &client).await;
        assert_refused(&reply, "invalid_redirect_uri", "redirect_uris[1]: ");
        assert!(reply.text("error_description").contains(part), "{uri}: {reply:?}");
        let created = operator(&world, &token, "client/create", &json!({"redirectUris": [uri]})).await;
        assert_operator_refused(&created, "redirectUris[0]");
    }
}

#[tokio::test]
async fn a12_c11_urls_that_parsers_read_differently_are_refused_at_every_door() {
    let (world, token) = world().await;
    for url in
        ["https:rp.example", "https://rp.example/\"onload=", "https://rp.example/<script>", "https://rp.example/%"]
    {
        assert_refused(&world.register(1, None, &with("tos_uri", url)).await, "invalid_client_metadata", "tos_uri");
        let created = operator(&world, &token, "client/create", &json!({"tosUri": url})).await;
        assert_operator_refused(&created, "tosUri");
        let service = json!({"tosUri": url, "dynamicRegistrationSupported": true});
        assert_operator_refused(&operator(&world, &token, "service/update", &service).await, "tosUri");
    }
}

#[tokio::test]
async fn rfc_7591_s2_2_languages_are_bounded_at_every_door() {
    let (world, token) = world().await;
    let languages = |count: usize| {
        let mut client = web_client();
        for language in 0..count {
            client[format!("client_name#x-{language}")] = json!("Test");
        }
        client
    };
    assert_eq!(world.register(1, None, &languages(100)).await.status, 201);
    for count in [101, 2_300] {
        let reply = world.register(1, None, &languages(count)).await;
        assert_refused(&reply, "invalid_client_metadata", "client_name is longer than 100 languages");
    }
    let names: Vec<Value> = (0..101).map(|language| json!({"tag": format!("x-{language}"), "value": "Test"})).collect();
    let created = operator(&world, &token, "client/create", &json!({"clientNames": names})).await;
    assert_operator_refused(&created, "clientName is longer than 100 languages");
}

#[tokio::test]
async fn what_people_are_shown_has_no_hidden_characters_at_any_door() {
    let (world, token) = world().await;
    let hidden = "Bank\u{202e}knaB";
    for (member, value) in [
        ("client_name", json!(hidden)),
        ("client_name#he", json!("a\u{0}")),
        ("software_id", json!("a\u{200b}")),
        ("software_version", json!("1\u{e0041}")),
    ] {
        let reply = world.register(1, None, &with(member, value)).await;
        assert_refused(&reply, "invalid_client_metadata", &format!("{member} must not have the control or format"));
    }
    for (member, value) in [
        ("clientName", json!(hidden)),
        ("clientNames", json!([{"tag": "fr", "value": hidden}])),
        ("description", json!(hidden)),
        ("descriptions", json!([{"tag": "fr", "value": hidden}])),
        ("attributes", json!([{"key": "a", "value": hidden}])),
        ("developer", json!("a\nb")),
    ] {
        let created = operator(&world, &token, "client/create", &json!({member: value})).await;
        assert_operator_refused(&created, member.trim_end_matches("Names"));
    }
    for (member, value) in [
        ("serviceName", json!(hidden)),
        ("description", json!(hidden)),
        ("supportedScopes", json!([{"name": "read", "description": hidden}])),
    ] {
        assert_operator_refused(&operator(&world, &token, "service/update", &json!({member: value})).await, member);
    }
    let lines = json!({"description": "Two\r\nlines", "clientName": "می\u{200c}خواهم"});
    assert_eq!(operator(&world, &token, "client/create", &lines).await.status, 200);
    let aws = json!({"clientName": hidden, "clientType": "public"});
    let aws = world.send_json("POST", "/client/register", None, &aws).await;
    assert_eq!((aws.status, aws.text("__type")), (400, "InvalidClientMetadataException"));
    assert!(aws.text("error_description").contains("client_name must not have"), "{aws:?}");
    let issuer = json!({"clientName": "Bank", "clientType": "public", "issuerUrl": hidden});
    let issuer = world.send_json("POST", "/client/register", None, &issuer).await;
    assert_eq!((issuer.status, issuer.text("__type")), (400, "InvalidRequestException"));
    let huawei = json!({"client_name": hidden, "client_type": "public", "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_post", "response_types": ["code"]});
    let huawei = world.send_json("POST", "/v1/clients", None, &huawei).await;
    assert_eq!((huawei.status, huawei.text("error_code")), (400, "IIC.400"));
    assert!(huawei.text("error_msg").contains("client_name must not have"), "{huawei:?}");
}

#[tokio::test]
async fn numbers_fit_into_32_bits_where_authlete_says_so() {
    let (world, token) = world().await;
    assert_eq!(world.register(1, None, &with("default_max_age", 2_147_483_647_u64)).await.status, 201);
    let reply = world.register(1, None, &with("default_max_age", 2_147_483_648_u64)).await;
    assert_refused(&reply, "invalid_client_metadata", "default_max_age is more than 2147483647");
    let created = operator(&world, &token, "client/create", &json!({"defaultMaxAge": 2_147_483_648_u64})).await;
    assert_operator_refused(&created, "defaultMaxAge");
    for member in ["allowableClockSkew", "userCodeLength", "clientsPerDeveloper"] {
        let service = json!({member: 2_147_483_648_u64, "dynamicRegistrationSupported": true});
        assert_operator_refused(&operator(&world, &token, "service/update", &service).await, member);
    }
}

#[tokio::test]
async fn what_servers_call_is_public_unless_the_policy_says_otherwise() {
    let (world, token) = world().await;
    let members = [
        ("jwks_uri", json!("https://169.254.169.254/latest/meta-data")),
        ("backchannel_logout_uri", json!("http://localhost:8080/logout")),
        ("request_uris", json!(["https://10.0.0.1/request"])),
    ];
    let own = world.register(1, None, &web_client()).await;
    let path = format!("/operator/1/clients/{}", own.text("client_id"));
    for (member, value) in &members {
        let body = with(member, value.clone());
        let reply = world.register(1, None, &body).await;
        assert_refused(&reply, "invalid_client_metadata", member);
        assert!(reply.text("error_description").contains(" must have a public host, by the policy"), "{reply:?}");
        let on_behalf = world.send_json("POST", "/operator/1/clients", Some(&token), &body).await;
        assert_eq!((on_behalf.status, &on_behalf.body), (400, &reply.body), "it is a registration");
        let patched = world.send_json("PATCH", &path, Some(&token), &json!({*member: value})).await;
        assert_eq!(patched.status, 200, "operators know their network: {patched:?}");
    }
    let pattern = world.register(1, None, &with("request_uris", json!(["https://rp.example/*"]))).await;
    assert_refused(&pattern, "invalid_client_metadata", "request_uris[0] must not contain a wildcard");
    let created = operator(&world, &token, "client/create", &json!({"jwksUri": "https://10.0.0.1/jwks"})).await;
    assert_eq!(created.status, 200, "operators know their network: {created:?}");
    let policy = Policy { called_urls: CalledUrls::Any, ..Preset::Open.policy() };
    world.set_policy(1, policy).await;
    for (member, value) in members {
        assert_eq!(world.register(1, None, &with(member, value)).await.status, 201, "{member}");
    }
}

#[tokio::test]
async fn rfc_8259_s8_1_a_byte_order_mark_is_ignored_at_every_door() {
    let (world, token) = world().await;
    let marked = |body: &Value| format!("\u{feff}{body}");
    let registered = world.send("POST", "/1/register", &[JSON], marked(&web_client())).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let authorization = format!("Bearer {token}");
    let headers = [JSON, ("authorization", authorization.as_str())];
    let document = json!({"json": marked(&web_client())});
    let forwarded = world.send("POST", "/api/1/client/registration", &headers, marked(&document)).await;
    assert_eq!(forwarded.text("action"), "CREATED", "{forwarded:?}");
    let aws = json!({"clientName": "x", "clientType": "public"});
    assert_eq!(world.send("POST", "/client/register", &[JSON], marked(&aws)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_compressed_is_told_so() {
    let (world, token) = world().await;
    let gzip = [JSON, ("content-encoding", "gzip")];
    let body = b"\x1f\x8b\x08\x00".to_vec();
    let reply = world.send("POST", "/1/register", &gzip, body.clone()).await;
    assert_refused(&reply, "invalid_client_metadata", "Content-Encoding");
    let aws = world.send("POST", "/client/register", &gzip, body.clone()).await;
    assert!(aws.text("error_description").contains("Content-Encoding"), "{aws:?}");
    let huawei = world.send("POST", "/v1/clients", &gzip, body.clone()).await;
    assert!(huawei.text("error_msg").contains("Content-Encoding"), "{huawei:?}");
    let authorization = format!("Bearer {token}");
    let headers = [gzip[0], gzip[1], ("authorization", authorization.as_str())];
    let authlete = world.send("POST", "/api/1/client/create", &headers, body).await;
    assert!(authlete.text("resultMessage").contains("Content-Encoding"), "{authlete:?}");
    let plain = [JSON, ("content-encoding", "identity")];
    assert_eq!(world.send("POST", "/1/register", &plain, web_client().to_string()).await.status, 201);
}

#[tokio::test]
async fn no_redirect_uris_are_none_where_nothing_redirects() {
    let (world, token) = world().await;
    let device = json!({"redirect_uris": [], "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]});
    let reply = world.register(1, None, &device).await;
    assert_eq!((reply.status, reply.body.get("redirect_uris")), (201, None), "{reply:?}");
    let code = world.register(1, None, &json!({"redirect_uris": []})).await;
    assert_refused(&code, "invalid_redirect_uri", "redirect_uris: at least one is required by grant_types");
    let created = operator(&world, &token, "client/create", &json!({"redirectUris": []})).await;
    assert_eq!((created.status, created.body.get("redirectUris")), (200, None), "{created:?}");
}

/// Who sends a hundred is told which it is.
#[tokio::test]
async fn an_error_names_the_element_of_a_list() {
    let (world, token) = world().await;
    let long = "x".repeat(Preset::Open.policy().limits.text_bytes + 1);
    for (member, name, value, part) in [
        ("request_uris", "requestUris", json!(["https://rp.example/a", "junk"]), "[1]: it is not an absolute URI"),
        ("request_uris", "requestUris", json!(["ftp://rp.example/a"]), "[0] is not an http or https URL"),
        ("post_logout_redirect_uris", "", json!(["https://rp.example/a", "javascript:x"]), "[1]: its scheme"),
        ("contacts", "contacts", json!(["a", "b\r\nBcc: c"]), "[1] must not have the control or format"),
        ("default_acr_values", "defaultAcrs", json!(["\u{202e}"]), "[0] must not have the control or format"),
        ("contacts", "contacts", json!(["a", "b", long]), "[2] is longer than"),
        ("contacts", "", json!(["a", 5]), "[1] must be a string"),
        ("token_endpoint_auth_methods_supported", "", json!(["none", 5]), "[1] must be a string"),
        ("request_uris", "", json!(["https://rp.example/a", "https://10.0.0.1/a"]), "[1] must have a public host"),
    ] {
        let reply = world.register(1, None, &with(member, value.clone())).await;
        assert_eq!(reply.status, 400, "{member}: {reply:?}");
        assert!(reply.text("error_description").starts_with(&format!("{member}{part}")), "{reply:?}");
        if !name.is_empty() {
            let created = operator(&world, &token, "client/create", &json!({name: value})).await;
            assert_operator_refused(&created, &format!("{name}{part}"));
        }
    }
    let samples = world.refused(1, 1).await;
    assert!(samples.iter().flat_map(|one| &one.samples).all(|sample| sample.reproduces), "{samples:?}");
}

/// RFC 8705 §2.1.2: no certificate has another one, so that client could never authenticate.
#[tokio::test]
async fn a_name_in_a_certificate_is_one_at_every_door() {
    let (world, token) = world().await;
    let mut policy = Preset::Open.policy();
    policy.token_endpoint_auth_methods.offered.push(AuthMethod::TlsClientAuth);
    world.set_policy(1, policy).await;
    let client = |dn: &str| {
        let mut client = with("tls_client_auth_subject_dn", dn);
        client["token_endpoint_auth_method"] = json!("tls_client_auth");
        client
    };
    let named = "2.5.4.97=PSDFR-ACPR-12345, 1.3.6.1.4.1.311.60.2.1.3=#13024252,O=ACME\\, Zoë,C=FR";
    let registered = world.register(1, None, &client(named)).await;
    assert_eq!((registered.status, registered.text("tls_client_auth_subject_dn")), (201, named), "{registered:?}");
    let path = format!("/operator/1/clients/{}", registered.text("client_id"));
    let own = json!({"redirectUris": ["https://rp.example/cb"], "tlsClientAuthSubjectDn": named});
    let own = operator(&world, &token, "client/create", &own).await;
    assert_eq!(own.status, 200, "{own:?}");
    let (error, member) = ("invalid_client_metadata", "tls_client_auth_subject_dn is not a distinguished name");
    for garbage in ["garbage", "CN=a,,O=b", "/C=FR/O=ACME", "CN=a\\", "OID.2=a", "3.5.4=a", "CN=#0c10"] {
        assert_refused(&world.register(1, None, &client(garbage)).await, error, member);
        let body = client(garbage);
        let wrapped = json!({"json": body.to_string()});
        let registration = operator(&world, &token, "client/registration", &wrapped).await;
        assert!(registration.text("responseContent").contains(member), "{registration:?}");
        assert_refused(&world.send_json("POST", "/operator/1/clients", Some(&token), &body).await, error, member);
        let mut update = as_update(&registered.body);
        update["tls_client_auth_subject_dn"] = json!(garbage);
        let own_path = path.replace("/operator/1/clients", "/1/register");
        let put = world.send_json("PUT", &own_path, Some(registered.text("registration_access_token")), &update).await;
        assert_refused(&put, error, member);
        let members = json!({"tls_client_auth_subject_dn": garbage});
        assert_refused(&world.send_json("PATCH", &path, Some(&token), &members).await, error, member);
        let tried = world.send_json("POST", "/operator/1/policy/try", Some(&token), &json!({"client": body})).await;
        assert!(tried.body["refused"]["error_description"].as_str().unwrap().starts_with(member), "{tried:?}");
        let whole = json!({"redirectUris": ["https://rp.example/cb"], "tlsClientAuthSubjectDn": garbage});
        for operation in ["client/create", &format!("client/update/{}", own.body["clientId"])] {
            let refused = operator(&world, &token, operation, &whole).await;
            assert_operator_refused(&refused, "tlsClientAuthSubjectDn is not a distinguished name");
        }
    }
    for (member, garbage) in [
        ("tls_client_auth_subject_dn", "CN=a\u{200b}"),
        ("tls_client_auth_subject_dn", &*format!("CN={}", "a".repeat(5000))),
        ("tls_client_auth_san_dns", "192.0.2.1"),
        ("tls_client_auth_san_dns", "a b"),
        ("tls_client_auth_san_email", "a..b@c.example"),
        ("tls_client_auth_san_email", "a@b.example\u{200b}"),
        ("tls_client_auth_san_ip", "192.0.2"),
    ] {
        world.clock.advance(60);
        let mut client = with(member, garbage);
        client["token_endpoint_auth_method"] = json!("tls_client_auth");
        assert_refused(&world.register(1, None, &client).await, error, member);
    }
    let samples = world.refused(1, 1).await;
    assert!(samples.iter().flat_map(|one| &one.samples).all(|sample| sample.reproduces), "{samples:?}");
}

/// JSON is UTF-8, whatever a parameter says that it does not have.
#[tokio::test]
async fn rfc8259_11_a_charset_has_no_effect_at_any_door() {
    let (world, token) = world().await;
    let (_, _, client) = world.client(&web_client()).await;
    let bearer = format!("Bearer {token}");
    let path = format!("/operator/1/clients/{}", client.text("client_id"));
    let new = web_client().to_string();
    for (method, path, body, media_type, good) in [
        ("POST", "/1/register", new.as_str(), "application/json", 201),
        ("POST", "/1/client/used", "{\"client_ids\":[\"a\"]}", "application/json", 200),
        ("POST", "/operator/1/clients", &new, "application/json", 201),
        ("PATCH", &path, "{\"client_name\":\"a\"}", "application/merge-patch+json", 200),
        ("POST", "/api/1/client/create", "{\"clientName\":\"a\"}", "application/json", 200),
        ("POST", "/client/register", "{\"clientName\":\"a\",\"clientType\":\"public\"}", "application/json", 200),
    ] {
        for charset in ["utf-8", "\"utf-8\"", "utf8", "US-ASCII", "iso-8859-1", "utf-16", ""] {
            let content_type = format!("{media_type}; a=b ;Charset={charset}");
            let headers = [("content-type", content_type.as_str()), ("authorization", bearer.as_str())];
            let reply = world.send(method, path, &headers, body.to_owned()).await;
            assert_eq!(reply.status, good, "{path} {content_type}: {reply:?}");
        }
    }
}
