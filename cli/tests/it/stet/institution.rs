//! A payment institution: its certificates, its token, its signed requests.

use std::cell::Cell;

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::authority::{self, Authority};
use crate::support::{Reply, World};

pub(crate) const ACME: &str = "PSDFR-ACPR-12345";
pub(crate) const OTHER: &str = "PSDFR-ACPR-54321";
pub(crate) const REGISTER: &str = "/stet/setting/v1/register";
pub(crate) const TOKEN: &str = "/stet/psd2/oauth/token";

pub(crate) struct Institution<'w> {
    world: &'w World,
    id: &'static str,
    /// The certificate of its connections, PEM.
    pub(crate) web: String,
    pub(crate) token: String,
    seal: Vec<u8>,
    chain: Vec<Vec<u8>>,
    key: EcdsaKeyPair,
    requests: Cell<u32>,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Signed {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// What is to be signed as soon as the body is there.
    covered: Option<&'static str>,
}

impl Signed {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    pub(crate) fn with_body(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        let digest = digest(self.body.as_bytes());
        self.with("content-type", "application/json").with("digest", &digest)
    }

    /// With one more header of that name, if there is one already.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A header as it is signed: repeated ones are joined.
    fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join(", ")
    }
}

impl<'w> Institution<'w> {
    /// With certificates of its own for payment initiation and account information, and a token.
    pub(crate) async fn new(world: &'w World, authority: &Authority, id: &'static str) -> Self {
        Self::with(world, authority, id, &authority::web(), &authority::seal()).await
    }

    /// With a seal that another authority has issued.
    pub(crate) async fn with_seal_of(
        world: &'w World,
        authority: &Authority,
        other: &Authority,
        id: &'static str,
    ) -> Self {
        let mut institution = Self::new(world, authority, id).await;
        let key = KeyPair::generate().unwrap();
        institution.seal = other.issue_for(&Self::of(&authority::seal(), id), &key);
        institution.chain = other.chain();
        institution.key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.serialize_der()).unwrap();
        institution
    }

    fn of(params: &CertificateParams, id: &str) -> CertificateParams {
        let mut params = params.clone();
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), id);
        params
    }

    pub(crate) async fn with(
        world: &'w World,
        authority: &Authority,
        id: &'static str,
        web: &CertificateParams,
        seal: &CertificateParams,
    ) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut institution = Self {
            world,
            id,
            web: Self::pem(&authority.issue(&Self::of(web, id))),
            token: String::new(),
            seal: authority.issue_for(&Self::of(seal, id), &key),
            chain: authority.chain(),
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.serialize_der()).unwrap(),
            requests: Cell::new(0),
        };
        let form = "grant_type=client_credentials&scope=manageRegistration&client_id=PSD2_TPPRegister";
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = world.send_as(Some(&institution.web), "POST", TOKEN, &headers, form.to_owned()).await;
        assert_eq!((reply.status, &reply.body["expires_in"]), (200, &json!(3600)), "{reply:?}");
        reply.text("access_token").clone_into(&mut institution.token);
        institution
    }

    pub(crate) fn path(&self) -> String {
        format!("{REGISTER}/{}", self.id)
    }

    /// A connection and a token of the same organization that are newer.
    pub(crate) fn connects_as(&mut self, newer: &Self) {
        self.web.clone_from(&newer.web);
        self.token.clone_from(&newer.token);
    }

    /// The key of its seal, under a name.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut key = self.metadata()["jwks"]["keys"][0].clone();
        key["kid"] = kid.into();
        key
    }

    /// Its metadata with other keys.
    pub(crate) fn metadata_with_keys(&self, keys: &[Value]) -> Value {
        let mut metadata = self.metadata();
        metadata["jwks"]["keys"] = keys.into();
        metadata
    }

    pub(crate) fn metadata(&self) -> Value {
        let x5c: Vec<String> = [self.seal.clone()].iter().chain(&self.chain).map(|der| Self::base64(der)).collect();
        json!({
            "redirect_uris": ["https://tpp.example/cb"],
            "token_endpoint_auth_method": "tls_client_auth",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types": ["code"],
            "client_name": "ACME TPP SAS",
            "scope": "aisp, pisp",
            "provider_legal_id": self.id,
            "software_id": "acme-app",
            "context": "psd2",
            "contact": {"contact_name": "Support", "email": "api@tpp.example", "phone_number": "+33100000000"},
            "jwks": {"keys": [{"use": "sig", "keys_ops": ["verify"], "kid": "seal", "x5c": x5c}]},
        })
    }

    /// A whole registration.
    pub(crate) fn registration(&self) -> Signed {
        let request = self.signed("POST", REGISTER).with_body(&self.metadata());
        self.finish(request)
    }

    /// A request that is signed when it is sent.
    pub(crate) fn signed(&self, method: &str, path: &str) -> Signed {
        let covered = if ["POST", "PUT"].contains(&method) {
            "(request-target) digest x-request-id"
        } else {
            "(request-target) x-request-id"
        };
        let request = Signed { covered: Some(covered), ..self.unsigned(method, path) };
        if covered.contains("digest") { request } else { self.finish(request) }
    }

    pub(crate) fn identified(&self, id: &str, method: &str, path: &str) -> Signed {
        self.signed(method, path).with("x-request-id", id)
    }

    /// A request without a signature, with an identifier of its own.
    pub(crate) fn unsigned(&self, method: &str, path: &str) -> Signed {
        self.requests.set(self.requests.get() + 1);
        let headers = [
            ("accept", "application/json".to_owned()),
            ("authorization", format!("Bearer {}", self.token)),
            ("x-request-id", format!("request-{}", self.requests.get())),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Signed { method: method.to_owned(), path: path.to_owned(), headers, body: String::new(), covered: None }
    }

    fn finish(&self, mut request: Signed) -> Signed {
        match request.covered.take() {
            Some(covered) => self.sign(request, covered, "", "seal"),
            None => request,
        }
    }

    pub(crate) fn sign(&self, request: Signed, covered: &str, extra: &str, key_id: &str) -> Signed {
        let target = request.path.clone();
        self.sign_target(request, &target, covered, extra, key_id)
    }

    pub(crate) fn sign_target(
        &self,
        request: Signed,
        target: &str,
        covered: &str,
        extra: &str,
        key_id: &str,
    ) -> Signed {
        let line = |name: &str| match name {
            "(request-target)" => format!("{name}: {} {target}", request.method.to_lowercase()),
            "(created)" => format!("{name}: {}", extra.trim_start_matches(",created=")),
            _ => format!("{name}: {}", request.header(name)),
        };
        let text = covered.split(' ').map(line).collect::<Vec<_>>().join("\n");
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        let signature = STANDARD.encode(signature.as_ref());
        let header = format!("keyId=\"{key_id}\",headers=\"{covered}\"{extra},signature=\"{signature}\"");
        Signed { covered: None, ..request }.with("signature", &header)
    }

    pub(crate) async fn send(&self, request: &Signed) -> Reply {
        self.send_over(Some(&self.web), request).await
    }

    /// Sends a request over a connection with that certificate.
    pub(crate) async fn send_over(&self, certificate: Option<&str>, request: &Signed) -> Reply {
        let request = self.finish(request.clone());
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.world.send_as(certificate, &request.method, &request.path, &headers, request.body).await
    }

    /// `x5t#S256` of the certificate of its connections.
    pub(crate) fn web_thumbprint(&self) -> String {
        BASE64URL.encode(aws_lc_rs::digest::digest(&SHA256, &Self::der(&self.web)))
    }

    pub(crate) fn seal_der(&self) -> Vec<u8> {
        self.seal.clone()
    }

    pub(crate) fn base64url(bytes: &[u8]) -> String {
        BASE64URL.encode(bytes)
    }

    pub(crate) fn seal_pem(&self) -> String {
        [self.seal.clone()].iter().chain(&self.chain).map(|der| Self::pem(der)).collect()
    }

    pub(crate) fn base64(der: &[u8]) -> String {
        STANDARD.encode(der)
    }

    pub(crate) fn pem(der: &[u8]) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", Self::base64(der))
    }

    pub(crate) fn der(pem: &str) -> Vec<u8> {
        let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(lines.trim()).unwrap()
    }
}

/// An authorization server that issues JWT access tokens.
pub(crate) struct Issuer(EcdsaKeyPair);

impl Issuer {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).unwrap())
    }

    pub(crate) fn jwks(&self) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({"keys": [{"kty": "EC", "crv": "P-256", "x": BASE64URL.encode(x), "y": BASE64URL.encode(y)}]})
    }

    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "ES256", "typ": typ})), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64URL.encode(signature.as_ref()))
    }
}

/// The value of a `Digest` header.
pub(crate) fn digest(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(aws_lc_rs::digest::digest(&SHA256, body)))
}
