//! The console of operators: a page and its modules, as they are in `assets/`. All that it shows it asks of the operators'
//! API, in the browser, with the token of whoever signs in; this function knows nothing and asks nothing.

use shared::Error;
use shared::http::{DEADLINE, Endpoint, File, Method, Request, Response, error_members};

/// The endpoints of the console.
pub static ENDPOINTS: &[&Endpoint] = &[&ENDPOINT];

const METHODS: &[Method] = &[Method::Get, Method::Head];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "console",
    paths: &["/console", "/console/{asset+}"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |_, request| Box::pin(async move { answer(&request) }),
    failed,
};

/// What a page may do: fetch and run what is served beside it, and nothing else. No page may frame it, nothing in it can
/// make markup or scripts out of a text, and no form of it is sent.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// The page itself.
const PAGE: &str = "index.html";

/// Its files.
macro_rules! assets {
    ($($name:literal)*) => {
        &[$(File {
            name: $name,
            text: include_str!(concat!("../assets/", $name)),
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
        }),*]
    };
}
const ASSETS: &[File] = assets!(
    "index.html" "style.css" "icon.svg" "advice.js" "api.js" "audit.js" "became.js" "bulk.js" "chart.js" "client.js"
    "clients.js" "dom.js" "drafts.js" "federation.js" "gone.js" "grants.js" "groups.js" "hosts.js" "json.js" "keys.js"
    "main.js" "members.js" "pages.js" "policy.js" "refused.js" "risks.js" "rules.js" "shell.js" "stet.js" "today.js"
    "tokens.js" "ui.js"
);

fn answer(request: &Request) -> Response {
    if !METHODS.contains(&request.method) {
        return failed(&Error::MethodNotAllowed).with("allow", "GET, HEAD");
    }
    let name = request.path_parameter("asset").unwrap_or(PAGE);
    match ASSETS.iter().find(|file| file.name == name) {
        Some(file) => file.answer(request, POLICY),
        None => Response::json(404, error_members("not_found", Some("the console has no such file"))),
    }
}

fn failed(error: &Error) -> Response {
    Response::json(error.status(), error_members(error.code(), Some(&error.to_string()))).because(error)
}
