//! What to change so that a client is resolved by its document, and who can.

use axum::http::Uri;
use shared::metadata_document::{Step, Unresolved, UriFault, is_enabled};
use shared::policy::METADATA_DOCUMENT;
use shared::service::Service;

/// What to change, for the operator of the service.
pub(super) fn of(unresolved: &Unresolved, rule: Option<&str>, client_id: &str, service: &Service) -> String {
    match unresolved {
        Unresolved::NotEnabled if is_enabled(service) => {
            "a client of this kind has a URL for its client_id, which begins with https://".to_owned()
        }
        Unresolved::NotEnabled => opened(service),
        Unresolved::InvalidUri(fault) => of_url(*fault, client_id),
        Unresolved::NotAllowed { by: Some(_) } => {
            "to take it nevertheless, take that pattern out of metadata_documents.trust of the policy".to_owned()
        }
        Unresolved::NotAllowed { by: None } => {
            "give it a pattern in metadata_documents.trust of the policy, whose metadata_documents.others blocks the rest"
                .to_owned()
        }
        Unresolved::NoCommonMethod(_) => {
            "offer one of its methods in token_endpoint_auth_methods of the policy, and in what the service announces"
                .to_owned()
        }
        Unresolved::InvalidDocument { step: Step::Rule, .. } => of_rule(rule),
        unresolved => unresolved.step().map_or_else(
            || "try again later".to_owned(),
            |step| of_step(step, unresolved, client_id, service),
        ),
    }
}

/// `--door` says all doors that are open.
fn opened(service: &Service) -> String {
    let doors = service.policy().doors.iter().map(String::as_str).chain([METADATA_DOCUMENT]);
    let doors: Vec<String> = doors.map(|door| format!("--door {door}")).collect();
    format!("let the service resolve such clients: registrar service update {} {}", service.id, doors.join(" "))
}

fn of_url(fault: UriFault, client_id: &str) -> String {
    match fault {
        UriFault::Query => {
            "permit queries with metadata_documents.query_permitted of the policy, if the owner has no other URL"
                .to_owned()
        }
        UriFault::Host | UriFault::OtherPort => {
            format!("in development, name its host and port: --reachable {}", pair(client_id))
        }
        UriFault::Issuer => "its owner has to publish the document under a URL of its own".to_owned(),
        _ => "its owner has to publish the document under another URL: it is compared and fetched as it is written"
            .to_owned(),
    }
}

fn of_step(step: Step, unresolved: &Unresolved, client_id: &str, service: &Service) -> String {
    let rules = &service.policy().metadata_documents;
    match step {
        Step::Name => "check how the host is written, and what its DNS says".to_owned(),
        Step::Address => format!(
            "its owner has to publish the document on port 443 of a public host; in development: --reachable {}",
            pair(client_id)
        ),
        Step::Connect => "check that the host listens, and that this machine may ask it".to_owned(),
        Step::Tls => {
            "its certificate must be by an authority that is known here; in development: --extra-ca FILE".to_owned()
        }
        Step::Time => format!("metadata_documents.timeout of the policy is {} ms, at most 10000", rules.timeout),
        Step::Status if matches!(unresolved, Unresolved::Gone { .. }) => {
            "its owner has taken the document away, or it never was at this URL".to_owned()
        }
        Step::Status => "the document itself must be at this URL, with status 200: nobody is led elsewhere".to_owned(),
        Step::Challenge => {
            "ask the owner to let programs in at this URL; this one's User-Agent begins with Registrar/".to_owned()
        }
        Step::MediaType => "its owner has to publish it as application/json".to_owned(),
        Step::Size => {
            format!("metadata_documents.max_bytes of the policy is {}, at most 65536", rules.max_bytes)
        }
        Step::Json => "its owner has to publish one JSON object, with each name once".to_owned(),
        Step::Rule => "try again later: something that the document refers to could not be fetched".to_owned(),
    }
}

/// A rule of a policy is the operator's, any other one only the owner's.
fn of_rule(rule: Option<&str>) -> String {
    let owners =
        ["the document", "token_endpoint_auth_methods_supported", "the specifications", "sector_identifier_uri"];
    match rule {
        Some(rule) if !owners.contains(&rule) => {
            format!("its owner has to change the document, or you {rule} of the policy if that asks for it")
        }
        _ => "its owner has to change the document".to_owned(),
    }
}

/// Host and port of a URL, as options name them.
fn pair(client_id: &str) -> String {
    let authority = client_id.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
    authority.map_or_else(
        || "HOST:PORT".to_owned(),
        |authority| format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(443)),
    )
}
