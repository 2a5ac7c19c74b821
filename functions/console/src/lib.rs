//! The console of operators: a page and its modules, as they are in `assets/`. All that it shows it asks of the operators'
//! API, in the browser, with the token of whoever signs in; this function knows nothing and asks nothing.

use std::sync::LazyLock;

use shared::Error;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response, error_members, file};

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

/// Its files as they are served: without comments, indentation and the spaces of code that are for people.
static SERVED: LazyLock<Vec<(&str, String)>> =
    LazyLock::new(|| ASSETS.iter().map(|(name, text)| (*name, bare(name, text))).collect());

/// Spaces that are for people, in scripts and in styles. No text has what is here.
const SCRIPT: &[(&str, &str)] =
    &[("{ ", "{"), (" }", "}"), (" => ", "=>"), (" = ", "="), (" === ", "==="), (" && ", "&&"), (",\n", ",")];
const STYLE: &[(&str, &str)] =
    &[(" {", "{"), ("{ ", "{"), ("; }", "}"), (": ", ":"), ("; ", ";"), (", ", ","), ("\n", "")];

/// A file as browsers need it. No text in one spans lines.
fn bare(name: &str, text: &str) -> String {
    let spaces = match name.rsplit_once('.') {
        Some((_, "js")) => SCRIPT,
        Some((_, "css")) => STYLE,
        _ => &[],
    };
    let lines = text.lines().map(str::trim_start);
    let is_comment = |line: &str| ["//", "/*", "* ", "*/"].iter().any(|begin| line.starts_with(begin));
    let bare = |line: &str| spaces.iter().fold(format!("{line}\n"), |line, (from, to)| line.replace(from, to));
    lines.filter(|line| !line.is_empty() && !is_comment(line)).map(bare).collect()
}

/// Its files.
macro_rules! assets {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../assets/", $name)))),*] };
}
const ASSETS: &[(&str, &str)] = assets!(
    "index.html" "style.css" "icon.svg" "main.js" "api.js" "dom.js" "keys.js" "shell.js" "ui.js" "advice.js" "audit.js"
    "bulk.js" "chart.js" "client.js" "clients.js" "federation.js" "grants.js" "groups.js" "hosts.js" "members.js"
    "policy.js" "refused.js" "rules.js" "stet.js" "today.js" "tokens.js"
);

fn answer(request: &Request) -> Response {
    if !METHODS.contains(&request.method) {
        return failed(&Error::MethodNotAllowed).with("allow", "GET, HEAD");
    }
    let name = request.path_parameter("asset").unwrap_or(PAGE);
    match SERVED.iter().find(|(found, _)| *found == name) {
        Some((name, body)) => file(request, name, body, POLICY),
        None => Response::json(404, error_members("not_found", Some("the console has no such file"))),
    }
}

fn failed(error: &Error) -> Response {
    Response::json(error.status(), error_members(error.code(), Some(&error.to_string()))).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lose_comments_and_spaces_of_code_and_nothing_of_texts() {
        let script = "/**\n * What.\n */\nfn () {\n  // Why.\n  const a = { b: (c) => c * d } // e\n}\n";
        assert_eq!(bare("a.js", script), "fn () {\nconst a={b: (c)=>c * d} // e\n}\n");
        assert_eq!(bare("a.css", "a:is(b, c) > d { e: f; g: h; }\n"), "a:is(b,c) > d{e:f;g:h}");
        for (name, text) in ASSETS.iter().filter(|(name, _)| name.rsplit('.').next() == Some("js")) {
            // Where a quote is written by itself, it is not known what is between two.
            let is_plain = |line: &&str| !line.contains(['"', '\\']) && line.matches('\'').count().is_multiple_of(2);
            for line in text.lines().filter(is_plain) {
                let code: String = line.split('\'').step_by(2).collect();
                assert!(code.matches('`').count().is_multiple_of(2), "{name}: a text spans lines: {line}");
                for quoted in line.split('\'').skip(1).step_by(2) {
                    assert_eq!(bare(name, quoted).trim_end(), quoted.trim(), "{name}: {line}");
                }
            }
        }
    }
}
