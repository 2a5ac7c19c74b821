//! Ready-made policies.

use super::{
    Approval, Audit, CalledUrls, Conduct, ErrorMembers, Limits, MetadataDocuments, Names, Offer, Policy,
    PrivateUseSchemes, RedirectUris, Registration, Rotation, Scopes, SoftwareStatements, Unoffered, Unused,
};
use crate::metadata::{AuthMethod, GrantType, ResponseType, Scope};

/// A ready-made policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Open registration as MCP hosts and other public clients need it: what cannot be had is dropped and the
    /// answer says what was registered.
    Open,
    /// The same, where copies of one program share one client: they neither change nor delete it.
    McpShared,
    /// Registration by initial access token: what cannot be had is refused.
    Protected,
    /// Registration by regulated institutions, as open banking has it: clients authenticate by mutual TLS or signed
    /// assertions, and what cannot be had is refused.
    Regulated,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::McpShared, Self::Protected, Self::Regulated];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::McpShared => "mcp_shared",
            Self::Protected => "protected",
            Self::Regulated => "regulated",
        }
    }

    /// The preset of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == name)
    }

    /// The policy.
    #[must_use]
    pub fn policy(self) -> Policy {
        match self {
            Self::Open => open(),
            Self::McpShared => Policy { merge_identical: true, ..open() },
            Self::Protected => protected(),
            Self::Regulated => regulated(),
        }
    }
}

const LIMITS: Limits = Limits { redirect_uris: 50, list_items: 100, text_bytes: 4096 };

fn open() -> Policy {
    let unoffered = Unoffered::Drop;
    Policy {
        doors: DOORS.map(str::to_owned).to_vec(),
        dynamic_registration: true,
        registration: Registration::Open,
        grant_types: Offer {
            offered: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            default: Vec::new(),
            unoffered,
        },
        response_types: Offer { offered: vec![ResponseType::Code], default: Vec::new(), unoffered },
        token_endpoint_auth_methods: Offer {
            offered: vec![
                AuthMethod::None,
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
                AuthMethod::PrivateKeyJwt,
                AuthMethod::ClientSecretJwt,
            ],
            default: Vec::new(),
            unoffered: Unoffered::Refuse,
        },
        scopes: Scopes { offered: None, default: None, unoffered },
        unannounced: unoffered,
        names: Names::default(),
        redirect_uris: RedirectUris {
            private_use_schemes: PrivateUseSchemes::Accept,
            reverse_domain_schemes: false,
            loopback: true,
            hosts: Vec::new(),
            infer_native: true,
            pages_share_host: Conduct::Flag,
            private_hosts: Conduct::Flag,
            known_hosts: Vec::new(),
            development_hosts: Vec::new(),
        },
        called_urls: CalledUrls::Public,
        custom_members: Vec::new(),
        scope_is_requestable: false,
        software_id_once: false,
        clients_per_developer: None,
        clients_per_service: None,
        audit: Audit::default(),
        errors: ErrorMembers::default(),
        limits: LIMITS,
        secret_lifetime: None,
        secret_overlap: 0,
        client_lifetime: None,
        unused: Unused::USUAL,
        merge_identical: false,
        approval: Approval::None,
        approval_within: super::approval_within(),
        token_rotation: Rotation::Off,
        software_statements: SoftwareStatements::default(),
        metadata_documents: MetadataDocuments::default(),
        lookup_max_age: super::lookup_max_age(),
        lookup_is_use: false,
        lookup_refuses_locked: false,
    }
}

fn protected() -> Policy {
    let open = open();
    let unoffered = Unoffered::Refuse;
    Policy {
        unused: Unused::default(),
        registration: Registration::InitialAccessToken,
        grant_types: Offer {
            offered: vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials],
            default: Vec::new(),
            unoffered,
        },
        response_types: Offer { unoffered, ..open.response_types },
        token_endpoint_auth_methods: Offer {
            offered: vec![
                AuthMethod::PrivateKeyJwt,
                AuthMethod::TlsClientAuth,
                AuthMethod::SelfSignedTlsClientAuth,
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
                AuthMethod::None,
            ],
            default: Vec::new(),
            unoffered,
        },
        redirect_uris: RedirectUris {
            private_use_schemes: PrivateUseSchemes::PublicClients,
            reverse_domain_schemes: true,
            infer_native: false,
            pages_share_host: Conduct::Refuse,
            ..open.redirect_uris
        },
        scopes: Scopes { unoffered, ..open.scopes },
        unannounced: unoffered,
        ..open
    }
}

fn regulated() -> Policy {
    let protected = protected();
    Policy {
        doors: DOORS.into_iter().chain(["stet"]).map(str::to_owned).collect(),
        token_endpoint_auth_methods: Offer {
            offered: vec![AuthMethod::TlsClientAuth, AuthMethod::SelfSignedTlsClientAuth, AuthMethod::PrivateKeyJwt],
            default: vec![AuthMethod::TlsClientAuth],
            unoffered: Unoffered::Refuse,
        },
        redirect_uris: RedirectUris {
            private_use_schemes: PrivateUseSchemes::Refuse,
            loopback: false,
            private_hosts: Conduct::Refuse,
            ..protected.redirect_uris
        },
        names: Names { look_alike: Conduct::Refuse, ..protected.names },
        scopes: Scopes { offered: Scope::parse("aisp pisp cbpii").ok().flatten(), ..protected.scopes },
        ..protected
    }
}

/// The doors that are open unless a service says otherwise; all others are opened by name.
const DOORS: [&str; 2] = ["oauth", "authlete"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_do_not_contradict_themselves_and_survive_json() {
        for preset in Preset::ALL {
            let policy = preset.policy();
            assert_eq!(policy.check(), Ok(()));
            let text = serde_json::to_string(&policy).unwrap();
            assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        }
    }

    #[test]
    fn d6_no_preset_offers_the_implicit_or_the_password_grant() {
        for preset in Preset::ALL {
            let offered = preset.policy().grant_types.offered;
            assert!(!offered.contains(&GrantType::Implicit) && !offered.contains(&GrantType::Password));
        }
    }
}
