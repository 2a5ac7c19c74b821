//! The access token of a request: whose it is, for what, over which connection.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use shared::Error as Core;
use shared::credentials::{Token, TokenKind};
use shared::jose::{KeyFault, UnverifiedJwt, numeric_date};

use crate::door::Visit;
use crate::error::Error;

/// The scope that registration needs.
pub(crate) const SCOPE: &str = "manageRegistration";

impl Visit<'_> {
    /// Checks a presented token: one that was issued here, or a JWT of the issuer that the service trusts.
    pub(crate) async fn check_token(&self, presented: &str) -> Result<(), Error> {
        if let Some(token) = Token::parse(TokenKind::ManageRegistration, presented) {
            let record = self.app.store.token(&token.hash()).await?.ok_or(Core::InvalidToken)?;
            let ours = record.kind == TokenKind::ManageRegistration
                && record.service_id == Some(self.service.id)
                && record.organization.as_deref() == Some(self.organization())
                && record.certificate.as_ref() == Some(self.web.thumbprint());
            return if ours { Ok(()) } else { Err(Core::InvalidToken.into()) };
        }
        let issuer = self.settings.access_tokens.as_ref().ok_or(Core::InvalidToken)?;
        let jwt = UnverifiedJwt::parse(presented)?;
        if jwt.media_type().is_none_or(|kind| !kind.eq_ignore_ascii_case("at+jwt"))
            || jwt.unverified_claim("iss") != Some(&issuer.issuer)
        {
            return Err(Core::InvalidToken.into());
        }
        let fetch = self.app.fetch.of(self.service.id);
        let claims = issuer.keys.verify(&jwt, fetch, &self.app.clock, self.fetching_ends).await;
        let claims = claims.map_err(|fault| match fault {
            KeyFault::Jwt(_) => Core::InvalidToken,
            KeyFault::Fetch(error) => Core::Unavailable(error.into()),
        })?;
        self.check_claims(&claims)
    }

    /// RFC 9068 §4, RFC 8705 §3.1.
    fn check_claims(&self, claims: &Map<String, Value>) -> Result<(), Error> {
        let date = |name: &str| numeric_date(claims, name).map_err(|_| Core::InvalidToken);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit in 53 bits")]
        let (now, skew) = (self.app.clock.now() as f64, self.settings.clock_skew as f64);
        let current = date("exp")?.is_some_and(|end| end > now) && date("nbf")?.is_none_or(|start| start <= now + skew);
        let issuer = self.service.issuer(&self.app.base_url(&self.service, self.request));
        let meant = match claims.get("aud") {
            Some(Value::Array(values)) => values.iter().any(|value| value.as_str() == Some(&issuer)),
            Some(value) => value.as_str() == Some(&issuer),
            None => false,
        };
        let bound = claims.get("cnf").and_then(|cnf| cnf.get("x5t#S256")).and_then(Value::as_str);
        if !current || !meant || bound != Some(&BASE64URL.encode(self.web.thumbprint())) {
            return Err(Core::InvalidToken.into());
        }
        let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
        if scope.split(' ').any(|token| token == SCOPE) { Ok(()) } else { Err(Error::InsufficientScope) }
    }
}
