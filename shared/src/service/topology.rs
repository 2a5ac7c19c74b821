//! Who publishes the metadata of a service's authorization server, and whether clients can do something with it.

use super::ServiceConfiguration;

/// Who publishes the metadata.
#[derive(Debug, PartialEq, Eq)]
pub enum Topology {
    /// The authorization server, which is its issuer and names our registration endpoint.
    AuthorizationServer,
    /// Registrar, which is the issuer.
    Registrar,
    /// Registrar, and clients can do nothing with it: these endpoints are missing.
    Incomplete(Vec<&'static str>),
}

impl Topology {
    /// `base_url` is where the API is, if that is known.
    #[must_use]
    pub fn of(configuration: &ServiceConfiguration, base_url: Option<&str>) -> Self {
        let missing = configuration.missing_endpoints();
        let elsewhere = configuration.issuer.is_some() && !configuration.is_at_root(base_url);
        match (elsewhere, missing.is_empty()) {
            (true, _) => Self::AuthorizationServer,
            (false, true) => Self::Registrar,
            (false, false) => Self::Incomplete(missing),
        }
    }

    /// What is missing, and the two ways out; nothing where clients can do something.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let Self::Incomplete(missing) = self else { return None };
        let options: Vec<String> = missing.iter().map(|member| format!("--metadata {member}=URL")).collect();
        let (missing, options) = (missing.join(" and "), options.join(" "));
        Some(format!(
            "Registrar publishes the metadata of its authorization server, without {missing}; registrar service update \
             takes {options}, or --issuer URL if the authorization server publishes metadata of its own"
        ))
    }
}

impl ServiceConfiguration {
    /// Whether the issuer is Registrar's own root. `base_url` is where the API is, if that is known.
    #[must_use]
    pub fn is_at_root(&self, base_url: Option<&str>) -> bool {
        let base_url = self.base_url.as_deref().or(base_url);
        base_url.is_some() && self.issuer.as_deref() == base_url
    }

    /// What whoever makes or changes the service is to know, though nothing forbids it; `base_url` is where the API is, if
    /// that is known.
    #[must_use]
    pub fn warnings(&self, base_url: Option<&str>) -> Vec<String> {
        let incomplete = Topology::of(self, base_url).advice();
        incomplete.map(|advice| format!("clients of this service can do nothing yet: {advice}")).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Preset;

    #[test]
    fn rfc8414_s2_who_publishes_metadata_without_endpoints_is_warned() {
        let at = Some("https://api.example");
        let mut service = ServiceConfiguration::new("default", Preset::Open.policy());
        let warnings = service.warnings(at);
        assert!(warnings.iter().any(|text| text.contains("without authorization_endpoint and token_endpoint;")));
        service.issuer = Some("https://api.example".to_owned());
        assert_eq!(service.warnings(at), warnings, "it is its own issuer");
        assert_eq!(Topology::of(&service, None), Topology::AuthorizationServer);
        service.issuer = Some("https://as.example".to_owned());
        assert_eq!((Topology::of(&service, at), service.warnings(at)), (Topology::AuthorizationServer, Vec::new()));
        service.issuer = None;
        for member in ["authorization_endpoint", "token_endpoint"] {
            service.authorization_server.insert(member.to_owned(), "https://as.example/x".into());
        }
        assert_eq!((Topology::of(&service, at), service.warnings(at)), (Topology::Registrar, Vec::new()));
    }
}
