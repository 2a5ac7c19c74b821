//! A user pool and its app clients.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_cognitoidentityprovider::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cognitoidentityprovider::error::BoxError;
use aws_sdk_cognitoidentityprovider::primitives::DateTime;
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, UserPoolClientType};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use shared::aws_fault::AwsFault;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};
use url::Url;

use super::refusal::{Place, is_passing};

/// As many as Cognito lists at once (API reference of `ListUserPoolClients`, `MaxResults`).
const PAGE: i32 = 60;

/// Requests that wait for their answer.
const AT_ONCE: usize = 4;

/// Between the requests: what else reads and changes the account's app clients shares a rate with them.
const APART: Duration = Duration::from_millis(100);

/// Who made an app client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// It registered itself.
    Itself,
    /// Whoever may create app clients.
    Operator,
    /// Cognito does not say.
    Unknown,
}

/// What counts of an app client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppClient {
    /// Its `client_id`.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Who made it.
    pub(super) maker: Maker,
    /// When it was made, in seconds since 1970.
    pub(super) created: Option<u64>,
    /// When it was last changed.
    pub(super) modified: Option<u64>,
    /// The host of its first callback URL.
    pub(super) host: Option<String>,
    /// Whether it may have tokens of its own authority.
    pub(super) is_machine: bool,
    /// The identity providers by which its users may sign in.
    pub(super) providers: Vec<String>,
}

/// A user pool.
pub(super) struct UserPool {
    cognito: Client,
    place: Place,
    ticks: Mutex<Interval>,
}

impl UserPool {
    pub(super) fn new(aws: &SdkConfig, place: Place) -> Self {
        let mut ticks = interval(APART);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { cognito: Client::new(aws), place, ticks: Mutex::new(ticks) }
    }

    /// The identifiers of all of its app clients, whoever made them: all of them count in the quota.
    pub(super) async fn client_ids(&self) -> Result<Vec<String>> {
        let pages = self.cognito.list_user_pool_clients().user_pool_id(&self.place.user_pool).into_paginator();
        let mut clients = pages.page_size(PAGE).items().send();
        let mut ids = Vec::new();
        while let Some(client) = clients.next().await {
            let fault = |error| self.failed("cognito-idp:ListUserPoolClients", &AwsFault::of("Cognito", &error));
            ids.extend(client.map_err(fault)?.client_id);
        }
        Ok(ids)
    }

    /// The names of its identity providers.
    pub(super) async fn providers(&self) -> Result<Vec<String>> {
        let pages = self.cognito.list_identity_providers().user_pool_id(&self.place.user_pool).into_paginator();
        let mut providers = pages.page_size(PAGE).items().send();
        let mut names = Vec::new();
        while let Some(provider) = providers.next().await {
            let fault = |error| self.failed("cognito-idp:ListIdentityProviders", &AwsFault::of("Cognito", &error));
            names.extend(provider.map_err(fault)?.provider_name);
        }
        Ok(names)
    }

    /// These app clients without those that are gone, and how many Cognito did not describe.
    pub(super) async fn clients(&self, ids: &[String]) -> Result<(Vec<AppClient>, usize)> {
        let mut described = stream::iter(ids).map(|id| self.client(id)).buffered(AT_ONCE);
        let (mut clients, mut undescribed) = (Vec::new(), 0);
        while let Some(description) = described.next().await {
            match description? {
                Description::Of(client) => clients.push(client),
                Description::Gone => {}
                Description::Withheld => undescribed += 1,
            }
        }
        Ok((clients, undescribed))
    }

    /// An app client as it is now.
    pub(super) async fn client(&self, id: &str) -> Result<Description> {
        self.ticks.lock().await.tick().await;
        let client_type = ClientType::default();
        let asked = self.cognito.describe_user_pool_client().user_pool_id(&self.place.user_pool).client_id(id);
        let answer = asked.customize().interceptor(client_type.clone()).send().await;
        let fault = match answer {
            Ok(answer) => {
                let client = answer.user_pool_client.map(|client| app_client(id, &client, client_type.maker()));
                return Ok(client.map_or(Description::Withheld, Description::Of));
            }
            Err(error) => AwsFault::of("Cognito", &error),
        };
        match fault.code() {
            Some("ResourceNotFoundException") => Ok(Description::Gone),
            _ if is_passing(&fault) => Ok(Description::Withheld),
            _ => Err(self.failed("cognito-idp:DescribeUserPoolClient", &fault)),
        }
    }

    /// Deletes an app client, and says whether it did: others may delete or change it at the same time.
    pub(super) async fn delete(&self, id: &str) -> Result<bool> {
        self.ticks.lock().await.tick().await;
        let asked = self.cognito.delete_user_pool_client().user_pool_id(&self.place.user_pool).client_id(id);
        let Err(error) = asked.send().await else { return Ok(true) };
        let fault = AwsFault::of("Cognito", &error);
        match fault.code() {
            Some("ResourceNotFoundException" | "ConcurrentModificationException") => Ok(false),
            _ if is_passing(&fault) => Ok(false),
            _ => Err(self.failed("cognito-idp:DeleteUserPoolClient", &fault)),
        }
    }

    fn failed(&self, action: &'static str, fault: &AwsFault) -> anyhow::Error {
        self.place.failure(action, fault).into()
    }
}

/// What Cognito says of an app client.
pub(super) enum Description {
    /// It is there.
    Of(AppClient),
    /// It is not there.
    Gone,
    /// Nothing now: it has too much to do.
    Withheld,
}

fn app_client(id: &str, client: &UserPoolClientType, maker: Maker) -> AppClient {
    let callback = client.callback_urls().first().and_then(|url| Url::parse(url).ok());
    AppClient {
        id: id.to_owned(),
        name: client.client_name().unwrap_or_default().to_owned(),
        maker,
        created: client.creation_date().and_then(seconds),
        modified: client.last_modified_date().and_then(seconds),
        host: callback.and_then(|url| url.host_str().map(str::to_owned)),
        is_machine: client.allowed_o_auth_flows().contains(&OAuthFlowType::ClientCredentials),
        providers: client.supported_identity_providers().to_vec(),
    }
}

fn seconds(date: &DateTime) -> Option<u64> {
    u64::try_from(date.secs()).ok()
}

/// Reads `ClientType` from an answer of `DescribeUserPoolClient`.
///
/// The Amazon Cognito user pools API reference, `UserPoolClientType`: `DCR` is an app client that an application
/// registered through dynamic client registration, `REGULAR` one that was not, as by `CreateUserPoolClient`. The crate
/// does not have the member yet.
#[derive(Debug, Clone, Default)]
struct ClientType(Arc<OnceLock<Maker>>);

impl ClientType {
    fn maker(&self) -> Maker {
        self.0.get().copied().unwrap_or(Maker::Unknown)
    }
}

impl Intercept for ClientType {
    fn name(&self) -> &'static str {
        "ClientType"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.response().body().bytes() {
            let _ = self.0.set(maker(body));
        }
        Ok(())
    }
}

/// Who made the app client that an answer describes. Whatever is not said is not known.
fn maker(answer: &[u8]) -> Maker {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        user_pool_client: Described,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Described {
        client_type: String,
    }
    let answer: Option<Answer> = serde_json::from_slice(answer).ok();
    match answer.as_ref().map(|answer| answer.user_pool_client.client_type.as_str()) {
        Some("DCR") => Maker::Itself,
        Some("REGULAR") => Maker::Operator,
        _ => Maker::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cognito_calls_dcr_registered_itself() {
        for (answer, made) in [
            (r#"{"UserPoolClient": {"ClientId": "a", "ClientType": "DCR"}}"#, Maker::Itself),
            (r#"{"UserPoolClient": {"ClientType": "REGULAR"}}"#, Maker::Operator),
            (r#"{"UserPoolClient": {"ClientType": "dcr"}}"#, Maker::Unknown),
            (r#"{"UserPoolClient": {"ClientType": null}}"#, Maker::Unknown),
            (r#"{"UserPoolClient": {"ClientName": "DCR"}}"#, Maker::Unknown),
            (r#"{"ClientType": "DCR"}"#, Maker::Unknown),
            ("", Maker::Unknown),
        ] {
            assert_eq!(maker(answer.as_bytes()), made, "{answer}");
        }
    }

    #[test]
    fn what_counts_of_a_client_is_read() {
        let described = UserPoolClientType::builder()
            .client_name("Example")
            .client_secret("secret")
            .creation_date(DateTime::from_secs(5))
            .callback_urls("https://client.example/cb")
            .callback_urls("https://other.example/cb")
            .allowed_o_auth_flows(OAuthFlowType::Code)
            .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
            .supported_identity_providers("Google")
            .build();
        let expected = AppClient {
            id: "a".to_owned(),
            name: "Example".to_owned(),
            maker: Maker::Itself,
            created: Some(5),
            modified: None,
            host: Some("client.example".to_owned()),
            is_machine: true,
            providers: vec!["Google".to_owned()],
        };
        assert_eq!(app_client("a", &described, Maker::Itself), expected);
        let bare = UserPoolClientType::builder().creation_date(DateTime::from_secs(-1)).callback_urls("x").build();
        let client = app_client("a", &bare, Maker::Unknown);
        assert_eq!((client.created, client.host, client.is_machine), (None, None, false));
    }
}
