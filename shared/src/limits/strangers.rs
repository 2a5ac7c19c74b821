//! What strangers may ask: whoever shows no token, certificate or trust chain of somebody known.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::{Admission, Limiter, RateLimit};
use crate::store::Store;
use crate::time::Clock;

/// The networks that an IPv6 address is in, the narrowest first: the length of the prefix, and how many times as much
/// as an address of IPv4 it may ask. A host has a /64, a site a /56 or a /48.
const NETWORKS: [(u32, u32); 3] = [(64, 1), (56, 2), (48, 3)];

/// No network has more than this part of what all of them have together.
const PART: u32 = 3;

/// How many times as much a network may ask beside that for those whom the service knows.
const KNOWN: u32 = 5;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guest {
    /// Somebody of whom nothing is known.
    Unknown,
    /// Somebody whom the service knows by where its users are sent: one address may ask for many of them. It has an
    /// allowance of its own with that network, and none with others who are sent there.
    Known,
}

/// What one network may ask of a service, and what all of them together may.
///
/// A request is counted by its network, then by the wider ones, then for all; the first that is used up refuses it,
/// and those behind it never hear of it. So a network that floods takes its own allowance and no more. A window that
/// this instance knows to be closed is looked at before anything is counted, the widest first: what would be refused
/// in the end takes nothing of a narrower allowance, and a flood from many networks leaves no more keys behind than
/// all of them together may ask.
pub struct Strangers {
    networks: [Limiter; NETWORKS.len()],
    known: [Limiter; NETWORKS.len()],
    everybody: Limiter,
}

impl Strangers {
    /// `address` is what an address of IPv4 or a /64 may ask of a service, `service` what all may; `patience` is how long
    /// a request waits for a lease.
    #[must_use]
    pub fn new(address: RateLimit, service: RateLimit, patience: Duration) -> Self {
        let limiter = move |limit| Limiter::new(limit).with_patience(patience);
        let network = |factor: u32| {
            move |(_, times): (u32, u32)| limiter(address.times(times).times(factor).within(PART, service))
        };
        Self { networks: NETWORKS.map(network(1)), known: NETWORKS.map(network(KNOWN)), everybody: limiter(service) }
    }

    /// Whether a request from that address may pass; it is counted if so. `key` names a service, and what is asked of
    /// it.
    ///
    /// # Errors
    /// What it is told that has to wait.
    pub async fn admit(
        &self,
        store: &Store,
        clock: &Clock,
        key: &str,
        address: &str,
        guest: Guest,
    ) -> Result<(), Admission> {
        let counted = self.counted(key, address, guest);
        refusal(&counted, clock)?;
        for (limiter, key) in counted {
            let admission = limiter.admit(store, clock, &key).await;
            if !admission.allowed {
                return Err(admission);
            }
        }
        Ok(())
    }

    /// Whether a request from that address would have to wait, as far as this instance knows. Nothing is counted, and nobody
    /// asked.
    ///
    /// # Errors
    /// What it is told then.
    pub fn pass(&self, clock: &Clock, key: &str, address: &str) -> Result<(), Admission> {
        refusal(&self.counted(key, address, Guest::Unknown), clock)
    }

    /// By what a request is counted, the narrowest first.
    fn counted(&self, key: &str, address: &str, guest: Guest) -> Vec<(&Limiter, String)> {
        let (limiters, name) = match guest {
            Guest::Unknown => (&self.networks, ""),
            Guest::Known => (&self.known, "known#"),
        };
        let networks = networks(address).into_iter().map(|network| format!("{key}#{name}{network}"));
        limiters.iter().zip(networks).chain([(&self.everybody, key.to_owned())]).collect()
    }
}

/// What is known to be used up, the widest first.
fn refusal(counted: &[(&Limiter, String)], clock: &Clock) -> Result<(), Admission> {
    let refusal = counted.iter().rev().find_map(|(limiter, key)| limiter.refusal(clock, key));
    refusal.map_or(Ok(()), Err)
}

/// The networks that an address is in, the narrowest first. What is no address is a network of its own.
fn networks(address: &str) -> Vec<String> {
    match address.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => vec![address.to_string()],
        Ok(IpAddr::V6(address)) => NETWORKS.map(|(length, _)| prefix(address, length)).to_vec(),
        Err(_) => vec![address.to_owned()],
    }
}

fn prefix(address: Ipv6Addr, length: u32) -> String {
    let mask = u128::MAX.checked_shl(Ipv6Addr::BITS.saturating_sub(length)).unwrap_or_default();
    format!("{}/{length}", Ipv6Addr::from_bits(address.to_bits() & mask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PATIENCE;

    #[test]
    fn an_address_of_ipv6_is_in_three_networks() {
        for (address, expected) in [
            ("192.0.2.7", &["192.0.2.7"][..]),
            ("::ffff:192.0.2.7", &["192.0.2.7"]),
            (
                "2001:db8:1234:56ab:cdef:1:2:3",
                &["2001:db8:1234:56ab::/64", "2001:db8:1234:5600::/56", "2001:db8:1234::/48"],
            ),
            ("2001:db8::1", &["2001:db8::/64", "2001:db8::/56", "2001:db8::/48"]),
            ("", &[""]),
            ("unknown", &["unknown"]),
        ] {
            assert_eq!(networks(address), expected, "{address}");
        }
    }

    #[test]
    fn a_network_has_a_share_of_what_all_have() {
        for (address, service, expected) in [
            (RateLimit::ADDRESS, RateLimit::SERVICE, [(2, 60), (4, 120), (6, 180)]),
            (RateLimit::new(50, 100), RateLimit::new(200, 400), [(50, 100), (66, 133), (66, 133)]),
            (RateLimit::new(100, 100), RateLimit::new(3, 9), [(1, 3), (1, 3), (1, 3)]),
            (RateLimit::new(1, 1), RateLimit::new(1, 1), [(1, 1), (1, 1), (1, 1)]),
        ] {
            let limits = Strangers::new(address, service, PATIENCE).networks.map(|limiter| limiter.limit);
            assert_eq!(limits, expected.map(|(rate, burst)| RateLimit::new(rate, burst)));
        }
    }
}
