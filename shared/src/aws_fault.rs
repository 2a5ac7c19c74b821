//! What AWS did not do.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Why AWS did not do what it was asked, without the request and the answer, which hold what clients sent.
#[derive(Debug, thiserror::Error)]
#[error("{service}: {text}")]
pub struct AwsFault {
    /// Who was asked: `DynamoDB`, `KMS`.
    pub service: &'static str,
    /// Why.
    pub cause: AwsCause,
    text: String,
}

/// Why AWS did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsCause {
    /// It was not asked: the request could not be made or signed.
    NotAsked,
    /// There is no connection.
    Unreachable,
    /// There is no answer in time.
    Late,
    /// The answer is not one of AWS.
    Unreadable,
    /// It refuses.
    Refused {
        /// The name of the exception.
        code: String,
        /// What AWS says for people.
        message: String,
    },
}

impl AwsFault {
    /// What a request to `service` ended with.
    #[must_use]
    pub fn of<E, R>(service: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        Self { service, cause: cause(error), text: text(error) }
    }

    /// The name of the exception with which AWS refuses.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.cause {
            AwsCause::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

fn cause<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> AwsCause {
    match error {
        SdkError::TimeoutError(_) => AwsCause::Late,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => AwsCause::Late,
        SdkError::DispatchFailure(failure) if failure.is_io() => AwsCause::Unreachable,
        SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => AwsCause::NotAsked,
        SdkError::ServiceError(refused) => match refused.err().code() {
            Some(code) => AwsCause::Refused {
                code: code.to_owned(),
                message: refused.err().message().unwrap_or_default().to_owned(),
            },
            None => AwsCause::Unreadable,
        },
        _ => AwsCause::Unreadable,
    }
}

fn text<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let mut text = error.to_string();
    if let Some(service) = error.as_service_error() {
        return format!("{text}: {}: {}", service.code().unwrap_or("?"), service.message().unwrap_or("?"));
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
