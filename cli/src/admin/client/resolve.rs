//! `registrar client resolve`: a client ID metadata document on its way to a client, step by step.

mod remedy;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};
use shared::client::RegisteredClient;
use shared::metadata_document::{Lifetime, Rehearsal, Seen, Step, Unresolved, is_enabled, rehearse};
use shared::policy::{Policy, Trust};
use shared::service::Service;

use super::shown;
use crate::admin::desk::Desk;
use crate::admin::fetched::Reach;
use crate::admin::policy::{CHANGES, rows_of};
use crate::admin::{Connection, Output};
use crate::failure::{Failure, Kind};
use crate::print;

/// Whose document.
#[derive(Args)]
pub struct Resolve {
    /// The service.
    #[arg(long)]
    service: u64,
    /// The `client_id`, which is the URL of the document.
    #[arg(value_name = "URL")]
    client_id: String,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(resolve: Resolve, connection: &Connection, output: &Output) -> Result<()> {
    let Resolve { service, client_id, reach } = resolve;
    let service = connection.service(service).await?;
    let desk = Desk::of(service, connection, connection.fetch_settings(reach)?);
    if desk.service.configuration.federation.enabled {
        print::complain("warning: the service's federation is asked first, and left out here");
    }
    let rehearsal = rehearse(&desk.context(), &client_id).await;
    let mut findings = found(&rehearsal);
    let changed = rows_of(&rehearsal.changes);
    let failed = rehearsal.outcome.as_ref().err().map(|unresolved| {
        let rule = rehearsal.rule;
        let remedy = remedy::of(unresolved, rule, &client_id, &desk.service);
        Failed { step: failed_step(unresolved, &desk.service), unresolved, rule, remedy }
    });
    findings.push(match &failed {
        Some(failed) => Finding { step: failed.step, is_met: false, sentence: failed.unresolved.to_string() },
        None => Finding::met("rules", "the document is that of a client of this service"),
    });
    let now = connection.clock.now();
    let client = rehearsal.outcome.as_ref().ok().map(|client| described(client, desk.service.policy(), now));
    if output.is_json() {
        let mut members = members(&client_id, &rehearsal, &findings, changed, failed.as_ref());
        members.extend(client.map(|client| ("client".to_owned(), client.into())));
        output.one(&members)?;
    } else {
        output.rows(&["step", "status", "finding"], &findings.iter().map(Finding::row).collect::<Vec<_>>())?;
        if !changed.is_empty() {
            output.done("");
            output.rows(&CHANGES, &changed)?;
        }
        if let Some(client) = client {
            output.done("");
            output.done("The client:");
            output.one(&client)?;
        }
    }
    failed.map_or(Ok(()), |failed| Err(failed.failure(&client_id, &desk.service).into()))
}

/// A step and what was found there.
struct Finding {
    step: &'static str,
    is_met: bool,
    sentence: String,
}

impl Finding {
    fn met(step: &'static str, sentence: impl Into<String>) -> Self {
        Self { step, is_met: true, sentence: sentence.into() }
    }

    fn row(&self) -> Map<String, Value> {
        let status = if self.is_met { "ok" } else { "failed" };
        let members = [("step", self.step), ("status", status), ("finding", &self.sentence)];
        members.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
    }
}

/// Why there is no client, and what to do.
struct Failed<'r> {
    step: &'static str,
    unresolved: &'r Unresolved,
    /// The last rule that the document has met.
    rule: Option<&'static str>,
    remedy: String,
}

impl Failed<'_> {
    fn members(&self) -> Value {
        let Self { step, unresolved, remedy, .. } = self;
        let mut members = json!({
            "step": step,
            "outcome": unresolved.outcome(),
            "error": unresolved.code(),
            "error_description": unresolved.to_string(),
            "remedy": remedy,
        });
        if let (Some(members), Some(rule)) = (members.as_object_mut(), self.rule) {
            members.insert("rule".to_owned(), rule.into());
        }
        members
    }

    fn failure(&self, client_id: &str, service: &Service) -> Failure {
        let Self { step, unresolved, rule, remedy } = self;
        let kind = match unresolved {
            Unresolved::Gone { .. } => Kind::NotFound,
            Unresolved::Unavailable { .. } | Unresolved::OverBudget { .. } => Kind::Unavailable,
            Unresolved::Core(error) => crate::failure::of_core(error),
            _ => Kind::Refused,
        };
        let rule = rule.map(|rule| format!(": {rule}")).unwrap_or_default();
        let id = service.id;
        let sentence = format!("{client_id} is no client of service {id}: {unresolved} (step {step}{rule}); {remedy}");
        Failure::new(kind, sentence)
    }
}

fn failed_step(unresolved: &Unresolved, service: &Service) -> &'static str {
    match unresolved {
        Unresolved::NotEnabled if !is_enabled(service) => "service",
        Unresolved::NotEnabled | Unresolved::InvalidUri(_) => "url",
        Unresolved::NotAllowed { .. } => "trust",
        unresolved => unresolved.step().map_or("registry", Step::as_str),
    }
}

/// What was met until there was a client, or none.
fn found(rehearsal: &Rehearsal) -> Vec<Finding> {
    let Rehearsal { trust, seen, lifetime, .. } = rehearsal;
    let mut found = Vec::new();
    if let Some((trust, by)) = trust {
        found.push(Finding::met("url", "it may be that of a document"));
        if *trust != Trust::Block {
            found.push(Finding::met("trust", thought(*trust, by.as_deref())));
        }
    }
    let Seen { address, status, headers } = seen;
    found.extend(address.map(|address| Finding::met("address", format!("{address} has answered"))));
    found.extend(status.filter(|status| *status == 200).map(|status| Finding::met("status", status.to_string())));
    if !headers.is_empty() {
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        found.push(Finding::met("headers", headers.join("; ")));
    }
    found.extend(lifetime.map(|Lifetime { fresh, stale }| {
        let after = match stale {
            0 => "then it is asked for again, and does not serve where the host cannot be asked".to_owned(),
            stale => format!("then it serves for {stale} more where the host cannot be asked"),
        };
        Finding::met("lifetime", format!("it is fresh for {fresh} seconds; {after}"))
    }));
    found
}

fn thought(trust: Trust, by: Option<&str>) -> String {
    let meaning = match trust {
        Trust::Allow => "the operator knows it",
        Trust::Ask => "the user decides",
        Trust::Block => "it is no client here",
    };
    let by = by.map_or_else(|| "no pattern is about it".to_owned(), |pattern| format!("by the pattern {pattern}"));
    format!("{}, {by}: {meaning}", trust.as_str())
}

/// The client as `client show` would have it.
fn described(client: &RegisteredClient, policy: &Policy, now: u64) -> Map<String, Value> {
    let mut members = shown::of(client, policy, now);
    let methods: Vec<&str> =
        client.record.metadata_document.iter().flat_map(|document| &document.methods).map(|one| one.as_str()).collect();
    if !methods.is_empty() {
        members.insert("token_endpoint_auth_methods_supported".to_owned(), methods.into());
    }
    members
}

/// All of it, for scripts.
fn members(
    client_id: &str,
    rehearsal: &Rehearsal,
    findings: &[Finding],
    changed: Vec<Map<String, Value>>,
    failed: Option<&Failed<'_>>,
) -> Map<String, Value> {
    let Rehearsal { trust, seen, lifetime, .. } = rehearsal;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("client_id", client_id.into());
    put("steps", findings.iter().map(Finding::row).map(Value::Object).collect());
    if let Some((trust, by)) = trust {
        put("trust", json!({ "trust": trust.as_str(), "pattern": by }));
    }
    if let Some(status) = seen.status {
        let headers: Map<String, Value> =
            seen.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        put("answer", json!({ "address": seen.address, "status": status, "headers": headers }));
    }
    if let Some(Lifetime { fresh, stale }) = lifetime {
        put("lifetime", json!({ "fresh": fresh, "stale": stale }));
    }
    put("changes", changed.into_iter().map(Value::Object).collect());
    if let Some(failed) = failed {
        put("failed", failed.members());
    }
    members
}
