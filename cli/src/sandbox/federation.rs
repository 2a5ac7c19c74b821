//! `registrar sandbox federation`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use clap::Args;
use serde_json::{Map, Value, json};
use shared::federation::EntityId;
use shared::jose::{SigningAlgorithm, SigningKey, generate_signing_key, public_keys};
use shared::metadata::parse_object;
use shared::time::Clock;

use super::{program, word, write};
use crate::failure::described;
use crate::gateway::query_parameters;
use crate::print::say;
use crate::serve::listening;
use crate::tls::{Identity, self_signed};

/// The private keys of the entities: by them a folder is known, and has everything.
const KEYS: &str = "keys.json";

/// The trust anchor's public keys, as they are handed over.
const ANCHOR_KEYS: &str = "anchor.json";

/// The media type of entity statements (OpenID Federation 1.0 §3).
const STATEMENT: &str = "entity-statement+jwt";

/// Where an entity publishes what it says of itself (§9).
const CONFIGURATION: &str = "/.well-known/openid-federation";

/// How long a statement is valid, in seconds.
const LIFETIME: u64 = 24 * 3600;

/// Options of `registrar sandbox federation`.
#[derive(Args)]
pub struct Options {
    /// The folder for its files; keys that are there already are used again.
    #[arg(value_name = "DIR", default_value = ".registrar/sandbox/federation")]
    folder: PathBuf,
    /// Where the federation's entities listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9443")]
    listen: SocketAddr,
    /// A further entity that the trust anchor vouches for, as a provider or a relying party of yours, and a file with its
    /// JWK Set; may be repeated.
    #[arg(long = "subordinate", value_name = "URL=FILE")]
    subordinates: Vec<String>,
}

pub(super) async fn run(options: &Options) -> Result<()> {
    let folder = &options.folder;
    super::folder(folder, KEYS)?;
    if !folder.join(KEYS).exists() {
        make(folder)?;
    }
    let identity = Identity::read(&folder.join("server.pem"), &folder.join("server.key"))?;
    let listener = listening(options.listen, "--listen").await?;
    let base_url = format!("https://localhost:{}", listener.local_addr()?.port());
    let federation = Federation::read(folder, &base_url, &options.subordinates)?;
    announce(folder, &federation, &base_url);
    super::serve(listener, identity, move |request| federation.answer(request)).await
}

fn make(folder: &Path) -> Result<()> {
    let (anchor, party) = (
        generate_signing_key(SigningAlgorithm::Es256).map_err(described)?,
        generate_signing_key(SigningAlgorithm::Es256).map_err(described)?,
    );
    let (server, server_key) = self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    for (name, content) in [
        ("server.pem", server.pem()),
        ("server.key", server_key.serialize_pem()),
        (ANCHOR_KEYS, published(&anchor).to_string()),
        (KEYS, json!({ "anchor": anchor, "party": party }).to_string()),
    ] {
        write(folder, name, &content)?;
    }
    Ok(())
}

fn announce(folder: &Path, federation: &Federation, base_url: &str) {
    let (program, Federation { anchor, party, .. }) = (program(), federation);
    let (server, anchor_keys) = (word(folder, "server.pem"), word(folder, ANCHOR_KEYS));
    let host = base_url.trim_start_matches("https://");
    let (anchor, party) = (&anchor.id, &party.id);
    say!("The trust anchor {anchor} vouches for the relying party {party}.");
    say!("\nRun a provider that may fetch from them");
    say!("  {program} serve --tls --extra-ca {server} --reachable {host}");
    say!("\nLet its demo service trust the anchor");
    say!(
        "  (set -a; . .registrar/env; {program} service federation enable 1 --authority-hint {anchor} \
         --trust-anchor {anchor}={anchor_keys} --registration explicit --registration automatic)"
    );
    say!("\nCompare the keys that it was given with those that the anchor publishes");
    say!(
        "  (set -a; . .registrar/env; {program} service federation anchors 1 --check --extra-ca {server} \
         --reachable {host})"
    );
    say!("\nRegister the relying party by a request that it signs; the answer is a signed statement");
    say!(
        "  curl --silent --show-error --fail --cacert {server} '{party}/request?aud=https://127.0.0.1:8080/1' | \
         curl --silent --show-error --fail-with-body --cacert .registrar/server.pem -H 'Content-Type: application/{STATEMENT}' \
         --data-binary @- https://127.0.0.1:8080/1/federation/register"
    );
    say!("\nCtrl-C ends it.");
}

/// An entity and its private key.
struct Entity {
    id: String,
    key: Map<String, Value>,
}

/// A trust anchor with its subordinates, one of which is here as well.
struct Federation {
    anchor: Entity,
    party: Entity,
    subordinates: Vec<(String, Value)>,
    clock: Clock,
}

impl Federation {
    fn read(folder: &Path, base_url: &str, subordinates: &[String]) -> Result<Self> {
        let mut keys = object(&folder.join(KEYS))?;
        let mut entity = |name: &str| match keys.remove(name) {
            Some(Value::Object(key)) => Ok(Entity { id: format!("{base_url}/{name}"), key }),
            _ => Err(anyhow!("{} has no key of {name}: remove it, and a new one is made", folder.join(KEYS).display())),
        };
        let (anchor, party) = (entity("anchor")?, entity("party")?);
        let mut known = vec![(party.id.clone(), published(&party.key))];
        for subordinate in subordinates {
            known.push(subordinate_keys(subordinate)?);
        }
        Ok(Self { anchor, party, subordinates: known, clock: Clock::system() })
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        if request.method() != Method::GET {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "only GET is answered");
        }
        let parameters = query_parameters(request.uri().query().unwrap_or_default());
        let Some((entity, claims)) = self.claims_at(request.uri().path(), &parameters) else {
            return refused(StatusCode::NOT_FOUND, "not_found", "this is no entity, or no subordinate of it");
        };
        entity.sign(&claims).map_or_else(
            |error| {
                tracing::error!(%error, "a statement cannot be signed");
                refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "a statement cannot be signed")
            },
            |statement| answered(StatusCode::OK, "application/entity-statement+jwt", statement),
        )
    }

    /// What is said at a path, and who signs it.
    fn claims_at(&self, path: &str, parameters: &Map<String, Value>) -> Option<(&Entity, Map<String, Value>)> {
        let parameter = |name: &str| parameters.get(name)?.as_str();
        match (path.strip_prefix("/anchor"), path.strip_prefix("/party")) {
            (Some(CONFIGURATION), _) => Some((&self.anchor, self.anchor_configuration())),
            (Some("/fetch"), _) => Some((&self.anchor, self.statement(parameter("sub")?)?)),
            (_, Some(CONFIGURATION)) => Some((&self.party, self.party_configuration())),
            (_, Some("/request")) => Some((&self.party, self.request(parameter("aud")?))),
            _ => None,
        }
    }

    fn anchor_configuration(&self) -> Map<String, Value> {
        let Entity { id, key } = &self.anchor;
        let mut claims = self.claims(id, id, published(key));
        let metadata = json!({ "federation_entity": { "federation_fetch_endpoint": format!("{id}/fetch") } });
        claims.insert("metadata".to_owned(), metadata);
        claims
    }

    /// What the anchor says of a subordinate (§3.1.3).
    fn statement(&self, subject: &str) -> Option<Map<String, Value>> {
        let (id, jwks) = self.subordinates.iter().find(|(id, _)| id == subject)?;
        Some(self.claims(&self.anchor.id, id, jwks.clone()))
    }

    fn party_configuration(&self) -> Map<String, Value> {
        let Entity { id, key } = &self.party;
        let mut claims = self.claims(id, id, published(key));
        let metadata = json!({ "openid_relying_party": {
            "client_name": "Sandbox relying party",
            "redirect_uris": [format!("{id}/callback")],
            "client_registration_types": ["explicit", "automatic"],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": published(key),
        } });
        claims.insert("metadata".to_owned(), metadata);
        claims.insert("authority_hints".to_owned(), json!([self.anchor.id]));
        claims
    }

    /// The relying party's request of explicit registration (§12.2.1).
    fn request(&self, provider: &str) -> Map<String, Value> {
        let mut claims = self.party_configuration();
        claims.insert("aud".to_owned(), provider.into());
        claims
    }

    fn claims(&self, issuer: &str, subject: &str, jwks: Value) -> Map<String, Value> {
        let now = self.clock.now();
        let claims: [(&str, Value); 5] = [
            ("iss", issuer.into()),
            ("sub", subject.into()),
            ("iat", now.into()),
            ("exp", (now + LIFETIME).into()),
            ("jwks", jwks),
        ];
        claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Entity {
    fn sign(&self, claims: &Map<String, Value>) -> Result<String> {
        SigningKey::from_jwk(&self.key)?.sign(STATEMENT, claims).map_err(described)
    }
}

fn subordinate_keys(text: &str) -> Result<(String, Value)> {
    let (id, file) = text.rsplit_once('=').context("--subordinate takes URL=FILE")?;
    let id = EntityId::parse(id).with_context(|| format!("--subordinate {text}: {id} is no entity identifier"))?;
    let keys = public_keys(&object(Path::new(file))?);
    if !keys.get("keys").is_some_and(Value::is_array) {
        bail!("--subordinate {text}: {file} is not a JWK Set");
    }
    Ok((id.to_string(), keys.into()))
}

fn object(file: &Path) -> Result<Map<String, Value>> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    parse_object(&text).map_err(|_| anyhow!("{} is not a JSON object", file.display()))
}

/// A JWK Set with the public part of a key.
fn published(key: &Map<String, Value>) -> Value {
    let set = [("keys".to_owned(), json!([key]))].into_iter().collect();
    public_keys(&set).into()
}

fn refused(status: StatusCode, error: &str, description: &str) -> Response<Body> {
    let body = json!({ "error": error, "error_description": description }).to_string();
    answered(status, "application/json", body)
}

fn answered(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
