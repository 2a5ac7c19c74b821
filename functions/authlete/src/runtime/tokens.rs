//! Tokens as the authorization server is told of them, and as it passes them on.

use authorization::exchange::{TokenFault, Tokens, Wishes};
use authorization::{Context, properties as attached};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::metadata::GrantType;

use super::members::Members;
use super::outcome::{Code, answer, ordered};
use super::{properties, shown};
use crate::constants::{self, GRANT_TYPE};
use crate::error::Error;

/// What the authorization server wishes for the tokens of a request.
///
/// # Errors
/// [`Error::Body`], naming the member.
pub(crate) fn wishes(body: &Members) -> Result<Wishes, Error> {
    let owned = |name: &str| Ok::<_, Error>(body.named(name)?.map(str::to_owned));
    Ok(Wishes {
        access_seconds: body.number("accessTokenDuration")?,
        refresh_seconds: body.number("refreshTokenDuration")?,
        access_token: owned("accessToken")?,
        refresh_token: None,
        is_persistent: false,
    })
}

/// The answer to a token request that succeeded.
///
/// # Errors
/// [`Error::Core`].
pub(crate) async fn given(
    context: &Context<'_>,
    client: &RegisteredClient,
    tokens: &Tokens,
    grant: GrantType,
    (code, text): Code,
) -> Result<Map<String, Value>, Error> {
    let authorization = &tokens.authorization;
    let attached = attached::of(context, authorization).await?;
    let reissues = grant == GrantType::RefreshToken
        && context.service.configuration.others.get("idTokenReissuable") == Some(&Value::Bool(true))
        && authorization.scopes.iter().any(|scope| scope == "openid");
    let mut members = answer(code, &text, if reissues { "ID_TOKEN_REISSUABLE" } else { "OK" });
    shown::names(&mut members, client, authorization.called(client).1);
    shown::attributes(&mut members, context.service, Some(client));
    shown::authorization(&mut members, authorization);
    let now = context.now_millis();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("responseContent", content(context, tokens, &attached, now).into());
    put("accessToken", tokens.access_token.as_str().into());
    if let Some(constant) = constants::constant(GRANT_TYPE, grant.as_str()) {
        put("grantType", constant.into());
    }
    for (name, value) in
        [("refreshToken", &tokens.refresh_token), ("idToken", &tokens.id_token), ("jwtAccessToken", &tokens.jwt)]
    {
        if let Some(value) = value {
            put(name, value.as_str().into());
        }
    }
    for (kind, given) in [("access", &authorization.access_token), ("refresh", &authorization.refresh_token)] {
        let end = given.as_ref().and_then(|given| given.ends_at);
        put(&format!("{kind}TokenExpiresAt"), end.unwrap_or_default().into());
        put(&format!("{kind}TokenDuration"), end.map_or(0, |end| seconds_until(end, now)).into());
    }
    if authorization.refresh_token.is_some() {
        put("refreshTokenScopes", authorization.refresh_scopes.as_slice().into());
    }
    if let Some(properties) = shown::properties(&attached, true) {
        put("properties", properties);
    }
    if tokens.is_replay {
        put("previousRefreshTokenUsed", true.into());
    }
    Ok(members)
}

/// Until then, in seconds: what was just made lives as long as was said, though a moment has passed.
pub(crate) fn seconds_until(end: u64, now: u64) -> u64 {
    end.saturating_sub(now).div_ceil(1000)
}

/// The response that the client gets (RFC 6749 §5.1).
fn content(
    context: &Context<'_>,
    tokens: &Tokens,
    attached: &[authorization::authorization::Property],
    now: u64,
) -> String {
    let authorization = &tokens.authorization;
    let end = authorization.access_token.as_ref().and_then(|given| given.ends_at);
    let scope = authorization.scopes.join(" ");
    let text = |text: &str| Some(Value::from(text));
    let details = authorization.details.clone();
    let mut members = vec![
        ("access_token", text(tokens.jwt.as_deref().unwrap_or(&tokens.access_token))),
        ("token_type", text(context.rules.access_token_type)),
        ("expires_in", end.map(|end| seconds_until(end, now).into())),
        ("scope", text(&scope).filter(|_| !scope.is_empty())),
        ("refresh_token", tokens.refresh_token.as_deref().and_then(text)),
        ("id_token", tokens.id_token.as_deref().and_then(text)),
        ("authorization_details", details),
    ];
    members.extend(properties::for_clients(attached).map(|(key, value)| (key, text(value))));
    ordered(&members)
}

/// The code of a fault, and what it says.
pub(crate) fn code(fault: &TokenFault) -> Code {
    let own = || fault.to_string();
    let text = |text: &str| text.to_owned();
    match fault {
        TokenFault::Unreadable(_) => ("A050386", own()),
        TokenFault::NoGrantType => ("A050380", own()),
        TokenFault::UnsupportedGrantType => ("A050381", own()),
        TokenFault::UnauthorizedGrantType => ("A050382", own()),
        TokenFault::NoCode => ("A050383", own()),
        TokenFault::Resource => ("A050384", own()),
        TokenFault::Bound | TokenFault::Profile(_) => ("A050385", own()),
        TokenFault::Code => ("A050305", text("No such authorization code.")),
        TokenFault::RedirectUri => (
            "A050309",
            text(
                "The redirect URI contained in the token request does not match the one which was specified when the \
                 authorization code was created.",
            ),
        ),
        TokenFault::NoVerifier => (
            "A050312",
            text(
                "The token request does not contain 'code_verifier' although the authorization code was created with \
                 'code_challenge'.",
            ),
        ),
        TokenFault::Verifier => (
            "A050315",
            text(
                "The code challenge value computed with 'code_verifier' is different from 'code_challenge' contained in \
                 the authorization request.",
            ),
        ),
        TokenFault::VerifierSyntax => ("A050389", own()),
        TokenFault::UnaskedVerifier => (
            "A050317",
            text(
                "The token request contains 'code_verifier' although its corresponding authorization request did not \
                 contain 'code_challenge'.",
            ),
        ),
        TokenFault::NoRefreshToken => ("A053380", own()),
        TokenFault::RefreshToken { .. } => {
            ("A053305", text("The refresh token passed to the token endpoint does not exist."))
        }
        TokenFault::WiderScope => ("A053381", own()),
        TokenFault::ScopeSyntax => ("A050387", own()),
        TokenFault::PublicClient => {
            ("A052301", text("Public clients are not allowed to use 'grant_type=client_credentials'."))
        }
        TokenFault::NoPassword => ("A054380", own()),
        TokenFault::ValueInUse | TokenFault::ImpossibleValue => ("A050388", own()),
        TokenFault::Ticket => ("A067280", own()),
        TokenFault::Subject => ("A050281", own()),
        TokenFault::Claims => ("A050283", own()),
        TokenFault::NoKey(_) => ("A050282", own()),
    }
}
