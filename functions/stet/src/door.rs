//! What the endpoints of this door have in common: whom the connection and the token belong to, how answers look.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value};
use shared::caller::Origin;
use shared::credentials::{Token, TokenKind};
use shared::http::{Method, Request, Response};
use shared::jose::{KeyFault, UnverifiedJwt, numeric_date};
use shared::registry::{Context, FETCHING};
use shared::service::Service;
use shared::{App, Error as Core};

use crate::certificate::{
    CertificateFault, QualifiedCertificate, Revocation, RevocationLists, Trust, TrustAnchors, check_seal, check_web,
};
use crate::error::Error;
use crate::settings::{BASE_PATH, RevocationPolicy, Settings, UnverifiedStatus};
use crate::signature::{
    CREATED, SignatureFault, SignatureParameters, SignaturePolicy, SignedRequest, TimeWindow, VerificationKey,
    VerifiedSignature, verify, verify_digest,
};

/// The name by which a policy opens this door.
pub(crate) const DOOR: &str = "stet";

/// The scope that registration needs.
pub(crate) const SCOPE: &str = "manageRegistration";

/// When a request is given up: before the function's own deadline, so that the answer is this door's.
const DEADLINE: Duration = Duration::from_millis(4300);

/// How long a signed request without a date is remembered, in seconds.
const UNDATED_SECONDS: u64 = 24 * 60 * 60;

/// The longest `X-Request-ID`.
const MAX_REQUEST_ID: usize = 70;

/// How many revocation lists of one certificate are asked.
const MAX_LISTS: usize = 2;

/// Answers with the outcome, in time, and echoes `X-Request-ID`.
pub(crate) async fn answer(
    app: &App,
    request: &Request,
    methods: &[Method],
    outcome: impl Future<Output = Result<Response, Error>>,
) -> Response {
    let outcome = tokio::time::timeout(DEADLINE, outcome).await.unwrap_or(Err(Error::TookTooLong));
    let response = outcome.unwrap_or_else(|error| error.render(request.path(), app.clock.now_text()));
    let response = response.with("cache-control", "no-store").with("pragma", "no-cache");
    let response = if response.status == 405 { response.with("allow", listed(methods)) } else { response };
    match request_id(request) {
        Ok(id) => response.with("x-request-id", id),
        Err(_) => response,
    }
}

fn listed(methods: &[Method]) -> String {
    methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
}

/// The answer if a handler panics.
pub(crate) fn failed(error: &Core) -> Response {
    let cause = error.source_for_log().map_or_else(|| error.to_string(), ToString::to_string);
    Error::Core(Core::internal(cause)).render("", String::new())
}

/// The request's identifier, well formed.
fn request_id(request: &Request) -> Result<&str, Error> {
    let id = request.header("x-request-id").ok_or(Error::RequestId)?;
    let plain = (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(id) } else { Err(Error::RequestId) }
}

/// A request of an institution whose connection is known.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) service: Arc<Service>,
    pub(crate) settings: Settings,
    /// The certificate of the connection.
    pub(crate) web: QualifiedCertificate,
    anchors: TrustAnchors,
    fetching_ends: Instant,
}

/// What a certificate is for.
#[derive(Clone, Copy)]
enum Purpose {
    Seal,
    Web,
}

impl<'a> Visit<'a> {
    /// Checks method and `Accept`, and whose connection it is.
    pub(crate) async fn begin(app: &'a App, request: &'a Request, methods: &[Method]) -> Result<Self, Error> {
        if !methods.contains(&request.method) {
            return Err(Core::MethodNotAllowed.into());
        }
        if !accepts_json(request.header("accept")) {
            return Err(Error::NotAcceptable);
        }
        let service = app.service(app.stet_service.ok_or(Core::UnknownService)?).await?;
        if !service.policy().opens(DOOR) {
            return Err(Core::UnknownService.into());
        }
        let (settings, anchors) = Settings::of(&service)?;
        let web = web_certificate(request)?;
        let visit = Self { app, request, service, settings, web, anchors, fetching_ends: Instant::now() + FETCHING };
        visit.check_certificate(&visit.web, &[], Purpose::Web).await.map_err(Error::WebCertificate)?;
        let key = format!("{}#{DOOR}#{}", visit.service.id, visit.organization());
        let admission = app.token_limit.admit(&app.store, &app.clock, &key).await;
        if admission.allowed { Ok(visit) } else { Err(Error::TooManyRequests(admission)) }
    }

    /// Checks the token and `X-Request-ID`, and that the operation is not switched off.
    pub(crate) async fn authorize(&self) -> Result<(), Error> {
        if !self.settings.offers(self.request.method) {
            return Err(Error::SwitchedOff);
        }
        self.check_token(self.presented()?).await?;
        request_id(self.request).map(drop)
    }

    /// Whose connection it is: the identifier of its client.
    pub(crate) fn organization(&self) -> &str {
        self.web.organization().as_str()
    }

    /// The presented access token.
    pub(crate) fn presented(&self) -> Result<&str, Core> {
        self.request.bearer_token().ok_or(Core::MissingToken)
    }

    async fn check_token(&self, presented: &str) -> Result<(), Error> {
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
        let claims = issuer.keys.verify(&jwt, &self.app.fetch, &self.app.clock, self.fetching_ends).await;
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

    /// Compares the body with the `Digest` header.
    pub(crate) fn check_digest(&self) -> Result<(), Error> {
        Ok(verify_digest(self.request.header("digest"), &self.request.body)?)
    }

    /// The parameters of the `Signature` header.
    pub(crate) fn signature(&self) -> Result<SignatureParameters, Error> {
        let header = self.request.header("signature").ok_or(Error::NoSignature)?;
        SignatureParameters::parse(header).map_err(|fault| self.refused(fault))
    }

    /// Whether a certificate may seal requests of this institution.
    pub(crate) async fn check_seal(
        &self,
        certificate: &QualifiedCertificate,
        intermediates: &[Vec<u8>],
    ) -> Result<(), Error> {
        self.check_certificate(certificate, intermediates, Purpose::Seal).await.map_err(Error::SealCertificate)
    }

    /// Verifies the signature, and that the request was not received before.
    pub(crate) async fn check_signature(
        &self,
        parameters: &SignatureParameters,
        certificate: &QualifiedCertificate,
    ) -> Result<(), Error> {
        let Settings { default_headers, clock_skew, maximum_age, .. } = self.settings;
        let now = self.app.clock.now();
        let verified = self.verified(parameters, certificate, now).map_err(|fault| self.refused(fault))?;
        let covered = parameters.covered(default_headers);
        let dated = covered.contains(&"date") || covered.contains(&CREATED);
        let remembered = if dated { clock_skew.saturating_mul(2).saturating_add(maximum_age) } else { UNDATED_SECONDS };
        let end = now.saturating_add(remembered).saturating_add(1);
        let (service, replay_key) = (self.service.id, verified.replay_key());
        let first = self.app.store.first_seen(service, self.organization(), &replay_key, end).await?;
        if first { Ok(()) } else { Err(Error::Replayed) }
    }

    fn verified(
        &self,
        parameters: &SignatureParameters,
        certificate: &QualifiedCertificate,
        now: u64,
    ) -> Result<VerifiedSignature, SignatureFault> {
        let Settings { default_headers, clock_skew, maximum_age, .. } = self.settings;
        let request = SignedRequest {
            method: self.request.method.as_str(),
            target: &self.signed_target(),
            header: &|name| self.request.header(name),
            body: &self.request.body,
        };
        let key = VerificationKey::from_spki(certificate.spki())?;
        self.settings.required_headers.with(|required| {
            let window = TimeWindow { clock_skew, maximum_age };
            verify(&request, parameters, &key, &SignaturePolicy { default_headers, required, window }, now)
        })
    }

    /// Path and query as the client signs them.
    fn signed_target(&self) -> String {
        let target = self.request.target();
        match target.strip_prefix(BASE_PATH) {
            Some(rest) => format!("{}{rest}", self.settings.signed_base_path),
            None => target,
        }
    }

    fn refused(&self, fault: SignatureFault) -> Error {
        Error::Signature(fault, self.settings.unverified_signature == UnverifiedStatus::BadRequest)
    }

    /// The chain first, so that a list is fetched only where a trusted authority says.
    async fn check_certificate(
        &self,
        certificate: &QualifiedCertificate,
        intermediates: &[Vec<u8>],
        purpose: Purpose,
    ) -> Result<(), CertificateFault> {
        let now = self.app.clock.now();
        let check = |revocation| {
            let trust = Trust { anchors: &self.anchors, revocation };
            match purpose {
                Purpose::Seal => check_seal(certificate, intermediates, &trust, now),
                Purpose::Web => check_web(certificate, intermediates, &trust, now),
            }
        };
        check(Revocation::Ignored)?;
        match self.settings.revocation {
            RevocationPolicy::Ignored => Ok(()),
            RevocationPolicy::IfKnown => check(Revocation::IfKnown(&self.lists(certificate).await)),
            RevocationPolicy::Required => check(Revocation::Required(&self.lists(certificate).await)),
        }
    }

    /// The revocation lists that a certificate names, as far as they can be had.
    async fn lists(&self, certificate: &QualifiedCertificate) -> RevocationLists {
        let mut lists = Vec::new();
        for url in certificate.crl_urls().iter().take(MAX_LISTS) {
            match self.app.fetch.revocation_list(url, &self.app.clock, self.fetching_ends).await {
                Ok(list) => lists.push(list),
                Err(error) => tracing::warn!(%error, "a revocation list could not be fetched"),
            }
        }
        RevocationLists::parse(&lists).unwrap_or_else(|fault| {
            tracing::warn!(%fault, "a revocation list could not be read");
            RevocationLists::default()
        })
    }

    /// A certificate behind a URL, with what follows it.
    pub(crate) async fn fetch_certificates(&self, url: &str, max_bytes: usize) -> Result<Vec<Vec<u8>>, Error> {
        let document = self.app.fetch.get(url, max_bytes, self.fetching_ends).await.map_err(|error| {
            tracing::info!(%error, "a certificate could not be fetched");
            Error::UnknownKey
        })?;
        if !document.starts_with(b"-----") {
            return Ok(vec![document]);
        }
        let certificates: Result<Vec<CertificateDer>, _> = CertificateDer::pem_slice_iter(&document).collect();
        let certificates = certificates.map_err(|_| Error::UnknownKey)?;
        Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
    }

    /// What the core needs to know of the request.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            app: self.app,
            service: &self.service,
            origin: Origin::of(self.request, DOOR, self.organization()),
            fetching_ends: self.fetching_ends,
            audiences: vec![self.service.issuer(&self.app.base_url(&self.service, self.request))],
        }
    }
}

fn web_certificate(request: &Request) -> Result<QualifiedCertificate, Error> {
    let pem = request.client_certificate.as_deref().ok_or(Error::NoCertificate)?;
    let der = CertificateDer::from_pem_slice(pem.as_bytes());
    let der = der.map_err(|_| Error::WebCertificate(CertificateFault::Malformed))?;
    QualifiedCertificate::parse(&der).map_err(Error::WebCertificate)
}

/// Whether JSON is among what the client takes (RFC 9110 §12.5.1).
fn accepts_json(accept: Option<&str>) -> bool {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else { return true };
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let json = parts.next().is_some_and(|range| {
            ["application/json", "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
        });
        let refused = parts.any(|parameter| {
            let quality = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
            quality.is_some_and(|quality| quality.parse::<f32>() == Ok(0.0))
        });
        json && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9110_12_5_1_json_is_accepted_or_not() {
        for (accept, accepted) in [
            (None, true),
            (Some(""), true),
            (Some("application/json"), true),
            (Some("application/json;charset=utf-8"), true),
            (Some("text/html, application/*;q=0.1"), true),
            (Some("*/*"), true),
            (Some("text/html"), false),
            (Some("application/json;q=0"), false),
            (Some("application/xml, text/*"), false),
        ] {
            assert_eq!(accepts_json(accept), accepted, "{accept:?}");
        }
    }
}
