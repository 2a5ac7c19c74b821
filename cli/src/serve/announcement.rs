//! What `registrar serve` says at its start.

use shared::http::{Endpoint, Method};

use super::Options;
use crate::demo::{Demo, OwnService};
use crate::folder::{DataFolder, SERVER_CERTIFICATE};
use crate::print::say;

/// A command that registers a client of the demo service.
pub(super) fn registration(options: &Options, data: &DataFolder, demo: &Demo) -> String {
    let trusting =
        if options.tls { format!("--cacert {} ", data.file(SERVER_CERTIFICATE).display()) } else { String::new() };
    format!(
        "curl {trusting}{} -H 'Content-Type: application/json' -d '{{\"client_name\":\"My app\",\"redirect_uris\":[\"http://127.0.0.1/callback\"],\"token_endpoint_auth_method\":\"none\"}}'",
        demo.registration_endpoint
    )
}

/// Says where everything is, and how the first client comes.
pub(super) fn announce(
    options: &Options,
    data: &DataFolder,
    demo: &Demo,
    stet_service: Option<u64>,
    own_url: &str,
    registration: &str,
) {
    say!("Registrar listens on {}", demo.base_url);
    if options.base_url.is_some() {
        say!("  itself             {own_url}");
    }
    say!("  embedded DynamoDB  {}", demo.dynamodb_endpoint);
    let memory = if options.memory { " (table in memory)" } else { "" };
    say!("  data               {}{memory}", data.path().display());
    let (id, organization) = (demo.service_id, &demo.organization);
    say!(
        "  demo service       {id}, of the organization {organization}  (tokens in {})",
        data.file("demo.json").display()
    );
    if let (Some(_), Some(id)) = (&demo.stet_base_url, stet_service) {
        say!("  STET service       {id}");
    }
    say!("\nRoutes");
    routes(crate::api_endpoints());
    if let Some(stet) = &demo.stet_base_url {
        say!("\nRoutes on {stet} (with a client certificate)");
        routes(crate::stet_endpoints());
    }
    say!("\nRegister a client\n  {registration}");
}

/// Says that a service takes the place of another one.
pub(super) fn replaced(own: OwnService) {
    if let Some(deleted) = own.replaces {
        say!("\nThe demo service {deleted} was deleted. A new one, {}, takes its place.", own.id);
    }
}

fn routes(endpoints: impl Iterator<Item = &'static Endpoint>) {
    for endpoint in endpoints {
        let methods: Vec<&str> = endpoint.methods.iter().copied().map(Method::as_str).collect();
        for path in endpoint.paths {
            say!("  {:<16} {path}", methods.join(" "));
        }
    }
}
