//! What a client shows of itself, as its authorization server passes it on.

use authorization::client_authentication::{AuthenticationFault, Credentials, Endpoint, authenticate};
use authorization::{Context, Parameters};
use shared::client::RegisteredClient;
use shared::http::Response;
use shared::metadata::AuthMethod;
use shared::service::Service;

use super::members::Members;
use super::outcome::{Code, refused};
use crate::error::Error;

/// The members of a request that show who the client is.
pub(crate) struct Shown<'b> {
    basic_id: Option<String>,
    basic_secret: Option<&'b str>,
    certificate: Option<&'b str>,
    path: Vec<String>,
}

impl<'b> Shown<'b> {
    /// Reads them.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn read(body: &'b Members) -> Result<Self, Error> {
        Ok(Self {
            basic_id: body.identifier("clientId")?,
            basic_secret: body.named("clientSecret")?,
            certificate: body.named("clientCertificate")?,
            path: body.texts("clientCertificatePath")?.unwrap_or_default(),
        })
    }

    /// The same with what stands in the client's own request.
    pub(crate) fn with<'s>(&'s self, parameters: &'s Parameters) -> Credentials<'s> {
        Credentials {
            basic_id: self.basic_id.as_deref(),
            basic_secret: self.basic_secret,
            certificate: self.certificate,
            certificate_path: self.path.iter().map(String::as_str).collect(),
            parameters,
        }
    }
}

/// By which name the client calls itself, as far as that can be read.
pub(crate) fn own_name(shown: &Result<Shown<'_>, Error>, sent: Option<&Parameters>) -> Option<String> {
    shown.as_ref().ok()?.with(sent?).client_id().ok()
}

/// Whether the client is who it says.
///
/// # Errors
/// What is not to be passed on to the client: it is locked, or its keys cannot be had; else the fault is within.
pub(crate) async fn authenticated(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    credentials: &Credentials<'_>,
    endpoint: Endpoint,
) -> Result<Result<AuthMethod, AuthenticationFault>, Error> {
    let Some(client) = client else { return Ok(Err(AuthenticationFault::Credentials)) };
    match authenticate(context, client, credentials, endpoint).await? {
        Err(AuthenticationFault::Locked(number)) => Err(Error::ClientLocked(number)),
        Err(AuthenticationFault::Keys) => {
            Err(shared::Error::Unreachable { member: "jwks_uri", document: "the key set of the client" }.into())
        }
        outcome => Ok(outcome),
    }
}

/// The answer for a client that is not who it says: that action, unless the request itself is wrong (RFC 6749 §5.2).
pub(crate) fn refuse(service: &Service, action: &str, fault: &AuthenticationFault) -> Response {
    let action = if fault.error() == "invalid_request" { "BAD_REQUEST" } else { action };
    refused(service, action, fault.error(), code(fault))
}

/// The code of a fault, and what it says.
pub(crate) fn code(fault: &AuthenticationFault) -> Code {
    let own = || fault.to_string();
    match fault {
        AuthenticationFault::NoClient => {
            let text =
                "The token request does not include any clue to identify the client. Add a 'client_id' parameter.";
            ("A244305", text.to_owned())
        }
        AuthenticationFault::Credentials | AuthenticationFault::Locked(_) | AuthenticationFault::Keys => {
            ("A157380", own())
        }
        AuthenticationFault::Method => ("A157381", own()),
        AuthenticationFault::Assertion => ("A157382", own()),
        AuthenticationFault::Certificate => ("A157383", own()),
        AuthenticationFault::Contradiction => ("A157384", own()),
        AuthenticationFault::Several => ("A157386", own()),
        AuthenticationFault::NotPosted => ("A157385", own()),
        AuthenticationFault::PublicWithMethod => {
            let text = "The client type of the client is 'public' but the client authentication method is not 'none'.";
            ("A157302", text.to_owned())
        }
        AuthenticationFault::UnaskedCredentials => {
            let text = "The request contains data for client authentication although the client type is 'public' and the \
                        client authentication method is 'none'.";
            ("A157303", text.to_owned())
        }
        AuthenticationFault::NotBasic => {
            let text = "The client identifier is not found at the expected location: The 'client_secret_basic' client \
                        authentication method expects the basic authentication in the 'Authorization' header.";
            ("A157357", text.to_owned())
        }
        AuthenticationFault::Audience => ("A157318", "The 'aud' claim of the client assertion is invalid".to_owned()),
        AuthenticationFault::Signature => {
            ("A157326", "The signature of the JWT for client authentication is invalid".to_owned())
        }
    }
}
