//! `registrar doctor`: does everything fit that a registration needs?

mod announced;
mod clock;
mod own;
mod table;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};
use shared::counted::counted;
use shared::fetch::Fetch;
use shared::service::Service;

use super::connection::{self, Connection, ORGANIZATION};
use super::fetched::Reach;
use super::keys;
use super::output::Output;
use crate::failure::{Failure, Kind, described};
use own::Own;

/// What is looked at.
#[derive(Args)]
pub struct Options {
    /// A service, whose authorization server is looked at as well.
    service: Option<u64>,
    /// Where this API is reached, if the service does not say so.
    #[arg(long, env = "REGISTRAR_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// As it should be.
    Ok,
    /// It works, or could not be looked at.
    Warning,
    /// Something does not work.
    Fault,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// A check and what it found, in one sentence.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    status: Status,
    sentence: String,
}

impl Finding {
    fn ok(check: &'static str, sentence: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, sentence: sentence.into() }
    }

    fn warning(check: &'static str, sentence: impl Into<String>) -> Self {
        Self { check, status: Status::Warning, sentence: sentence.into() }
    }

    fn fault(check: &'static str, sentence: impl Into<String>) -> Self {
        Self { check, status: Status::Fault, sentence: sentence.into() }
    }

    fn row(&self) -> Map<String, Value> {
        let members = [("status", self.status.name()), ("check", self.check), ("finding", &self.sentence)];
        members.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
    }
}

/// Looks at everything, and says what it found.
///
/// # Errors
/// If there is a fault.
pub(super) async fn run(options: Options, connection: connection::Options, output: &Output) -> Result<(), Failure> {
    let findings = match connection.connect().await {
        Ok(connection) => examine(options, &connection).await.map_err(|error| connection.failure(&error))?,
        Err(error) => vec![Finding::fault("credentials", Failure::of(&error, Kind::Refused).sentence)],
    };
    let rows: Vec<_> = findings.iter().map(Finding::row).collect();
    output.rows(&["status", "check", "finding"], &rows).map_err(|error| Failure::of(&error, Kind::Fault))?;
    match findings.iter().filter(|finding| finding.status == Status::Fault).count() {
        0 => Ok(()),
        1 => Err(Failure::new(Kind::Fault, "there is a fault")),
        faults => Err(Failure::new(Kind::Fault, format!("there are {}", counted(faults, "fault")))),
    }
}

async fn examine(options: Options, connection: &Connection) -> Result<Vec<Finding>> {
    let mut findings = table::examine(connection).await;
    if findings.iter().any(|finding| finding.status == Status::Fault) && !table::is_there(&findings) {
        return Ok(findings);
    }
    findings.push(key(options.service, connection).await?);
    let Some(id) = options.service else { return Ok(findings) };
    let service = match connection.service(id).await {
        Ok(service) => service,
        Err(error) => {
            findings.push(Finding::fault("service", connection.failure(&error).sentence));
            return Ok(findings);
        }
    };
    findings.push(signing_keys(&service, connection).await);
    let mut settings = connection.fetch_settings(options.reach)?;
    let base_url = options.base_url.or_else(|| connection.base_url());
    let own = base_url.as_deref().and_then(Own::of);
    settings.reachable.extend(own.iter().map(|own| own.pair.clone()));
    let fetch = Fetch::new(settings);
    findings.extend(announced::examine(&service, base_url.as_deref(), own.as_ref(), &fetch).await);
    Ok(findings)
}

/// Which algorithms the service signs tokens with.
async fn signing_keys(service: &Service, connection: &Connection) -> Finding {
    const CHECK: &str = "signing keys";
    let id = service.id;
    match keys::algorithms_of(service, connection).await {
        Err(error) => Finding::warning(CHECK, format!("not looked at: {error:#}")),
        Ok(algorithms) if algorithms.is_empty() => {
            let sentence = format!(
                "none: an authorization server on Authlete's API gets no ID tokens signed until \
                 `registrar service keys make {id}`"
            );
            Finding::ok(CHECK, sentence)
        }
        Ok(algorithms) => Finding::ok(CHECK, algorithms.join(", ")),
    }
}

/// Whether the key opens what is sealed: by the service that is asked about, or another one.
async fn key(service: Option<u64>, connection: &Connection) -> Result<Finding> {
    const CHECK: &str = "key";
    let keys = match connection.keys().await {
        Ok(keys) => keys,
        Err(error) => return Ok(Finding::warning(CHECK, format!("not looked at: {error:#}"))),
    };
    let known = match service {
        Some(id) => connection.store.service(id).await.map_err(described)?,
        None => connection.known_service(ORGANIZATION).await?,
    };
    let Some(known) = known else {
        return Ok(Finding::warning(CHECK, "not looked at: there is no service whose secrets it could open"));
    };
    Ok(match known.opens_with(&keys).await.map_err(described) {
        Ok(()) => Finding::ok(CHECK, format!("it opens what service {} has sealed", known.id)),
        Err(error) => {
            let failure = connection.failure(&error);
            let finding = if failure.kind == Kind::Credentials { Finding::warning } else { Finding::fault };
            finding(CHECK, failure.sentence)
        }
    })
}
