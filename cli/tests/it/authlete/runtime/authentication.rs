//! Clients show who they are, each by its method, and nobody else can.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
use serde_json::{Map, Value, json};
use shared::jose::{SigningAlgorithm, SigningKey, generate_signing_key, public_keys, sign_with_secret};

use super::{Party, REDIRECT, assert_outcome, with};
use crate::support::{NOW, Reply};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Party {
    /// A request for a token of the client's own, with those parameters and members.
    async fn own(&self, parameters: &str, members: &Value) -> Reply {
        let parameters = format!("grant_type=client_credentials{parameters}");
        self.post("/auth/token", &with(json!({"parameters": parameters}), members)).await
    }

    async fn asserts(&self, assertion: &str) -> Reply {
        self.own(&format!("&client_assertion_type={TYPE}&client_assertion={assertion}"), &json!({})).await
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("no object") };
    members
}

#[tokio::test]
async fn a_secret_in_http_basic_is_taken_as_it_stands_there_or_decoded() {
    let party = Party::new().await;
    let (id, secret) = (&party.client_id, &party.secret);
    // RFC 6749 §2.3.1, as some libraries write it: all that is not a letter or a digit is encoded.
    let encoded: String = secret
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", u32::from(c)) })
        .collect();
    for (id, secret) in [(json!(id), secret), (json!(id), &encoded), (json!(id.parse::<u64>().unwrap()), secret)] {
        let reply = party.own("", &json!({"clientId": id, "clientSecret": secret})).await;
        assert_outcome(&reply, "OK", "A052001", "");
        assert_eq!(reply.text("clientAuthMethod"), "CLIENT_SECRET_BASIC");
    }
    let twice = encoded.replace('%', "%25");
    let unknown = party.own("", &json!({"clientId": "77", "clientSecret": secret})).await;
    assert_outcome(&unknown, "INVALID_CLIENT", "A157380", "invalid_client");
    for wrong in ["x", &secret[1..], &twice] {
        let reply = party.own("", &json!({"clientId": id, "clientSecret": wrong})).await;
        assert_outcome(&reply, "INVALID_CLIENT", "A157380", "invalid_client");
        assert_eq!(reply.text("responseContent"), unknown.text("responseContent"), "the same bytes");
    }
    for (parameters, members, action, code) in [
        ("", json!({}), "BAD_REQUEST", "A244305"),
        (&*format!("&client_id={id}&client_secret={secret}"), json!({}), "INVALID_CLIENT", "A157357"),
        (&*format!("&client_id={id}"), json!({"clientId": "77", "clientSecret": secret}), "BAD_REQUEST", "A157384"),
        ("", json!({"clientId": id}), "INVALID_CLIENT", "A157357"),
    ] {
        assert_outcome(&party.own(parameters, &members).await, action, code, "");
    }
}

/// RFC 6749 §2.3: a request has one client authentication; the same secret at two places is one.
#[tokio::test]
async fn rfc6749_s2_3_a_request_has_one_client_authentication() {
    let party = Party::new().await;
    let grant = "grant_type=client_credentials";
    let same = party.token(&format!("{grant}&client_secret={}", party.secret)).await;
    assert_outcome(&same, "OK", "A052001", "");
    for more in ["client_secret=other", "client_assertion=a.b.c"] {
        let refused = party.token(&format!("{grant}&{more}")).await;
        assert_outcome(&refused, "BAD_REQUEST", "A157386", "invalid_request");
        for path in ["/pushed_auth_req", "/auth/revocation"] {
            let body = json!({"parameters": format!("token=x&{more}"), "clientId": party.client_id,
                "clientSecret": party.secret});
            assert_outcome(&party.post(path, &body).await, "BAD_REQUEST", "A157386", "invalid_request");
        }
    }
}

#[tokio::test]
async fn a_secret_in_the_body_is_taken_there_only() {
    let party = Party::with(&json!({}), &json!({"tokenAuthMethod": "CLIENT_SECRET_POST"})).await;
    let (id, secret) = (&party.client_id, &party.secret);
    let reply = party.own(&format!("&client_id={id}&client_secret={secret}"), &json!({})).await;
    assert_outcome(&reply, "OK", "A052001", "");
    let reply = party.own("", &json!({"clientId": id, "clientSecret": secret})).await;
    assert_outcome(&reply, "INVALID_CLIENT", "A157385", "invalid_client");
}

#[tokio::test]
async fn a_client_without_credentials_presents_none() {
    let public = json!({"clientType": "PUBLIC", "tokenAuthMethod": "NONE", "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"]});
    let party = Party::with(&json!({"missingClientIdAllowed": true}), &public).await;
    let tokens = party.tokens("a", "john").await;
    assert_eq!(tokens.text("clientAuthMethod"), "NONE");
    let refresh = format!("grant_type=refresh_token&refresh_token={}", tokens.text("refreshToken"));
    let ask = async |tail: &str, members: Value| {
        let body = with(json!({"parameters": format!("{refresh}{tail}")}), &members);
        party.post("/auth/token", &body).await
    };
    let id = format!("&client_id={}", party.client_id);
    let secret = ask(&format!("{id}&client_secret=x"), json!({})).await;
    assert_outcome(&secret, "INVALID_CLIENT", "A157303", "invalid_client");
    assert_outcome(&ask(&id, json!({"clientSecret": "x"})).await, "INVALID_CLIENT", "A157303", "invalid_client");
    // Who names two clients names none, whatever the token says.
    let two = ask(&id, json!({"clientId": "another"})).await;
    assert_outcome(&two, "BAD_REQUEST", "A157384", "invalid_request");
    // An empty secret is none, and the token says whose it is.
    assert_outcome(&ask("&client_secret=", json!({})).await, "OK", "A053080", "");
    let confidential = Party::with(&json!({"missingClientIdAllowed": true}), &json!({})).await;
    let tokens = confidential.tokens("a", "john").await;
    let bare = json!({"parameters": format!("grant_type=refresh_token&refresh_token={}", tokens.text("refreshToken"))});
    assert_outcome(&confidential.post("/auth/token", &bare).await, "INVALID_CLIENT", "A157380", "invalid_client");
}

#[tokio::test]
async fn rfc7523_an_assertion_is_the_clients_for_this_service_now_and_once() {
    let key = generate_signing_key(SigningAlgorithm::Es256).unwrap();
    let set = public_keys(&object(json!({"keys": [key]})));
    let client = json!({"tokenAuthMethod": "PRIVATE_KEY_JWT", "jwks": Value::Object(set).to_string()});
    let party = Party::with(&json!({"tokenEndpoint": "https://as.example/token"}), &client).await;
    let id = party.client_id.clone();
    let signing = SigningKey::from_jwk(&key).unwrap();
    let good = |jti: &str| json!({"iss": id, "sub": id, "aud": "https://registrar.example/1", "exp": NOW + 60, "iat": NOW, "jti": jti});
    let signed = |claims: Value| signing.sign_with_header(Map::new(), &object(claims)).unwrap();
    let once = signed(good("1"));
    let reply = party.asserts(&once).await;
    assert_outcome(&reply, "OK", "A052001", "");
    assert_eq!(reply.text("clientAuthMethod"), "PRIVATE_KEY_JWT");
    assert_outcome(&party.asserts(&once).await, "INVALID_CLIENT", "A157382", "invalid_client");
    let endpoint = signed(with(good("2"), &json!({"aud": ["https://as.example/token"]})));
    assert_outcome(&party.asserts(&endpoint).await, "OK", "A052001", "");
    for (number, (changes, code)) in [
        (json!({"aud": "https://other.example"}), "A157318"),
        (json!({"aud": null}), "A157318"),
        (json!({"exp": NOW}), "A157382"),
        (json!({"exp": NOW + 3601}), "A157382"),
        (json!({"exp": "soon"}), "A157382"),
        (json!({"exp": null}), "A157382"),
        (json!({"iat": NOW + 60}), "A157382"),
        (json!({"nbf": NOW + 60}), "A157382"),
        (json!({"jti": ""}), "A157382"),
        (json!({"jti": null}), "A157382"),
        (json!({"iss": "other"}), "A157382"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = with(good(&format!("bad-{number}")), &changes);
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_outcome(&party.asserts(&signed(claims)).await, "INVALID_CLIENT", code, "invalid_client");
    }
    let stranger = generate_signing_key(SigningAlgorithm::Es256).unwrap();
    let forged = SigningKey::from_jwk(&stranger).unwrap().sign_with_header(Map::new(), &object(good("3"))).unwrap();
    assert_outcome(&party.asserts(&forged).await, "INVALID_CLIENT", "A157326", "invalid_client");
    let unsigned = shared::jose::unsigned(Map::new(), &object(good("4"))).unwrap();
    assert_outcome(&party.asserts(&unsigned).await, "INVALID_CLIENT", "A157326", "invalid_client");
    // The public key as the secret of HMAC (RFC 8725 §2.1).
    let public = Value::Object(public_keys(&object(json!({"keys": [key]})))).to_string();
    let confused = sign_with_secret("HS256", public.as_bytes(), Map::new(), &object(good("5"))).unwrap().unwrap();
    assert_outcome(&party.asserts(&confused).await, "INVALID_CLIENT", "A157326", "invalid_client");
    assert_outcome(&party.asserts("x").await, "BAD_REQUEST", "A244305", "invalid_request");
    let only = Party::with(
        &json!({"tokenEndpoint": "https://as.example/token", "clientAssertionAudRestrictedToIssuer": true}),
        &client,
    )
    .await;
    let claims = json!({"iss": only.client_id, "sub": only.client_id, "aud": "https://as.example/token", "exp": NOW + 60, "jti": "6"});
    assert_outcome(&only.asserts(&signed(claims)).await, "INVALID_CLIENT", "A157318", "invalid_client");
}

#[tokio::test]
async fn an_assertion_by_the_secret_is_signed_with_it() {
    let party = Party::with(&json!({}), &json!({"tokenAuthMethod": "CLIENT_SECRET_JWT"})).await;
    let id = party.client_id.clone();
    let claims = |jti: &str| {
        object(json!({"iss": id, "sub": id, "aud": "https://registrar.example/1", "exp": NOW + 60, "jti": jti}))
    };
    let signed = |secret: &str, jti: &str| sign_with_secret("HS256", secret.as_bytes(), Map::new(), &claims(jti));
    let good = signed(&party.secret, "1").unwrap().unwrap();
    assert_outcome(&party.asserts(&good).await, "OK", "A052001", "");
    let wrong = signed("x", "2").unwrap().unwrap();
    assert_outcome(&party.asserts(&wrong).await, "INVALID_CLIENT", "A157326", "invalid_client");
    // It is good once, wherever it is shown.
    let pushed = format!("response_type=code&redirect_uri={REDIRECT}");
    for (path, parameters, done, refused) in [
        ("/pushed_auth_req", pushed.as_str(), ("CREATED", "A245001"), "UNAUTHORIZED"),
        ("/auth/revocation", "token=x", ("OK", "A113080"), "INVALID_CLIENT"),
    ] {
        let assertion = signed(&party.secret, path).unwrap().unwrap();
        let parameters = format!("{parameters}&client_assertion_type={TYPE}&client_assertion={assertion}");
        let body = json!({"parameters": parameters});
        assert_outcome(&party.post(path, &body).await, done.0, done.1, "");
        assert_outcome(&party.post(path, &body).await, refused, "A157382", "invalid_client");
    }
}

/// A self-signed certificate in PEM, and its key as a JWK that has it.
fn certificate(name: &str) -> (String, Value) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = vec![SanType::DnsName(format!("{name}.example").try_into().unwrap())];
    let pair = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let (x, y) = pair.public_key_raw()[1..].split_at(32);
    let (x, y, der) = (BASE64URL.encode(x), BASE64URL.encode(y), STANDARD.encode(certificate.der()));
    (certificate.pem(), json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": name, "x5c": [der]}))
}

#[tokio::test]
async fn rfc8705_a_certificate_names_the_client_or_is_one_of_its_own() {
    let methods = json!({"supportedTokenAuthMethods": ["TLS_CLIENT_AUTH", "SELF_SIGNED_TLS_CLIENT_AUTH"]});
    let ((own, key), (other, _)) = (certificate("shop"), certificate("evil"));
    let jwks = json!({"keys": [key]}).to_string();
    for client in [
        json!({"tokenAuthMethod": "SELF_SIGNED_TLS_CLIENT_AUTH", "jwks": jwks}),
        json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", "tlsClientAuthSubjectDn": "CN=shop"}),
        json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", "tlsClientAuthSanDns": "shop.example"}),
    ] {
        let party = Party::with(&methods, &client).await;
        let ask = async |pem: Option<&str>| {
            party.own("", &json!({"clientId": party.client_id, "clientCertificate": pem})).await
        };
        assert_outcome(&ask(Some(&own)).await, "OK", "A052001", "");
        for pem in [Some(other.as_str()), None, Some("x")] {
            assert_outcome(&ask(pem).await, "INVALID_CLIENT", "A157383", "invalid_client");
        }
    }
    let dn = json!({"tokenAuthMethod": "TLS_CLIENT_AUTH", "tlsClientAuthSubjectDn": "CN=shop"});
    let validating = Party::with(&with(methods.clone(), &json!({"mutualTlsValidatePkiCertChain": true})), &dn).await;
    let members = json!({"clientId": validating.client_id, "clientCertificate": own});
    assert_outcome(&validating.own("", &members).await, "INVALID_CLIENT", "A157381", "invalid_client");
}

#[tokio::test]
async fn a_method_that_the_service_does_not_offer_is_none() {
    let party = Party::with(&json!({"supportedTokenAuthMethods": ["PRIVATE_KEY_JWT"]}), &json!({})).await;
    let members = json!({"clientId": party.client_id, "clientSecret": party.secret});
    assert_outcome(&party.own("", &members).await, "INVALID_CLIENT", "A157381", "invalid_client");
    let revoking = Party::with(&json!({"supportedRevocationAuthMethods": ["NONE"]}), &json!({})).await;
    let body = json!({"parameters": "token=x", "clientId": revoking.client_id, "clientSecret": revoking.secret});
    assert_outcome(&revoking.post("/auth/revocation", &body).await, "INVALID_CLIENT", "A157381", "invalid_client");
}

#[tokio::test]
async fn a_client_is_called_as_it_calls_itself() {
    let party = Party::with(&json!({}), &json!({"clientIdAlias": "shop"})).await;
    let called = Party { client_id: "shop".to_owned(), ..party };
    let tokens = called.tokens("openid", "john").await;
    assert_eq!((&tokens.body["clientIdAlias"], &tokens.body["clientIdAliasUsed"]), (&json!("shop"), &json!(true)));
    let jwt = shared::jose::UnverifiedJwt::parse(tokens.text("idToken")).unwrap();
    assert_eq!(jwt.unverified_claims()["aud"], json!(["shop"]));
    let standard = json!({"parameters": format!("token={}", tokens.text("accessToken"))});
    let standard = called.post("/auth/introspection/standard", &standard).await;
    assert!(standard.text("responseContent").contains("\"client_id\":\"shop\""));
}
