//! What people see.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use shared::http::escaped;

use super::endpoints::text;
use super::of_type;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}\
    button{font:inherit;padding:.4rem 1.2rem;margin-right:.6rem}input[type=text]{font:inherit;padding:.3rem;width:100%}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f3f3;padding:.8rem}.note{color:#555}";

/// Nothing is loaded, nothing runs, and no other page has this one inside it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n{body}\n</html>\n",
        title = escaped(title)
    );
    let mut response = of_type(status, "text/html; charset=utf-8", html);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Who are you, and does the client get what it asks for?
pub(super) fn login(asked: &Value, action: &str, csrf: &str) -> Response<Body> {
    let client = asked.get("client").cloned().unwrap_or_default();
    let number = client.get("clientId").map(Value::to_string).unwrap_or_default();
    let name = client.get("clientName").and_then(Value::as_str).map_or(number, str::to_owned);
    let scopes = asked.get("scopes").and_then(Value::as_array).into_iter().flatten();
    let scope = |scope: &Value| {
        let description = scope.get("description").and_then(Value::as_str);
        let description = description.map(|text| format!(": {}", escaped(text))).unwrap_or_default();
        format!("<li><code>{}</code>{description}</li>", escaped(text(scope, "name")))
    };
    let scopes: String = scopes.map(scope).collect();
    let asks = if scopes.is_empty() {
        "It asks for nothing but to know that you are there.".to_owned()
    } else {
        format!("It asks for:<ul>{scopes}</ul>")
    };
    let hint = ["subject", "loginHint"].into_iter().find_map(|name| asked.get(name)?.as_str()).unwrap_or("alice");
    let body = format!(
        "<p><strong>{name}</strong> wants you to log in. {asks}</p>\n\
         <form method=\"post\" action=\"{action}\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\"><input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\n\
         <p><label>You are <input type=\"text\" name=\"user\" value=\"{hint}\" maxlength=\"100\" autofocus></label></p>\n\
         <p class=\"note\">This is a demo: whoever you say you are, you are. There is no password.</p>\n\
         <button name=\"decision\" value=\"allow\">Log in and allow</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form>",
        name = escaped(&name),
        action = escaped(action),
        ticket = escaped(text(asked, "ticket")),
        csrf = escaped(csrf),
        hint = escaped(hint),
    );
    page(StatusCode::OK, "Demo login", &body)
}

/// Something is wrong, and there is no client to tell.
pub(super) fn failure(text: &str, status: StatusCode) -> Response<Body> {
    page(status, "This did not work", &format!("<p>{}</p>", escaped(text)))
}
