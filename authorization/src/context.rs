//! On whose behalf something is decided.

use shared::App;
use shared::client::RegisteredClient;
use shared::origin::Origin;
use shared::service::Service;

use crate::rules::{Durations, Rules};

/// Where a request arrived, and by which rules it is answered.
pub struct Context<'a> {
    /// Time, randomness, table, keys, the way out.
    pub app: &'a App,
    /// The service.
    pub service: &'a Service,
    /// Its rules.
    pub rules: &'a Rules<'a>,
    /// Who changes what, for the audit.
    pub origin: &'a Origin,
    /// What operators say of a client beside its metadata.
    pub terms: fn(&RegisteredClient) -> Terms<'_>,
}

/// What operators say of one client's tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// Seconds that its tokens live at the most; 0 is as the service says.
    pub durations: Option<Durations>,
    /// Whether its requests need a code challenge.
    pub pkce_required: bool,
    /// Whether the challenge's method must be `S256`.
    pub pkce_s256_required: bool,
    /// Whether a user has one grant's tokens.
    pub single_per_subject: bool,
    /// What is asked of it and is not built: the name of the profile.
    pub unbuilt_profile: Option<&'a str>,
    /// The key of its set whose certificate authenticates it.
    pub self_signed_key: Option<&'a str>,
}

impl Context<'_> {
    /// What the service or the client's operators ask for that is not built.
    #[must_use]
    pub fn unbuilt_profile(&self, client: &RegisteredClient) -> Option<String> {
        self.rules.unbuilt_profile.or((self.terms)(client).unbuilt_profile).map(str::to_owned)
    }

    /// The time, in milliseconds since 1970.
    #[must_use]
    pub fn now_millis(&self) -> u64 {
        self.app.clock.now_millis()
    }

    /// The issuer as authorization responses name it (RFC 9207), if they do.
    #[must_use]
    pub fn response_issuer(&self) -> Option<&str> {
        (!self.rules.iss_suppressed).then_some(self.rules.issuer.as_str())
    }
}
