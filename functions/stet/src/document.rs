//! The body of a registration, and of its answer: RFC 7591 with what STET adds.

use serde_json::{Map, Value};
use shared::client::ClientInformation;
use shared::http::Request;
use shared::metadata::{Invalid, Submitted, parse_object};

use crate::certificate::{QualifiedCertificate, Role, same_organization};
use crate::door::Visit;
use crate::error::Error;
use crate::keys::{self, Signer};
use crate::settings::{BASE_PATH, ContactMember};

/// The institution's identifier, which is that of its certificates.
const PROVIDER_LEGAL_ID: &str = "provider_legal_id";

/// The subject of the certificate with which the client authenticates (RFC 8705 §2.1.2).
const SUBJECT: &str = "tls_client_auth_subject_dn";

/// Reads a body: scopes as RFC 6749 §3.3 separates them, the other members not understood yet.
pub(crate) fn read(request: &Request) -> Result<Map<String, Value>, Invalid> {
    if !request.has_content_type("application/json") {
        return Err(Invalid::ContentType);
    }
    let mut members = parse_object(&request.body)?;
    if let Some(Value::String(scope)) = members.get_mut("scope") {
        *scope = scope.split([',', ' ']).filter(|token| !token.is_empty()).collect::<Vec<_>>().join(" ");
    }
    Ok(members)
}

/// Checks what is only to be trusted with a certificate: the chain, the organization, the roles. In this order.
pub(crate) async fn check_institution(
    visit: &Visit<'_>,
    members: &Map<String, Value>,
    signer: &Signer,
) -> Result<(), Error> {
    visit.check_seal(signer).await?;
    same_organization(&signer.certificate, &visit.web).map_err(|_| Error::OtherOrganization)?;
    match members.get(PROVIDER_LEGAL_ID) {
        None | Some(Value::Null) => return Err(Invalid::Missing { member: PROVIDER_LEGAL_ID }.into()),
        Some(Value::String(sent)) if sent == visit.organization() => {}
        Some(Value::String(_)) => return Err(Error::OtherOrganization),
        Some(_) => return Err(Invalid::wrong_type(PROVIDER_LEGAL_ID, "a string").into()),
    }
    let scope = members.get("scope").and_then(Value::as_str).unwrap_or_default();
    check_roles(scope, &signer.certificate)
}

/// Scopes of PSD2 are within the roles; others are the policy's business.
fn check_roles(scope: &str, certificate: &QualifiedCertificate) -> Result<(), Error> {
    let beyond = |token: &&str| Role::of_scope(token).is_some() && !certificate.permits(token);
    match scope.split(' ').find(beyond) {
        Some(token) => Err(Error::Role(token.to_owned())),
        None => Ok(()),
    }
}

/// The metadata that is registered: keys and the certificate's subject filled in, what STET requires there.
pub(crate) fn submitted(
    visit: &Visit<'_>,
    mut members: Map<String, Value>,
    signer: &Signer,
) -> Result<Submitted, Error> {
    for member in ["client_name", "scope", "redirect_uris"] {
        if is_absent(members.get(member)) {
            return Err(Invalid::Missing { member }.into());
        }
    }
    contact(visit, &members)?;
    keys::complete(&mut members, signer)?;
    match members.get(SUBJECT) {
        Some(Value::String(sent)) if !sent.is_empty() && !visit.web.is_subject_dn(sent) => {
            return Err(Invalid::Mismatch { member: SUBJECT }.into());
        }
        None | Some(Value::String(_) | Value::Null) => {
            members.insert(SUBJECT.to_owned(), visit.web.subject_dn().into());
        }
        Some(_) => return Err(Invalid::wrong_type(SUBJECT, "a string").into()),
    }
    Ok(Submitted::from_members(members)?)
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

/// The registration record. Its `registration_access_token` is the token that was presented: with the certificate it
/// is what the client manages its registration with (RFC 7592 §3).
pub(crate) fn record(visit: &Visit<'_>, information: &ClientInformation) -> Result<Map<String, Value>, Error> {
    let mut members = information.to_members();
    if let Some(Value::String(scope)) = members.get_mut("scope") {
        *scope = scope.replace(' ', visit.settings.scope_separator.as_str());
    }
    let uri = format!("{}{BASE_PATH}/register/{}", visit.request.gateway_url(), information.client.client_id);
    members.insert("registration_client_uri".to_owned(), uri.into());
    members.insert("registration_access_token".to_owned(), visit.presented()?.into());
    Ok(members)
}
