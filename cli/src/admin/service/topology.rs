//! Who publishes the metadata of a service's authorization server, and what its operator has to do next.

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use shared::policy::Registration;
use shared::service::{Service, ServiceConfiguration, Topology};

use crate::admin::Output;
use crate::print;

/// What stands for the address of the API where nobody has said it.
const API_URL: &str = "API_URL";

/// The door by which clients register themselves.
const OAUTH: &str = "oauth";

/// Refuses a new service with which strangers would register, and then fail.
pub(super) fn check_new(configuration: &ServiceConfiguration, base_url: Option<&str>) -> Result<()> {
    match Topology::of(configuration, base_url).advice() {
        Some(advice) if configuration.policy.registration == Registration::Open => {
            bail!("anyone may register with this service, and could do nothing then: {advice}")
        }
        _ => Ok(()),
    }
}

/// Warns of a service with which clients can register and do nothing.
pub(super) fn warn(configuration: &ServiceConfiguration, base_url: Option<&str>) {
    warn_of(&configuration.warnings(base_url));
}

/// Prints warnings, be they made here or by the API.
pub(in crate::admin) fn warn_of(warnings: &[String]) {
    for warning in warnings {
        print::complain(&format!("warning: {}", print::visible(warning)));
    }
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
    if configuration.is_at_root(Some(&base_url)) {
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
