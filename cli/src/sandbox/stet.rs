//! `registrar sandbox stet`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use serde_json::{Value, json};
use shared::entropy::Entropy;

use super::authority::{Authority, Issued};
use super::{program, word, write};
use crate::host;
use crate::print::say;
use crate::tls::self_signed;

/// The institution, as its competent authority numbers it (ETSI TS 119 495 §5.2.1).
const ORGANIZATION: &str = "PSDFR-ACPR-12345";

/// The seal's key is called that, in its registration and in signatures.
const KEY_ID: &str = "seal";

/// The authorities of the institution's certificates.
const AUTHORITIES: &str = "ca.pem";

/// Sends the institution's requests.
const SCRIPT: &str = include_str!("institution.sh");

/// Options of `registrar sandbox stet`.
#[derive(Args)]
pub struct Options {
    /// The folder for its files; what is there already is used again.
    #[arg(value_name = "DIR", default_value = ".registrar/sandbox/stet")]
    folder: PathBuf,
    /// Where the bank's API is to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    stet_listen: SocketAddr,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let Options { folder, stet_listen } = options;
    super::folder(folder, AUTHORITIES)?;
    if !folder.join(AUTHORITIES).exists() {
        make(folder, *stet_listen)?;
    }
    let (program, institution) = (program(), word(folder, "institution.sh"));
    let [authorities, certificate, key] = [AUTHORITIES, "server.pem", "server.key"].map(|name| word(folder, name));
    say!("A payment institution, its certificates and their authorities are in {}.", folder.display());
    say!("\nRun a bank that trusts the authorities");
    say!(
        "  {program} serve --stet-listen {stet_listen} --client-ca {authorities} --tls-cert {certificate} --tls-key {key}"
    );
    say!("The institution becomes a client of its STET service, whose number it prints: 2, unless that was deleted.");
    say!("\nRegister the institution, read its registration, end it (with curl and openssl)");
    for verb in ["register", "read", "delete"] {
        say!("  sh {institution} {verb} https://{}", host::reached(*stet_listen));
    }
    Ok(())
}

/// The authorities come last: a folder that has them has all.
fn make(folder: &Path, bank: SocketAddr) -> Result<()> {
    let entropy = Entropy::system();
    let authority = Authority::new(&entropy)?;
    let (website, seal) = (authority.website(ORGANIZATION, &entropy)?, authority.seal(ORGANIZATION, &entropy)?);
    let (server, server_key) = self_signed(vec!["localhost".to_owned(), host::reached(bank).ip().to_string()])?;
    let registration = serde_json::to_string_pretty(&registration(&authority, &seal))?;
    for (name, content) in [
        ("qwac.pem", website.certificate.pem()),
        ("qwac.key", website.key.serialize_pem()),
        ("qseal.pem", seal.certificate.pem()),
        ("qseal.key", seal.key.serialize_pem()),
        ("server.pem", server.pem()),
        ("server.key", server_key.serialize_pem()),
        ("registration.json", registration),
        ("institution.sh", SCRIPT.to_owned()),
        (AUTHORITIES, authority.pem()),
    ] {
        write(folder, name, &content)?;
    }
    Ok(())
}

fn registration(authority: &Authority, seal: &Issued) -> Value {
    let chain = [seal.certificate.der(), authority.issuing()].map(|der| STANDARD.encode(der));
    json!({
        "client_name": "Sandbox TPP",
        "redirect_uris": ["https://tpp.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "tls_client_auth",
        "scope": "aisp,pisp",
        "provider_legal_id": ORGANIZATION,
        "software_id": "sandbox",
        "contact": { "contact_name": "Support", "email": "api@tpp.example", "phone_number": "+33100000000" },
        "jwks": { "keys": [{ "use": "sig", "kid": KEY_ID, "x5c": chain }] },
    })
}
