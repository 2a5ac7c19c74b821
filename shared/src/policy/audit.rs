//! What a service keeps of what was changed and refused.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::time::DAY;

/// What is kept of changes and of refused registrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Audit {
    /// For how many seconds; 0 is not at all. What operators do is kept for [`Audit::LEAST_OF_OPERATORS`] at least.
    pub retention: u64,
    /// What is kept of the addresses of strangers.
    pub addresses: Addresses,
    /// Whether refused registrations are counted, with the last one of each kind, its values masked.
    pub refusals: bool,
}

impl Audit {
    /// For how many seconds at least it is kept what operators do, whatever a policy says: whoever has an operator's token
    /// could turn off what tells of it.
    pub const LEAST_OF_OPERATORS: u64 = 30 * DAY;
}

impl Default for Audit {
    fn default() -> Self {
        Self { retention: 90 * DAY, addresses: Addresses::Network, refusals: true }
    }
}

/// What is kept of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addresses {
    /// All of it.
    Whole,
    /// Its network: 24 bits of an address of IPv4, 48 of one of IPv6.
    Network,
    /// Nothing.
    None,
}

impl Addresses {
    /// What is kept of that one; nothing of what is no address.
    #[must_use]
    pub fn kept(self, address: &str) -> String {
        let parsed: Option<IpAddr> = address.parse().ok();
        match (self, parsed.map(|address| address.to_canonical())) {
            (Self::None, _) | (_, None) => String::new(),
            (Self::Whole, Some(address)) => address.to_string(),
            (Self::Network, Some(IpAddr::V4(address))) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            (Self::Network, Some(IpAddr::V6(address))) => {
                let [a, b, c, ..] = address.segments();
                format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }
}

/// Who has an address, as far as that tells: of IPv4 nobody else, of IPv6 whoever has its /48, who has all addresses below.
pub(crate) fn sender(address: &str) -> String {
    let is_wide = address.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_ipv6());
    if is_wide { Addresses::Network } else { Addresses::Whole }.kept(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_has_one_address_or_a_site() {
        for (address, expected) in [
            ("192.0.2.77", "192.0.2.77"),
            ("::ffff:192.0.2.77", "192.0.2.77"),
            ("2001:db8:1234:5678::9", "2001:db8:1234::/48"),
            ("unknown", ""),
        ] {
            assert_eq!(sender(address), expected);
        }
    }

    #[test]
    fn an_address_is_kept_as_far_as_the_policy_says() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1234:5678::9", "2001:db8:1234::/48"),
            ("", ""),
            ("unknown", ""),
        ] {
            assert_eq!(Addresses::Network.kept(address), network, "{address}");
            assert_eq!(Addresses::None.kept(address), "");
        }
        assert_eq!(Addresses::Whole.kept("2001:db8::1"), "2001:db8::1");
    }
}
