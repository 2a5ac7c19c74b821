//! AWS as the person at the command line is signed in to it.

use std::error::Error;
use std::time::Duration;

use aws_config::imds::client::error::ImdsError;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::environment;
use crate::failure::{Failure, Kind};

/// What names an account, a region or a table of AWS: with none of these, nobody means AWS.
const VARIABLES: [&str; 11] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
];

/// The variable by which the environment names an account, a region or a table of AWS, if it does.
pub(super) fn meant_by() -> Option<&'static str> {
    VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Region and credentials, as every tool of AWS finds them: the environment, profiles with their sessions and processes,
/// the machine's role.
///
/// # Errors
/// A sentence that says what is missing, of kind [`Kind::Credentials`].
pub(super) async fn sign_in() -> Result<SdkConfig, Failure> {
    signed_in(
        ", set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --endpoint-url for the table of `registrar serve`",
    )
    .await
}

/// The same for what only AWS has, where no other table helps.
///
/// # Errors
/// The same.
pub(super) async fn sign_in_to_aws() -> Result<SdkConfig, Failure> {
    signed_in(", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY").await
}

/// The same; `otherwise` ends the sentence that says what to do without credentials.
async fn signed_in(otherwise: &str) -> Result<SdkConfig, Failure> {
    let defaults = aws_config::defaults(BehaviorVersion::v2026_01_12());
    let config = defaults.timeout_config(timeouts()).retry_config(RetryConfig::standard()).load().await;
    if config.region().is_none() {
        return Err(refused(
            "no AWS region is set: set AWS_REGION, or choose a profile that has one with AWS_PROFILE".to_owned(),
        ));
    }
    let Some(provider) = config.credentials_provider() else { return Err(none(otherwise)) };
    let credentials = provider.provide_credentials().await.map_err(|error| unusable(&error, otherwise))?;
    Ok(with(&config, credentials))
}

/// One command asks for credentials once, whoever gives them.
fn with(config: &SdkConfig, credentials: Credentials) -> SdkConfig {
    config.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

/// People are farther away than functions, and wait longer.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build()
}

fn unusable(error: &CredentialsError, otherwise: &str) -> Failure {
    let mut innermost: &(dyn Error + 'static) = error;
    let mut asked_the_machine = false;
    while let Some(source) = innermost.source() {
        innermost = source;
        asked_the_machine |= innermost.is::<ImdsError>();
    }
    // The machine is asked last, when nothing else is there.
    if asked_the_machine || matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return none(otherwise);
    }
    refused(format!(
        "the AWS credentials cannot be used ({innermost}): sign in with `aws sso login` or `aws login`, or choose another \
         profile with AWS_PROFILE"
    ))
}

fn none(otherwise: &str) -> Failure {
    let none = environment::given("AWS_PROFILE").map_or_else(
        || "there are no AWS credentials".to_owned(),
        |profile| format!("the profile {profile} has no AWS credentials, or is not there"),
    );
    refused(format!(
        "{none}: sign in with `aws sso login` or `aws login` and name the profile in AWS_PROFILE{otherwise}"
    ))
}

fn refused(sentence: String) -> Failure {
    Failure::new(Kind::Credentials, sentence)
}
