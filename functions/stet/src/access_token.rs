//! The access token of a request: whose it is, for what, over which connection.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use shared::Error as Core;
use shared::credentials::{Token, TokenKind};
use shared::jose::{KeyFault, UnverifiedJwt, numeric_date};

use crate::error::Error;
use crate::settings::AccessTokenRule;
use crate::visit::Visit;

/// The scope that registration needs.
pub(crate) const SCOPE: &str = "manageRegistration";

/// Checks the access token of a request, where there is one or the service asks for one: one that was issued here, or a
/// JWT of the issuer that the service trusts.
pub(crate) async fn check(visit: &Visit<'_>) -> Result<(), Error> {
    let presented = match (presented(visit), visit.settings.access_token) {
        (Some(token), _) => token,
        (None, AccessTokenRule::Optional) if visit.request.header("authorization").is_none() => return Ok(()),
        (None, _) => return Err(Core::MissingToken.into()),
    };
    if let Some(token) = Token::parse(TokenKind::ManageRegistration, presented) {
        let record = visit.app.store.token(&token).await?.ok_or(Core::InvalidToken)?;
        let ours = record.service_id == Some(visit.service.id)
            && record.organization.as_deref() == Some(visit.organization())
            && record.certificate.as_ref() == Some(visit.web.thumbprint());
        return if ours { Ok(()) } else { Err(Core::InvalidToken.into()) };
    }
    let issuer = visit.settings.access_tokens.as_ref().ok_or(Core::InvalidToken)?;
    let jwt = UnverifiedJwt::parse(presented)?;
    if jwt.media_type().is_none_or(|kind| !kind.eq_ignore_ascii_case("at+jwt"))
        || jwt.unverified_claim("iss") != Some(&issuer.issuer)
    {
        return Err(Core::InvalidToken.into());
    }
    let claims =
        issuer.keys.verify(&jwt, visit.app.fetch.of(visit.service.id), &visit.app.clock, visit.fetching_ends).await;
    let claims = claims.map_err(|fault| match fault {
        KeyFault::Jwt(_) => Core::InvalidToken,
        KeyFault::Fetch(error) => Core::Unavailable(error.into()),
    })?;
    check_claims(visit, &claims)
}

/// The access token of a request.
pub(crate) fn presented<'v>(visit: &'v Visit<'_>) -> Option<&'v str> {
    visit.request.bearer_token()
}

/// RFC 9068 §4, RFC 8705 §3.1.
fn check_claims(visit: &Visit<'_>, claims: &Map<String, Value>) -> Result<(), Error> {
    let date = |name: &str| numeric_date(claims, name).map_err(|_| Core::InvalidToken);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit in 53 bits")]
    let (now, skew) = (visit.app.clock.now() as f64, visit.settings.clock_skew as f64);
    let current = date("exp")?.is_some_and(|end| end > now) && date("nbf")?.is_none_or(|start| start <= now + skew);
    let issuer = visit.service.issuer(&visit.app.base_url(&visit.service, visit.request));
    let meant = match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().any(|value| value.as_str() == Some(&issuer)),
        Some(value) => value.as_str() == Some(&issuer),
        None => false,
    };
    let bound = claims.get("cnf").and_then(|cnf| cnf.get("x5t#S256")).and_then(Value::as_str);
    if !current || !meant || bound != Some(&BASE64URL.encode(visit.web.thumbprint())) {
        return Err(Core::InvalidToken.into());
    }
    let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    if scope.split(' ').any(|token| token == SCOPE) { Ok(()) } else { Err(Error::InsufficientScope) }
}
