//! The checks of an authorization request, in a fixed order: the first fault wins.

use serde_json::{Map, Value};
use shared::Error;
use shared::client::RegisteredClient;
use shared::metadata::{GrantType, ResponseType, Scope, parse_object};

use super::{Challenge, Refused, Request, RequestFault, RequestedClaims, Wanted};
use crate::context::Context;
use crate::parameters::Parameters;
use crate::response::{ResponseMode, Target};
use crate::{id_token, scopes};

/// How much of a URI a message shows, in characters.
const SHOWN: usize = 200;

/// Verifies a request of that client. `is_pushed` is whether it came by a pushed one, or is one.
///
/// # Errors
/// [`Refused`], within [`Error::Unavailable`] and [`Error::Internal`] where keys have to be read.
pub async fn verify(
    context: &Context<'_>,
    client: &RegisteredClient,
    parameters: &Parameters,
    is_pushed: bool,
) -> Result<Result<Request, Refused>, Error> {
    let refused = |fault, target| Ok(Err(Refused { fault, target }));
    let target = target(context, client, parameters);
    if let Err(fault) = unbuilt(context, client, parameters) {
        return refused(fault, target.ok());
    }
    let Some(response_type) = parameters.get("response_type") else {
        return refused(RequestFault::NoResponseType, None);
    };
    let target = match target {
        Ok(target) => target,
        Err(fault) => return refused(fault, None),
    };
    let request = match settled(context, client, parameters, is_pushed, response_type, &target) {
        Ok(request) => request,
        Err(fault) => return refused(fault, Some(target)),
    };
    match hinted(context, client, parameters, request).await? {
        Ok(request) => {
            Ok(bound(client, parameters).map_or(Ok(request), |fault| Err(Refused { fault, target: Some(target) })))
        }
        Err(fault) => refused(fault, Some(target)),
    }
}

fn settled(
    context: &Context<'_>,
    client: &RegisteredClient,
    parameters: &Parameters,
    is_pushed: bool,
    response_type: &str,
    target: &Target,
) -> Result<Request, RequestFault> {
    let metadata = client.record.metadata.rest();
    response_mode(parameters.get("response_mode"), client)?;
    if (context.rules.pushed_required || metadata.require_pushed_authorization_requests == Some(true)) && !is_pushed {
        return Err(RequestFault::NotPushed);
    }
    if context.rules.signed_required || metadata.require_signed_request_object == Some(true) {
        return Err(RequestFault::NotSigned);
    }
    let wanted = wanted(context, client, response_type)?;
    let mut scopes = requested_scopes(context, client, parameters)?;
    let challenge = challenge(context, client, parameters, wanted)?;
    let mut prompts = prompts(context, parameters)?;
    let sent_age = max_age(parameters)?;
    let claims = claims(parameters)?;
    if sent_age == Some(0) {
        login_anew(&mut prompts)?;
    }
    let consents = prompts.iter().flatten().any(|prompt| prompt == "consent");
    if wanted != Wanted::Code || !consents {
        scopes.retain(|scope| scope != "offline_access");
    }
    let (acrs, acr_is_essential) = acrs(context, client, parameters, &claims)?;
    let text = |name: &str| parameters.get(name).map(str::to_owned);
    Ok(Request {
        wanted,
        target: target.clone(),
        redirect_uri_sent: parameters.get("redirect_uri").is_some(),
        nonce: text("nonce"),
        scopes,
        challenge,
        prompts,
        max_age: sent_age.or(metadata.default_max_age),
        display: text("display").filter(|display| context.rules.displays.contains(&display.as_str())),
        ui_locales: locales(parameters, "ui_locales", &context.rules.ui_locales),
        claims_locales: locales(parameters, "claims_locales", &[]),
        subject: subject_of(&claims),
        claims,
        acrs,
        acr_is_essential,
        login_hint: text("login_hint"),
        pushed: None,
    })
}

/// The request with the user whom `id_token_hint` names.
async fn hinted(
    context: &Context<'_>,
    client: &RegisteredClient,
    parameters: &Parameters,
    request: Request,
) -> Result<Result<Request, RequestFault>, Error> {
    let Some(hint) = parameters.get("id_token_hint") else { return Ok(Ok(request)) };
    let hinted = id_token::hinted_subject(context, client, hint).await?;
    Ok(match (hinted, &request.subject) {
        (None, _) => Err(RequestFault::Hint),
        (Some(hinted), Some(subject)) if hinted != *subject => Err(RequestFault::Hint),
        (hinted, _) => Ok(Request { subject: hinted, ..request }),
    })
}

/// What asks for tokens of a kind that is not built.
fn bound(client: &RegisteredClient, parameters: &Parameters) -> Option<RequestFault> {
    match () {
        () if parameters.get("resource").is_some() => Some(RequestFault::Resource),
        () if parameters.get("authorization_details").is_some() => Some(RequestFault::Details),
        () if parameters.get("dpop_jkt").is_some() || binds_tokens(client) => Some(RequestFault::Bound),
        () => None,
    }
}

/// What would be something else if it were passed over.
fn unbuilt(context: &Context<'_>, client: &RegisteredClient, parameters: &Parameters) -> Result<(), RequestFault> {
    if parameters.get("request").is_some() {
        return Err(RequestFault::RequestObject);
    }
    if parameters.get("request_uri").is_some() {
        return Err(RequestFault::RequestObjectUri);
    }
    context.unbuilt_profile(client).map_or(Ok(()), |profile| Err(RequestFault::Profile(profile)))
}

/// Whether a client's tokens must be bound to a key of its own (RFC 8705 §3, RFC 9449 §5.2).
#[must_use]
pub fn binds_tokens(client: &RegisteredClient) -> bool {
    let metadata = client.record.metadata.rest();
    metadata.dpop_bound_access_tokens == Some(true) || metadata.tls_client_certificate_bound_access_tokens == Some(true)
}

/// Where an answer may go (RFC 6749 §3.1.2).
fn target(context: &Context<'_>, client: &RegisteredClient, parameters: &Parameters) -> Result<Target, RequestFault> {
    let openid = parameters.words("scope").contains(&"openid");
    let registered = client.record.metadata.redirect_uris();
    let uri = match (parameters.get("redirect_uri"), registered) {
        (Some(sent), _) if is_registered_redirect(context, client, sent) => sent,
        (Some(sent), _) => {
            let uri = sent.chars().take(SHOWN).collect();
            return Err(RequestFault::UnregisteredRedirect { uri, registered: registered.len() });
        }
        (None, [only]) if !openid => only.as_str(),
        (None, registered) => return Err(RequestFault::NoRedirect { registered: registered.len(), openid }),
    };
    let wants_token = parameters.words("response_type").iter().any(|word| matches!(*word, "token" | "id_token"));
    let usual = if wants_token { ResponseMode::Fragment } else { ResponseMode::Query };
    let mode = parameters.get("response_mode").and_then(|name| ResponseMode::parse(plain_mode(name)?));
    let mode = mode.filter(|mode| !wants_token || *mode != ResponseMode::Query);
    Ok(Target { uri: uri.to_owned(), mode: mode.unwrap_or(usual), state: parameters.get("state").map(str::to_owned) })
}

/// Whether a redirect URI is one that the client has registered.
#[must_use]
pub fn is_registered_redirect(context: &Context<'_>, client: &RegisteredClient, sent: &str) -> bool {
    let registered = client.record.metadata.redirect_uris();
    let is_it = |uri: &&shared::metadata::RedirectUri| {
        if context.rules.loopback_port_is_free { uri.is_redirect_of(sent) } else { uri.as_str() == sent }
    };
    registered.iter().find(is_it).is_some()
}

/// The mode of which another one is the form with a JWT; none for what leaves the choice to us.
fn plain_mode(name: &str) -> Option<&str> {
    if name == "jwt" { None } else { Some(name.strip_suffix(".jwt").unwrap_or(name)) }
}

fn response_mode(sent: Option<&str>, client: &RegisteredClient) -> Result<(), RequestFault> {
    let Some(sent) = sent else { return Ok(()) };
    let metadata = client.record.metadata.rest();
    let is_jwt = plain_mode(sent) != Some(sent);
    if is_jwt && metadata.authorization_signed_response_alg.is_none() {
        return Err(RequestFault::NoResponseAlgorithm);
    }
    let permitted = metadata.response_modes.as_ref().is_none_or(|modes| modes.iter().any(|mode| mode == sent));
    if ResponseMode::parse(sent).is_some() && permitted { Ok(()) } else { Err(RequestFault::ResponseMode) }
}

fn wanted(context: &Context<'_>, client: &RegisteredClient, sent: &str) -> Result<Wanted, RequestFault> {
    let response_type = ResponseType::parse_any_order(sent).ok_or(RequestFault::UnsupportedResponseType)?;
    let wanted = match response_type {
        ResponseType::Code if context.rules.offers_code => Wanted::Code,
        ResponseType::Nothing if context.rules.offers_none => Wanted::Nothing,
        _ => return Err(RequestFault::UnsupportedResponseType),
    };
    let metadata = &client.record.metadata;
    let has_grant = wanted != Wanted::Code
        || (metadata.grant_types().contains(&GrantType::AuthorizationCode)
            && context.rules.grant_types.contains(&GrantType::AuthorizationCode));
    if metadata.response_types().contains(&response_type) && has_grant {
        Ok(wanted)
    } else {
        Err(RequestFault::UnauthorizedResponseType)
    }
}

/// The scopes that are asked for and can be had; those that are not are dropped.
fn requested_scopes(
    context: &Context<'_>,
    client: &RegisteredClient,
    parameters: &Parameters,
) -> Result<Vec<String>, RequestFault> {
    let words = parameters.words("scope");
    if words.iter().any(|word| !Scope::is_token(word)) {
        return Err(RequestFault::ScopeSyntax);
    }
    let scopes = scopes::requestable(context, client, (!words.is_empty()).then_some(words.as_slice()));
    if scopes.is_empty() && context.rules.scope_required { Err(RequestFault::NoScope) } else { Ok(scopes) }
}

fn challenge(
    context: &Context<'_>,
    client: &RegisteredClient,
    parameters: &Parameters,
    wanted: Wanted,
) -> Result<Option<Challenge>, RequestFault> {
    if wanted != Wanted::Code {
        return Ok(None);
    }
    let terms = (context.terms)(client);
    let method = parameters.get("code_challenge_method");
    let Some(challenge) = parameters.get("code_challenge") else {
        let needed = context.rules.pkce_required || terms.pkce_required || method.is_some();
        return if needed { Err(RequestFault::NoChallenge) } else { Ok(None) };
    };
    let is_s256 = match method {
        Some("S256") => true,
        None | Some("plain") => false,
        Some(_) => return Err(RequestFault::Challenge),
    };
    if (context.rules.pkce_s256_required || terms.pkce_s256_required) && !is_s256 {
        return Err(RequestFault::ChallengeMethod);
    }
    // A digest of 256 bits has 43 characters.
    if is_verifier(challenge) && (!is_s256 || challenge.len() == 43) {
        Ok(Some(Challenge { is_s256, challenge: challenge.to_owned() }))
    } else {
        Err(RequestFault::Challenge)
    }
}

/// Whether a text can be a code verifier, or a challenge (RFC 7636 §4.1 and §4.2).
#[must_use]
pub fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn prompts(context: &Context<'_>, parameters: &Parameters) -> Result<Option<Vec<String>>, RequestFault> {
    let words = parameters.words("prompt");
    let known = words.iter().all(|word| context.rules.prompts.contains(word));
    if !known || (words.contains(&"none") && words.len() > 1) {
        return Err(RequestFault::Prompt);
    }
    Ok((!words.is_empty()).then(|| words.into_iter().map(str::to_owned).collect()))
}

fn max_age(parameters: &Parameters) -> Result<Option<u64>, RequestFault> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|age| *age <= i32::MAX.cast_unsigned().into());
    parameters.get("max_age").map(|text| number(text).ok_or(RequestFault::MaxAge)).transpose()
}

/// A user who must have logged in less than no time ago has to log in.
fn login_anew(prompts: &mut Option<Vec<String>>) -> Result<(), RequestFault> {
    let prompts = prompts.get_or_insert_default();
    if prompts.iter().any(|prompt| prompt == "none") {
        return Err(RequestFault::SilentLogin);
    }
    if !prompts.iter().any(|prompt| prompt == "login") {
        prompts.push("login".to_owned());
    }
    Ok(())
}

fn claims(parameters: &Parameters) -> Result<RequestedClaims, RequestFault> {
    let Some(text) = parameters.get("claims") else { return Ok(RequestedClaims::default()) };
    let claims = parse_object(text.as_bytes()).map_err(|_| RequestFault::Claims)?;
    let part = |name: &str| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members.clone())),
        Some(_) => Err(RequestFault::Claims),
    };
    Ok(RequestedClaims { id_token: part("id_token")?, userinfo: part("userinfo")? })
}

fn subject_of(claims: &RequestedClaims) -> Option<String> {
    let sub = claims.id_token.as_ref()?.get("sub")?;
    sub.get("value")?.as_str().map(str::to_owned)
}

/// The classes that are asked for and offered, and whether one is essential.
fn acrs(
    context: &Context<'_>,
    client: &RegisteredClient,
    parameters: &Parameters,
    claims: &RequestedClaims,
) -> Result<(Vec<String>, bool), RequestFault> {
    let acr = claims.id_token.as_ref().and_then(|claims| claims.get("acr")).and_then(Value::as_object);
    let words = parameters.words("acr_values");
    let default = client.record.metadata.rest().default_acr_values.as_deref().unwrap_or_default();
    let claimed = acr.map(values_of).unwrap_or_default();
    let is_essential = acr.and_then(|acr| acr.get("essential")) == Some(&Value::Bool(true));
    let wanted: Vec<&str> = match (claimed.is_empty(), words.is_empty()) {
        (false, _) => claimed,
        (true, false) => words,
        (true, true) => default.iter().map(String::as_str).collect(),
    };
    if wanted.is_empty() {
        return Ok((Vec::new(), false));
    }
    if context.rules.acrs.is_empty() {
        return Err(RequestFault::NoAcrs);
    }
    let offered = wanted.into_iter().filter(|acr| context.rules.acrs.contains(acr)).map(str::to_owned);
    Ok((offered.collect(), is_essential))
}

/// `value` and `values` of a claim that is asked for (OpenID Connect Core §5.5.1).
fn values_of(claim: &Map<String, Value>) -> Vec<&str> {
    let one = claim.get("value").and_then(Value::as_str);
    let more = claim.get("values").and_then(Value::as_array).into_iter().flatten();
    one.into_iter().chain(more.filter_map(Value::as_str)).collect()
}

fn locales(parameters: &Parameters, name: &str, offered: &[&str]) -> Vec<String> {
    let words = parameters.words(name).into_iter();
    words.filter(|word| offered.is_empty() || offered.contains(word)).map(str::to_owned).collect()
}
