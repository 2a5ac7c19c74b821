//! Where a command acts, and what it means when that does not answer as it should.

use std::fmt::{self, Display, Formatter};

use shared::aws_fault::{AwsCause, AwsFault};
use shared::credentials::OtherKey;

use crate::failure::{Failure, Kind};

/// A table, and what wraps the keys in it.
pub(super) struct Place {
    /// The name of the table.
    pub(super) table: String,
    /// Who has it.
    pub(super) server: Server,
    /// What wraps the services' data keys, as the options name it.
    pub(super) key: Option<String>,
}

/// Who has a table.
#[derive(Clone)]
pub(super) enum Server {
    /// AWS, in a region.
    Region(String),
    /// Whatever is at a URL.
    Url(String),
}

impl Display for Server {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => write!(formatter, "in {region}"),
            Self::Url(url) => write!(formatter, "at {url}"),
        }
    }
}

impl Server {
    /// What to do when it cannot be reached.
    fn advice(&self) -> &'static str {
        match self {
            Self::Region(_) => "check the network, and the region in AWS_REGION or the profile",
            Self::Url(_) => "check the URL, or start `registrar serve`",
        }
    }
}

impl Place {
    /// The failure that an error is here.
    pub(super) fn failure(&self, error: &anyhow::Error) -> Failure {
        let explained = error.chain().find_map(|cause| {
            let aws = cause.downcast_ref().and_then(|fault| self.of_aws(fault));
            aws.or_else(|| cause.downcast_ref().map(|other| self.of_key(*other)))
        });
        explained.unwrap_or_else(|| Failure::of(error, Kind::Refused))
    }

    fn of_key(&self, OtherKey(service): OtherKey) -> Failure {
        let key = self.key.as_deref().unwrap_or("the key");
        let sentence = format!(
            "{key} is not the key of the table {}: it does not open what service {service} has sealed; give the right one \
             with --key-file or --kms-key-id",
            self.table
        );
        Failure::new(Kind::Refused, sentence)
    }

    fn of_aws(&self, fault: &AwsFault) -> Option<Failure> {
        let Self { table, server, .. } = self;
        let asked = format!("{} {server}", fault.service);
        let (kind, sentence) = match &fault.cause {
            AwsCause::NotAsked => return None,
            AwsCause::Unreachable => (Kind::Unavailable, format!("{asked} cannot be reached: {}", server.advice())),
            AwsCause::Late => (Kind::Unavailable, format!("{asked} does not answer in time: {}", server.advice())),
            AwsCause::Unreadable => {
                (Kind::Unavailable, format!("what answers {server} is not {}: {}", fault.service, server.advice()))
            }
            AwsCause::Refused { code, message } => match (fault.service, code.as_str()) {
                ("DynamoDB", "ResourceNotFoundException") => (
                    Kind::NotFound,
                    format!("there is no table {table} {server}: name it with --table or REGISTRAR_TABLE"),
                ),
                ("DynamoDB", "ValidationException") => (
                    Kind::Refused,
                    format!("the table {table} {server} is none of Registrar's, or of another version: {message}"),
                ),
                ("KMS", "NotFoundException") => {
                    (Kind::NotFound, format!("there is no such key {server}: give it with --kms-key-id ({message})"))
                }
                ("KMS", "DisabledException" | "KMSInvalidStateException" | "InvalidKeyUsageException") => {
                    (Kind::Refused, format!("the KMS key cannot be used: {message}"))
                }
                (_, "AccessDeniedException") => {
                    (Kind::Credentials, format!("the AWS credentials do not permit this: {message}"))
                }
                (_, code) if REJECTED.contains(&code) => (
                    Kind::Credentials,
                    format!(
                        "{asked} does not take the AWS credentials: {message}: sign in again, or check AWS_PROFILE"
                    ),
                ),
                _ => return None,
            },
        };
        Some(Failure::new(kind, sentence))
    }
}

/// How AWS says that it does not know who asks.
pub(super) const REJECTED: [&str; 8] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
];
