//! `registrar service keys`: the keys with which a service signs ID tokens and access tokens.

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value};
use shared::administration::replace_service;
use shared::jose::{SigningAlgorithm, signature_algorithm};
use shared::service::{JWKS, Service, ServiceConfiguration, dated_signing_key, private_jwks};

use super::consent::Consent;
use super::desk::of_service;
use super::output::date;
use super::{Connection, Output, operator};
use crate::failure::{Failure, described};
use crate::print;

/// How many keys a service has at most: all who verify read all of them.
const MOST_KEYS: usize = 20;

/// What the settings end in that name the key that signs, whatever its place.
const NAMING: &str = "SignatureKeyId";

#[derive(Subcommand)]
pub enum Command {
    /// Make a further key and publish it. It signs once it is the first one of its algorithm.
    Make {
        /// The service's number.
        id: u64,
        /// What it signs with.
        #[arg(long, value_enum, default_value_t = Algorithm::Rs256)]
        algorithm: Algorithm,
    },
    /// List the keys: of each algorithm the first one signs.
    List {
        /// The service's number.
        id: u64,
    },
    /// Make a new key that signs from now on. The old one stays, for what it has signed, until `remove`.
    Rotate {
        /// The service's number.
        id: u64,
        /// What it signs with [default: a new key of each algorithm that the service has].
        #[arg(long, value_enum)]
        algorithm: Option<Algorithm>,
    },
    /// Remove a key: what it has signed will not verify any more.
    Remove {
        /// The service's number.
        id: u64,
        /// The key.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// What a new key signs with.
#[derive(Clone, Copy, ValueEnum)]
pub enum Algorithm {
    /// RSA of 2048 bits: what every relying party verifies.
    #[value(name = "RS256")]
    Rs256,
    /// ECDSA on P-256.
    #[value(name = "ES256")]
    Es256,
    /// Ed25519.
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<Algorithm> for SigningAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 => Self::Rs256,
            Algorithm::Es256 => Self::Es256,
            Algorithm::EdDsa => Self::EdDsa,
        }
    }
}

pub(super) async fn run(command: Command, connection: &Connection, output: &Output) -> Result<()> {
    match command {
        Command::Make { id, algorithm } => make(id, algorithm.into(), connection, output).await,
        Command::List { id } => list(id, connection, output).await,
        Command::Rotate { id, algorithm } => rotate(id, algorithm.map(Into::into), connection, output).await,
        Command::Remove { id, kid, consent } => remove(id, &kid, &consent, connection, output).await,
    }
}

async fn make(id: u64, algorithm: SigningAlgorithm, connection: &Connection, output: &Output) -> Result<()> {
    let mut opened = Opened::of(id, connection).await?;
    opened.keys.push(new_key(algorithm, connection)?);
    print(&opened.write(connection).await?, &output.after(made(id)))
}

/// The algorithms of a service's keys, each once.
pub(super) async fn algorithms_of(service: &Service, connection: &Connection) -> Result<Vec<&'static str>> {
    Ok(algorithms(&public_keys(service, connection).await?).into_iter().map(SigningAlgorithm::as_str).collect())
}

async fn public_keys(service: &Service, connection: &Connection) -> Result<Vec<Value>> {
    Ok(keys_of(match &service.configuration.jwks {
        Some(set) => set.clone(),
        None => opened_set(service, connection).await?,
    }))
}

async fn list(id: u64, connection: &Connection, output: &Output) -> Result<()> {
    let service = connection.service(id).await?;
    let keys = public_keys(&service, connection).await?;
    if keys.is_empty() && !output.is_json() {
        output.done(&format!("Service {id} has no keys: registrar service keys make {id}"));
        return Ok(());
    }
    print(&keys, output)
}

async fn rotate(id: u64, algorithm: Option<SigningAlgorithm>, connection: &Connection, output: &Output) -> Result<()> {
    let mut opened = Opened::of(id, connection).await?;
    let algorithms = match algorithm {
        Some(algorithm) => vec![algorithm],
        None => algorithms(&opened.keys),
    };
    if algorithms.is_empty() {
        return Err(Failure::not_found(format!(
            "service {id} has no key that could be followed by a new one: registrar service keys make {id}"
        ))
        .into());
    }
    let new: Vec<Value> =
        algorithms.into_iter().map(|algorithm| new_key(algorithm, connection)).collect::<Result<_>>()?;
    opened.keys.splice(..0, new);
    for (setting, kid) in named_keys(&opened.service.configuration) {
        print::complain(&format!("warning: {setting} names the key {kid}, which goes on signing"));
    }
    print(&opened.write(connection).await?, &output.after(made(id)))
}

/// What to know of new keys that cannot be printed: the same command makes more.
fn made(id: u64) -> String {
    format!("Service {id} has new keys: registrar service keys list {id}")
}

async fn remove(id: u64, kid: &str, consent: &Consent, connection: &Connection, output: &Output) -> Result<()> {
    let mut opened = Opened::of(id, connection).await?;
    if !opened.keys.iter().any(|key| kid_of(key) == Some(kid)) {
        return Err(Failure::not_found(format!("service {id} has no key {kid}")).into());
    }
    if let Some((setting, _)) = named_keys(&opened.service.configuration).find(|(_, named)| *named == kid) {
        bail!("{setting} says that {kid} signs: let it name another key first");
    }
    let what = format!("the key {kid} of service {id} (tokens that it has signed will not verify any more)");
    consent.to_delete(&what, None, kid)?;
    let before = algorithms(&opened.keys);
    opened.keys.retain(|key| kid_of(key) != Some(kid));
    let after = algorithms(&opened.keys);
    for algorithm in before.into_iter().filter(|algorithm| !after.contains(algorithm)) {
        let name = algorithm.as_str();
        print::complain(&format!(
            "warning: no key is left for {name}, so what is to be signed with it cannot be issued: \
             registrar service keys make {id} --algorithm {name}"
        ));
    }
    opened.write(connection).await?;
    let facts = [("id", Value::from(id)), ("kid", kid.into()), ("state", "removed".into())];
    output.told(
        &format!("Key {kid} is removed: tokens that it has signed do not verify any more."),
        &facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    )
}

/// A service with what it keeps sealed, opened.
struct Opened {
    service: Service,
    secrets: Map<String, Value>,
    set: Map<String, Value>,
    keys: Vec<Value>,
}

impl Opened {
    async fn of(id: u64, connection: &Connection) -> Result<Self> {
        let service = connection.service(id).await?;
        let secrets = service.secrets(&connection.keys().await?).await.map_err(described)?;
        let set = private_jwks(&secrets)?.unwrap_or_default();
        Ok(Self { service, secrets, keys: keys_of(set.clone()), set })
    }

    /// Writes the keys, unless the service was changed since it was read, and gives their public parts.
    async fn write(mut self, connection: &Connection) -> Result<Vec<Value>> {
        if self.keys.len() > MOST_KEYS {
            bail!("a service has {MOST_KEYS} keys at most: remove an old one first");
        }
        self.set.insert("keys".to_owned(), self.keys.into());
        self.secrets.insert(JWKS.to_owned(), Value::Object(self.set).to_string().into());
        let (store, wrapping) = (&connection.store, connection.keys().await?);
        let configuration = self.service.configuration.clone();
        let changed = replace_service(store, &wrapping, &self.service, configuration, &self.secrets, &operator()).await;
        Ok(keys_of(changed.map_err(of_service)?.configuration.jwks.unwrap_or_default()))
    }
}

/// The public keys of a service that was written before they were kept beside its secrets.
async fn opened_set(service: &Service, connection: &Connection) -> Result<Map<String, Value>> {
    let set = service.public_jwks(&connection.keys().await?).await;
    Ok(set.map_err(described)?.unwrap_or_default())
}

fn new_key(algorithm: SigningAlgorithm, connection: &Connection) -> Result<Value> {
    dated_signing_key(algorithm, connection.clock.now()).map(Value::from).map_err(described)
}

pub(super) fn keys_of(mut set: Map<String, Value>) -> Vec<Value> {
    match set.remove("keys") {
        Some(Value::Array(keys)) => keys,
        _ => Vec::new(),
    }
}

pub(super) fn kid_of(key: &Value) -> Option<&str> {
    key.get("kid").and_then(Value::as_str)
}

/// The algorithms of the keys, as far as new ones are made of them, each once and in the order of the keys.
fn algorithms(keys: &[Value]) -> Vec<SigningAlgorithm> {
    let mut algorithms = Vec::new();
    for algorithm in keys.iter().filter_map(|key| SigningAlgorithm::parse(signature_algorithm(key.as_object()?)?)) {
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    algorithms
}

/// The keys that settings of the service name, each with the setting.
fn named_keys(configuration: &ServiceConfiguration) -> impl Iterator<Item = (&str, &str)> {
    let named = configuration.others.iter().filter(|(setting, _)| setting.ends_with(NAMING));
    named.filter_map(|(setting, kid)| Some((setting.as_str(), kid.as_str()?)))
}

/// Prints public keys, a line each.
fn print(keys: &[Value], output: &Output) -> Result<()> {
    let rows: Vec<_> = keys.iter().filter_map(Value::as_object).map(row).collect();
    output.rows(&["kid", "alg", "use", "since"], &rows)
}

/// What is told of a key.
fn row(key: &Map<String, Value>) -> Map<String, Value> {
    let algorithm = key.get("alg").cloned().or_else(|| signature_algorithm(key).map(Value::from));
    let since = key.get("iat").and_then(Value::as_u64).map(|seconds| date(seconds).into());
    let members =
        [("kid", key.get("kid").cloned()), ("alg", algorithm), ("use", key.get("use").cloned()), ("since", since)];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
