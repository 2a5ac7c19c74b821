//! `registrar service federation`: a service's place in federations, and the keys with which it signs there.

mod check;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::http::Uri;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};
use shared::administration::replace_service;
use shared::federation::{
    DOOR, EntityId, KeyDifference, REGISTRATION_TYPES, Unpublished, check_settings, published_keys, registration_types,
    signing_key, trust_anchor,
};
use shared::fetch::{Fetch, FetchSettings};
use shared::jose::{SigningAlgorithm, generate_signing_key, public_keys};
use shared::metadata::parse_object;
use shared::service::{
    FEDERATION_JWKS, FederationSettings, RepeatedRegistration, Service, ServiceConfiguration, TrustAnchorSettings,
};

use super::asked::Asked;
use super::consent::Consent;
use super::desk::of_service;
use super::fetched::fault;
use super::keys::{keys_of, kid_of};
use super::{Connection, Output, operator};
use crate::failure::described;

/// How long a trust anchor may take to answer.
const ASKING: Duration = Duration::from_secs(10);

#[derive(Subcommand)]
pub enum Command {
    /// Let a service take part in federations, or change how; what is not given stays. Its first key is made.
    Enable {
        /// The service's number.
        id: u64,
        #[command(flatten)]
        settings: Settings,
    },
    /// Let it take part no more; its keys stay.
    Disable {
        /// The service's number.
        id: u64,
    },
    /// Show its settings and its public keys, which its superiors need.
    Show {
        /// The service's number.
        id: u64,
    },
    /// Show the trust anchors and the keys that were handed over for them.
    Anchors {
        /// The service's number.
        id: u64,
        /// Compare them with what the anchors publish; fails if they differ.
        #[arg(long)]
        check: bool,
        /// A further certification authority of the anchors' servers, PEM.
        #[arg(long, value_name = "FILE", requires = "check")]
        extra_ca: Option<PathBuf>,
        /// An anchor's host and port that may be asked although it is not public, or on another port; may be repeated.
        #[arg(long, value_name = "HOST:PORT", requires = "check")]
        reachable: Vec<String>,
    },
    /// Show the service's place in federations, or how far an entity would come that asks for its registration: each check,
    /// and the chain of trust. Nobody is registered.
    Check(check::Check),
    /// Make a new key and publish it. The one that signs stays the same until `use-key`.
    AddKey {
        /// The service's number.
        id: u64,
    },
    /// Sign with that key from now on: all superiors must know it by then.
    UseKey {
        /// The service's number.
        id: u64,
        /// The key.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Remove a key that does not sign any more: what it has signed must have expired by then.
    RemoveKey {
        /// The service's number.
        id: u64,
        /// The key.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// What an operator decides about a service's federations.
#[derive(Args)]
pub struct Settings {
    /// The entity identifier of an immediate superior; may be repeated, and then only these are.
    #[arg(long = "authority-hint", value_name = "URL")]
    authority_hints: Vec<String>,
    /// A trust anchor's entity identifier and a file with its JWK Set; may be repeated, and then only these are trusted.
    #[arg(long = "trust-anchor", value_name = "URL=FILE")]
    trust_anchors: Vec<String>,
    /// A trust anchor's entity identifier and a host of relying parties that it may vouch for, `.example` for all below
    /// one; may be repeated. An anchor without any may vouch for all.
    #[arg(long = "vouches-for", value_name = "URL=HOST")]
    names: Vec<String>,
    /// How relying parties register; may be repeated [default: explicit].
    #[arg(long = "registration", value_enum, value_name = "REGISTRATION")]
    registrations: Vec<Registration>,
    /// What becomes of a second explicit registration while the first is valid.
    #[arg(long, value_enum)]
    repeated: Option<Repeated>,
    /// Seconds for which the entity configuration is valid [default: a day].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    lifetime: Option<u64>,
}

/// How relying parties register.
#[derive(Clone, Copy, ValueEnum)]
enum Registration {
    /// By a request of their own.
    Explicit,
    /// By their entity identifier in the authorization server's first request for them.
    Automatic,
}

/// What becomes of a second explicit registration.
#[derive(Clone, Copy, ValueEnum)]
enum Repeated {
    /// It takes the first one's place.
    Replace,
    /// It is refused.
    Refuse,
}

pub(super) async fn run(command: Command, asked: &Asked, output: &Output) -> Result<()> {
    let command = match command {
        Command::Check(check) => return check::run(check, asked, output).await,
        command => command,
    };
    let (id, connection) = (command.id(), asked.table()?);
    if let Command::Anchors { check, extra_ca, reachable, .. } = command {
        let settings = connection.service(id).await?.configuration.federation;
        let extra_ca = extra_ca.map(|file| read(&file).map(String::into_bytes)).transpose()?;
        let fetch = check.then(|| Fetch::new(FetchSettings { extra_ca, reachable }));
        return anchors(&settings, fetch.as_ref(), connection, output).await;
    }
    let service = change(id, connection, |configuration, keys| command.apply(configuration, keys)).await?;
    let members = shown(&service, connection).await?;
    match command {
        Command::Show { .. } => output.one(&members),
        _ => output.after(format!("Service {id} is changed: registrar service federation show {id}")).one(&members),
    }
}

impl Command {
    fn id(&self) -> u64 {
        match self {
            Self::Enable { id, .. }
            | Self::Disable { id }
            | Self::Show { id }
            | Self::Anchors { id, .. }
            | Self::AddKey { id }
            | Self::UseKey { id, .. }
            | Self::RemoveKey { id, .. } => *id,
            Self::Check(check) => check.id,
        }
    }

    /// Changes a service and its keys; says whether it did.
    fn apply(&self, configuration: &mut ServiceConfiguration, keys: &mut Vec<Value>) -> Result<bool> {
        let settings = &mut configuration.federation;
        match self {
            Self::Show { .. } | Self::Anchors { .. } | Self::Check(_) => return Ok(false),
            Self::Disable { .. } => settings.enabled = false,
            Self::AddKey { .. } => add_key(settings, keys)?,
            Self::UseKey { kid, .. } => {
                known(keys, kid)?;
                signing_key(&set_of(keys), Some(kid))?;
                settings.signature_key_id = Some(kid.clone());
            }
            Self::RemoveKey { id, kid, consent } => {
                known(keys, kid)?;
                if signing(settings, keys).is_ok_and(|signs| signs == *kid) {
                    bail!("{kid} signs: let another key sign first, with use-key");
                }
                consent.to_delete(&format!("the key {kid} of service {id} in its federations"), None, kid)?;
                keys.retain(|key| kid_of(key) != Some(kid));
            }
            Self::Enable { settings: asked, .. } => {
                settings.enabled = true;
                asked.apply(settings)?;
                if keys.is_empty() {
                    add_key(settings, keys)?;
                }
                if !asked.registrations.is_empty() {
                    let types = asked.registrations.iter().map(|registration| registration.name());
                    let metadata = &mut configuration.authorization_server;
                    metadata.insert(REGISTRATION_TYPES.to_owned(), types.collect());
                }
                if !configuration.policy.opens(DOOR) {
                    configuration.policy.doors.push(DOOR.to_owned());
                }
                complete(configuration)?;
            }
        }
        check_settings(&configuration.federation)?;
        Ok(true)
    }
}

/// What else a service needs to take part.
fn complete(configuration: &ServiceConfiguration) -> Result<()> {
    let settings = &configuration.federation;
    if settings.authority_hints.is_empty() || settings.trust_anchors.is_empty() {
        bail!("a service needs an --authority-hint and a --trust-anchor");
    }
    let issuer = configuration.issuer.as_ref().or(configuration.base_url.as_ref());
    match issuer.filter(|issuer| EntityId::parse(issuer).is_none()) {
        Some(issuer) => bail!("the service's issuer is its entity identifier, and {issuer} is no https URL"),
        None => Ok(()),
    }
}

impl Settings {
    fn apply(&self, settings: &mut FederationSettings) -> Result<()> {
        if !self.authority_hints.is_empty() {
            settings.authority_hints.clone_from(&self.authority_hints);
        }
        if !self.trust_anchors.is_empty() {
            settings.trust_anchors =
                self.trust_anchors.iter().map(|anchor| anchor_of(anchor, settings)).collect::<Result<_>>()?;
        }
        if !self.names.is_empty() {
            restrict(&self.names, &mut settings.trust_anchors)?;
        }
        if let Some(repeated) = self.repeated {
            settings.repeated_registration = match repeated {
                Repeated::Replace => RepeatedRegistration::Replace,
                Repeated::Refuse => RepeatedRegistration::Refuse,
            };
        }
        settings.configuration_lifetime = self.lifetime.or(settings.configuration_lifetime);
        Ok(())
    }
}

impl Registration {
    fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Automatic => "automatic",
        }
    }
}

/// Reads a service with its keys, changes them, and writes them if they were changed.
async fn change(
    id: u64,
    connection: &Connection,
    apply: impl FnOnce(&mut ServiceConfiguration, &mut Vec<Value>) -> Result<bool>,
) -> Result<Service> {
    let service = connection.service(id).await?;
    let wrapping = connection.keys().await?;
    let mut secrets = service.secrets(&wrapping).await.map_err(described)?;
    let mut set = key_set(&secrets)?;
    let mut keys = keys_of(set.clone());
    let mut configuration = service.configuration.clone();
    if !apply(&mut configuration, &mut keys)? {
        return Ok(service);
    }
    set.insert("keys".to_owned(), keys.into());
    secrets.insert(FEDERATION_JWKS.to_owned(), Value::Object(set).to_string().into());
    let changed = replace_service(&connection.store, &wrapping, &service, configuration, &secrets, &operator()).await;
    changed.map_err(of_service)
}

/// A new key is the last in its set, and signs if none does yet.
fn add_key(settings: &mut FederationSettings, keys: &mut Vec<Value>) -> Result<()> {
    keys.push(generate_signing_key(SigningAlgorithm::Es256).map_err(described)?.into());
    settings.signature_key_id = Some(signing(settings, keys)?);
    Ok(())
}

/// The name of the key that signs.
fn signing(settings: &FederationSettings, keys: &[Value]) -> Result<String> {
    Ok(signing_key(&set_of(keys), settings.signature_key_id.as_deref())?.kid().to_owned())
}

fn set_of(keys: &[Value]) -> Map<String, Value> {
    [("keys".to_owned(), keys.into())].into_iter().collect()
}

fn known(keys: &[Value], kid: &str) -> Result<()> {
    if keys.iter().any(|key| kid_of(key) == Some(kid)) { Ok(()) } else { bail!("there is no key {kid}") }
}

fn key_set(secrets: &Map<String, Value>) -> Result<Map<String, Value>> {
    let Some(text) = secrets.get(FEDERATION_JWKS).and_then(Value::as_str) else { return Ok(Map::new()) };
    parse_object(text.as_bytes()).context("the service's federation keys are no JWK Set")
}

/// An anchor that is given anew keeps the names that it may vouch for.
fn anchor_of(argument: &str, settings: &FederationSettings) -> Result<TrustAnchorSettings> {
    let (entity_id, file) = argument.split_once('=').context("--trust-anchor takes URL=FILE")?;
    let known = settings.trust_anchors.iter().find(|anchor| anchor.entity_id == entity_id);
    let names = known.map(|anchor| anchor.names.clone()).unwrap_or_default();
    Ok(TrustAnchorSettings { entity_id: entity_id.to_owned(), jwks: read(Path::new(file))?, names })
}

/// Gives each anchor that is named the names that it may vouch for, and no others.
fn restrict(arguments: &[String], anchors: &mut [TrustAnchorSettings]) -> Result<()> {
    let mut given: Vec<(&str, &str)> = Vec::new();
    for argument in arguments {
        let (entity_id, name) = argument.rsplit_once('=').context("--vouches-for takes URL=HOST")?;
        if !anchors.iter().any(|anchor| anchor.entity_id == entity_id) {
            bail!("{entity_id} is not a trust anchor of this service");
        }
        given.push((entity_id, name));
    }
    for anchor in anchors {
        let names = given.iter().filter(|(entity_id, _)| *entity_id == anchor.entity_id);
        let names: Vec<String> = names.map(|(_, name)| (*name).to_owned()).collect();
        if !names.is_empty() {
            anchor.names = names;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Prints the anchors, and compares their keys with what they publish if there is a way to fetch that.
async fn anchors(
    settings: &FederationSettings,
    fetch: Option<&Fetch>,
    connection: &Connection,
    output: &Output,
) -> Result<()> {
    let mut rows = Vec::new();
    let (mut differ, mut unasked) = (false, 0);
    for configured in &settings.trust_anchors {
        let anchor = trust_anchor(configured)?;
        let kids = anchor.keys.keys.iter().filter_map(|key| key.common.key_id.as_deref());
        let mut row = Map::new();
        row.insert("entity_id".to_owned(), configured.entity_id.as_str().into());
        row.insert("keys".to_owned(), kids.collect());
        row.insert("vouches_for".to_owned(), configured.names.as_slice().into());
        if let Some(fetch) = fetch {
            let published = published_keys(fetch, &anchor, connection.clock.now(), Instant::now() + ASKING).await;
            differ |= published.as_ref().is_ok_and(|difference| !difference.is_none());
            unasked += usize::from(published.is_err());
            let (not_given, not_published, fault) = match published {
                Ok(KeyDifference { not_given, not_published }) => (not_given, not_published, None),
                Err(fault) => (Vec::new(), Vec::new(), Some(told(&fault, &configured.entity_id))),
            };
            row.insert("not_given".to_owned(), not_given.into());
            row.insert("not_published".to_owned(), not_published.into());
            row.extend(fault.map(|fault| ("fault".to_owned(), fault.into())));
        }
        rows.push(row);
    }
    let compared: &[&str] = if fetch.is_some() { &["not_given", "not_published", "fault"] } else { &[] };
    output.rows(&[&["entity_id", "keys", "vouches_for"], compared].concat(), &rows)?;
    if differ {
        bail!("what trust anchors publish is not what this service was given: ask them, and enable with the new keys");
    }
    match unasked {
        0 => Ok(()),
        1 => bail!("a trust anchor could not be asked: its keys are not compared"),
        unasked => bail!("{unasked} trust anchors could not be asked: their keys are not compared"),
    }
}

/// Why an anchor's keys are not compared.
fn told(unpublished: &Unpublished, entity_id: &str) -> String {
    let Unpublished::Unfetched(error) = unpublished else { return unpublished.to_string() };
    let url: Option<Uri> = entity_id.parse().ok();
    let authority = url.as_ref().and_then(Uri::authority);
    let pair = authority.map(|at| format!("{}:{}", at.host(), at.port_u16().unwrap_or(443)));
    fault(error, pair.as_deref().unwrap_or(entity_id))
}

async fn shown(service: &Service, connection: &Connection) -> Result<Map<String, Value>> {
    let secrets = service.secrets(&connection.keys().await?).await.map_err(described)?;
    let Value::Object(mut members) = serde_json::to_value(&service.configuration.federation)? else {
        bail!("settings are not an object")
    };
    members.insert("id".to_owned(), service.id.into());
    members.insert("registrations".to_owned(), registration_types(&service.configuration).into());
    members.insert("jwks".to_owned(), public_keys(&key_set(&secrets)?).into());
    Ok(members)
}
