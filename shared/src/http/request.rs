//! A request, as API Gateway describes it (HTTP API, payload version 2.0).

use std::collections::HashMap;
use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Deserializer};

use crate::credentials::decimal;
use crate::metadata::Invalid;
use crate::metadata_document::DocumentUri;
use crate::origin::Origin;
use crate::policy::{Policy, sender};

/// A request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`: as `GET`, and the answer has no content (RFC 9110 §9.3.2).
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH` (RFC 5789).
    Patch,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`.
    Options,
    /// Any other.
    Other,
}

impl Method {
    fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A request.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its body, decoded.
    pub body: Vec<u8>,
    /// The source address, as the gateway saw it.
    pub source_ip: String,
    /// The gateway's request identifier.
    pub request_id: String,
    /// What X-Ray calls the request, where Lambda says so.
    pub trace_id: Option<String>,
    /// The client's certificate in PEM, where the gateway asks for one: the leaf alone. The gateway has verified its
    /// chain and its validity, and that the client has its key.
    pub client_certificate: Option<String>,
    path: String,
    path_parameters: HashMap<String, String>,
    query: String,
    headers: HashMap<String, String>,
    domain_name: String,
    stage: String,
}

impl Origin {
    /// Of a request through that door to a service of that policy, which says how much of the address is kept; `actor` is who
    /// will have changed something.
    #[must_use]
    pub fn at(request: &Request, policy: &Policy, door: &'static str, actor: impl Into<String>) -> Self {
        let address = policy.audit.addresses.kept(&request.source_ip);
        let sender = sender(&request.source_ip);
        Self { actor: actor.into(), door, address, sender, request_id: request.request_id.clone() }
    }
}

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// If it is no event of an HTTP API.
    pub fn from_event(event: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(event)
    }

    /// Path and query as far as the gateway preserves them: it decodes the path.
    #[must_use]
    pub fn target(&self) -> String {
        match self.query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// The path, decoded by the gateway.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A parameter of the path, decoded by the gateway.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.get(name).map(String::as_str)
    }

    /// A parameter of the path that names a client. The gateway decodes paths and ends them at a question mark: an
    /// identifier that may have been changed by that is refused.
    ///
    /// # Errors
    /// [`Invalid::Syntax`].
    pub fn path_identifier(&self, name: &str) -> Result<&str, Invalid> {
        let identifier = self.path_parameter(name).unwrap_or_default();
        let changed = identifier.contains(['?', '#', '%'])
            || identifier.split('/').any(|segment| matches!(segment, "." | ".."))
            || (identifier.starts_with("https:/") && !identifier.starts_with("https://"))
            || (identifier.starts_with("http:/") && !identifier.starts_with("http://"))
            // What stands behind a question mark of a URL that is not encoded has become the request's own.
            || (DocumentUri::is_meant_by(identifier) && self.query_parameters().next().is_some());
        if changed { Err(Invalid::syntax(name, "an identifier that survives in a path")) } else { Ok(identifier) }
    }

    /// The first parameter of that name in the query, decoded.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<String> {
        self.query_parameters().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// The parameters of the query, decoded.
    pub fn query_parameters(&self) -> impl Iterator<Item = (String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes()).into_owned()
    }

    /// The service that the path names: an integer below 2^53, written the one way that an integer has.
    #[must_use]
    pub fn service_id(&self) -> Option<u64> {
        decimal(self.path_parameter("serviceId")?)
    }

    /// A header by its lower-case name; repeated ones are joined by commas.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The bearer token of the `Authorization` header (RFC 6750 §2.1); never of the query or the body.
    #[must_use]
    pub fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    }

    /// Whether the body is declared to be of that media type; parameters do not matter.
    #[must_use]
    pub fn has_content_type(&self, media_type: &str) -> bool {
        let declared = self.header("content-type").and_then(|value| value.split(';').next());
        declared.is_some_and(|declared| declared.trim().eq_ignore_ascii_case(media_type))
    }

    /// Whether the body is compressed or otherwise encoded (RFC 9110 §8.4).
    #[must_use]
    pub fn has_encoded_body(&self) -> bool {
        self.header("content-encoding").is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity"))
    }

    /// Checks that the body is declared to be JSON as it is (RFC 7591 §3.1), of a `PATCH` also as a patch (RFC 7396 §4).
    /// A parameter `charset` has no effect (RFC 8259 §11): JSON is UTF-8, and many who send it say something else.
    ///
    /// # Errors
    /// [`Invalid::ContentType`], [`Invalid::ContentEncoding`].
    pub fn declares_json(&self) -> Result<(), Invalid> {
        let is_patch = self.method == Method::Patch && self.has_content_type("application/merge-patch+json");
        if !is_patch && !self.has_content_type("application/json") {
            return Err(Invalid::ContentType);
        }
        if self.has_encoded_body() { Err(Invalid::ContentEncoding) } else { Ok(()) }
    }

    /// The URL at which the gateway received the request, up to and with its stage.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        match self.stage.as_str() {
            "" | "$default" => format!("https://{}", self.domain_name),
            stage => format!("https://{}/{stage}", self.domain_name),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    path_parameters: Option<HashMap<String, String>>,
    #[serde(default)]
    raw_path: Option<String>,
    #[serde(default)]
    raw_query_string: Option<String>,
    request_context: RequestContext,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default)]
    domain_name: Option<String>,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    authentication: Option<Authentication>,
    http: Http,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    #[serde(default)]
    client_cert: Option<ClientCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientCertificate {
    client_cert_pem: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    #[serde(default)]
    source_ip: Option<String>,
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Event::deserialize(deserializer)?;
        let body = event.body.unwrap_or_default();
        let body = if event.is_base64_encoded {
            BASE64.decode(body).map_err(serde::de::Error::custom)?
        } else {
            body.into_bytes()
        };
        let context = event.request_context;
        let mut headers = event.headers.unwrap_or_default();
        if headers.keys().any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase())) {
            headers = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        }
        Ok(Self {
            method: Method::parse(&context.http.method),
            body,
            source_ip: context.http.source_ip.unwrap_or_default(),
            request_id: context.request_id.unwrap_or_default(),
            trace_id: None,
            client_certificate: context.authentication.and_then(|by| by.client_cert).map(|cert| cert.client_cert_pem),
            path: event.raw_path.unwrap_or_default(),
            path_parameters: event.path_parameters.unwrap_or_default(),
            query: event.raw_query_string.unwrap_or_default(),
            headers,
            domain_name: context.domain_name.unwrap_or_default(),
            stage: context.stage.unwrap_or_default(),
        })
    }
}
