//! Drop, coerce, default, refuse.

use serde_json::Value;
use url::Url;

use super::{
    BoundPolicy, Conduct, Flag, Names, Offer, Policy, PrivateUseSchemes, Trust, Unoffered, is_among, is_public_host,
};
use crate::client::{RegisteredClient, Source};
use crate::error::Error;
use crate::limits::Guest;
use crate::metadata::{
    ApplicationType, AuthMethod, ClientMetadata, GrantType, Invalid, InvalidRedirectUri, RedirectUri, RedirectUriFault,
    RedirectUriKind, ResponseType, Scope, VerifiedMetadata, complete_flows,
};

impl Policy {
    /// What this service makes of the metadata; `bound` is what the initial access token allowed, `own` the members
    /// that the registrant's protocol adds.
    ///
    /// # Errors
    /// [`Error::InvalidClientMetadata`] or [`Error::InvalidRedirectUri`] for what the policy refuses, naming
    /// the member.
    pub fn apply(&self, metadata: ClientMetadata, bound: &BoundPolicy, own: &[&str]) -> Result<ClientMetadata, Error> {
        self.apply_watched(metadata, bound, own, &mut |_, _| {})
    }

    /// As [`apply`](Self::apply); `begins` is told of each rule before it does.
    pub(crate) fn apply_watched(
        &self,
        mut metadata: ClientMetadata,
        bound: &BoundPolicy,
        own: &[&str],
        begins: &mut dyn FnMut(&'static str, &ClientMetadata),
    ) -> Result<ClientMetadata, Error> {
        begins("custom_members", &metadata);
        metadata.others.retain(|name, _| self.custom_members.contains(name) || own.contains(&name.as_str()));
        begins("grant_types and response_types", &metadata);
        self.offer_flows(&mut metadata, bound)?;
        begins("token_endpoint_auth_methods", &metadata);
        self.offer_auth_method(&mut metadata)?;
        begins("scopes", &metadata);
        self.offer_scope(&mut metadata, bound)?;
        begins("redirect_uris", &metadata);
        self.permit_redirect_uris(&mut metadata)?;
        begins("redirect_uris.pages_share_host", &metadata);
        self.relate_pages(&metadata)?;
        begins("names", &metadata);
        self.names.permit(&metadata)?;
        begins("called_urls", &metadata);
        self.called_urls.permit(&metadata)?;
        Ok(metadata)
    }

    /// Whether counts and lengths are within the bounds: asked first, so that nothing large is compared.
    pub(crate) fn bound_sizes(&self, metadata: &ClientMetadata) -> Result<(), Error> {
        let limits = &self.limits;
        if metadata.redirect_uris.as_ref().is_some_and(|uris| uris.len() > limits.redirect_uris) {
            return Err(InvalidRedirectUri::list(RedirectUriFault::TooMany).into());
        }
        let too_many = metadata.languages().into_iter().find(|(_, languages)| *languages > limits.list_items);
        if let Some((member, _)) = too_many {
            return Err(
                Invalid::TooLong { member: member.to_owned(), limit: limits.list_items, unit: "languages" }.into()
            );
        }
        for (member, value) in metadata.to_members() {
            let is_long = |value: &Value| length(value) > limits.text_bytes;
            let (member, limit, unit) = match &value {
                Value::Array(values) if values.len() > limits.list_items => (member, limits.list_items, "values"),
                Value::Array(values) => match values.iter().position(is_long) {
                    Some(index) => (Invalid::element(&member, index), limits.text_bytes, "bytes"),
                    None => continue,
                },
                text if is_long(text) && member != "software_statement" => (member, limits.text_bytes, "bytes"),
                _ => continue,
            };
            return Err(Invalid::TooLong { member, limit, unit }.into());
        }
        Ok(())
    }

    fn offer_flows(&self, metadata: &mut ClientMetadata, bound: &BoundPolicy) -> Result<(), Error> {
        if metadata.grant_types.is_none() && metadata.response_types.is_none() {
            metadata.grant_types = default(&self.grant_types.default, GrantType::as_str);
            metadata.response_types = default(&self.response_types.default, ResponseType::as_str);
        }
        let types = &mut metadata.response_types;
        offer("response_types", &self.response_types, types, ResponseType::parse_any_order, |_| true)?;
        if metadata.grant_types.is_none() {
            complete_flows(metadata);
        }
        let is_allowed = |grant: &GrantType| bound.grant_types.as_ref().is_none_or(|bound| bound.contains(grant));
        offer("grant_types", &self.grant_types, &mut metadata.grant_types, GrantType::parse, is_allowed)?;
        complete_flows(metadata);
        Ok(())
    }

    fn offer_auth_method(&self, metadata: &mut ClientMetadata) -> Result<(), Invalid> {
        let offer = &self.token_endpoint_auth_methods;
        let fallback = offer.default.first().copied();
        let method = &mut metadata.token_endpoint_auth_method;
        match method.as_deref() {
            None => *method = fallback.map(|method| method.as_str().to_owned()),
            Some(name) if AuthMethod::parse(name).is_some_and(|method| offer.offered.contains(&method)) => {}
            Some(name) => match (offer.unoffered, fallback) {
                (Unoffered::Drop, fallback) => *method = fallback.map(|method| method.as_str().to_owned()),
                (Unoffered::Refuse, _) => return Err(Invalid::not_offered("token_endpoint_auth_method", name)),
            },
        }
        Ok(())
    }

    fn offer_scope(&self, metadata: &mut ClientMetadata, bound: &BoundPolicy) -> Result<(), Invalid> {
        // As sent, an empty scope is absent; this one was settled by others, and it is none.
        if metadata.scope.as_deref() == Some("") {
            metadata.scope = None;
            return Ok(());
        }
        let asked = metadata.scope.take().map(|scope| Scope::parse(&scope)).transpose()?.flatten();
        let mut granted = asked.clone().or_else(|| self.scopes.default.clone());
        for limit in self.scopes.offered.iter().chain(&bound.scope) {
            granted = granted.and_then(|scope| scope.within(limit));
        }
        if let (Some(asked), Unoffered::Refuse) = (&asked, self.scopes.unoffered)
            && let Some(token) =
                asked.tokens().find(|token| granted.as_ref().is_none_or(|scope| !scope.contains(token)))
        {
            let is_offered = self.scopes.offered.as_ref().is_none_or(|offered| offered.contains(token));
            let fault = if is_offered { Invalid::beyond_token } else { Invalid::not_offered };
            return Err(fault("scope", token));
        }
        // A client that asked only for scopes it cannot have gets the default, as if it had not asked.
        let default = self.scopes.default.as_ref().and_then(|scope| match &bound.scope {
            Some(bound) => scope.within(bound),
            None => Some(scope.clone()),
        });
        metadata.scope = granted.or(default).or(self.last_scope(bound)?).map(|scope| scope.to_string());
        Ok(())
    }

    /// What a client of a bound token has where nothing else is left: no `scope` would stand for any.
    fn last_scope(&self, bound: &BoundPolicy) -> Result<Option<Scope>, Invalid> {
        let Some(bound) = &bound.scope else { return Ok(None) };
        let offered = match &self.scopes.offered {
            Some(offered) => bound.within(offered),
            None => Some(bound.clone()),
        };
        offered.map(Some).ok_or_else(|| Invalid::not_offered("scope", &bound.to_string()))
    }

    /// URIs that cannot be read are left to [`crate::metadata::verify`].
    fn permit_redirect_uris(&self, metadata: &mut ClientMetadata) -> Result<(), InvalidRedirectUri> {
        let rules = &self.redirect_uris;
        let sent = metadata.redirect_uris.as_deref().unwrap_or_default();
        let uris: Vec<(usize, RedirectUri)> =
            sent.iter().enumerate().filter_map(|(index, text)| Some((index, self.redirect_uri(text)?))).collect();
        let public = metadata.token_endpoint_auth_method.as_deref() == Some(AuthMethod::None.as_str());
        for (index, uri) in &uris {
            let fault = match uri.kind() {
                RedirectUriKind::PrivateUse => self.private_use_fault(uri, public),
                RedirectUriKind::Loopback => (!rules.loopback).then_some(RedirectUriFault::Loopback),
                RedirectUriKind::Https if !self.permits_host(uri) => Some(RedirectUriFault::Host),
                RedirectUriKind::Https | RedirectUriKind::Development => (rules.private_hosts == Conduct::Refuse
                    && self.is_private(uri))
                .then_some(RedirectUriFault::PrivateHost),
            };
            if let Some(fault) = fault {
                return Err(InvalidRedirectUri::at(*index, fault));
            }
        }
        if rules.infer_native && only_native_can_have(&uris, metadata) {
            metadata.application_type = Some(ApplicationType::Native.as_str().to_owned());
        }
        Ok(())
    }

    fn private_use_fault(&self, uri: &RedirectUri, public: bool) -> Option<RedirectUriFault> {
        let rules = &self.redirect_uris;
        let permitted = match rules.private_use_schemes {
            PrivateUseSchemes::Accept => true,
            PrivateUseSchemes::PublicClients => public,
            PrivateUseSchemes::Refuse => false,
        };
        if !permitted {
            return Some(RedirectUriFault::PrivateUse);
        }
        (rules.reverse_domain_schemes && !is_reversed_domain(uri.scheme()))
            .then_some(RedirectUriFault::NotReverseDomain)
    }

    fn permits_host(&self, uri: &RedirectUri) -> bool {
        let hosts = &self.redirect_uris.hosts;
        hosts.is_empty() || is_among(hosts, uri.host().unwrap_or_default()) || self.is_of_developers(uri)
    }

    /// A redirect URI, if it is one: on developers' hosts with `http` as well.
    fn redirect_uri(&self, text: &str) -> Option<RedirectUri> {
        RedirectUri::parse_beside(text, &self.redirect_uris.development_hosts).ok()
    }

    fn is_of_developers(&self, uri: &RedirectUri) -> bool {
        uri.host().is_some_and(|host| is_among(&self.redirect_uris.development_hosts, host))
    }

    /// Who a registrant is, by where it sends its users: somebody known if all of these hosts are.
    #[must_use]
    pub fn guest(&self, metadata: &ClientMetadata) -> Guest {
        let sent = metadata.redirect_uris.as_deref().unwrap_or_default();
        let is_known = |uri: &String| {
            let uri = RedirectUri::parse(uri).ok().filter(|uri| uri.kind() == RedirectUriKind::Https);
            uri.is_some_and(|uri| is_among(&self.redirect_uris.known_hosts, uri.host().unwrap_or_default()))
        };
        let is_bounded = (1..=self.limits.redirect_uris).contains(&sent.len());
        if is_bounded && sent.iter().all(is_known) { Guest::Known } else { Guest::Unknown }
    }

    /// Whether it leads into a network that is not everybody's. The loopback interface is the user's own.
    fn is_private(&self, uri: &RedirectUri) -> bool {
        let is_elsewhere = matches!(uri.kind(), RedirectUriKind::Https | RedirectUriKind::Development);
        let host = uri.host().filter(|host| is_elsewhere && *host != "localhost").map(url::Host::parse);
        let is_public = |host: &url::Host<String>| match host {
            url::Host::Ipv4(address) => address.is_loopback() || is_public_host(&url::Host::Ipv4(*address)),
            url::Host::Ipv6(address) => address.is_loopback() || is_public_host(&url::Host::Ipv6(*address)),
            url::Host::Domain(name) => is_public_host(&url::Host::Domain(name)),
        };
        host.and_then(Result::ok).is_some_and(|host| !is_public(&host)) && !self.is_of_developers(uri)
    }

    /// What whoever shows a client to people should know of it; what is refused now may have been registered before.
    #[must_use]
    pub fn flags(&self, client: &RegisteredClient) -> Vec<Flag> {
        if client.source == Source::AuthleteCreate {
            return Vec::new();
        }
        let trusted = self.trusts(client).then(|| self.names.vouched());
        let names = trusted.as_ref().unwrap_or(&self.names);
        self.flags_of(&client.record.metadata, (!client.record.settings.vouched).then_some(names))
    }

    /// The same of metadata, and of its names what is said of these, unless an operator vouches for them.
    pub(crate) fn flags_of(&self, metadata: &VerifiedMetadata, names: Option<&Names>) -> Vec<Flag> {
        let (uris, rest, rules) = (metadata.redirect_uris(), metadata.rest(), &self.redirect_uris);
        let is_foreign = rules.pages_share_host != Conduct::Allow && foreign_page(uris, rest).is_some();
        let is_private = rules.private_hosts != Conduct::Allow && uris.iter().any(|uri| self.is_private(uri));
        let redirects = [(is_foreign, Flag::ForeignPages), (is_private, Flag::PrivateRedirect)];
        let redirects = redirects.into_iter().filter_map(|(is_it, flag)| is_it.then_some(flag));
        names.into_iter().flat_map(|names| names.flags(rest)).chain(redirects).collect()
    }

    /// The reserved name for which a client is flagged, if it is for one.
    #[must_use]
    pub fn resembled(&self, client: &RegisteredClient) -> Option<&str> {
        let is_made = client.source == Source::AuthleteCreate || client.record.settings.vouched;
        let is_asked = !is_made && !self.trusts(client);
        is_asked.then(|| self.names.resembled(client.record.metadata.rest())).flatten()
    }

    /// Whether it is the client of a metadata document whose URL is trusted, and so are its names.
    fn trusts(&self, client: &RegisteredClient) -> bool {
        client.source == Source::MetadataDocument
            && self.metadata_documents.trust_of(&client.client_id).0 == Trust::Allow
    }

    /// RFC 7591 §5: pages on a foreign host are how a rogue client borrows a name.
    fn relate_pages(&self, metadata: &ClientMetadata) -> Result<(), Invalid> {
        if self.redirect_uris.pages_share_host != Conduct::Refuse {
            return Ok(());
        }
        let uris = metadata.redirect_uris.as_deref().unwrap_or_default();
        let uris: Vec<RedirectUri> = uris.iter().filter_map(|uri| self.redirect_uri(uri)).collect();
        // To call oneself native is for anybody; a redirect that stays on the user's own machine is not.
        let native = metadata.application_type.as_deref() == Some(ApplicationType::Native.as_str());
        let stays = |uri: &RedirectUri| matches!(uri.kind(), RedirectUriKind::PrivateUse | RedirectUriKind::Loopback);
        if native && uris.iter().any(stays) {
            return Ok(());
        }
        foreign_page(&uris, metadata).map_or(Ok(()), |member| Err(Invalid::ForeignHost { member }))
    }
}

/// The first member with a page that is not of the site of every https redirect URI, where there are some: whoever sends
/// people to two sites can borrow the pages of one of them.
fn foreign_page(uris: &[RedirectUri], metadata: &ClientMetadata) -> Option<&'static str> {
    let hosts: Vec<&str> =
        uris.iter().filter(|uri| uri.kind() == RedirectUriKind::Https).filter_map(RedirectUri::host).collect();
    if hosts.is_empty() {
        return None;
    }
    let is_foreign = |page: &str| {
        let host = Url::parse(page).ok().and_then(|url| url.host_str().map(str::to_owned));
        host.is_some_and(|host| !hosts.iter().all(|redirect| are_of_one_site(redirect, &host)))
    };
    metadata.pages().find(|(_, page)| is_foreign(page)).map(|(member, _)| member)
}

/// Whether two hosts are the same, or one is below the other.
fn are_of_one_site(one: &str, other: &str) -> bool {
    let is_below = |lower: &str, upper: &str| {
        upper.contains('.') && lower.strip_suffix(upper).is_some_and(|rest| rest.ends_with('.'))
    };
    one == other || is_below(one, other) || is_below(other, one)
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, str::len)
}

fn default<T: Copy>(values: &[T], name: fn(T) -> &'static str) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.iter().map(|value| name(*value).to_owned()).collect())
}

/// Keeps the values that are offered. A list that loses all of them is refused, since nothing is left that
/// the client could do.
fn offer<T: PartialEq>(
    member: &'static str,
    offer: &Offer<T>,
    sent: &mut Option<Vec<String>>,
    parse: impl Fn(&str) -> Option<T>,
    is_allowed: impl Fn(&T) -> bool,
) -> Result<(), Invalid> {
    let Some(values) = sent else { return Ok(()) };
    let fault = |name: &String| match parse(name).filter(|value| offer.offered.contains(value)) {
        None => Some(Invalid::not_offered(member, name)),
        Some(value) => (!is_allowed(&value)).then(|| Invalid::beyond_token(member, name)),
    };
    let Some(first) = values.iter().find_map(fault) else { return Ok(()) };
    if offer.unoffered == Unoffered::Drop {
        values.retain(|name| fault(name).is_none());
    }
    let is_left = offer.unoffered == Unoffered::Drop && !values.is_empty();
    if is_left { Ok(()) } else { Err(first) }
}

/// A private-use scheme always means a native client. A loopback redirect does too, unless the client said
/// `web`, or uses the implicit grant, for which OIDC Registration §2 wants the refusal.
fn only_native_can_have(uris: &[(usize, RedirectUri)], metadata: &ClientMetadata) -> bool {
    let implicit = metadata.grant_types.iter().flatten().any(|grant| grant == GrantType::Implicit.as_str());
    uris.iter().any(|(_, uri)| match uri.kind() {
        RedirectUriKind::PrivateUse => true,
        RedirectUriKind::Loopback => metadata.application_type.is_none() && !implicit,
        RedirectUriKind::Https | RedirectUriKind::Development => false,
    })
}

/// Whether a scheme is a domain name in reverse order (RFC 8252 §7.1): labels of letters, digits and hyphens within
/// (RFC 1034 §3.5).
fn is_reversed_domain(scheme: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    scheme.contains('.') && scheme.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Preset;
    use super::*;
    use crate::metadata::{Strictness, verify};

    fn sent(value: Value) -> ClientMetadata {
        let Value::Object(members) = value else { panic!("not an object") };
        ClientMetadata::from_members(members).unwrap()
    }

    fn registered(policy: &Policy, value: Value) -> Result<Value, String> {
        let sent = sent(value);
        policy.bound_sizes(&sent).map_err(|error| error.to_string())?;
        let applied = policy.apply(sent, &BoundPolicy::default(), &[]).map_err(|error| error.to_string())?;
        verify(applied, Strictness::Full)
            .map(|verified| Value::Object(verified.to_members()))
            .map_err(|error| error.to_string())
    }

    fn open() -> Policy {
        Preset::Open.policy()
    }

    #[test]
    fn f9_f11_native_clients_are_recognised_by_their_redirect_uris() {
        for (uris, said, kind) in [
            (json!(["cursor://anysphere.cursor-retrieval/oauth/callback"]), json!("web"), "native"),
            (json!(["cursor://anysphere.cursor-retrieval/oauth/callback"]), Value::Null, "native"),
            (json!(["http://127.0.0.1:33418/", "https://vscode.dev/redirect"]), Value::Null, "native"),
            (json!(["http://localhost:3000/cb"]), json!("web"), "web"),
            (json!(["https://claude.ai/api/mcp/auth_callback"]), Value::Null, "web"),
            (json!(["https://antigravity.google/cb"]), json!("native"), "native"),
        ] {
            let client = registered(
                &open(),
                json!({"redirect_uris": uris, "application_type": said, "token_endpoint_auth_method": "none"}),
            );
            assert_eq!(client.unwrap()["application_type"], kind, "{uris} {said}");
        }
    }

    #[test]
    fn c3_implicit_clients_are_not_turned_native() {
        let mut policy = open();
        policy.grant_types.offered.push(GrantType::Implicit);
        policy.response_types.offered.push(ResponseType::IdToken);
        let client = json!({"redirect_uris": ["http://localhost/cb"], "grant_types": ["implicit"], "response_types": ["id_token"]});
        assert!(registered(&policy, client).unwrap_err().contains("implicit"));
    }

    #[test]
    fn a24_what_is_not_offered_is_dropped_and_the_rest_registered() {
        let client = registered(
            &open(),
            json!({
                "redirect_uris": ["https://rp.example/cb"],
                "grant_types": ["authorization_code", "implicit", "urn:example:new"],
                "response_types": ["code", "id_token"],
                "unknown_member": {"a": 1},
            }),
        )
        .unwrap();
        assert_eq!(client["grant_types"], json!(["authorization_code"]));
        assert_eq!(client["response_types"], json!(["code"]));
        assert_eq!(client.get("unknown_member"), None, "A11: members not understood are ignored");
    }

    #[test]
    fn a24_what_a_strict_policy_refuses_is_named() {
        let policy = Preset::Protected.policy();
        for (member, value) in [
            ("grant_types", json!(["implicit"])),
            ("response_types", json!(["token"])),
            ("token_endpoint_auth_method", json!("client_secret_jwt")),
        ] {
            let error = registered(&policy, json!({"redirect_uris": ["https://rp.example/cb"], member: value}));
            assert!(error.as_ref().unwrap_err().contains(member), "{error:?}");
        }
        let nothing_left =
            registered(&open(), json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["password"]}));
        assert!(nothing_left.unwrap_err().contains("grant_types: \"password\""));
    }

    #[test]
    fn a9_f12_scopes_default_and_unknown_ones_are_dropped() {
        let mut policy = open();
        policy.scopes.offered = Scope::parse("read write admin").unwrap();
        policy.scopes.default = Scope::parse("read").unwrap();
        let scope = |policy: &Policy, asked: Value| {
            registered(policy, json!({"redirect_uris": ["https://rp.example/cb"], "scope": asked}))
                .map(|client| client["scope"].clone())
        };
        assert_eq!(scope(&policy, json!("write fly")), Ok(json!("write")));
        assert_eq!(scope(&policy, Value::Null), Ok(json!("read")));
        assert_eq!(scope(&policy, json!("fly")), Ok(json!("read")));
        policy.scopes.unoffered = Unoffered::Refuse;
        assert!(scope(&policy, json!("write fly")).unwrap_err().contains("\"fly\""));
        assert_eq!(scope(&policy, Value::Null), Ok(json!("read")));
    }

    #[test]
    fn an_initial_access_token_narrows_scopes_and_grants() {
        let bound =
            BoundPolicy { scope: Scope::parse("read").unwrap(), grant_types: Some(vec![GrantType::AuthorizationCode]) };
        let client = sent(json!({
            "redirect_uris": ["https://rp.example/cb"], "scope": "read write",
            "grant_types": ["authorization_code", "refresh_token"],
        }));
        let applied = open().apply(client.clone(), &bound, &[]).unwrap();
        assert_eq!(applied.scope.as_deref(), Some("read"));
        assert_eq!(applied.grant_types, Some(vec!["authorization_code".to_owned()]));
        let error = |client: &ClientMetadata| {
            let error = Preset::Protected.policy().apply(client.clone(), &bound, &[]).unwrap_err();
            assert_eq!(error.code(), "invalid_client_metadata");
            error.to_string()
        };
        let beyond = "is not allowed by the initial access token of this registration";
        assert_eq!(error(&client), format!("grant_types: \"refresh_token\" {beyond}"));
        let mut client = ClientMetadata { grant_types: None, ..client };
        assert_eq!(error(&client), format!("scope: \"write\" {beyond}"));
        client.grant_types = Some(vec!["password".to_owned()]);
        assert_eq!(error(&client), "grant_types: \"password\" is not offered by this service", "to nobody");
        let machine = BoundPolicy { scope: None, grant_types: Some(vec![GrantType::ClientCredentials]) };
        for silent in [json!({"redirect_uris": ["https://rp.example/cb"]}), json!({"response_types": ["code"]})] {
            let error = Preset::Protected.policy().apply(sent(silent), &machine, &[]).unwrap_err();
            assert!(error.to_string().contains("authorization_code"), "the RFC's default is bound, too: {error}");
        }
    }

    #[test]
    fn d2_private_use_schemes_are_a_policy() {
        let mut policy = open();
        let client = |method: &str, scheme: &str| json!({"redirect_uris": [format!("{scheme}:/cb")], "token_endpoint_auth_method": method});
        assert!(registered(&policy, client("client_secret_basic", "cursor")).is_ok());
        policy.redirect_uris.private_use_schemes = PrivateUseSchemes::PublicClients;
        assert!(registered(&policy, client("none", "cursor")).is_ok());
        assert!(registered(&policy, client("client_secret_basic", "cursor")).unwrap_err().contains("redirect_uris[0]"));
        policy.redirect_uris.reverse_domain_schemes = true;
        assert!(registered(&policy, client("none", "com.example.app")).is_ok());
        assert!(registered(&policy, client("none", "com.1password.x-1")).is_ok());
        for scheme in ["cursor", "com.", "com..app", "com.example.", "com.-a", "com.a-", "com.exa+mple", "com--"] {
            assert!(registered(&policy, client("none", scheme)).unwrap_err().contains("reversed domain"), "{scheme}");
        }
        policy.redirect_uris.private_use_schemes = PrivateUseSchemes::Refuse;
        assert!(registered(&policy, client("none", "com.example.app")).is_err());
    }

    #[test]
    fn redirect_hosts_and_loopback_are_a_policy() {
        let mut policy = open();
        policy.redirect_uris.hosts = vec!["rp.example".to_owned(), ".apps.example".to_owned()];
        policy.redirect_uris.loopback = false;
        let client = |uri: &str| registered(&policy, json!({"redirect_uris": [uri]}));
        assert!(client("https://rp.example/cb").is_ok());
        assert!(client("https://a.apps.example/cb").is_ok());
        assert!(client("https://evil.example/cb").unwrap_err().contains("redirect_uris[0]"));
        assert!(client("https://xrp.example/cb").is_err());
        assert!(client("http://localhost/cb").unwrap_err().contains("loopback"));
    }

    #[test]
    fn a31_c19_pages_share_the_host_where_the_policy_asks_for_it() {
        let policy = Preset::Protected.policy();
        let client = |page: &str, uri: &str| {
            registered(
                &policy,
                json!({"redirect_uris": [uri], "logo_uri#fr": page, "token_endpoint_auth_method": "none"}),
            )
        };
        assert!(client("https://rp.example/logo.png", "https://rp.example/cb").is_ok());
        assert!(client("https://bank.example/logo.png", "https://rp.example/cb").unwrap_err().contains("logo_uri"));
        let mixed = |kind: &str| {
            let uris = json!(["https://rp.example/cb", "http://127.0.0.1/cb"]);
            let pages = "https://bank.example/logo.png";
            registered(&policy, json!({"redirect_uris": uris, "logo_uri": pages, "application_type": kind}))
        };
        assert!(mixed("web").unwrap_err().contains("logo_uri"));
        assert!(mixed("native").is_ok());
        let called_native = json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "https://bank.example/l.png",
            "application_type": "native"});
        assert!(registered(&policy, called_native).unwrap_err().contains("logo_uri"), "anybody may say so");
    }

    #[test]
    fn counts_and_lengths_are_bounded() {
        let policy = open();
        let many: Vec<String> = (0..51).map(|n| format!("https://rp.example/{n}")).collect();
        assert!(registered(&policy, json!({"redirect_uris": many})).unwrap_err().contains("redirect_uris"));
        let uris = json!(["https://rp.example/cb"]);
        for (member, value) in [
            ("client_name", json!("x".repeat(5000))),
            ("client_name#fr", json!("x".repeat(5000))),
            ("contacts", json!(["x".repeat(5000)])),
            ("contacts", json!(vec!["a@rp.example"; 101])),
        ] {
            let error = registered(&policy, json!({"redirect_uris": uris, member: value})).unwrap_err();
            assert!(error.contains(member), "{error}");
        }
        for member in ["client_name", "logo_uri", "organization_name"] {
            let languages = |count: usize| {
                let mut client = json!({"redirect_uris": uris});
                for language in 0..count {
                    client[format!("{member}#x-{language}")] = json!("https://rp.example/");
                }
                registered(&policy, client)
            };
            assert!(languages(100).is_ok());
            assert_eq!(languages(101), Err(format!("{member} is longer than 100 languages")));
        }
    }

    #[test]
    fn custom_members_are_kept_where_the_policy_lists_them() {
        let mut policy = open();
        policy.custom_members = vec!["tenant".to_owned()];
        let client =
            registered(&policy, json!({"redirect_uris": ["https://rp.example/cb"], "tenant": {"a": [1]}, "other": 1}));
        let client = client.unwrap();
        assert_eq!(client["tenant"], json!({"a": [1]}));
        assert_eq!(client.get("other"), None);
    }
}
