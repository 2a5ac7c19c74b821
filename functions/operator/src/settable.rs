//! What operators set of a client: its metadata, and what the service's policy keeps beside it. A registrant is not told of a
//! member that a server does not know (RFC 7591 §2); an operator is, for it may be misspelt.

use serde_json::{Map, Value};
use shared::Error;
use shared::client::{RegisteredClient, Source};
use shared::metadata::{ClientMetadata, SERVER_SET, Strictness, said_by_server, verify};
use shared::policy::Policy;
use shared::registry::strictness;

use crate::shown;

/// Whether the server alone says that of a client.
#[must_use]
pub fn is_servers(name: &str) -> bool {
    SERVER_SET.contains(&name) || said_by_server(name).is_some()
}

/// Whether all of that can be set of a client.
///
/// # Errors
/// Why not, in words that name what cannot.
pub fn check(members: &Map<String, Value>, policy: &Policy) -> Result<(), String> {
    let those = |is_meant: &dyn Fn(&str) -> bool| {
        let names: Vec<&str> = members.keys().map(String::as_str).filter(|name| is_meant(name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = those(&|name| !is_servers(name) && !is_known(name, policy)) {
        return Err(format!("{names}: no specification defines it, and the policy's custom_members do not name it"));
    }
    match those(&is_servers) {
        Some(names) => Err(format!("{names}: that is not set so; what it is only the server says")),
        None => Ok(()),
    }
}

/// The same of a new client, whose software statement would be left out where none is looked at (RFC 7591 §2.3).
///
/// # Errors
/// As [`check`].
pub fn check_new(members: &Map<String, Value>, policy: &Policy) -> Result<(), String> {
    check(members, policy)?;
    if members.contains_key("software_statement") && policy.software_statements.issuers.is_empty() {
        return Err("software_statement: the service trusts no issuer of any, and keeps none".to_owned());
    }
    Ok(())
}

fn is_known(name: &str, policy: &Policy) -> bool {
    let (plain, is_tagged) = name.split_once('#').map_or((name, false), |(plain, _)| (plain, true));
    let mut members = ClientMetadata::DESCRIPTIONS.iter();
    members.any(|member| member.name == plain && (member.is_localized || !is_tagged))
        || policy.custom_members.iter().any(|custom| custom == name)
}

/// What of a patch is not so already: whoever sends back what was shown changes what is different.
#[must_use]
pub fn differing(
    mut patch: Map<String, Value>,
    client: &RegisteredClient,
    policy: &Policy,
    now: u64,
) -> Map<String, Value> {
    let mut is = shown::whole(client, policy, now);
    is.extend(shown::listed(client, policy, now));
    patch.retain(|name, value| is.get(name) != Some(value));
    patch
}

/// What the specifications ask of a client that lacks it once it is `after`. Operators of Authlete may leave that for later, and
/// the core lets them: what they make step by step is not complete yet.
///
/// # Errors
/// What it would lack, of one that was complete `before`: it stays so.
pub fn lacking(before: &ClientMetadata, after: &ClientMetadata, source: Source) -> Result<Option<Error>, Error> {
    let strictness = match source {
        Source::AuthleteCreate => Strictness::Full,
        source => strictness(source),
    };
    let fault = |metadata: &ClientMetadata| verify(metadata.clone(), strictness).err();
    if after == before {
        return Ok(None);
    }
    match fault(after) {
        Some(lacking) if fault(before).is_none() => Err(lacking),
        lacking => Ok(lacking),
    }
}
