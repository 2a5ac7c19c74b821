//! `registrar sandbox documents`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use clap::Args;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::json;
use shared::http::EntityTags;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{program, word, write};
use crate::print::say;
use crate::serve::listening;
use crate::tls::{Identity, self_signed};

/// The private key of the client that signs: by it a folder is known, and has everything.
const CLIENT_KEY: &str = "client.key";

/// Stands in a document for the place where it is published.
const ORIGIN: &str = "@ORIGIN@";

/// For how long what is here may be kept, in seconds.
const MAX_AGE: u64 = 300;

/// Documents as their hosts published them between May and September 2026: where, which, and whose. Each host is a folder
/// here, which its documents have for their origin. They are those of claude.ai, chatgpt.com, vscode.dev and Goose, and the
/// example of the MCP specification 2026-07-28 (client registration).
const PUBLISHED: [(&str, &str, &str, &str); 6] = [
    ("/claude", "/oauth/mcp-oauth-client-metadata", include_str!("documents/claude.json"), "Claude"),
    ("/claude", "/oauth/claude-code-client-metadata", include_str!("documents/claude-code.json"), "Claude Code"),
    ("/chatgpt", "/oauth/client.json", include_str!("documents/chatgpt.json"), "ChatGPT, which has keys"),
    ("/vscode", "/oauth/client-metadata.json", include_str!("documents/vscode.json"), "Visual Studio Code"),
    ("/goose", "/oauth/client-metadata.json", include_str!("documents/goose.json"), "Goose"),
    ("/example", "/oauth/client-metadata.json", include_str!("documents/example.json"), "the example of MCP"),
];

/// What is refused, what is there, and why.
const REFUSED: [(&str, Option<&str>, &str); 4] = [
    ("/other-name.json", Some(include_str!("documents/other-name.json")), "names another client"),
    ("/secret.json", Some(include_str!("documents/secret.json")), "has a secret"),
    ("/page", Some(include_str!("documents/page.html")), "is a page"),
    ("/gone.json", None, "is not there"),
];

/// The place of what is refused.
const REFUSED_PLACE: &str = "/refused";

/// The keys that a document above names.
const KEYS: &str = "/chatgpt/oauth/jwks.json";

/// Options of `registrar sandbox documents`.
#[derive(Args)]
pub struct Options {
    /// The folder for its files; what is there already is used again.
    #[arg(value_name = "DIR", default_value = ".registrar/sandbox/documents")]
    folder: PathBuf,
    /// Where the host listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9444")]
    listen: SocketAddr,
}

pub(super) async fn run(options: &Options) -> Result<()> {
    let folder = &options.folder;
    super::folder(folder, CLIENT_KEY)?;
    if !folder.join(CLIENT_KEY).exists() {
        make(folder)?;
    }
    let identity = Identity::read(&folder.join("server.pem"), &folder.join("server.key"))?;
    let listener = listening(options.listen, "--listen").await?;
    let origin = format!("https://localhost:{}", listener.local_addr()?.port());
    let host = Host::at(&origin, public_keys(&folder.join(CLIENT_KEY))?);
    announce(folder, &origin);
    super::serve(listener, identity, move |request| host.answer(request)).await
}

fn make(folder: &Path) -> Result<()> {
    let (server, server_key) = self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let client = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    for (name, content) in
        [("server.pem", server.pem()), ("server.key", server_key.serialize_pem()), (CLIENT_KEY, client.serialize_pem())]
    {
        write(folder, name, &content)?;
    }
    Ok(())
}

/// The JWK Set (RFC 7517 §5) of a private key for `RS256`.
fn public_keys(file: &Path) -> Result<String> {
    let key = PrivateKeyDer::from_pem_file(file).with_context(|| format!("{} is no key in PEM", file.display()))?;
    let key = RsaKeyPair::from_pkcs8(key.secret_der());
    let key = key.map_err(|_| anyhow!("{} is no RSA key: remove it, and a new one is made", file.display()))?;
    let public = key.public_key();
    let number = |bytes: &[u8]| BASE64URL.encode(bytes);
    let (n, e) = (public.modulus(), public.exponent());
    let (n, e) = (number(n.big_endian_without_leading_zero()), number(e.big_endian_without_leading_zero()));
    Ok(json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "sandbox", "n": n, "e": e }] })
        .to_string())
}

fn announce(folder: &Path, origin: &str) {
    let (program, server) = (program(), word(folder, "server.pem"));
    let host = origin.trim_start_matches("https://");
    let ((place, path, ..), (other, ..)) = (PUBLISHED[0], REFUSED[1]);
    let (client, refused) = (format!("{origin}{place}{path}"), format!("{origin}{REFUSED_PLACE}{other}"));
    say!("Clients have their metadata documents here:");
    for (place, path, _, whose) in PUBLISHED {
        say!("- {origin}{place}{path} ({whose})");
    }
    say!("\nThese are none:");
    for (path, _, why) in REFUSED {
        say!("- {origin}{REFUSED_PLACE}{path} ({why})");
    }
    say!("\nRun a server that may fetch from here");
    say!("  {program} serve --extra-ca {server} --reachable {host}");
    say!("\nAsk it who a client is, as an authorization server does");
    say!(
        "  curl --silent --show-error --fail-with-body --get http://127.0.0.1:8080/1/client --data-urlencode client_id={client} \
         -H \"Authorization: Bearer $(sed -n 's/.*\"service_token\": \"\\(.*\\)\".*/\\1/p' .registrar/demo.json)\""
    );
    let in_folder = "set -a; . .registrar/env;";
    say!("\nSee each step from the URL to the client, and the step at which there is none");
    for url in [client, refused] {
        say!("  ({in_folder} {program} client resolve --service 1 {url})");
    }
    say!("\nLet clients have their keys on this machine, as ChatGPT has here");
    say!("  ({in_folder} echo '{{\"called_urls\":\"any\"}}' | {program} service update 1 --policy -)");
    say!("\nCtrl-C ends it.");
}

/// What is published at a path.
struct Page {
    path: String,
    content_type: &'static str,
    content: String,
    etag: String,
}

impl Page {
    fn new(path: String, content_type: &'static str, content: String) -> Self {
        let digest = digest(&SHA256, content.as_bytes());
        let etag = format!("\"{}\"", BASE64URL.encode(digest.as_ref().get(..16).unwrap_or_default()));
        Self { path, content_type, content, etag }
    }

    fn of(origin: &str, place: &str, path: &str, content: &str) -> Self {
        let content_type = if content.starts_with('{') { "application/json" } else { "text/html; charset=utf-8" };
        let content = content.replace(ORIGIN, &format!("{origin}{place}"));
        Self::new(format!("{place}{path}"), content_type, content)
    }
}

/// A host of documents.
struct Host(Vec<Page>);

impl Host {
    fn at(origin: &str, keys: String) -> Self {
        let published = PUBLISHED.map(|(place, path, content, _)| Page::of(origin, place, path, content));
        let refused = REFUSED.into_iter().filter_map(|(path, content, _)| Some((path, content?)));
        let refused = refused.map(|(path, content)| Page::of(origin, REFUSED_PLACE, path, content));
        let keys = Page::new(KEYS.to_owned(), "application/json", keys);
        Self(published.into_iter().chain(refused).chain([keys]).collect())
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        if request.method() != Method::GET {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            return response;
        }
        match self.0.iter().find(|page| page.path == request.uri().path()) {
            Some(page) => found(page, request),
            None => empty(StatusCode::NOT_FOUND),
        }
    }
}

/// A page, or that whoever asks has it already (RFC 9110 §13.1.2).
fn found(page: &Page, request: &Request<Body>) -> Response<Body> {
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).and_then(EntityTags::parse);
    let mut response = if known.is_some_and(|known| known.have_weakly(&page.etag)) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let mut response = Response::new(Body::from(page.content.clone()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type));
        response
    };
    let lifetime = format!("public, max-age={MAX_AGE}");
    for (name, value) in [(ETAG, page.etag.as_str()), (CACHE_CONTROL, lifetime.as_str())] {
        response.headers_mut().extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    }
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
