//! `authorization_code` (RFC 6749 §4.1.3): a code becomes tokens, once.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use shared::Error;
use shared::client::RegisteredClient;

use super::tokens::{self, Tokens, Wishes};
use super::{TokenFault, give};
use crate::activation;
use crate::authorization::{Authorization, State};
use crate::context::Context;
use crate::parameters::Parameters;
use crate::request::{Request, is_verifier};
use crate::store::{self, Step};
use crate::token::Value;

/// Gives tokens for a code. A refused exchange leaves the code as it is; a second one after a success ends what
/// the first one gave (RFC 6749 §4.1.2).
///
/// # Errors
/// [`TokenFault`], within [`Error::Unavailable`], [`Error::Internal`] and [`Error::Contention`].
pub async fn by_code(
    context: &Context<'_>,
    client: &RegisteredClient,
    found: Option<Authorization>,
    code: Option<&Value>,
    parameters: &Parameters,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    let (Some(code), Some(found)) = (code, found) else { return Ok(Err(TokenFault::Code)) };
    let is_it = found.client == client.numeric_id && found.code.as_ref().is_some_and(|given| given.hash == code.hash());
    if !is_it {
        return Ok(Err(TokenFault::Code));
    }
    if found.state == State::Active {
        store::revoke(context, found).await?;
        return Ok(Err(TokenFault::Code));
    }
    let is_live = found.code.as_ref().is_some_and(|given| given.is_live(context.now_millis()));
    let request = match (&found.request, found.state) {
        (Some(request), State::Code) if is_live && found.works_for(context.service, Some(client)) => request,
        _ => return Ok(Err(TokenFault::Code)),
    };
    if let Err(fault) = same_request(request, client, parameters) {
        return Ok(Err(fault));
    }
    let id_token = match tokens::identified(context, client, &found).await? {
        Ok(id_token) => id_token,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut tokens = match give(context, client, found, wishes).await? {
        Ok(given) => given,
        Err(fault) => return Ok(Err(fault)),
    };
    tokens.id_token = id_token;
    tokens.authorization.request = None;
    match activation::activate(context, client, &mut tokens.authorization, None).await? {
        Step::Done => Ok(Ok(tokens)),
        Step::ValueInUse => Ok(Err(TokenFault::ValueInUse)),
        Step::Refused => Ok(Err(TokenFault::Code)),
        Step::Lost(now) => {
            if let Some(now) = (*now).filter(|now| now.state == State::Active) {
                store::revoke(context, now).await?;
            }
            Ok(Err(TokenFault::Code))
        }
    }
}

fn same_request(request: &Request, client: &RegisteredClient, parameters: &Parameters) -> Result<(), TokenFault> {
    let registered = client.record.metadata.redirect_uris();
    let fits = match parameters.get("redirect_uri") {
        Some(sent) if request.redirect_uri_sent => sent == request.target.uri,
        Some(sent) => registered.iter().any(|uri| uri.as_str() == sent),
        None => !request.redirect_uri_sent,
    };
    if !fits {
        return Err(TokenFault::RedirectUri);
    }
    match (&request.challenge, parameters.get("code_verifier")) {
        (None, None) => {}
        (None, Some(_)) => return Err(TokenFault::UnaskedVerifier),
        (Some(_), None) => return Err(TokenFault::NoVerifier),
        (Some(_), Some(verifier)) if !is_verifier(verifier) => return Err(TokenFault::VerifierSyntax),
        (Some(challenge), Some(verifier)) => {
            let digested = BASE64URL.encode(digest(&SHA256, verifier.as_bytes()));
            let shown = if challenge.is_s256 { digested.as_str() } else { verifier };
            if verify_slices_are_equal(shown.as_bytes(), challenge.challenge.as_bytes()).is_err() {
                return Err(TokenFault::Verifier);
            }
        }
    }
    if parameters.get("resource").is_some() { Err(TokenFault::Resource) } else { Ok(()) }
}
