//! The crate `openidconnect`: `CoreProviderMetadata` discovers, `CoreClientRegistrationRequest` registers.
//!
//! The crate has nothing for RFC 7592: that is plain reqwest, its answers parsed by the crate's own
//! `CoreClientRegistrationResponse`. Takes the path of the server's demo.json, prints one line per check and
//! exits with 1 if one failed.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use openidconnect::core::{
    CoreApplicationType, CoreClientAuthMethod, CoreClientRegistrationRequest, CoreClientRegistrationResponse,
    CoreGrantType, CoreProviderMetadata, CoreRegisterErrorResponseType,
};
use openidconnect::http::Method;
use openidconnect::registration::{ClientRegistrationError, EmptyAdditionalClientMetadata};
use openidconnect::reqwest::{self, Response, StatusCode, header};
use openidconnect::{
    AccessToken, AsyncHttpClient, ClientName, HttpRequest, HttpResponse, IssuerUrl, LocalizedClaim, RedirectUrl,
    RegistrationUrl, StandardErrorResponse,
};
use serde_json::Value;

/// What RFC 7592 section 2.2 forbids in an update.
const SERVER_SET: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let path = std::env::args_os().nth(1).context("usage: openidconnect-client DEMO_JSON")?;
    let server = Server::new(&serde_json::from_slice(&std::fs::read(path)?)?)?;
    let mut checks = Checks { failed: false };

    checks.run("discovers the server", server.discovers()).await;
    let public = checks.run("registers a public native client", server.registers_public()).await;
    let confidential = checks.run("registers a confidential client", server.registers_confidential()).await;
    checks.run("registers with an initial access token", server.registers_with_initial_access_token()).await;
    checks
        .run("a redirect URI with a fragment is a ServerResponse of InvalidRedirectUri", server.refuses_fragment())
        .await;

    let clients = [("public native", &public, &confidential), ("confidential", &confidential, &public)];
    for (kind, client, other) in clients {
        checks.run(&format!("{kind}: reads what was registered"), server.reads(client)).await;
        checks.run(&format!("{kind}: updates client_name"), server.updates(client, kind)).await;
        checks.run(&format!("{kind}: a wrong token is 401"), server.refuses_wrong_token(client, other)).await;
    }
    for (kind, client, _) in clients {
        checks.run(&format!("{kind}: deletes"), server.deletes(client)).await;
        checks.run(&format!("{kind}: is 401 once deleted"), server.has_no_more(client)).await;
    }
    Ok(ExitCode::from(u8::from(checks.failed)))
}

/// Runs checks and prints their lines.
struct Checks {
    failed: bool,
}

impl Checks {
    async fn run<T>(&mut self, name: &str, check: impl Future<Output = Result<T>>) -> Option<T> {
        match check.await {
            Ok(value) => {
                println!("ok openidconnect: {name}");
                Some(value)
            }
            Err(error) => {
                self.failed = true;
                let reason = format!("{error:#}");
                println!("not ok openidconnect: {name}: {}", reason.split_whitespace().collect::<Vec<_>>().join(" "));
                None
            }
        }
    }
}

/// A registered client, or none if its registration failed.
type Client = Option<CoreClientRegistrationResponse>;

/// The server under test.
struct Server {
    base_url: String,
    issuer: IssuerUrl,
    registration_endpoint: RegistrationUrl,
    initial_access_token: AccessToken,
    http: reqwest::Client,
}

impl Server {
    fn new(demo: &Value) -> Result<Self> {
        let member = |name: &str| demo[name].as_str().map(str::to_owned).with_context(|| format!("{name} is missing"));
        Ok(Self {
            base_url: member("base_url")?,
            issuer: IssuerUrl::new(member("issuer")?)?,
            registration_endpoint: RegistrationUrl::new(member("registration_endpoint")?)?,
            initial_access_token: AccessToken::new(member("initial_access_token")?),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(Duration::from_secs(10))
                .build()?,
        })
    }

    async fn discovers(&self) -> Result<()> {
        // Discovery ends with the JWK set of the authorization server. Registrar stands beside one and names its
        // jwks_uri; the demo service's does not exist, so an empty set is answered for it.
        let http = |request: HttpRequest| async move {
            if request.uri().to_string().starts_with(&self.base_url) {
                self.http.call(request).await
            } else {
                Ok(HttpResponse::new(br#"{"keys":[]}"#.to_vec()))
            }
        };
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await?;
        ensure!(metadata.registration_endpoint() == Some(&self.registration_endpoint), "another registration_endpoint");
        Ok(())
    }

    async fn registers_public(&self) -> Result<CoreClientRegistrationResponse> {
        let request = public_native("http://127.0.0.1:8123/callback")?;
        let client = request.register_async(&self.registration_endpoint, &self.http).await?;
        ensure!(client.client_secret().is_none(), "a public client has a secret");
        ensure!(client.client_secret_expires_at().is_none(), "a public client has client_secret_expires_at");
        is_as_requested(&client, &request)?;
        Ok(client)
    }

    async fn registers_confidential(&self) -> Result<CoreClientRegistrationResponse> {
        let request = confidential()?;
        let client = request.register_async(&self.registration_endpoint, &self.http).await?;
        ensure!(client.client_secret().is_some(), "client_secret is missing");
        ensure!(client.client_secret_expires_at().is_some(), "client_secret_expires_at is missing");
        is_as_requested(&client, &request)?;
        Ok(client)
    }

    async fn registers_with_initial_access_token(&self) -> Result<()> {
        let request = confidential()?.set_initial_access_token(Some(self.initial_access_token.clone()));
        let client = request.register_async(&self.registration_endpoint, &self.http).await?;
        has_status(&self.manage(&client, Method::DELETE, None, None).await?, StatusCode::NO_CONTENT)
    }

    async fn refuses_fragment(&self) -> Result<()> {
        let request = public_native("http://127.0.0.1:8123/callback#fragment")?;
        match request.register_async(&self.registration_endpoint, &self.http).await {
            Err(ClientRegistrationError::ServerResponse(response)) => {
                ensure!(*response.error() == CoreRegisterErrorResponseType::InvalidRedirectUri, "{response}");
                Ok(())
            }
            Err(error) => Err(error.into()),
            Ok(_) => bail!("it was registered"),
        }
    }

    async fn reads(&self, client: &Client) -> Result<()> {
        let client = client.as_ref().context("it is not registered")?;
        let answer = self.manage(client, Method::GET, None, None).await?;
        has_status(&answer, StatusCode::OK)?;
        are_equal(&parsed(answer).await?, client)
    }

    async fn updates(&self, client: &Client, kind: &str) -> Result<()> {
        let client = client.as_ref().context("it is not registered")?;
        let mut name = LocalizedClaim::new();
        name.insert(None, ClientName::new(format!("{kind}, renamed")));
        let renamed = copied(client)?.set_client_name(Some(name));

        let answer = self.manage(client, Method::PUT, Some(&update(&renamed)?), None).await?;
        has_status(&answer, StatusCode::OK)?;
        are_equal(&parsed(answer).await?, &renamed)?;
        are_equal(&parsed(self.manage(client, Method::GET, None, None).await?).await?, &renamed)
    }

    async fn refuses_wrong_token(&self, client: &Client, other: &Client) -> Result<()> {
        let client = client.as_ref().context("it is not registered")?;
        let other = other.as_ref().and_then(|other| other.registration_access_token());
        for token in ["wrong", other.context("there is no other client")?.secret()] {
            for (method, body) in [(Method::GET, None), (Method::PUT, Some(update(client)?)), (Method::DELETE, None)] {
                is_invalid_token(self.manage(client, method, body.as_ref(), Some(token)).await?).await?;
            }
        }
        Ok(())
    }

    async fn deletes(&self, client: &Client) -> Result<()> {
        let client = client.as_ref().context("it is not registered")?;
        let answer = self.manage(client, Method::DELETE, None, None).await?;
        has_status(&answer, StatusCode::NO_CONTENT)?;
        ensure!(answer.bytes().await?.is_empty(), "the answer has a body");
        Ok(())
    }

    async fn has_no_more(&self, client: &Client) -> Result<()> {
        let client = client.as_ref().context("it is not registered")?;
        for method in [Method::GET, Method::DELETE] {
            is_invalid_token(self.manage(client, method, None, None).await?).await?;
        }
        Ok(())
    }

    /// A request to the client configuration endpoint, with the client's own token if no other is given.
    async fn manage(
        &self,
        client: &CoreClientRegistrationResponse,
        method: Method,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> Result<Response> {
        let url = client.registration_client_uri().context("registration_client_uri is missing")?;
        let own = client.registration_access_token().context("registration_access_token is missing")?;
        let mut request = self
            .http
            .request(method, url.as_str())
            .header(header::ACCEPT, "application/json")
            .bearer_auth(token.unwrap_or(own.secret()));
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        Ok(request.send().await?)
    }
}

fn public_native(redirect_uri: &str) -> Result<CoreClientRegistrationRequest> {
    Ok(request("Public native client", redirect_uri)?
        .set_application_type(Some(CoreApplicationType::Native))
        .set_token_endpoint_auth_method(Some(CoreClientAuthMethod::None)))
}

fn confidential() -> Result<CoreClientRegistrationRequest> {
    Ok(request("Confidential client", "https://client.example/callback")?
        .set_application_type(Some(CoreApplicationType::Web))
        .set_token_endpoint_auth_method(Some(CoreClientAuthMethod::ClientSecretBasic)))
}

fn request(name: &str, redirect_uri: &str) -> Result<CoreClientRegistrationRequest> {
    let mut client_name = LocalizedClaim::new();
    client_name.insert(None, ClientName::new(name.to_owned()));
    let redirect_uris = vec![RedirectUrl::new(redirect_uri.to_owned())?];
    Ok(CoreClientRegistrationRequest::new(redirect_uris, EmptyAdditionalClientMetadata {})
        .set_client_name(Some(client_name))
        .set_grant_types(Some(vec![CoreGrantType::AuthorizationCode, CoreGrantType::RefreshToken])))
}

/// The body of an update: the client without the members that only the server sets.
fn update(client: &CoreClientRegistrationResponse) -> Result<Value> {
    let mut body = serde_json::to_value(client)?;
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| !SERVER_SET.contains(&name.as_str()));
    }
    Ok(body)
}

fn copied(client: &CoreClientRegistrationResponse) -> Result<CoreClientRegistrationResponse> {
    Ok(serde_json::from_value(serde_json::to_value(client)?)?)
}

async fn parsed(answer: Response) -> Result<CoreClientRegistrationResponse> {
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

fn has_status(answer: &Response, expected: StatusCode) -> Result<()> {
    ensure!(answer.status() == expected, "the status is {}, not {expected}", answer.status());
    Ok(())
}

fn are_equal(actual: &CoreClientRegistrationResponse, expected: &CoreClientRegistrationResponse) -> Result<()> {
    let (actual, expected) = (serde_json::to_value(actual)?, serde_json::to_value(expected)?);
    ensure!(actual == expected, "the client is {actual}, not {expected}");
    Ok(())
}

fn is_as_requested(client: &CoreClientRegistrationResponse, request: &CoreClientRegistrationRequest) -> Result<()> {
    let (client, request) = (serde_json::to_value(client)?, serde_json::to_value(request.client_metadata())?);
    for (name, requested) in request.as_object().context("the request is not an object")? {
        ensure!(client[name] == *requested, "{name} is {}, not {requested}", client[name]);
    }
    Ok(())
}

async fn is_invalid_token(answer: Response) -> Result<()> {
    has_status(&answer, StatusCode::UNAUTHORIZED)?;
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let challenge = header(header::WWW_AUTHENTICATE);
    ensure!(challenge == r#"Bearer error="invalid_token""#, "the challenge is {challenge}");
    let content_type = header(header::CONTENT_TYPE);
    ensure!(content_type == "application/json", "the content type is {content_type}");
    let error: StandardErrorResponse<CoreRegisterErrorResponseType> = serde_json::from_slice(&answer.bytes().await?)?;
    ensure!(error.error().as_ref() == "invalid_token", "{error}");
    Ok(())
}
