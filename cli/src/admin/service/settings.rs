//! What an operator says about a service by options.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use shared::federation::check_settings;
use shared::metadata::{Invalid, Scope};
use shared::policy::{DOORS, Policy, Preset};
use shared::service::{ServiceConfiguration, check_organization};

use crate::admin::input::Input;
use crate::admin::policy::Written;

/// What an operator decides about a service.
#[derive(Args)]
pub struct Settings {
    /// Who owns it [default for a new one: default].
    #[arg(long, value_parser = organization)]
    organization: Option<String>,
    /// A name for people.
    #[arg(long)]
    name: Option<String>,
    /// The issuer identifier, if the authorization server publishes metadata of its own.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where this API is reached, if not as the gateway says.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A member of the authorization server's metadata (RFC 8414); may be repeated.
    #[arg(long = "metadata", value_name = "MEMBER=VALUE")]
    metadata: Vec<String>,
    /// Take away a member of the metadata, or name, issuer, base-url or stet; may be repeated.
    #[arg(long = "unset", value_name = "MEMBER")]
    unset: Vec<String>,
    /// A ready-made policy [default for a new one: protected].
    #[arg(long, value_enum)]
    preset: Option<PresetName>,
    /// Members of the policy as JSON, or all of a service as `service show --json` prints it; `-` is standard input. What
    /// is not given stays; null removes it.
    #[arg(long, value_name = "FILE")]
    policy: Option<Input>,
    /// What the door stet asks for, as JSON.
    #[arg(long, value_name = "FILE")]
    stet: Option<PathBuf>,
    /// The scopes offered, separated by spaces.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// A front door to open; may be repeated, and then only these are open.
    #[arg(long = "door", value_name = "DOOR", value_parser = PossibleValuesParser::new(DOORS))]
    doors: Vec<String>,
}

/// A ready-made policy.
#[derive(Clone, Copy, ValueEnum)]
pub enum PresetName {
    /// Open registration, as MCP hosts need it.
    Open,
    /// The same, where copies of one program share one client.
    #[value(name = "mcp_shared")]
    McpShared,
    /// Registration by initial access token.
    Protected,
    /// Registration by regulated institutions, as open banking has it.
    Regulated,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Open => Self::Open,
            PresetName::McpShared => Self::McpShared,
            PresetName::Protected => Self::Protected,
            PresetName::Regulated => Self::Regulated,
        }
    }
}

/// The name of an organization, as an argument.
pub(in crate::admin) fn organization(name: &str) -> Result<String, Invalid> {
    check_organization(name).map(|()| name.to_owned())
}

impl Settings {
    /// Whether no option is given.
    pub(super) fn say_nothing(&self) -> bool {
        let Self {
            organization: None,
            name: None,
            issuer: None,
            base_url: None,
            metadata,
            unset,
            preset: None,
            policy: None,
            stet: None,
            scope: None,
            doors,
        } = self
        else {
            return false;
        };
        metadata.is_empty() && unset.is_empty() && doors.is_empty()
    }

    /// Whether they change nothing but the policy.
    pub(super) fn are_about_the_policy(&self) -> bool {
        let Self { organization: None, name: None, issuer: None, base_url: None, stet: None, metadata, unset, .. } =
            self
        else {
            return false;
        };
        metadata.is_empty() && unset.is_empty()
    }

    /// What they make of a service, of that version if there is one; what is not given stays.
    pub(super) fn applied_to(
        self,
        mut configuration: ServiceConfiguration,
        current: Option<u64>,
    ) -> Result<ServiceConfiguration> {
        for (name, value) in [("name", &self.name), ("issuer", &self.issuer), ("base-url", &self.base_url)] {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                bail!("--{name}: it is empty; to take it away, give --unset {name}");
            }
        }
        let before = current.map(|_| configuration.policy.clone());
        self.unset.iter().try_for_each(|member| unset(member, &mut configuration))?;
        configuration.organization = self.organization.unwrap_or(configuration.organization);
        configuration.name = self.name.or(configuration.name);
        configuration.issuer = self.issuer.or(configuration.issuer);
        let base_url = self.base_url.map(|url| url.trim_end_matches('/').to_owned());
        configuration.base_url = base_url.or(configuration.base_url);
        self.metadata.iter().try_for_each(|member| set(member, &mut configuration.authorization_server))?;
        if let Some(preset) = self.preset {
            configuration.policy = Preset::from(preset).policy();
        }
        if let Some(input) = &self.policy {
            let written = Written::read(input)?;
            current.map_or(Ok(()), |current| written.is_of(current))?;
            configuration.policy = written.applied_to(&configuration.policy)?;
        }
        if let Some(file) = &self.stet {
            configuration.others.insert("stet".to_owned(), stet_settings(file)?);
        }
        if let Some(scope) = &self.scope {
            let scope = Scope::parse(scope)?;
            if scope.is_none() {
                bail!(
                    "--scope: it is empty, which would offer any scope: take away the policy's scopes.offered for that"
                );
            }
            configuration.policy.scopes.offered = scope;
        }
        if !self.doors.is_empty() {
            configuration.policy.doors = self.doors;
        }
        check(&configuration, before.as_ref())?;
        Ok(configuration)
    }
}

/// Checks all that a service has: what the core asks of each, that its policy does not contradict itself, unless it had that
/// one `before`, and what its doors keep.
pub(in crate::admin) fn check(configuration: &ServiceConfiguration, before: Option<&Policy>) -> Result<()> {
    match before {
        Some(before) => configuration.policy.check_successor(before)?,
        None => configuration.policy.check()?,
    }
    configuration.check()?;
    check_settings(&configuration.federation)?;
    if let Some(settings) = configuration.others.get("stet") {
        stet::settings::Settings::read(settings).map_err(|fault| anyhow!("stet: {fault}"))?;
    }
    Ok(())
}

/// Takes away what stands under that name.
fn unset(member: &str, configuration: &mut ServiceConfiguration) -> Result<()> {
    let was_set = match member {
        "name" => configuration.name.take().is_some(),
        "issuer" => configuration.issuer.take().is_some(),
        "base-url" => configuration.base_url.take().is_some(),
        "stet" => configuration.others.remove("stet").is_some(),
        _ => configuration.authorization_server.remove(member).is_some(),
    };
    if was_set { Ok(()) } else { bail!("--unset {member}: the service has no {member}") }
}

/// Sets a member of the metadata to what is JSON, or else to a text.
fn set(argument: &str, metadata: &mut Map<String, Value>) -> Result<()> {
    let (name, value) = argument.split_once('=').context("--metadata takes MEMBER=VALUE")?;
    match name {
        "issuer" => bail!("--metadata issuer: Registrar sets it; give --issuer"),
        "registration_endpoint" => bail!("--metadata registration_endpoint: Registrar sets it; give --base-url"),
        _ => {}
    }
    if matches!(value, "" | "null") {
        bail!("--metadata {name}: it has no value; to take it away, give --unset {name}");
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    metadata.insert(name.to_owned(), value);
    Ok(())
}

fn stet_settings(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let settings = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    stet::settings::Settings::read(&settings).map_err(|fault| anyhow!("{}: {fault}", file.display()))?;
    Ok(settings)
}
