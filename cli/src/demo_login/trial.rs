//! A client for whoever has none: it registers itself, sends the browser to the login page, and shows the tokens that it
//! gets.

use std::sync::PoisonError;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use shared::http::escaped;

use super::endpoints::text;
use super::{Asked, pages, redirect, set};
use crate::gateway::query_parameters;

/// The cookie that keeps `state` and the code verifier of the browser's request.
const COOKIE: &str = "registrar_demo_try";

impl Asked<'_> {
    pub(super) async fn try_out(&self) -> Response<Body> {
        let answer = query_parameters(&self.parameters());
        let parameter = |name: &str| answer.get(name).and_then(Value::as_str);
        if !self.is_at_home() {
            return redirect(&self.login.trial_url());
        }
        match (parameter("code"), parameter("error")) {
            (Some(code), _) => self.arrived(code, parameter("state").unwrap_or_default()).await,
            (None, Some(error)) => {
                let text = format!("{error}: {}", parameter("error_description").unwrap_or_default());
                self.again(&text, StatusCode::OK)
            }
            (None, None) => self.begin().await,
        }
    }

    async fn begin(&self) -> Response<Body> {
        let client_id = match self.trial_client().await {
            Ok(client_id) => client_id,
            Err(failure) => return failure,
        };
        let (state, verifier) = (self.gateway.random(), format!("{}{}", self.gateway.random(), self.gateway.random()));
        let challenge = BASE64URL.encode(digest(&SHA256, verifier.as_bytes()));
        let query = encoded(&[
            ("response_type", "code"),
            ("client_id", &client_id),
            ("redirect_uri", &self.login.trial_url()),
            ("scope", "openid profile email"),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let mut response = redirect(&format!("{}?{}", self.login.url("/authorize"), query));
        let path = self.login.service_id;
        let cookie = format!("{COOKIE}={state}.{verifier}; Path=/{path}/try; HttpOnly; SameSite=Lax");
        set(response.headers_mut(), header::SET_COOKIE, &cookie);
        response
    }

    /// The client, registered once (RFC 7591) and again if it is gone.
    async fn trial_client(&self) -> Result<String, Response<Body>> {
        let known = self.login.trial.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            let path = format!("/api/{}/client/get/{known}", self.login.service_id);
            if self.gateway.operate(&path, &self.login.token, None).await.0.is_success() {
                return Ok(known);
            }
        }
        let metadata = json!({"client_name": "The demo's own client", "redirect_uris": [self.login.trial_url()],
            "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
            "application_type": "native"});
        let path = format!("/{}/register", self.login.service_id);
        let (status, registered) = self.gateway.operate(&path, "", Some(&metadata)).await;
        let client_id = text(&registered, "client_id").to_owned();
        if !status.is_success() {
            let text =
                format!("The demo's own client cannot be registered: {}", text(&registered, "error_description"));
            return Err(pages::failure(&text, StatusCode::INTERNAL_SERVER_ERROR));
        }
        *self.login.trial.lock().unwrap_or_else(PoisonError::into_inner) = Some(client_id.clone());
        Ok(client_id)
    }

    /// It did not work; a link leads to the beginning.
    fn again(&self, text: &str, status: StatusCode) -> Response<Body> {
        let link = escaped(&self.login.trial_url());
        let body = format!("<p>{}</p><p><a href=\"{link}\">Begin again</a></p>", escaped(text));
        pages::page(status, "This did not work", &body)
    }

    /// The code has arrived: it becomes tokens, and they are shown.
    async fn arrived(&self, code: &str, state: &str) -> Response<Body> {
        let kept = self.cookie(COOKIE).and_then(|cookie| cookie.split_once('.'));
        let Some((_, verifier)) = kept.filter(|(known, _)| *known == state) else {
            return self.again("This answer belongs to another request.", StatusCode::BAD_REQUEST);
        };
        let client_id = self.login.trial.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
        let request = encoded(&[
            ("grant_type", "authorization_code"),
            ("client_id", &client_id),
            ("code", code),
            ("redirect_uri", &self.login.trial_url()),
            ("code_verifier", verifier),
        ]);
        let answer = match self.ask("/auth/token", &json!({"parameters": request})).await {
            Ok(answer) => answer,
            Err(failure) => return failure,
        };
        if text(&answer, "action") != "OK" {
            return self.again(text(&answer, "resultMessage"), StatusCode::BAD_REQUEST);
        }
        let content: Value = serde_json::from_str(text(&answer, "responseContent")).unwrap_or_default();
        let pretty = |value: &Value| escaped(&serde_json::to_string_pretty(value).unwrap_or_default());
        let claims = text(&content, "id_token").split('.').nth(1).and_then(|part| BASE64URL.decode(part).ok());
        let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default();
        let userinfo = self.login.url("/userinfo");
        let body = format!(
            "<p>The token endpoint answered:</p><pre>{tokens}</pre>\n<p>The ID Token says:</p><pre>{claims}</pre>\n\
             <p>The access token opens the userinfo endpoint:</p>\n<pre>curl {userinfo} -H 'Authorization: Bearer {token}'</pre>\n\
             <p>The client is <code>{client}</code>; <code>registrar client show --service {service} {client}</code> shows \
             it.</p>",
            tokens = pretty(&content),
            claims = pretty(&claims),
            token = escaped(text(&content, "access_token")),
            client = escaped(&client_id),
            service = self.login.service_id,
        );
        pages::page(StatusCode::OK, "You have a token", &body)
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
