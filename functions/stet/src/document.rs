//! The body of a registration, and of its answer: RFC 7591 with what STET adds.

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};
use shared::client::ClientInformation;
use shared::http::Request;
use shared::metadata::{AuthMethod, Changes, GrantType, Invalid, ResponseType, Submitted, parse_object};

use crate::access_token;
use crate::certificate::Role;
use crate::error::Error;
use crate::keys::Seals;
use crate::settings::{BASE_PATH, ContactMember};
use crate::signed_request::PATH;
use crate::visit::{DOOR, Visit};

/// The institution's identifier, which is that of its certificates.
const PROVIDER_LEGAL_ID: &str = "provider_legal_id";

/// The subject of the certificate with which the client authenticates (RFC 8705 §2.1.2).
const SUBJECT: &str = "tls_client_auth_subject_dn";

/// Reads a body: scopes as RFC 6749 §3.3 separates them, the other members not understood yet.
pub(crate) fn read(request: &Request) -> Result<Map<String, Value>, Invalid> {
    request.declares_json()?;
    let mut members = parse_object(&request.body)?;
    if let Some(Value::String(scope)) = members.get_mut("scope") {
        *scope = scope.split([',', ' ']).filter(|token| !token.is_empty()).collect::<Vec<_>>().join(" ");
    }
    Ok(members)
}

/// Checks what is only to be trusted with certificates: their chains, the organization, the roles. In this order.
pub(crate) async fn check_institution(
    visit: &Visit<'_>,
    members: &Map<String, Value>,
    seals: &Seals,
) -> Result<(), Error> {
    seals.check(visit).await?;
    match members.get(PROVIDER_LEGAL_ID) {
        None | Some(Value::Null) => return Err(Invalid::Missing { member: PROVIDER_LEGAL_ID }.into()),
        Some(Value::String(sent)) if sent == visit.organization() => {}
        Some(Value::String(_)) => return Err(Error::OtherOrganization),
        Some(_) => return Err(Invalid::wrong_type(PROVIDER_LEGAL_ID, "a string").into()),
    }
    let scope = members.get("scope").and_then(Value::as_str).unwrap_or_default();
    check_roles(scope, seals)
}

/// Scopes of PSD2 are within the roles of every certificate; others are the policy's business.
fn check_roles(scope: &str, seals: &Seals) -> Result<(), Error> {
    let beyond = |token: &&str| {
        Role::of_scope(token).is_some() && !seals.certificates().all(|certificate| certificate.permits(token))
    };
    match scope.split(' ').find(beyond) {
        Some(token) => Err(Error::Role(token.to_owned())),
        None => Ok(()),
    }
}

/// The metadata that is registered: keys, method and the certificate's subject filled in, what STET requires there.
/// Whatever method was sent: the client authenticates with the certificate of its connections. A software statement is
/// not used; it could overrule what the certificates have proven.
pub(crate) fn submitted(visit: &Visit<'_>, mut members: Map<String, Value>, seals: &Seals) -> Result<Submitted, Error> {
    for member in ["client_name", "scope", "redirect_uris"] {
        if is_absent(members.get(member)) {
            return Err(Invalid::Missing { member }.into());
        }
    }
    contact(visit, &members)?;
    for member in ["client_legal_id", "logo"] {
        if !matches!(members.get(member), None | Some(Value::Null | Value::String(_))) {
            return Err(Invalid::wrong_type(member, "a string").into());
        }
    }
    let sent = members.clone();
    seals.complete(&mut members)?;
    drop_responses_without_grant(&mut members);
    members.remove("software_statement");
    members.remove("token_endpoint_auth_methods_supported");
    members.insert("token_endpoint_auth_method".to_owned(), AuthMethod::TlsClientAuth.as_str().into());
    match members.get(SUBJECT) {
        Some(Value::String(sent)) if !sent.is_empty() && !visit.web.is_subject_dn(sent) => {
            return Err(Invalid::Mismatch { member: SUBJECT }.into());
        }
        None | Some(Value::String(_) | Value::Null) => {
            members.insert(SUBJECT.to_owned(), visit.web.subject_dn().into());
        }
        Some(_) => return Err(Invalid::wrong_type(SUBJECT, "a string").into()),
    }
    let changes = Changes::between(DOOR, &sent, &members);
    let submitted = Submitted::from_members(members)?;
    Ok(Submitted { changes: changes.then(submitted.changes), ..submitted })
}

/// Banks prescribe `response_types: ["code"]` also where the only grant is `client_credentials`. A response type whose
/// grant was not asked for is dropped, and the answer says so (RFC 7591 §2.1, §3.2.1).
fn drop_responses_without_grant(members: &mut Map<String, Value>) {
    let Some(Value::Array(grants)) = members.get("grant_types").cloned() else { return };
    let asked = |grant: &GrantType| grants.iter().any(|name| name == grant.as_str());
    if let Some(Value::Array(responses)) = members.get_mut("response_types") {
        responses.retain(|name| {
            let response = name.as_str().and_then(ResponseType::parse_any_order);
            response.is_none_or(|response| response.grant_types().iter().all(asked))
        });
    }
}

fn contact(visit: &Visit<'_>, members: &Map<String, Value>) -> Result<(), Invalid> {
    let required = match visit.settings.contact {
        ContactMember::Contact => "contact",
        ContactMember::Contacts => "contacts",
        ContactMember::Optional => return contact_type(members),
    };
    if is_absent(members.get(required)) {
        return Err(Invalid::Missing { member: required });
    }
    contact_type(members)
}

fn contact_type(members: &Map<String, Value>) -> Result<(), Invalid> {
    match members.get("contact") {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(_) => Err(Invalid::wrong_type("contact", "an object")),
    }
}

fn is_absent(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

/// The registration record. Its `registration_access_token` is the token that was presented, if one was: with the
/// certificate it is what the client manages its registration with (RFC 7592 §3).
pub(crate) fn record(visit: &Visit<'_>, information: &ClientInformation) -> Map<String, Value> {
    let mut members = information.to_members();
    if let Some(Value::String(scope)) = members.get_mut("scope") {
        *scope = scope.replace(' ', visit.settings.scope_separator.as_str());
    }
    let client_id = utf8_percent_encode(&information.client.client_id, PATH);
    let uri = format!("{}{BASE_PATH}/register/{client_id}", visit.request.gateway_url());
    members.insert("registration_client_uri".to_owned(), uri.into());
    if let Some(token) = access_token::presented(visit) {
        members.insert("registration_access_token".to_owned(), token.into());
    }
    members
}
