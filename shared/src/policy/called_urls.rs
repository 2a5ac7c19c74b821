//! URLs that servers call by themselves: into whose network they lead (RFC 9101 §10.4.1).

use serde::{Deserialize, Serialize};
use url::Host;

use crate::fetch::is_public;
use crate::metadata::{ClientMetadata, Invalid, PlainUri};

/// Which hosts the URLs may have that an authorization server calls by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalledUrls {
    /// Public ones: no address of a special-use block, no name of one network; and no wildcards.
    #[default]
    Public,
    /// Any: the server's network is the clients', too.
    Any,
}

/// Names that every network has for itself (RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`).
const LOCAL_NAMES: [&str; 5] = ["localhost", "localdomain", "local", "internal", "home.arpa"];

impl CalledUrls {
    /// Refuses what a server should not be made to call. URLs that cannot be read are left to
    /// [`crate::metadata::verify`], names that lead elsewhere to whoever resolves them.
    pub(super) fn permit(self, metadata: &ClientMetadata) -> Result<(), Invalid> {
        if self == Self::Any {
            return Ok(());
        }
        for (member, url) in metadata.called_urls() {
            let Ok(uri) = PlainUri::parse(url) else { continue };
            if uri.host().is_some_and(|host| !is_public_host(&host)) {
                return Err(Invalid::NotPublic { member: member.into_owned() });
            }
            if url.contains('*') {
                return Err(Invalid::Wildcard { member: member.into_owned() });
            }
        }
        Ok(())
    }
}

/// Whether a host may be on the public internet, as far as its name says.
pub(crate) fn is_public_host(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_public((*address).into()),
        Host::Ipv6(address) => is_public((*address).into()),
        Host::Domain(name) => is_public_name(name),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let below = |local: &&str| name.strip_suffix(*local).is_some_and(|rest| rest.ends_with('.'));
    name.contains('.') && !LOCAL_NAMES.contains(&name) && !LOCAL_NAMES.iter().any(below)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::policy::{BoundPolicy, Policy, Preset};

    const MEMBERS: [&str; 7] = [
        "jwks",
        "jwks_uri",
        "signed_jwks_uri",
        "request_uris",
        "backchannel_logout_uri",
        "backchannel_client_notification_endpoint",
        "spiffe_bundle_endpoint",
    ];

    fn applied(policy: &Policy, member: &str, url: &str) -> Result<ClientMetadata, String> {
        let value = match member {
            "request_uris" => json!(["https://rp.example/", url]),
            "jwks" => json!({"keys": [{"kty": "AKP", "x5u": "https://rp.example/"}, {"kty": "AKP", "x5u": url}]}),
            _ => json!(url),
        };
        let uris: Value = json!(["https://rp.example/cb"]);
        let members = Map::from_iter([("redirect_uris".to_owned(), uris), (member.to_owned(), value)]);
        let metadata = ClientMetadata::from_members(members).unwrap();
        policy.apply(metadata, &BoundPolicy::default(), &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn what_servers_call_is_on_the_public_internet_in_every_preset() {
        for preset in Preset::ALL {
            let policy = Policy {
                token_endpoint_auth_methods: Preset::Open.policy().token_endpoint_auth_methods,
                ..preset.policy()
            };
            for member in MEMBERS {
                for url in [
                    "https://rp.example/",
                    "https://8.8.8.8/",
                    "https://localhost.example/",
                    "https://[2606:4700:4700::1111]/",
                ] {
                    assert!(applied(&policy, member, url).is_ok(), "{member} {url}");
                }
                for url in [
                    "https://127.0.0.1/",
                    "https://10.1.2.3:8443/",
                    "https://169.254.169.254/latest",
                    "https://100.64.0.1/",
                    "https://224.0.0.1/",
                    "https://[::1]/",
                    "https://[fd00:ec2::254]/",
                    "https://[64:ff9b::7f00:1]/",
                    "https://localhost/",
                    "https://LOCALHOST:8443/",
                    "https://localhost./",
                    "https://a.localhost/",
                    "https://metadata.google.internal/",
                    "https://printer.local/",
                    "https://nas.home.arpa/",
                    "https://intranet/",
                ] {
                    let place = match member {
                        "request_uris" => "request_uris[1]",
                        "jwks" => "jwks: key 1: x5u",
                        other => other,
                    };
                    assert_eq!(
                        applied(&policy, member, url),
                        Err(format!("{place} must have a public host, by the policy of this service")),
                        "{url}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_request_uri_is_a_pattern() {
        let error = applied(&Preset::Open.policy(), "request_uris", "https://rp.example/*").unwrap_err();
        assert!(error.starts_with("request_uris[1] must not contain a wildcard"), "{error}");
    }

    #[test]
    fn what_a_browser_loads_is_as_near_as_the_browser() {
        for member in ["client_uri", "logo_uri", "initiate_login_uri", "frontchannel_logout_uri"] {
            assert!(applied(&Preset::Open.policy(), member, "https://localhost:3000/a").is_ok(), "{member}");
        }
    }

    #[test]
    fn a_service_may_call_into_its_own_network() {
        let policy = Policy { called_urls: CalledUrls::Any, ..Preset::Open.policy() };
        for member in MEMBERS {
            assert!(applied(&policy, member, "https://10.1.2.3/*").is_ok(), "{member}");
        }
    }

    #[test]
    fn a_policy_that_was_stored_before_asks_for_public_hosts() {
        let mut stored = serde_json::to_value(Preset::Open.policy()).unwrap();
        stored.as_object_mut().unwrap().remove("called_urls");
        let policy: Policy = serde_json::from_value(stored).unwrap();
        assert_eq!(policy.called_urls, CalledUrls::Public);
    }
}
