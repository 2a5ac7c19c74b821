//! The lines of an export: what it is, the service, its tokens, its clients, and how many there were.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::caller::Permission;
use shared::credentials::{TokenHash, TokenKind};
use shared::metadata::{Invalid, parse_object_within};
use shared::policy::BoundPolicy;
use shared::store::{TokenRecord, schema};
use shared::transfer::Carried;

use super::super::declaration::MAX_ID;
use super::attributes;
use super::key::{Holder, Recipient};
use crate::admin::input::Input;

/// What an export says that it is.
const FORMAT: &str = "registrar service";

/// The version of these lines is that of the items in them.
const VERSION: u64 = schema::VERSION;

/// The longest line, in bytes: DynamoDB takes items of 400 KiB, and JSON in JSON is longer.
const MAX_LINE: usize = 1024 * 1024;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    format: String,
    version: u64,
    /// A name that no other export has.
    pub(super) export: String,
    /// The service's number.
    pub(super) service: u64,
    /// When it began.
    exported: String,
    /// To whom its secrets are sealed; absent where they are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sealed_to: Option<String>,
    /// Whether its tokens are there.
    pub(super) tokens: bool,
}

impl Header {
    pub(super) fn new(export: String, service: u64, exported: String, sealed_to: Option<String>, tokens: bool) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, export, service, exported, sealed_to, tokens }
    }
}

/// The line of a service or of a client.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parcel {
    /// The service's number.
    service: u64,
    attributes: Map<String, Value>,
    /// What was sealed, by attribute, sealed to who imports it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, String>,
}

impl Parcel {
    /// What leaves, of that kind.
    pub(super) fn packed(header: &Header, kind: Kind, carried: &Carried, to: Option<&Recipient>) -> Result<Self> {
        let mut parcel = Self {
            service: header.service,
            attributes: attributes::to_json(&carried.attributes)?,
            secrets: BTreeMap::new(),
        };
        if let Some(to) = to {
            for (name, secret) in &carried.secrets {
                let place = parcel.place(header, kind, name)?;
                parcel.secrets.insert(name.clone(), to.seal(&place, secret)?);
            }
        }
        Ok(parcel)
    }

    /// What comes.
    pub(super) fn unpacked(&self, header: &Header, kind: Kind, holder: Option<&Holder>) -> Result<Carried> {
        let attributes = attributes::from_json(&self.attributes)?;
        let mut secrets = BTreeMap::new();
        for (name, sealed) in &self.secrets {
            let member = || format!("secrets.{name}");
            let holder = holder.context("the first line says that secrets are left out").with_context(member)?;
            let opened = holder.open(&self.place(header, kind, name)?, sealed).with_context(member)?;
            secrets.insert(name.clone(), opened);
        }
        Ok(Carried { attributes, secrets })
    }

    /// What a secret is bound to: the export, the service, and all that its line says beside it.
    fn place(&self, header: &Header, kind: Kind, name: &str) -> Result<Vec<u8>> {
        let attributes = serde_json::to_string(&self.attributes)?;
        let service = self.service.to_string();
        let mut place = Vec::new();
        for part in [header.export.as_str(), kind.name(), &service, name, &attributes] {
            place.extend_from_slice(&(part.len() as u64).to_be_bytes());
            place.extend_from_slice(part.as_bytes());
        }
        Ok(place)
    }
}

/// The line of a token: its digest, and its terms.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenLine {
    service: u64,
    digest: String,
    kind: TokenKind,
    permissions: Vec<Permission>,
    bound: BoundPolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<[u8; 32]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uses_left: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    created: u64,
    /// The digest of the token that has made it; that may be an organization's, which stays behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_by: Option<String>,
}

impl TokenLine {
    pub(super) fn of(service: u64, token: &TokenRecord) -> Self {
        Self {
            service,
            digest: token.hash.to_text(),
            kind: token.kind,
            permissions: token.permissions.clone(),
            bound: token.bound.clone(),
            certificate: token.certificate,
            uses_left: token.uses_left,
            expires_at: token.expires_at,
            created: token.created_millis,
            made_by: token.made_by.map(|maker| maker.to_text()),
        }
    }

    /// The token as the service of that number has it.
    pub(super) fn record(self, service: u64) -> Result<TokenRecord> {
        ensure!(matches!(self.kind, TokenKind::Service | TokenKind::InitialAccess), "kind: it is no service's own");
        let digest = |name: &'static str, text: &str| {
            TokenHash::parse(text).with_context(|| format!("{name}: it is no SHA-256 in base64url"))
        };
        Ok(TokenRecord {
            hash: digest("digest", &self.digest)?,
            kind: self.kind,
            service_id: Some(service),
            organization: None,
            permissions: self.permissions,
            bound: self.bound,
            certificate: self.certificate,
            uses_left: self.uses_left,
            expires_at: self.expires_at,
            created_millis: self.created,
            made_by: self.made_by.map(|maker| digest("made_by", &maker)).transpose()?,
        })
    }
}

/// The last line: what is cut off has none.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    service: u64,
    pub(super) tokens: u64,
    pub(super) clients: u64,
}

impl End {
    pub(super) fn of(service: u64) -> Self {
        Self { service, ..Self::default() }
    }
}

/// What a line is, in the order of lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Export,
    Service,
    Token,
    Client,
    End,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Export, Self::Service, Self::Token, Self::Client, Self::End];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Service => "service",
            Self::Token => "token",
            Self::Client => "client",
            Self::End => "end",
        }
    }
}

/// A line as it is written.
pub(super) fn line(kind: Kind, members: &impl Serialize) -> Result<Map<String, Value>> {
    let mut line = Map::from_iter([("item".to_owned(), kind.name().into())]);
    match serde_json::to_value(members)? {
        Value::Object(members) => line.extend(members),
        _ => bail!("a line is not an object"),
    }
    Ok(line)
}

/// A line between the first and the last.
pub(super) enum Line {
    Service(Parcel),
    Token(TokenLine),
    Client(Parcel),
}

/// The lines of a file, one after the other.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    /// The number of the line that was read last.
    pub(super) number: u64,
    last: Kind,
    /// What the first one says.
    pub(super) header: Header,
    /// How many there have been.
    pub(super) seen: End,
}

impl Lines {
    /// Opens a file, and reads its first line.
    pub(super) fn open(path: &Path) -> Result<Self> {
        ensure!(path != Path::new("-"), "the file is read twice: it cannot be the standard input");
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut reader = BufReader::new(file);
        let header = match first(&mut reader) {
            Ok(header) => header,
            Err(_) if is_declaration(path) => bail!(declared(path)),
            Err(error) => return Err(error.context(format!("{}: line 1", path.display()))),
        };
        let seen = End::of(header.service);
        Ok(Self { path: path.to_owned(), reader, number: 1, last: Kind::Export, header, seen })
    }

    /// The next one; nothing after the last, which says how many there have to be.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        self.number += 1;
        self.read().map_err(|error| self.at(self.number, error))
    }

    /// An error with its place in the file.
    pub(super) fn at(&self, number: u64, error: impl Into<Error>) -> Error {
        error.into().context(format!("{}: line {number}", self.path.display()))
    }

    fn read(&mut self) -> Result<Option<Line>> {
        let Some(mut members) = members(&mut self.reader)? else {
            bail!("the file ends before its last line: it was cut off");
        };
        let kind = kind(&mut members)?;
        self.follow(kind)?;
        ensure!(
            members.get("service").and_then(Value::as_u64) == Some(self.header.service),
            "service: it is another one"
        );
        match kind {
            Kind::Export => bail!("item: there is one export in a file"),
            Kind::Service => Ok(Some(Line::Service(typed(members)?))),
            Kind::Token => {
                self.seen.tokens += 1;
                Ok(Some(Line::Token(typed(members)?)))
            }
            Kind::Client => {
                self.seen.clients += 1;
                Ok(Some(Line::Client(typed(members)?)))
            }
            Kind::End => {
                let end: End = typed(members)?;
                ensure!(end.tokens == self.seen.tokens, "tokens: there were {}", self.seen.tokens);
                ensure!(end.clients == self.seen.clients, "clients: there were {}", self.seen.clients);
                ensure!(self.reader.fill_buf()?.is_empty(), "there is more after the last line");
                Ok(None)
            }
        }
    }

    /// Export, service, tokens, clients, end.
    fn follow(&mut self, kind: Kind) -> Result<()> {
        let is_service = kind == Kind::Service;
        let is_first = self.last == Kind::Export;
        ensure!(is_service == is_first && kind >= self.last, "item: no {} comes here", kind.name());
        ensure!(kind != Kind::Token || self.header.tokens, "item: the first line says that tokens are left out");
        self.last = kind;
        Ok(())
    }
}

/// Whether a file is a service as `export` prints it without its clients.
fn is_declaration(path: &Path) -> bool {
    Input::File(path.to_owned()).object().is_ok_and(|members| members.contains_key("policy"))
}

fn declared(path: &Path) -> String {
    let file = path.display();
    format!(
        "{file} is a service without its clients: `registrar service apply {file}` makes one of it; with its clients it is \
         printed by `registrar service export ID --clients`"
    )
}

/// Whether that is how an export with clients begins.
pub(in crate::admin::service) fn is_export(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    parse_object_within(first, MAX_LINE).is_ok_and(|members| begins_export(&members))
}

fn begins_export(members: &Map<String, Value>) -> bool {
    let has = |name: &str, value: &str| members.get(name).is_some_and(|found| found == value);
    has("item", Kind::Export.name()) && has("format", FORMAT)
}

fn first(reader: &mut impl BufRead) -> Result<Header> {
    let mut members = members(reader)?.context("the file is empty")?;
    ensure!(begins_export(&members), "format: this is no export with clients: registrar service export ID --clients");
    members.remove("item");
    let version = members.get("version").and_then(Value::as_u64).context("version: it is no number")?;
    ensure!(version == VERSION, "version: it is {version}, and this program reads {VERSION}");
    let header: Header = typed(members)?;
    ensure!((1..=MAX_ID).contains(&header.service), "service: it must be an integer from 1 to 2^53-1");
    ensure!(!header.export.is_empty(), "export: it is empty");
    Ok(header)
}

fn kind(members: &mut Map<String, Value>) -> Result<Kind> {
    let item = members.remove("item").context("item: it is missing")?;
    let known = Kind::ALL.into_iter().find(|kind| item == kind.name());
    known.with_context(|| format!("item: {item} is not known"))
}

/// The members of the next line, if there is one.
fn members(reader: &mut impl BufRead) -> Result<Option<Map<String, Value>>> {
    let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX).saturating_add(2);
    let mut bytes = Vec::new();
    reader.take(most).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    ensure!(text.len() <= MAX_LINE, "it is longer than {MAX_LINE} bytes");
    parse_object_within(text, MAX_LINE).map(Some).map_err(no_object)
}

fn no_object(fault: Invalid) -> Error {
    match fault {
        Invalid::Malformed => anyhow!("it is not JSON in UTF-8"),
        Invalid::NotAnObject => anyhow!("it is not a JSON object"),
        Invalid::TooDeep { limit } => anyhow!("it is nested more than {limit} levels deep"),
        fault => fault.into(),
    }
}

/// The line as what it should be; an error names the member.
fn typed<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(Error::new)
}
