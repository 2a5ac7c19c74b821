//! What it means when Cognito or CloudWatch does not do what it is asked.

use aws_config::SdkConfig;
use shared::aws_fault::{AwsCause, AwsFault};

use crate::admin::place::{REJECTED, Server};
use crate::failure::{Failure, Kind};

/// A user pool, and who has it.
#[derive(Clone)]
pub(super) struct Place {
    /// Its identifier.
    pub(super) user_pool: String,
    server: Server,
}

impl Place {
    pub(super) fn new(user_pool: String, aws: &SdkConfig) -> Self {
        let region = || aws.region().map(ToString::to_string).unwrap_or_default();
        let server = aws.endpoint_url().map_or_else(|| Server::Region(region()), |url| Server::Url(url.to_owned()));
        Self { user_pool, server }
    }

    /// The failure that it is when a request fails for which `action` has to be permitted.
    pub(super) fn failure(&self, action: &str, fault: &AwsFault) -> Failure {
        let Self { user_pool, server } = self;
        let asked = format!("{} {server}", fault.service);
        match &fault.cause {
            AwsCause::NotAsked => Failure::new(Kind::Fault, fault.to_string()),
            AwsCause::Unreachable => Failure::new(
                Kind::Unavailable,
                format!("{asked} cannot be reached: check the network, and AWS_REGION or AWS_ENDPOINT_URL"),
            ),
            AwsCause::Late => Failure::new(Kind::Unavailable, format!("{asked} does not answer in time")),
            AwsCause::Unreadable => {
                Failure::new(Kind::Unavailable, format!("what answers {server} is not {}", fault.service))
            }
            AwsCause::Refused { code, message } => match code.as_str() {
                "ResourceNotFoundException" => Failure::not_found(format!(
                    "there is no user pool {user_pool} {server}: set AWS_REGION to the region with which its identifier \
                     begins, and choose its account with AWS_PROFILE"
                )),
                code if DENIED.contains(&code) => Failure::new(
                    Kind::Credentials,
                    format!("the AWS credentials do not permit {action} {server}: {message}"),
                ),
                code if REJECTED.contains(&code) => Failure::new(
                    Kind::Credentials,
                    format!(
                        "{asked} does not take the AWS credentials: {message}: sign in again, or check AWS_PROFILE"
                    ),
                ),
                code if PASSING.contains(&code) => {
                    Failure::new(Kind::Unavailable, format!("{asked} has too much to do ({code}): try again later"))
                }
                code => Failure::new(Kind::Refused, format!("{asked} refuses {action}: {code}: {message}")),
            },
        }
    }
}

/// Whether the same request may succeed later; the SDK has repeated it already.
pub(super) fn is_passing(fault: &AwsFault) -> bool {
    fault.cause == AwsCause::Late || fault.code().is_some_and(|code| PASSING.contains(&code))
}

/// How AWS says that something is not permitted.
const DENIED: [&str; 3] = ["AccessDenied", "AccessDeniedException", "NotAuthorizedException"];

/// How Cognito and CloudWatch say that they cannot do it now.
const PASSING: [&str; 9] = [
    "InternalErrorException",
    "InternalFailure",
    "InternalServiceFault",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
