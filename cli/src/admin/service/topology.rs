//! Who publishes the metadata of a service's authorization server, and what its operator has to do next.

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use shared::policy::Registration;
use shared::service::{Service, ServiceConfiguration};

use crate::admin::Output;
use crate::print;

/// What stands for the address of the API where nobody has said it.
const API_URL: &str = "API_URL";

/// The door by which clients register themselves.
const OAUTH: &str = "oauth";

/// Who publishes the metadata.
#[derive(Debug, PartialEq)]
enum Topology {
    /// The authorization server, which is its issuer and names our registration endpoint.
    AuthorizationServer,
    /// Registrar, which is the issuer.
    Registrar,
    /// Registrar, and clients can do nothing with it: these endpoints are missing.
    Incomplete(Vec<&'static str>),
}

impl Topology {
    /// `base_url` is where the API is, if that is known.
    fn of(configuration: &ServiceConfiguration, base_url: Option<&str>) -> Self {
        let missing = configuration.missing_endpoints();
        let elsewhere = configuration.issuer.is_some() && !is_at_root(configuration, base_url);
        match (elsewhere, missing.is_empty()) {
            (true, _) => Self::AuthorizationServer,
            (false, true) => Self::Registrar,
            (false, false) => Self::Incomplete(missing),
        }
    }
}

/// Whether the issuer is Registrar's own root.
fn is_at_root(configuration: &ServiceConfiguration, base_url: Option<&str>) -> bool {
    let base_url = configuration.base_url.as_deref().or(base_url);
    base_url.is_some() && configuration.issuer.as_deref() == base_url
}

/// Refuses a new service with which strangers would register, and then fail.
pub(super) fn check_new(configuration: &ServiceConfiguration, base_url: Option<&str>) -> Result<()> {
    match Topology::of(configuration, base_url) {
        Topology::Incomplete(missing) if configuration.policy.registration == Registration::Open => {
            bail!("anyone may register with this service, and could do nothing then: {}", advice(&missing))
        }
        _ => Ok(()),
    }
}

/// Warns of a service with which clients can register and do nothing.
pub(super) fn warn(configuration: &ServiceConfiguration, base_url: Option<&str>) {
    if let Topology::Incomplete(missing) = Topology::of(configuration, base_url) {
        print::complain(&format!("warning: clients of this service can do nothing yet: {}", advice(&missing)));
    }
}

/// What is missing, and the two ways out.
fn advice(missing: &[&str]) -> String {
    let options: Vec<String> = missing.iter().map(|member| format!("--metadata {member}=URL")).collect();
    let (missing, options) = (missing.join(" and "), options.join(" "));
    format!(
        "Registrar publishes the metadata of its authorization server, without {missing}; give {options}, or --issuer URL \
         if the authorization server publishes metadata of its own"
    )
}

/// Prints where a service is, who publishes its metadata, and what comes next. `base_url` is where the API is, if known.
pub(super) fn print(service: &Service, base_url: Option<String>, is_new: bool, output: &Output) -> Result<()> {
    let configuration = &service.configuration;
    let base_url = configuration.base_url.clone().or(base_url).unwrap_or_else(|| API_URL.to_owned());
    let (issuer, endpoint) = (service.issuer(&base_url), service.registration_endpoint(&base_url));
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("id", service.id.into());
    put("issuer", issuer.as_str().into());
    let registers = configuration.policy.opens(OAUTH) && configuration.policy.dynamic_registration;
    if registers {
        put("registration_endpoint", endpoint.as_str().into());
    }
    output.one(&members)?;
    match Topology::of(configuration, Some(&base_url)) {
        Topology::AuthorizationServer if !registers => {
            output.done(&format!("The authorization server {issuer} publishes its own metadata."));
        }
        Topology::AuthorizationServer => output.done(&format!(
            "The authorization server {issuer} publishes its own metadata. There it must name this: \
             \"registration_endpoint\": \"{endpoint}\""
        )),
        Topology::Registrar => output.done(&format!(
            "Registrar publishes the metadata of this authorization server, which must answer clients as that issuer: \
             \"iss\": \"{issuer}\""
        )),
        Topology::Incomplete(_) => {}
    }
    if is_at_root(configuration, Some(&base_url)) {
        output.done(&format!(
            "It does so at {issuer}/.well-known/ where this is the service of the root: registrar serve --default-service {}",
            service.id
        ));
    }
    if base_url == API_URL {
        output.done(&format!("{API_URL} is where the API is reached: an output of the stack, or --base-url."));
    }
    if !registers {
        output.done("Nobody registers by RFC 7591 here: that takes the door oauth, and dynamic_registration.");
    } else if is_new {
        output.done(&format!("Next: {}", next(service, &endpoint)));
    }
    Ok(())
}

/// The command with which the first client comes.
fn next(service: &Service, endpoint: &str) -> String {
    let id = service.id;
    match service.policy().registration {
        Registration::InitialAccessToken => {
            format!("registrar token create initial-access --service {id} --uses 10 --expires 30d")
        }
        Registration::Open => format!(
            "curl {endpoint} -H 'Content-Type: application/json' \
             -d '{{\"client_name\":\"Example\",\"redirect_uris\":[\"https://client.example/callback\"]}}'"
        ),
    }
}
