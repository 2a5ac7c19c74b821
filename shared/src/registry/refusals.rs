//! What becomes of what registrants ask and are refused: it is counted by operation, by rule, by what they are told, and by
//! network, and of what would be registered some of each kind are kept with their values masked, so that an operator sees
//! what a policy keeps out.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::sample::{Named, defined, is_defined, masked, named, stand_in};
use super::{Context, Refused, SOFTWARE_STATEMENTS, Surroundings, rehearse};
use crate::claim_kind::ClaimKind;
use crate::client::Source;
use crate::error::{Ceiling, Error};
use crate::http::Request;
use crate::metadata::{ClientMetadata, Invalid, MAX_BODY_BYTES};
use crate::service::ServiceConfiguration;
use crate::store::{Refusal, Sample};

/// How long a refusal is kept by whose record there is made room, in seconds.
const ROOM_SECONDS: u64 = 60 * 60;

/// How long a description is kept, in characters.
const LONGEST_DESCRIPTION: usize = 300;

/// The rule by which who manages a client has to show its token (RFC 7592 §2).
pub const OWN_TOKEN: &str = "registration_access_token";

/// The rule by which a policy says which doors are open.
const DOORS: &str = "doors";

/// The rule by which a document lists the redirects of a sector (OIDC Registration §5).
const SECTOR: &str = "sector_identifier_uri";

/// What a registrant asks for (RFC 7591 §3, RFC 7592 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new client.
    Register,
    /// What is registered of it.
    Read,
    /// Something else in its place.
    Update,
    /// Its end.
    Delete,
}

impl Operation {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether what is sent with it is to be registered.
    const fn sends_metadata(self) -> bool {
        matches!(self, Self::Register | Self::Update)
    }
}

/// Why a registrant is refused, as it is counted: by what may be told of anybody, and without what was sent.
pub struct Reason {
    code: &'static str,
    description: String,
    /// The rule, where the error says which.
    rule: Option<&'static str>,
    /// Whether it is counted: it is the registrant's fault, or that of a host that it has named.
    counts: bool,
}

impl Reason {
    /// What a door has found by itself.
    #[must_use]
    pub fn new(status: u16, code: &'static str, text: &str) -> Self {
        Self { code, description: kept(text), rule: None, counts: (400..500).contains(&status) }
    }

    /// The element of a list that it names.
    pub(super) fn named(&self) -> Option<Named<'_>> {
        named(&self.description)
    }

    /// A host that the registrant has named has not answered, or not as it should.
    pub(crate) fn of_host(code: &'static str, text: &str) -> Self {
        Self { code, description: kept(text), rule: None, counts: true }
    }

    /// A service does not open that door, which is told as `answered`.
    #[must_use]
    pub fn closed(door: &str, answered: &Error) -> Self {
        let text = format!("this service does not open the door {door}");
        Self { rule: Some(DOORS), ..Self::new(answered.status(), answered.code(), &text) }
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        let text = error.to_string();
        let made_up = match error {
            Error::InvalidClientMetadata(invalid) => invalid.made_up_member(),
            _ => None,
        };
        // Where the error begins with the name, other words that are like it stay.
        let without = |name: &str| match text.strip_prefix(name) {
            Some(rest) => format!("…{rest}"),
            None => text.replace(name, "…"),
        };
        let text = made_up.map_or_else(|| text.clone(), |name| without(&name));
        let reason = match error {
            Error::Unreachable { .. } => Self::of_host(error.code(), &text),
            _ => Self::new(error.status(), error.code(), &text),
        };
        Self { rule: rule_of(error), ..reason }
    }
}

impl From<&Refused> for Reason {
    fn from(refused: &Refused) -> Self {
        match refused {
            Refused::Closed(_) => Self::new(Error::UnknownService.status(), refused.code(), &refused.to_string()),
            Refused::Protected => Self::new(Error::RegistrationClosed.status(), refused.code(), &refused.to_string()),
            Refused::Core(error) => error.into(),
            Refused::Unresolved(unresolved) => unresolved
                .refusal()
                .unwrap_or_else(|| Self::new(unresolved.status(), unresolved.code(), &unresolved.to_string())),
        }
    }
}

/// The rule that only this error tells: it is asked before or after the metadata are looked at.
fn rule_of(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::RegistrationClosed => "dynamic_registration",
        Error::TooManyClients(ceiling) => ceiling.rule(),
        Error::Claimed(ClaimKind::SoftwareId) => "software_id_once",
        Error::InvalidClientMetadata(Invalid::SectorIdentifier { .. }) | Error::Unreachable { member: SECTOR, .. } => {
            SECTOR
        }
        Error::Claimed(ClaimKind::Alias)
        | Error::AlreadyRegistered
        | Error::ClientLocked
        | Error::NotLater
        | Error::OtherTrustAnchor => "the client that is there",
        _ => return None,
    })
}

/// How far a registrant has come, for the count of what is refused.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What it asks for.
    pub(crate) operation: Operation,
    /// The rule that was asked last.
    pub(crate) rule: &'static str,
    /// What is to be registered, as far as that is known.
    pub(crate) sent: Map<String, Value>,
    /// The client that is to be changed, by whoever may.
    pub(crate) client_id: Option<String>,
    /// The door of the policy that it is a matter of, where that is not the one at which the request has arrived.
    pub(crate) door: Option<&'static str>,
    /// Whether somebody was asked for it, within what may be asked of others.
    pub(crate) fetched: bool,
}

impl Attempt {
    /// A registration of which nothing is known yet but what is asked first.
    pub(crate) fn new(rule: &'static str) -> Self {
        Self { operation: Operation::Register, rule, sent: Map::new(), client_id: None, door: None, fetched: false }
    }
}

/// Counts whom a door refuses before the core does: `body` is what was sent.
pub async fn turned_away(
    context: &Context<'_>,
    operation: Operation,
    rule: &'static str,
    reason: impl Into<Reason>,
    body: &[u8],
) {
    note(context, &reason.into(), &Attempt { operation, sent: read(body), ..Attempt::new(rule) }).await;
}

/// As [`turned_away`], where to refuse has cost nothing: as far as strangers may ask for what is counted by that name.
pub async fn turned_away_within(
    context: &Context<'_>,
    allowance: &str,
    operation: Operation,
    (rule, reason): (&'static str, impl Into<Reason>),
    request: &Request,
) {
    let (Context { app, service, .. }, reason) = (context, reason.into());
    if is_kept(context, rule, &reason) && app.admit_stranger(request, service.id, allowance).await.is_ok() {
        turned_away(context, operation, rule, reason, &request.body).await;
    }
}

/// As [`turned_away_within`], of who finds a door closed, and is told so as `answered`.
pub async fn shut_out(
    context: &Context<'_>,
    allowance: &str,
    operation: Operation,
    answered: &Error,
    request: &Request,
) {
    let reason = Reason::closed(context.origin.door, answered);
    turned_away_within(context, allowance, operation, (DOORS, reason), request).await;
}

/// What was sent, read as far as it can be; nothing of it where it is too much, or no JSON.
pub(crate) fn read(body: &[u8]) -> Map<String, Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.len() > MAX_BODY_BYTES {
        return Map::new();
    }
    serde_json::from_slice(body).unwrap_or_default()
}

/// As [`note`], of the look-up of a client that was not known: as often as documents may be fetched that are not.
pub(crate) async fn note_look_up(context: &Context<'_>, reason: &Reason, attempt: &Attempt) {
    let Context { app, service, .. } = context;
    let is_kept = is_kept(context, reason.rule.unwrap_or(attempt.rule), reason);
    if is_kept && (attempt.fetched || app.document_budgets.admit_refusal(&app.store, &app.clock, service.id).await) {
        note(context, reason, attempt).await;
    }
}

/// Whether a refusal is counted for that.
fn is_kept(context: &Context<'_>, rule: &str, reason: &Reason) -> bool {
    reason.counts && retention(context, rule) > 0
}

/// Counts a refusal, if it is the registrant's fault and the policy says so. What cannot be counted is logged: it changes no
/// answer.
pub(crate) async fn note(context: &Context<'_>, reason: &Reason, attempt: &Attempt) {
    let Context { app, service, origin, .. } = context;
    let (door, rule) = (attempt.door.unwrap_or(origin.door), reason.rule.unwrap_or(attempt.rule));
    if !is_kept(context, rule, reason) {
        return;
    }
    let sample = attempt.operation.sends_metadata().then(|| {
        let mut sent = masked(&attempt.sent, service.policy(), reason.named());
        sent.extend(attempt.client_id.clone().map(|client_id| ("client_id".to_owned(), client_id.into())));
        let trial = (&service.configuration, context.surroundings(), door);
        let reproduces = is_reproduced(trial, &sent, rule, reason);
        let half = service.numeric_id(&origin.sender) % 2 == 0;
        (half, Sample { sent, reproduces, at: app.clock.now() })
    });
    let refusal = Refusal {
        service: service.id,
        operation: attempt.operation,
        error: reason.code,
        rule,
        description: &reason.description,
        kind: &kind(&reason.description),
        door,
        network: &origin.address,
        sample,
        retention: retention(context, rule),
    };
    if let Err(error) = app.store.count_refusal(&refusal).await {
        tracing::warn!(cause = ?error.source_for_log(), "a refusal could not be counted");
    }
}

/// For how many seconds it is kept what that rule refuses; 0 is not at all.
fn retention(context: &Context<'_>, rule: &str) -> u64 {
    let audit = context.service.policy().audit;
    // What has the stream make room is counted and kept that long in any case.
    let least = if rule == Ceiling::Service.rule() { ROOM_SECONDS } else { 0 };
    if audit.refusals { audit.retention.max(least) } else { least }
}

/// The rules that are asked before all others of [`Rehearsal::requires`](super::Rehearsal::requires), whatever was sent.
const FIRST: [&str; 2] = ["registration", SOFTWARE_STATEMENTS];

/// Whether what is kept of a registration comes to the same when it is tried at its door: it is refused for the same by the
/// same rule, or would come further if there were what that rule asks for.
pub(super) fn is_reproduced(
    (configuration, surroundings, door): (&ServiceConfiguration, Surroundings<'_>, &str),
    sample: &Map<String, Value>,
    rule: &'static str,
    reason: &Reason,
) -> bool {
    let Some(body) = stand_in(sample, &configuration.policy) else { return false };
    let rehearsal = rehearse(configuration, surroundings, door, body);
    // How one is told of a closed door is its own; what is sent to others than these is in other words, or beside others.
    if rule == DOORS {
        return rehearsal.rule == rule && Source::of_door(door).is_some_and(Source::is_self_managed);
    }
    let is_asked = rehearsal.requires.iter().any(|requirement| requirement.rule == rule);
    match &rehearsal.outcome {
        Ok(_) => is_asked,
        Err(_) if is_asked && FIRST.contains(&rule) => true,
        Err(refused) => {
            let again = Reason::from(refused);
            rehearsal.rule == rule && again.code == reason.code && kind(&again.description) == kind(&reason.description)
        }
    }
}

/// What a description says of all refusals of its kind: neither where in a list, nor which number or character. So there are
/// as many kinds as texts, members and words that specifications define, whatever strangers send.
fn kind(description: &str) -> String {
    let is_number = |word: &str| word.trim_end_matches(':').bytes().all(|byte| byte.is_ascii_digit());
    let words = description.split(' ').map(|word| word.split('[').next().unwrap_or_default());
    words.filter(|word| !is_number(word) && !word.starts_with("U+")).collect::<Vec<_>>().join(" ")
}

/// What is kept of a description: of what was quoted the words that specifications define, neither languages nor URLs.
fn kept(text: &str) -> String {
    let text = unquoted(text);
    let words = text.split(' ').map(|word| match word.split_once('#') {
        _ if word.contains("://") => Cow::from("…"),
        Some((member, _)) if ClientMetadata::MEMBERS.contains(&member) => Cow::from(format!("{member}#…")),
        _ => Cow::from(word),
    });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_DESCRIPTION).collect()
}

/// A description without what was sent, which stands between quotes, and quotes in it behind a backslash: but for a word that
/// is defined for the member that was named last.
fn unquoted(text: &str) -> String {
    let mut kept = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        kept.push(letter);
        if letter != '"' {
            continue;
        }
        let mut sent = String::new();
        while let Some(quoted) = letters.next().filter(|quoted| *quoted != '"') {
            sent.push(quoted);
            sent.extend((quoted == '\\').then(|| letters.next()).flatten());
        }
        let named = kept.rsplit(|letter: char| letter != '_' && !letter.is_ascii_alphabetic());
        let member = named.into_iter().find_map(defined).unwrap_or_default();
        kept.push_str(if is_defined(member, &sent) { &sent } else { "…" });
        kept.push('"');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_has_no_members() {
        for (body, members) in [
            (&b"{\"a\": 1}"[..], 1),
            (b"\xef\xbb\xbf{\"a\": 1, \"a\": 2}", 1),
            (b"[]", 0),
            (b"", 0),
            (b"client_name=a", 0),
            (b"{", 0),
            (format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_BODY_BYTES)).as_bytes(), 0),
        ] {
            assert_eq!(read(body).len(), members, "{body:?}");
        }
    }

    #[test]
    fn a_description_has_no_words_of_strangers() {
        let duplicate = |member: String| Reason::from(&Error::from(Invalid::Duplicate { member })).description;
        assert_eq!(duplicate("hunter2".to_owned()), "… appears twice");
        assert_eq!(duplicate("client_name".to_owned()), "client_name appears twice");
        assert_eq!(duplicate("client_name#x-hunter2".to_owned()), "client_name#… appears twice");
        assert_eq!(duplicate("\u{1b}[2J\"".repeat(9000)), "… appears twice");
        assert_eq!(kept("the statement of https://rp.example/hunter2 is bad"), "the statement of … is bad");
        assert!(kept(&"x".repeat(5000)).len() <= LONGEST_DESCRIPTION);
    }

    #[test]
    fn a_description_loses_what_was_quoted() {
        assert_eq!(
            unquoted("scope: \"fly\" is not offered by this service"),
            "scope: \"…\" is not offered by this service"
        );
        assert_eq!(unquoted("it is too long"), "it is too long");
        for word in ["password", "urn:ietf:params:oauth:grant-type:device_code"] {
            let text = format!("grant_types: {word:?} is not offered by this service");
            assert_eq!(unquoted(&text), text, "a specification defines it");
        }
        assert_eq!(unquoted("client_name: \"password\" is not"), "client_name: \"…\" is not", "not of that member");
        let both = "response_types \"token\" requires grant_types to contain \"implicit\"";
        assert_eq!(unquoted(both), both);
        let escaped = format!("subject_type: {:?} is not offered", "evil\"secret text\\");
        assert_eq!(unquoted(&escaped), "subject_type: \"…\" is not offered");
    }

    #[test]
    fn kinds_differ_by_member_and_word_and_by_nothing_that_strangers_choose() {
        let of = |text: &str| kind(&kept(text));
        let method = |name: &str| of(&format!("token_endpoint_auth_method: {name:?} is not offered by this service"));
        assert_ne!(method("tls_client_auth"), method("magic"));
        assert_eq!(method("magic"), method("another magic"));
        assert_eq!(
            of("redirect_uris[0]: it must not have a fragment"),
            of("redirect_uris[12]: it must not have a fragment")
        );
        assert_ne!(of("redirect_uris[0]: it must not have a fragment"), of("redirect_uris[0]: it is too long"));
        assert_ne!(
            of("id_token_signed_response_alg: \"RS256\" cannot"),
            of("id_token_signed_response_alg: \"ES256\" cannot")
        );
        assert_eq!(of("jwks: key 1: it is weak"), of("jwks: key 77: it is weak"));
        for name in ["a", "twice", "appears twice", "hunter2"] {
            let twice = Error::from(Invalid::Duplicate { member: name.to_owned() });
            assert_eq!(Reason::from(&twice).description, "… appears twice", "{name}");
        }
        assert_eq!(of("client_name must not have U+202E"), of("client_name must not have U+200B"));
    }
}
