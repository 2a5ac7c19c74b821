//! Is this the client? One function for each method (RFC 6749 §2.3, OpenID Connect Core §9, RFC 8705 §2).

mod assertion;
mod certificate;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use shared::Error;
use shared::client::{ClientType, RegisteredClient};
use shared::metadata::AuthMethod;

use crate::context::Context;
use crate::parameters::Parameters;

/// What a client shows of itself.
pub struct Credentials<'a> {
    /// The user name of HTTP Basic, as it stood there.
    pub basic_id: Option<&'a str>,
    /// The password of HTTP Basic, as it stood there.
    pub basic_secret: Option<&'a str>,
    /// The certificate of the connection, in PEM.
    pub certificate: Option<&'a str>,
    /// The certificates that vouch for it, in PEM.
    pub certificate_path: Vec<&'a str>,
    /// The parameters of the request.
    pub parameters: &'a Parameters,
}

/// Why a client is not who it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationFault {
    /// Nothing tells which client asks.
    #[error("the request does not say which client makes it: add 'client_id'")]
    NoClient,
    /// It names several.
    #[error("the request names several clients")]
    Contradiction,
    /// RFC 6749 §2.3: a request has one of them.
    #[error("the request shows more than one client authentication")]
    Several,
    /// There is no such client, or the secret is another one: one answer for both.
    #[error("the client's credentials are wrong")]
    Credentials,
    /// An operator has blocked it.
    #[error("the client (ID = {0}) is locked")]
    Locked(u64),
    /// The service does not take the client's method here.
    #[error("the client's authentication method is not supported here")]
    Method,
    /// The client is public, and its method is not `none`.
    #[error("the client is public, but its authentication method is not 'none'")]
    PublicWithMethod,
    /// A client without credentials presents some.
    #[error("the client has the authentication method 'none' and presents credentials")]
    UnaskedCredentials,
    /// They stand elsewhere than in HTTP Basic.
    #[error("'client_secret_basic' expects the credentials in the 'Authorization' header")]
    NotBasic,
    /// They stand elsewhere than in the body.
    #[error(
        "the client authentication method is 'client_secret_post' but the request does not include a client secret"
    )]
    NotPosted,
    /// Malformed, expired, or seen before.
    #[error("'client_assertion' is missing, malformed, expired, or was used before")]
    Assertion,
    /// `aud` names somebody else.
    #[error("the 'aud' claim of the client assertion is invalid")]
    Audience,
    /// No key of the client's verifies it.
    #[error("the signature of the client assertion is invalid")]
    Signature,
    /// The client's keys cannot be fetched at the moment.
    #[error("the client's keys cannot be fetched at the moment")]
    Keys,
    /// It is not the registered one.
    #[error("the client certificate is missing, or not the registered one")]
    Certificate,
}

impl AuthenticationFault {
    /// The error code (RFC 6749 §5.2).
    #[must_use]
    pub const fn error(&self) -> &'static str {
        match self {
            Self::NoClient | Self::Contradiction | Self::Several => "invalid_request",
            _ => "invalid_client",
        }
    }
}

/// The endpoint at which a client authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The token endpoint, and that of pushed requests.
    Token,
    /// The revocation endpoint.
    Revocation,
}

impl Credentials<'_> {
    /// By which name the client calls itself.
    ///
    /// # Errors
    /// [`AuthenticationFault::NoClient`], [`AuthenticationFault::Contradiction`].
    pub fn client_id(&self) -> Result<String, AuthenticationFault> {
        let basic = self.basic_id.filter(|id| !id.is_empty()).map(decoded_id);
        let assertion = self.parameters.get("client_assertion").and_then(assertion::subject);
        let names = [basic, self.parameters.get("client_id").map(Cow::Borrowed), assertion.map(Cow::Owned)];
        let mut names = names.into_iter().flatten();
        let name = names.next().ok_or(AuthenticationFault::NoClient)?;
        if names.all(|other| other == name) { Ok(name.into_owned()) } else { Err(AuthenticationFault::Contradiction) }
    }

    /// Whether more than one thing is shown that only the client can have; one secret at two places is one.
    fn has_several(&self) -> bool {
        let basic = self.basic_secret.filter(|secret| !secret.is_empty());
        let posted = self.parameters.get("client_secret");
        let has_assertion = self.parameters.get("client_assertion").is_some();
        let secrets = basic.zip(posted);
        secrets.is_some_and(|(basic, posted)| basic != posted) || (has_assertion && (basic.or(posted)).is_some())
    }

    /// Whether anything is shown that only the client can have.
    fn has_any(&self) -> bool {
        let basic = self.basic_secret.is_some_and(|secret| !secret.is_empty());
        basic || ["client_secret", "client_assertion"].iter().any(|name| self.parameters.get(name).is_some())
    }
}

/// RFC 6749 §2.3.1 has names encoded in HTTP Basic, and authorization servers pass them on as they are. No identifier but
/// a URL has a percent sign.
fn decoded_id(id: &str) -> Cow<'_, str> {
    let is_plain = !id.contains('%') || id.starts_with("https://") || id.starts_with("http://");
    if is_plain { id.into() } else { form_decoded(id).unwrap_or(id.into()) }
}

fn form_decoded(text: &str) -> Option<Cow<'_, str>> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()))
}

/// Whether the client is who it says, by the method that it has registered. Answers the method.
///
/// # Errors
/// [`AuthenticationFault`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn authenticate(
    context: &Context<'_>,
    client: &RegisteredClient,
    credentials: &Credentials<'_>,
    endpoint: Endpoint,
) -> Result<Result<AuthMethod, AuthenticationFault>, Error> {
    if client.is_held() {
        return Ok(Err(AuthenticationFault::Locked(client.numeric_id)));
    }
    let method = client.record.metadata.token_endpoint_auth_method();
    let is_public = client.record.client_type == ClientType::Public;
    if is_public && method != AuthMethod::None {
        return Ok(Err(AuthenticationFault::PublicWithMethod));
    }
    if credentials.has_several() {
        return Ok(Err(AuthenticationFault::Several));
    }
    let rules = context.rules;
    let offered = match endpoint {
        Endpoint::Revocation if !rules.revocation_methods.is_empty() => &rules.revocation_methods,
        _ => &rules.token_methods,
    };
    if !offered.contains(&method.as_str()) {
        return Ok(Err(AuthenticationFault::Method));
    }
    let shown = match method {
        AuthMethod::None if credentials.has_any() => Err(AuthenticationFault::UnaskedCredentials),
        AuthMethod::None => Ok(()),
        AuthMethod::ClientSecretBasic => match (credentials.basic_id, credentials.basic_secret) {
            (Some(_), Some(secret)) => secret_is_right(context, client, secret).await?,
            _ => Err(AuthenticationFault::NotBasic),
        },
        AuthMethod::ClientSecretPost => match credentials.parameters.get("client_secret") {
            Some(secret) => secret_is_right(context, client, secret).await?,
            None => Err(AuthenticationFault::NotPosted),
        },
        AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt => {
            assertion::is_right(context, client, credentials, method).await?
        }
        AuthMethod::TlsClientAuth => certificate::is_registered(context, client, credentials),
        AuthMethod::SelfSignedTlsClientAuth => certificate::is_in_key_set(context, client, credentials).await?,
        AuthMethod::AttestJwtClientAuth => Err(AuthenticationFault::Method),
    };
    Ok(shown.map(|()| method))
}

/// As it stood there, or as it was before it was encoded for HTTP Basic.
async fn secret_is_right(
    context: &Context<'_>,
    client: &RegisteredClient,
    presented: &str,
) -> Result<Result<(), AuthenticationFault>, Error> {
    let (end, now) = (client.record.secret_expires_at, context.app.clock.now());
    if end != 0 && end <= now {
        return Ok(Err(AuthenticationFault::Credentials));
    }
    let keys = &context.app.keys;
    let mut is_right = context.service.is_secret_of(keys, client, presented, now).await?;
    if !is_right
        && presented.contains(['%', '+'])
        && let Some(decoded) = form_decoded(presented)
    {
        is_right = context.service.is_secret_of(keys, client, &decoded, now).await?;
    }
    Ok(if is_right { Ok(()) } else { Err(AuthenticationFault::Credentials) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_one_name_wherever_it_stands() {
        let parameters = |text: &str| Parameters::parse(text).unwrap();
        let named = |basic: Option<&str>, text: &str| {
            let parameters = parameters(text);
            let credentials = Credentials {
                basic_id: basic,
                basic_secret: None,
                certificate: None,
                certificate_path: Vec::new(),
                parameters: &parameters,
            };
            credentials.client_id()
        };
        assert_eq!(named(Some("5"), ""), Ok("5".to_owned()));
        assert_eq!(named(None, "client_id=5"), Ok("5".to_owned()));
        assert_eq!(named(Some("5"), "client_id=5"), Ok("5".to_owned()));
        assert_eq!(named(Some("a%2Db"), "client_id=a-b"), Ok("a-b".to_owned()));
        assert_eq!(named(Some("https%3A%2F%2Frp.example%2F%2520"), ""), Ok("https://rp.example/%20".to_owned()));
        assert_eq!(named(Some("https://rp.example/%20"), ""), Ok("https://rp.example/%20".to_owned()));
        assert_eq!(named(Some("5"), "client_id=6"), Err(AuthenticationFault::Contradiction));
        assert_eq!(named(Some(""), "client_id="), Err(AuthenticationFault::NoClient));
    }
}
