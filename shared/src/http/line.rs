//! The line that each request leaves in the log. A function writes it as one JSON object, which has the request's
//! metrics in the embedded format of CloudWatch as well: whoever counts reads what is logged anyway. On one machine it
//! is a line like any other.

use std::io::Write;

use serde::Serialize;

use super::{Method, Response};

/// What refusals are told apart by: the codes of [`Error::code`](crate::Error::code). All others are one, so that no
/// front door, and nobody who asks, makes metrics without number.
const REASONS: [&str; 11] = [
    "access_denied",
    "insufficient_scope",
    "invalid_client_metadata",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_software_statement",
    "invalid_token",
    "invalid_trust_anchor",
    "not_found",
    "temporarily_unavailable",
    "unapproved_software_statement",
];

/// Every other code.
const OTHER: &str = "other";

/// What a deployed function counts.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// The namespace of its metrics; without one nothing is counted.
    pub namespace: Option<String>,
    /// Whether each service has metrics of its own.
    pub by_service: bool,
}

/// A request that was answered.
pub(super) struct Answered<'a> {
    pub(super) door: &'static str,
    pub(super) function: &'static str,
    pub(super) method: Method,
    /// The service that the path names, be there one or not.
    pub(super) service: Option<u64>,
    pub(super) response: &'a Response,
    pub(super) micros: u64,
    pub(super) request_id: &'a str,
    pub(super) trace_id: Option<&'a str>,
    /// Whether it is the first of this process.
    pub(super) cold_start: bool,
    /// How many clients were stored for it that were not there before.
    pub(super) registered: u64,
}

impl Answered<'_> {
    /// Logs it like anything else.
    pub(super) fn log(&self) {
        let Self { function, method, service, response, micros, request_id, .. } = self;
        let Response { status, code, cause, reason, .. } = response;
        let (code, reason) = (code.as_deref(), reason.as_deref());
        match cause {
            None => tracing::info!(function, %method, service, status, code, micros, request_id, reason),
            Some(cause) => tracing::error!(function, %method, service, status, code, micros, request_id, %cause),
        }
    }

    /// Writes it to the standard output, from where Lambda takes it to the log. `known` is the service, where there is
    /// one: a number that nobody has is no dimension. `now` is in milliseconds since 1970.
    pub(super) fn write(&self, metrics: &Metrics, known: Option<u64>, now: u64) {
        if let Ok(line) = self.line(metrics, known, now) {
            // A log that takes nothing is no reason not to answer.
            drop(std::io::stdout().lock().write_all(&line));
        }
    }

    /// The line.
    fn line(&self, metrics: &Metrics, known: Option<u64>, now: u64) -> serde_json::Result<Vec<u8>> {
        let Self { function, service, micros, request_id, trace_id, cold_start, .. } = *self;
        let Response { status, code, cause, reason, .. } = self.response;
        let line = Line {
            level: if cause.is_some() { "ERROR" } else { "INFO" },
            function,
            method: self.method.as_str(),
            service,
            status: *status,
            code: code.as_deref(),
            micros,
            request_id,
            trace_id,
            cold_start,
            reason: reason.as_deref(),
            cause: cause.as_deref(),
            counted: metrics
                .namespace
                .as_deref()
                .map(|namespace| self.counted(namespace, known.filter(|_| metrics.by_service), now)),
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn counted<'n>(&self, namespace: &'n str, service: Option<u64>, now: u64) -> Counted<'n> {
        let status = self.response.status;
        let reason = (400..500).contains(&status).then(|| {
            let code = self.response.code.as_deref().unwrap_or(OTHER);
            REASONS.into_iter().find(|reason| *reason == code).unwrap_or(OTHER)
        });
        let one = |is_so: bool| is_so.then_some(1);
        let mut counted = Counted {
            door: self.door,
            service: service.map(|number| number.to_string()),
            reason,
            latency: self.micros,
            registrations: Some(self.registered).filter(|registered| *registered > 0),
            refusals: one(reason.is_some()),
            faults: one(status >= 500),
            cold_starts: one(self.cold_start),
            aws: Envelope { timestamp: now, cloud_watch_metrics: Vec::with_capacity(2) },
        };
        let mut metrics = vec![Metric { name: "Latency", unit: "Microseconds" }];
        let counts = [
            ("Registrations", counted.registrations),
            ("Refusals", counted.refusals),
            ("Faults", counted.faults),
            ("ColdStarts", counted.cold_starts),
        ];
        let present = counts.into_iter().filter(|(_, count)| count.is_some());
        metrics.extend(present.map(|(name, _)| Metric { name, unit: "Count" }));
        let dimensions: &[&[&str]] = if service.is_some() { &[&["Door"], &["Door", "Service"]] } else { &[&["Door"]] };
        counted.aws.cloud_watch_metrics.push(Directive { namespace, dimensions, metrics });
        if reason.is_some() {
            let metrics = vec![Metric { name: "Refusals", unit: "Count" }];
            let dimensions: &[&[&str]] = if service.is_some() {
                &[&["Door", "Reason"], &["Door", "Service", "Reason"]]
            } else {
                &[&["Door", "Reason"]]
            };
            counted.aws.cloud_watch_metrics.push(Directive { namespace, dimensions, metrics });
        }
        counted
    }
}

#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    function: &'static str,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<u64>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    micros: u64,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cold_start: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(flatten)]
    counted: Option<Counted<'a>>,
}

/// The dimensions and values of the metrics, and what says that they are some.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Counted<'a> {
    door: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    latency: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    registrations: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusals: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cold_starts: Option<u64>,
    #[serde(rename = "_aws")]
    aws: Envelope<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: &'a [&'a [&'a str]],
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::error::Error;

    const NOW: u64 = 1_767_225_600_000;

    fn answered(response: &Response) -> Answered<'_> {
        Answered {
            door: "oauth",
            function: "register",
            method: Method::Post,
            service: Some(7),
            response,
            micros: 8324,
            request_id: "JKJaXmPLvHcESHA=",
            trace_id: Some("1-5759e988-bd862e3fe1be46a994272793"),
            cold_start: false,
            registered: 0,
        }
    }

    fn line(answered: &Answered<'_>, metrics: &Metrics, known: Option<u64>) -> Value {
        let line = answered.line(metrics, known, NOW).unwrap();
        assert!(line.ends_with(b"\n") && str::from_utf8(&line).unwrap().lines().count() == 1, "one line");
        assert!(line.len() < 1024);
        serde_json::from_slice(&line).unwrap()
    }

    fn counting(by_service: bool) -> Metrics {
        Metrics { namespace: Some("Registrar/test".to_owned()), by_service }
    }

    /// What the embedded format asks of a document (CloudWatch, "Specification: Embedded metric format"), and the
    /// metrics that are made of it, each with its dimensions.
    fn metrics(line: &Value) -> BTreeSet<String> {
        let aws = &line["_aws"];
        assert!(aws["Timestamp"].as_u64().is_some_and(|at| at >= 1_000_000_000_000), "milliseconds since 1970");
        let mut made = BTreeSet::new();
        for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
            let namespace = directive["Namespace"].as_str().unwrap();
            assert!((1..=1024).contains(&namespace.len()));
            for dimensions in directive["Dimensions"].as_array().unwrap() {
                let names: Vec<&str> =
                    dimensions.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                assert!(names.len() <= 30);
                let values = names.iter().map(|name| {
                    let value = line[*name].as_str().expect("the value of a dimension is a text at the root");
                    assert!((1..=1024).contains(&value.len()) && value.is_ascii());
                    format!("{name}={value}")
                });
                let values = values.collect::<Vec<_>>().join(",");
                let metrics = directive["Metrics"].as_array().unwrap();
                assert!((1..=100).contains(&metrics.len()));
                for metric in metrics {
                    let name = metric["Name"].as_str().unwrap();
                    assert!(line[name].as_f64().is_some_and(f64::is_finite), "{name} is a number at the root");
                    assert!(["Count", "Microseconds"].contains(&metric["Unit"].as_str().unwrap()), "{name}");
                    assert!(made.insert(format!("{name} {values}")), "{name} is counted twice");
                }
            }
        }
        made
    }

    fn of(metrics: &[&str]) -> BTreeSet<String> {
        metrics.iter().map(|&metric| metric.to_owned()).collect()
    }

    #[test]
    fn a_registration_is_counted_and_timed() {
        let created = Response::empty(201);
        let answered = Answered { registered: 1, cold_start: true, ..answered(&created) };
        let line = line(&answered, &counting(false), Some(7));
        assert_eq!(metrics(&line), of(&["ColdStarts Door=oauth", "Latency Door=oauth", "Registrations Door=oauth"]));
        assert_eq!((&line["Latency"], &line["Registrations"]), (&8324.into(), &1.into()));
        assert_eq!((&line["level"], &line["cold_start"]), (&"INFO".into(), &true.into()));
        assert_eq!(line["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    }

    #[test]
    fn a_refusal_is_counted_by_its_reason_and_strangers_choose_none() {
        let refused = Response::empty(400).because(&Error::UnapprovedSoftwareStatement);
        let by_reason = |reason: &str| {
            let reason = format!("Refusals Door=oauth,Reason={reason}");
            of(&["Latency Door=oauth", "Refusals Door=oauth", &reason])
        };
        let told = line(&answered(&refused), &counting(false), None);
        assert_eq!(metrics(&told), by_reason("unapproved_software_statement"));
        let mut strange = Response::empty(404);
        strange.code = Some("of a stranger\n".into());
        let told = line(&answered(&strange), &counting(false), None);
        assert_eq!(metrics(&told), by_reason("other"));
        assert_eq!(told["code"], "of a stranger\n");
    }

    #[test]
    fn a_fault_is_no_refusal_and_has_its_cause() {
        let failed = Response::empty(500).because(&Error::internal("the disk is full"));
        let line = line(&answered(&failed), &counting(false), None);
        assert_eq!(metrics(&line), of(&["Faults Door=oauth", "Latency Door=oauth"]));
        assert_eq!((&line["level"], &line["cause"]), (&"ERROR".into(), &"the disk is full".into()));
    }

    #[test]
    fn only_a_service_that_is_there_has_metrics_of_its_own_and_only_if_asked_for() {
        let found = Response::empty(200);
        let both = of(&["Latency Door=oauth", "Latency Door=oauth,Service=7"]);
        assert_eq!(metrics(&line(&answered(&found), &counting(true), Some(7))), both);
        let door = of(&["Latency Door=oauth"]);
        assert_eq!(metrics(&line(&answered(&found), &counting(true), None)), door);
        assert_eq!(metrics(&line(&answered(&found), &counting(false), Some(7))), door);
    }

    #[test]
    fn a_service_knows_the_reasons_of_its_own_refusals() {
        let refused = Response::empty(400).because(&Error::UnapprovedSoftwareStatement);
        let told = metrics(&line(&answered(&refused), &counting(true), Some(7)));
        let all = of(&[
            "Latency Door=oauth",
            "Latency Door=oauth,Service=7",
            "Refusals Door=oauth",
            "Refusals Door=oauth,Reason=unapproved_software_statement",
            "Refusals Door=oauth,Service=7",
            "Refusals Door=oauth,Service=7,Reason=unapproved_software_statement",
        ]);
        assert_eq!(told, all);
    }

    #[test]
    fn nothing_is_counted_without_a_namespace() {
        let found = Response::empty(200);
        let line = line(&answered(&found), &Metrics { by_service: true, ..Metrics::default() }, Some(7));
        for member in ["_aws", "Door", "Service", "Latency", "cold_start", "code", "cause", "reason"] {
            assert_eq!(line.get(member), None, "{member}");
        }
        assert_eq!((&line["service"], &line["status"]), (&7.into(), &200.into()));
    }
}
