//! Where a change comes from.

/// Where a change comes from: written beside it, for the audit.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Who: `anonymous`, `registrant`, `operator`, or the digest of a token.
    pub actor: String,
    /// Through which front door.
    pub door: &'static str,
    /// The source address.
    pub address: String,
    /// Who sends it, as far as an address tells, whatever is kept of that: it is compared, and written nowhere.
    pub sender: String,
    /// The gateway's request identifier.
    pub request_id: String,
}
