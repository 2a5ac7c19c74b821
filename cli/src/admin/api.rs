//! The operators' API, over HTTP: what it does needs a token and no credentials of AWS.

mod profile;
mod settings;
pub(super) mod shape;

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, RETRY_AFTER};
use reqwest::{Certificate, Client, Method, Response, StatusCode, redirect};
use serde_json::{Map, Value};
use shared::Error;
use shared::claim_kind::ClaimKind;
use shared::credentials::Token;
use url::{Host, Url};

use super::fetched::{UNKNOWN_AUTHORITY, innermost};
use crate::environment::EXTRA_CA;
use crate::failure::{Failure, Kind, of_core};
use crate::print;

pub(super) use settings::Settings;
use shape::{CLIENT, CLIENTS, Member, has, rows, text};

/// How long an answer may take, all of it: longer than a function has for what it does to a hundred clients.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes: more than a function can give.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How many things a page has at the most.
pub(super) const MOST: u64 = 100;

/// The operators' API, as a token's bearer.
pub(super) struct Api {
    base: Url,
    token: Token,
    client: Client,
}

/// What the API has answered.
pub(super) struct Answer {
    pub(super) members: Map<String, Value>,
    pub(super) etag: Option<String>,
}

/// What is asked of the API.
#[derive(Clone)]
pub(super) struct Asking {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Map<String, Value>>,
    if_match: Option<String>,
    client: Option<String>,
}

impl Asking {
    /// A request below `/operator/`, by the segments of its path.
    pub(super) fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { method, path, query: Vec::new(), body: None, if_match: None, client: None }
    }

    /// With a parameter, if there is a value.
    pub(super) fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// With a body.
    pub(super) fn sending(self, body: Map<String, Value>) -> Self {
        Self { body: Some(body), ..self }
    }

    /// About that client: that it is not there is said by its name.
    pub(super) fn about(self, client_id: &str) -> Self {
        Self { client: Some(client_id.to_owned()), ..self }
    }

    /// Only if that is what is replaced.
    pub(super) fn if_match(self, etag: String) -> Self {
        Self { if_match: Some(etag), ..self }
    }
}

impl Api {
    /// The API at a URL, below which `/operator/` is. A token goes by https alone, but on this machine.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none; if the further authority is none.
    pub(super) fn at(url: &str, token: Token, extra_ca: Option<&[u8]>) -> Result<Self> {
        let base = base(url)?;
        let is_here = base.scheme() == "http";
        let mut builder = Client::builder()
            // What is in the clear goes to nobody else.
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE);
        if is_here {
            builder = builder.no_proxy();
        }
        if let Some(authority) = extra_ca {
            builder = builder.tls_certs_merge([Certificate::from_pem(authority)?]);
        }
        Ok(Self { base, token, client: builder.build()? })
    }

    /// Asks, and gives what is answered.
    ///
    /// # Errors
    /// The description that the API gave, of the kind of its status; or that it did not answer as itself.
    pub(super) async fn ask(&self, asking: Asking) -> Result<Answer> {
        let (service, client) = (asking.path.first().cloned().unwrap_or_default(), asking.client.clone());
        let response = self.sent(asking).await.map_err(|error| self.unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_redirection() {
            return Err(self.other(status, "leads elsewhere, where the token is not sent").into());
        }
        let body = self.read(response).await?;
        let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        if status == StatusCode::NO_CONTENT {
            return Ok(Answer { members: Map::new(), etag });
        }
        let is_json = content_type(&headers).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
        let members = Some(body).filter(|_| is_json).and_then(|body| serde_json::from_slice(&body).ok());
        match members {
            Some(members) if status.is_success() => Ok(Answer { members, etag }),
            Some(members) => Err(match (text(&members, "error_description").unwrap_or_default(), client) {
                (operator::OTHER_SERVICE, _) => no_service(&service),
                (said, Some(client_id)) if said == Error::UnknownClient.to_string() => Failure::no_client(&client_id),
                _ => self.refused(status, &headers, &members),
            }
            .into()),
            None => Err(self.other(status, "answers what is no JSON object").into()),
        }
    }

    async fn sent(&self, asking: Asking) -> Result<Response, reqwest::Error> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("operator").extend(asking.path);
        }
        if !asking.query.is_empty() {
            url.query_pairs_mut().extend_pairs(asking.query);
        }
        let mut headers = HeaderMap::new();
        // A token is of characters that may stand in a header.
        if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", self.token.expose())) {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        headers.extend(asking.if_match.and_then(|etag| Some((IF_MATCH, HeaderValue::from_str(&etag).ok()?))));
        let mut request = self.client.request(asking.method, url).headers(headers);
        if let Some(body) = asking.body {
            request = request.header(CONTENT_TYPE, "application/json").body(Value::Object(body).to_string());
        }
        request.send().await
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>> {
        let (status, mut body) = (response.status(), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(self.other(status, "answers without end").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let (base, cause) = (&self.base, innermost(error));
        let sentence = if error.is_timeout() {
            format!("the API at {base} does not answer in time")
        } else if cause.contains(UNKNOWN_AUTHORITY) {
            format!(
                "the certificate of the API at {base} is by an authority that is not known here: name it in {EXTRA_CA}"
            )
        } else {
            format!("the API at {base} cannot be reached: {cause}: check the URL")
        };
        Failure::new(Kind::Unavailable, self.without_token(&sentence))
    }

    fn other(&self, status: StatusCode, what: &str) -> Failure {
        let sentence = format!("what is at {} is not the operators' API: it {what} ({})", self.base, status.as_u16());
        Failure::new(if status.is_server_error() { Kind::Unavailable } else { Kind::Refused }, sentence)
    }

    /// What the API, or the gateway before it, has said, and when it may be asked again.
    fn refused(&self, status: StatusCode, headers: &HeaderMap, members: &Map<String, Value>) -> Failure {
        // What the gateway says of a path that the API does not have.
        if status == StatusCode::NOT_FOUND && !members.contains_key("error") {
            return self.other(status, "has nothing below /operator/: the API's URL is what stands before that");
        }
        let said = ["error_description", "message", "error"].iter().find_map(|name| members.get(*name)?.as_str());
        let mut sentence =
            said.map_or_else(|| format!("the API answers {}", status.as_u16()), |said| self.without_token(said));
        let seconds = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse::<u64>().ok());
        sentence.extend(seconds.map(|seconds| format!(" (in {seconds} s)")));
        let text = |name| text(members, name).unwrap_or_default();
        Failure::new(kind(status.as_u16(), text("error"), text("error_description")), sentence)
    }

    /// A server may say what it was sent.
    fn without_token(&self, text: &str) -> String {
        text.replace(self.token.expose(), "…")
    }

    /// The members at a path.
    pub(super) async fn get(&self, path: &[&str]) -> Result<Map<String, Value>> {
        Ok(self.ask(Asking::new(Method::GET, path)).await?.members)
    }

    /// A client, by what [`client_path`](Self::client_path) takes.
    pub(super) async fn client(&self, service: &str, client_id: &str) -> Result<Map<String, Value>> {
        let path = self.client_path(service, client_id).await?;
        let asking = Asking::new(Method::GET, &[service, "clients", &path]).about(client_id);
        let client = self.ask(asking).await?.members;
        has(&client, &CLIENT)?;
        Ok(client)
    }

    /// The next page of a list.
    ///
    /// # Errors
    /// What [`ask`](Self::ask) says; what an entry lacks; if the list leads back to where it has been: it would have no end.
    pub(super) async fn page(
        &self,
        asking: Asking,
        list: Member,
        pages: &mut Pages,
    ) -> Result<Vec<Map<String, Value>>> {
        let mut members = self.ask(asking.with("cursor", pages.cursor())).await?.members;
        has(&members, &[list])?;
        let rows = rows(&mut members, list.0);
        let next = members.contains_key("next").then(|| text(&members, "next")).transpose()?;
        pages.go_on(next.map(str::to_owned))?;
        Ok(rows)
    }

    /// A list page by page, so many of it at the most; whether there is more.
    pub(super) async fn pages(
        &self,
        asking: &Asking,
        list: Member,
        most: usize,
    ) -> Result<(Vec<Map<String, Value>>, bool)> {
        let (mut all, mut pages) = (Vec::new(), Pages::default());
        while !pages.is_over && all.len() < most {
            let limit = u64::try_from(most.saturating_sub(all.len())).unwrap_or(MOST).min(MOST);
            all.extend(self.page(asking.clone().with("limit", Some(limit)), list, &mut pages).await?);
        }
        Ok((all, !pages.is_over))
    }

    /// The way to a client: by its identifier, or by its number, where that does not survive in a path.
    ///
    /// # Errors
    /// [`Kind::NotFound`]; what [`ask`](Self::ask) says.
    pub(super) async fn client_path(&self, service: &str, client_id: &str) -> Result<String> {
        let survives = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !matches!(client_id, "" | "." | "..") && client_id.bytes().all(survives) {
            return Ok(client_id.to_owned());
        }
        let asking = Asking::new(Method::GET, &[service, "clients"]).with("client_id", Some(client_id));
        let mut answer = self.ask(asking).await?.members;
        has(&answer, &[CLIENTS])?;
        let found = rows(&mut answer, CLIENTS.0);
        // One that is gone has its history, and may come back.
        let named = found.first().or(answer.get("deleted").and_then(Value::as_object));
        let number = named.and_then(|client| client.get("numeric_id")?.as_u64());
        Ok(number.ok_or_else(|| Failure::no_client(client_id))?.to_string())
    }
}

/// The pages of a list, one after the other.
#[derive(Default)]
pub(super) struct Pages {
    /// What each has had as next.
    cursors: Vec<String>,
    /// Whether there is nothing more.
    pub(super) is_over: bool,
}

impl Pages {
    /// From a cursor on.
    pub(super) fn after(cursor: Option<String>) -> Self {
        Self { cursors: cursor.into_iter().collect(), is_over: false }
    }

    /// Where the next one begins, unless it is the first one.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursors.last().map(String::as_str)
    }

    /// Goes on to the next one, if there is one.
    ///
    /// # Errors
    /// If it was there before: the list would have no end.
    pub(super) fn go_on(&mut self, next: Option<String>) -> Result<(), Failure> {
        let Some(next) = next else {
            self.is_over = true;
            return Ok(());
        };
        if self.cursors.contains(&next) {
            let again = "the API's answer has as next a page that was there before: there is no end of it";
            return Err(Failure::new(Kind::Refused, again));
        }
        self.cursors.push(next);
        Ok(())
    }
}

/// There is no such service for whoever asks: a token learns nothing about others' services.
fn no_service(service: &str) -> Failure {
    Failure::not_found(format!("there is no service {service} for this token"))
}

/// What an answer means here, by its status, its code and what it says: as the error means by the table that it tells of. A
/// 404 without that code is not the API's.
pub(super) fn kind(status: u16, error: &str, said: &str) -> Kind {
    // Of these the status does not say it.
    let named = [Error::Contention, Error::AlreadyRegistered, Error::NotLater]
        .into_iter()
        .chain(ClaimKind::ALL.map(Error::Claimed));
    if let Some(error) = named.into_iter().find(|error| error.to_string() == said) {
        return of_core(&error);
    }
    match (status, error) {
        (403, "access_denied") => Kind::Refused,
        (401 | 403, _) => Kind::Credentials,
        (404, "not_found") => Kind::NotFound,
        (409 | 412 | 428, _) => Kind::Conflict,
        (500, "server_error") => Kind::Fault,
        (429 | 500.., _) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

/// A URL below which the API is.
fn base(text: &str) -> Result<Url, Failure> {
    let usage = |why: &str| Failure::usage(format!("--api: {}: {why}", print::visible(text)));
    let url = Url::parse(text).map_err(|_| usage("it must be a URL such as https://api.example"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(Failure::usage("--api: the URL has no user, no query and no fragment"));
    }
    let is_loopback = |address: IpAddr| address.is_loopback();
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => is_loopback(address.into()),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        "http" => Err(usage("a token goes by https alone, but to this machine")),
        _ => Err(usage("it must be a URL such as https://api.example")),
    }
}

#[cfg(test)]
mod tests {
    use shared::error::{Ceiling, Spent, StatementFault};
    use shared::metadata::{Invalid, InvalidRedirectUri, RedirectUriFault};

    use super::*;

    /// The errors of the core, one after the other.
    fn after(error: Option<&Error>) -> Option<Error> {
        let internal = || -> shared::error::Source { "why".into() };
        Some(match error {
            None => {
                let (member, fault) = ("redirect_uris", RedirectUriFault::Fragment);
                Error::InvalidRedirectUri(InvalidRedirectUri { member, index: None, fault })
            }
            Some(Error::InvalidRedirectUri(_)) => Error::InvalidClientMetadata(Invalid::NoSecret),
            Some(Error::InvalidClientMetadata(_)) => Error::InvalidSoftwareStatement(StatementFault::Missing),
            Some(Error::InvalidSoftwareStatement(_)) => Error::UnapprovedSoftwareStatement,
            Some(Error::UnapprovedSoftwareStatement) => Error::MissingToken,
            Some(Error::MissingToken) => Error::InvalidToken,
            Some(Error::InvalidToken) => Error::SpentToken(Spent::UsedUp),
            Some(Error::SpentToken(Spent::UsedUp)) => Error::SpentToken(Spent::Ended),
            Some(Error::SpentToken(Spent::Ended)) => Error::ClientEnded,
            Some(Error::ClientEnded) => Error::RegistrationClosed,
            Some(Error::RegistrationClosed) => Error::TooManyClients(Ceiling::Service),
            Some(Error::TooManyClients(Ceiling::Service)) => Error::TooManyClients(Ceiling::Developer),
            Some(Error::TooManyClients(Ceiling::Developer)) => Error::Claimed(ClaimKind::Alias),
            Some(Error::Claimed(ClaimKind::Alias)) => Error::Claimed(ClaimKind::SoftwareId),
            Some(Error::Claimed(ClaimKind::SoftwareId)) => Error::AlreadyRegistered,
            Some(Error::AlreadyRegistered) => Error::NotLater,
            Some(Error::NotLater) => Error::OtherTrustAnchor,
            Some(Error::OtherTrustAnchor) => Error::UnknownClient,
            Some(Error::UnknownClient) => Error::InsufficientScope(Vec::new()),
            Some(Error::InsufficientScope(_)) => Error::ClientLocked,
            Some(Error::ClientLocked) => Error::UnknownService,
            Some(Error::UnknownService) => Error::InvalidCursor,
            Some(Error::InvalidCursor) => Error::MethodNotAllowed,
            Some(Error::MethodNotAllowed) => Error::Contention,
            Some(Error::Contention) => Error::Unreachable { member: "jwks_uri", document: "the JWK Set" },
            Some(Error::Unreachable { .. }) => Error::Unavailable(internal()),
            Some(Error::Unavailable(_)) => Error::Internal(internal()),
            Some(Error::Internal(_)) => return None,
        })
    }

    #[test]
    fn an_error_is_of_the_same_kind_by_the_api_as_by_the_table() {
        let errors: Vec<Error> = std::iter::successors(after(None), |error| after(Some(error))).collect();
        assert_eq!(errors.len(), 27);
        for error in errors {
            let by_table = of_core(&error);
            let fault = operator::Fault::Core(error);
            let (status, code, said) = fault.told();
            assert_eq!(kind(status, code, &said), by_table, "{fault:?}");
        }
    }

    #[test]
    fn the_answers_of_each_kind_are_documented() {
        let documented = include_str!("../../../docs/command-line.md");
        let numbers = |cell: &str| {
            let words: Vec<String> = cell.replace(['`', ',', ';'], "").split(' ').map(str::to_owned).collect();
            words.into_iter().filter_map(|word| word.parse::<u16>().ok()).collect::<Vec<_>>()
        };
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let row = format!("| {} | `{}` | {} | ", kind.code(), kind.name(), kind.meaning());
            let answers = documented.split_once(&row).unwrap_or_else(|| panic!("{row}")).1.lines().next().unwrap();
            found.extend(numbers(answers).into_iter().map(|status| (status, kind)));
        }
        found.sort_by_key(|(status, kind)| (*status, kind.code()));
        let told = [(400, ""), (401, ""), (403, "access_denied"), (403, ""), (404, "not_found"), (409, ""), (412, "")];
        let told = told.into_iter().chain([(428, ""), (429, ""), (500, "server_error"), (500, ""), (503, "")]);
        let mut known: Vec<(u16, Kind)> = told.map(|(status, code)| (status, kind(status, code, ""))).collect();
        known.sort_by_key(|(status, kind)| (*status, kind.code()));
        assert_eq!(found, known);
    }

    #[test]
    fn a_token_goes_by_https_alone_but_to_this_machine() {
        for good in [
            "https://api.example",
            "https://api.example/base/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost:8080",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for (wrong, part) in [
            ("http://api.example", "by https alone"),
            ("http://10.0.0.1:8080", "by https alone"),
            ("http://localhost.example", "by https alone"),
            ("http://127.0.0.1.example", "by https alone"),
            ("ftp://api.example", "such as https://"),
            ("api.example", "such as https://"),
            ("https://user@api.example", "no user"),
            ("https://:secret@api.example", "no user"),
            ("https://api.example?x", "no query"),
            ("https://api.example#x", "no fragment"),
            ("", "such as https://"),
        ] {
            let refusal = base(wrong).unwrap_err();
            assert!(refusal.kind == Kind::Usage && refusal.sentence.contains(part), "{wrong}: {refusal}");
            assert!(!refusal.sentence.contains("secret"), "{refusal}");
        }
    }
}
