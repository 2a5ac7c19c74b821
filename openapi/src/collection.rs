//! The requests of the document as a collection for [Bruno](https://www.usebruno.com): a file for each, in a folder for each
//! door. What a registration answers is kept for the requests behind it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The file of the collection itself.
const COLLECTION: &str = r#"{
  "version": "1",
  "name": "Registrar",
  "type": "collection"
}
"#;

/// Where `registrar serve` is, and what stands in paths and tokens.
const ENVIRONMENT: &str = "vars {
  baseUrl: http://127.0.0.1:8080
  serviceId: 1
  clientId:
}
vars:secret [
  operator,
  initial_access,
  registration_access
]
";

/// The client of the document's examples.
const CLIENT: &str = "6aefdcf1-feab-47c8-8398-dda8ad7dedf4";

/// What is kept of a registration.
const KEPT: &str = "clientId: res.body.client_id\nregistration_access: res.body.registration_access_token";

/// The files, by their names: requests of the document, but for `HEAD`, files, and what needs a client certificate.
#[must_use]
pub fn collection(document: &Value) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("bruno.json".to_owned(), COLLECTION.to_owned()),
        ("environments/local.bru".to_owned(), ENVIRONMENT.to_owned()),
    ]);
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            if method == "head" || method == "parameters" || matches!(tag, "stet" | "console" | "pages") {
                continue;
            }
            let name = operation["operationId"].as_str().unwrap_or_default();
            files.insert(format!("{tag}/{name}.bru"), request(path, method, name, operation));
        }
    }
    files
}

fn request(path: &str, method: &str, name: &str, operation: &Value) -> String {
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    let url = path.split('/').map(segment).collect::<Vec<_>>().join("/") + &query(&parameters);
    let mut security = operation["security"].as_array().into_iter().flatten();
    let scheme = security.find_map(|all| all.as_object()?.keys().next());
    // A registration that is open needs no token, and one that is none is refused.
    let scheme = scheme.filter(|scheme| *scheme != "initial_access");
    let body = body(operation);
    let (kind, auth) = (body.as_ref().map_or("none", |(kind, _)| kind), scheme.map_or("none", |_| "bearer"));
    let mut blocks = vec![
        block("meta", &format!("name: {name}\ntype: http")),
        block(method, &format!("url: {{{{baseUrl}}}}{url}\nbody: {kind}\nauth: {auth}")),
    ];
    for (place, name) in [("query", "params:query"), ("header", "headers")] {
        let lines: Vec<String> = parameters.iter().filter(|it| it["in"] == place).map(|it| parameter(it)).collect();
        blocks.extend((!lines.is_empty()).then(|| block(name, &lines.join("\n"))));
    }
    blocks.extend(scheme.map(|scheme| block("auth:bearer", &format!("token: {{{{{scheme}}}}}"))));
    blocks.extend(body.map(|(kind, body)| block(&format!("body:{kind}"), &body)));
    let statuses = operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status.as_str());
    let good: Vec<&str> = statuses.filter(|status| status.starts_with('2')).collect();
    blocks.push(block("assert", &format!("res.status: in {}", good.join(", "))));
    blocks.extend((name == "register").then(|| block("vars:post-response", KEPT)));
    blocks.join("\n")
}

/// A block of that name, with lines.
fn block(name: &str, lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("  {line}\n")).collect();
    format!("{name} {{\n{}}}\n", lines.concat())
}

fn segment(segment: &str) -> String {
    match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some("client" | "clientId") => "{{clientId}}".to_owned(),
        Some("action") => "lock".to_owned(),
        Some(name) => format!("{{{{{name}}}}}"),
        None => segment.to_owned(),
    }
}

/// The query with what must be there.
fn query(parameters: &[&Value]) -> String {
    let required = parameters.iter().filter(|it| it["in"] == "query" && it["required"] == true);
    let pairs: Vec<String> = required.map(|it| format!("{}={}", name(it), value(name(it)))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A parameter; one that may be absent is switched off.
fn parameter(parameter: &Value) -> String {
    let name = name(parameter);
    if parameter["required"] == true { format!("{name}: {}", value(name)) } else { format!("~{name}: ") }
}

fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap_or_default()
}

fn value(name: &str) -> &str {
    if name == "client_id" { "{{clientId}}" } else { name }
}

/// Its example, else a body without members.
fn body(operation: &Value) -> Option<(&'static str, String)> {
    let content = operation["requestBody"]["content"].as_object()?;
    let Some(json) = content.get("application/json") else { return Some(("text", String::new())) };
    let example = json.get("example").cloned().unwrap_or_else(|| serde_json::json!({}));
    Some(("json", format!("{example:#}").replace(CLIENT, "{{clientId}}")))
}
