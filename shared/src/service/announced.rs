//! What an authorization server announces of itself (RFC 8414 §2, OpenID Connect Discovery §3), and that nothing else
//! is registered. A client says what it wants by one value, or lists what it can do and has one chosen (OpenID Connect
//! Relying Party Metadata Choices 1.0); both are compared with what is announced here, and nowhere else.

use serde_json::Value;

use super::ServiceConfiguration;
use crate::metadata::{
    AuthMethod, ClientMetadata, GrantType, Invalid, ResponseType, Scope, is_symmetric_encryption,
    is_symmetric_signature, texts,
};
use crate::policy::{Offer, Policy, Unoffered};

/// The members that are announced by every service: as configured, else as follows from the policy.
pub(super) const ALWAYS: [&str; 10] = [
    RESPONSE_TYPES,
    GRANT_TYPES,
    METHODS,
    SIGNED[0],
    SIGNED[1],
    SIGNED[2],
    "scopes_supported",
    "code_challenge_methods_supported",
    "subject_types_supported",
    ID_TOKENS,
];

const RESPONSE_TYPES: &str = "response_types_supported";
const GRANT_TYPES: &str = "grant_types_supported";
pub(crate) const METHODS: &str = "token_endpoint_auth_methods_supported";
const ASSERTIONS: &str = "token_endpoint_auth_signing_alg_values_supported";

const ID_TOKENS: &str = "id_token_signing_alg_values_supported";

/// The lists of what signs client assertions, at three endpoints.
const SIGNED: [&str; 3] = [
    ASSERTIONS,
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
];

/// What signs client assertions unless the service says otherwise.
const ASSERTION_ALGORITHMS: [&str; 4] = ["RS256", "ES256", "PS256", "EdDSA"];

type Single = fn(&mut ClientMetadata) -> &mut Option<String>;
type List = fn(&mut ClientMetadata) -> &mut Option<Vec<String>>;

/// A member of the client that has one of the values of a list.
struct Choice {
    /// The list's name, in the metadata of the authorization server and of the client alike.
    list: &'static str,
    member: &'static str,
    of: Single,
    /// The member without which this one has no meaning: an encryption's `alg` for its `enc`.
    only_with: Option<Single>,
}

macro_rules! choice {
    ($list:literal, $member:ident $(, $only_with:ident)?) => {
        Choice {
            list: $list,
            member: stringify!($member),
            of: |metadata| &mut metadata.$member,
            only_with: choice!($($only_with)?),
        }
    };
    () => { None };
    ($only_with:ident) => { Some(|metadata| &mut metadata.$only_with) };
}

const CHOICES: [Choice; 20] = [
    choice!("subject_types_supported", subject_type),
    choice!("id_token_signing_alg_values_supported", id_token_signed_response_alg),
    choice!("id_token_encryption_alg_values_supported", id_token_encrypted_response_alg),
    choice!(
        "id_token_encryption_enc_values_supported",
        id_token_encrypted_response_enc,
        id_token_encrypted_response_alg
    ),
    choice!("userinfo_signing_alg_values_supported", userinfo_signed_response_alg),
    choice!("userinfo_encryption_alg_values_supported", userinfo_encrypted_response_alg),
    choice!(
        "userinfo_encryption_enc_values_supported",
        userinfo_encrypted_response_enc,
        userinfo_encrypted_response_alg
    ),
    choice!("request_object_signing_alg_values_supported", request_object_signing_alg),
    choice!("request_object_encryption_alg_values_supported", request_object_encryption_alg),
    choice!(
        "request_object_encryption_enc_values_supported",
        request_object_encryption_enc,
        request_object_encryption_alg
    ),
    choice!("token_endpoint_auth_signing_alg_values_supported", token_endpoint_auth_signing_alg),
    choice!("introspection_signing_alg_values_supported", introspection_signed_response_alg),
    choice!("introspection_encryption_alg_values_supported", introspection_encrypted_response_alg),
    choice!(
        "introspection_encryption_enc_values_supported",
        introspection_encrypted_response_enc,
        introspection_encrypted_response_alg
    ),
    choice!("authorization_signing_alg_values_supported", authorization_signed_response_alg),
    choice!("authorization_encryption_alg_values_supported", authorization_encrypted_response_alg),
    choice!(
        "authorization_encryption_enc_values_supported",
        authorization_encrypted_response_enc,
        authorization_encrypted_response_alg
    ),
    choice!(
        "backchannel_authentication_request_signing_alg_values_supported",
        backchannel_authentication_request_signing_alg
    ),
    choice!("backchannel_token_delivery_modes_supported", backchannel_token_delivery_mode),
    choice!("digest_algorithms_supported", digest_algorithm),
];

/// The same for members that have several of the values.
const LISTS: [(&str, &str, List); 3] = [
    ("response_modes_supported", "response_modes", |metadata| &mut metadata.response_modes),
    ("authorization_details_types_supported", "authorization_details_types", |metadata| {
        &mut metadata.authorization_details_types
    }),
    ("acr_values_supported", "default_acr_values", |metadata| &mut metadata.default_acr_values),
];

/// Whether a member of a client is a list from which a value is chosen.
pub(crate) fn is_choice(name: &str) -> bool {
    name == METHODS || CHOICES.iter().any(|choice| choice.list == name) || LISTS.iter().any(|(list, ..)| *list == name)
}

impl ServiceConfiguration {
    /// The values of a list that the service announces; none if it does not announce that list.
    #[must_use]
    pub fn announced(&self, list: &str) -> Option<Vec<&str>> {
        let values: Vec<&str> = match self.authorization_server.get(list) {
            Some(configured) => {
                // RFC 8414 §2: no client assertion goes unsigned, whatever is configured.
                let is_possible = |value: &&str| *value != "none" || !SIGNED.contains(&list);
                configured.as_array()?.iter().filter_map(Value::as_str).filter(is_possible).collect()
            }
            None => self.implied(list),
        };
        (!values.is_empty()).then_some(values)
    }

    /// What follows from the policy and the keys.
    fn implied(&self, list: &str) -> Vec<&str> {
        let policy = &self.policy;
        match list {
            RESPONSE_TYPES => policy.response_types.offered.iter().map(|value| value.as_str()).collect(),
            GRANT_TYPES => policy.grant_types.offered.iter().map(|value| value.as_str()).collect(),
            METHODS => policy.token_endpoint_auth_methods.offered.iter().map(|value| value.as_str()).collect(),
            ASSERTIONS => self.assertion_algorithms(METHODS),
            "introspection_endpoint_auth_signing_alg_values_supported" => {
                self.assertion_algorithms("introspection_endpoint_auth_methods_supported")
            }
            "revocation_endpoint_auth_signing_alg_values_supported" => {
                self.assertion_algorithms("revocation_endpoint_auth_methods_supported")
            }
            "scopes_supported" => policy.scopes.offered.iter().flat_map(Scope::tokens).collect(),
            "code_challenge_methods_supported" => vec!["S256"],
            "subject_types_supported" => vec!["public"],
            ID_TOKENS => match self.signing_algorithms() {
                // What signs them is elsewhere, and this every provider has (OpenID Connect Discovery §3).
                none if none.is_empty() => vec!["RS256"],
                algorithms => algorithms,
            },
            _ => Vec::new(),
        }
    }

    /// RFC 8414 §2: whoever takes signed client assertions says by which algorithms.
    fn assertion_algorithms(&self, methods: &str) -> Vec<&str> {
        let methods = self.announced(methods).unwrap_or_default();
        let takes = |method: AuthMethod| methods.contains(&method.as_str());
        let signed = takes(AuthMethod::PrivateKeyJwt).then_some(ASSERTION_ALGORITHMS);
        let keyed = takes(AuthMethod::ClientSecretJwt).then_some("HS256");
        signed.into_iter().flatten().chain(keyed).collect()
    }

    /// Whether grant types, response types or methods are announced by themselves: then the policy offers them only
    /// where they are.
    pub(crate) fn narrowed_policy(&self) -> Option<Policy> {
        if ![RESPONSE_TYPES, GRANT_TYPES, METHODS].iter().any(|list| self.authorization_server.contains_key(*list)) {
            return None;
        }
        let mut policy = self.policy.clone();
        self.narrow(RESPONSE_TYPES, &mut policy.response_types, ResponseType::Code, ResponseType::parse_any_order);
        self.narrow(GRANT_TYPES, &mut policy.grant_types, GrantType::AuthorizationCode, GrantType::parse);
        let methods = &mut policy.token_endpoint_auth_methods;
        self.narrow(METHODS, methods, AuthMethod::ClientSecretBasic, AuthMethod::parse);
        Some(policy)
    }

    fn narrow<T: Copy + PartialEq>(
        &self,
        list: &str,
        offer: &mut Offer<T>,
        rfc_default: T,
        parse: fn(&str) -> Option<T>,
    ) {
        let Some(announced) = self.authorization_server.get(list).and_then(Value::as_array) else { return };
        let announced: Vec<T> = announced.iter().filter_map(Value::as_str).filter_map(parse).collect();
        offer.offered.retain(|value| announced.contains(value));
        offer.default.retain(|value| announced.contains(value));
        if offer.default.is_empty() && !offer.offered.contains(&rfc_default) {
            offer.default.extend(offer.offered.first());
        }
    }

    /// Chooses from what the client lists, and replaces or refuses what is not announced, as the policy says.
    ///
    /// # Errors
    /// [`Invalid`], naming the member.
    pub(crate) fn choose(&self, offers: &Policy, metadata: &mut ClientMetadata) -> Result<(), Invalid> {
        choose_auth_method(&offers.token_endpoint_auth_methods, metadata)?;
        for choice in &CHOICES {
            self.choose_one(choice, offers, metadata)?;
        }
        for (list, member, values) in LISTS {
            self.choose_several(list, member, values, offers.unannounced, metadata)?;
        }
        Ok(())
    }

    /// A member with one value stands if it is announced, or if the service says nothing of that list. Else the first value is taken that is announced and that the
    /// client lists or, where it lists none, can use.
    fn choose_one(&self, choice: &Choice, offers: &Policy, metadata: &mut ClientMetadata) -> Result<(), Invalid> {
        let own = taken(metadata, choice.list)?;
        let sent = (choice.of)(metadata).clone();
        let wanted = match (&sent, &own) {
            (None, None) => return Ok(()),
            (Some(sent), _) => sent,
            (None, Some(own)) => own.first().map_or("", String::as_str),
        };
        if let (Some(sent), Some(own)) = (&sent, &own) {
            is_listed(choice.list, choice.member, sent, own)?;
        }
        let announced = self.announced(choice.list);
        let is_announced = |value: &str| announced.as_ref().is_none_or(|values| values.contains(&value));
        let method = effective_method(&offers.token_endpoint_auth_methods, metadata);
        let is_idle = choice.list == ASSERTIONS && !method.signs_assertions();
        let lacks = |needed: Single| needed(metadata).is_none();
        if is_idle || sent.is_none() && choice.only_with.is_some_and(lacks) {
            return Ok(());
        }
        match &sent {
            Some(sent) if is_announced(sent) => return Ok(()),
            Some(_) if offers.unannounced == Unoffered::Refuse => {
                return Err(Invalid::not_offered(choice.member, wanted));
            }
            _ => {}
        }
        let chosen = if let Some(own) = &own {
            let mut own = own.iter().map(String::as_str);
            own.find(|value| is_announced(value) && is_usable(method, choice.list, value))
        } else {
            let mut others = announced.iter().flatten().copied();
            others.find(|value| *value != "none" && is_usable(method, choice.list, value))
        };
        let refused = || Invalid::not_offered(if sent.is_some() { choice.member } else { choice.list }, wanted);
        *(choice.of)(metadata) = Some(chosen.ok_or_else(refused)?.to_owned());
        Ok(())
    }

    /// Of a member with several values those stay that are announced.
    fn choose_several(
        &self,
        list: &'static str,
        member: &'static str,
        values: List,
        unannounced: Unoffered,
        metadata: &mut ClientMetadata,
    ) -> Result<(), Invalid> {
        let own = taken(metadata, list)?;
        let values = values(metadata);
        if let (Some(sent), Some(own)) = (&values, &own) {
            sent.iter().try_for_each(|value| is_listed(list, member, value, own))?;
        }
        let announced = self.announced(list);
        let permitted = |value: &String| announced.as_ref().is_none_or(|announced| announced.contains(&value.as_str()));
        let sent = values.take();
        if let (Some(sent), Unoffered::Refuse) = (&sent, unannounced)
            && let Some(value) = sent.iter().find(|value| !permitted(value))
        {
            return Err(Invalid::not_offered(member, value));
        }
        let kept: Vec<String> = sent.or(own).into_iter().flatten().filter(permitted).collect();
        *values = (!kept.is_empty()).then_some(kept);
        Ok(())
    }
}

/// The strongest method that is offered, that the client lists and that it can use, unless it names one itself.
fn choose_auth_method(offer: &Offer<AuthMethod>, metadata: &mut ClientMetadata) -> Result<(), Invalid> {
    let Some(own) = taken(metadata, METHODS)? else { return Ok(()) };
    let member = "token_endpoint_auth_method";
    let is_offered = |name: &str| AuthMethod::parse(name).is_some_and(|method| offer.offered.contains(&method));
    if let Some(sent) = &metadata.token_endpoint_auth_method {
        is_listed(METHODS, member, sent, &own)?;
        if is_offered(sent) {
            return Ok(());
        }
        if offer.unoffered == Unoffered::Refuse {
            return Err(Invalid::not_offered(member, sent));
        }
    }
    let Some(first) = own.first() else { return Ok(()) };
    let is_possible = |method: &&AuthMethod| {
        offer.offered.contains(method)
            && own.iter().any(|name| name == method.as_str())
            && has_means(**method, metadata)
    };
    let strongest = AuthMethod::STRONGEST_FIRST.iter().find(is_possible);
    let strongest = strongest.ok_or_else(|| Invalid::not_offered(METHODS, first))?;
    metadata.token_endpoint_auth_method = Some(strongest.as_str().to_owned());
    Ok(())
}

/// Whether the client says of itself what the method needs (RFC 7591 §2, RFC 8705 §2).
pub(crate) fn has_means(method: AuthMethod, metadata: &ClientMetadata) -> bool {
    let key = |wanted: fn(&Value) -> bool| {
        let keys = metadata.jwks.as_ref().and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
        keys.is_some_and(|keys| keys.iter().any(wanted))
    };
    let refers_to_keys = metadata.jwks_uri.is_some() || metadata.signed_jwks_uri.is_some();
    match method {
        AuthMethod::PrivateKeyJwt => refers_to_keys || key(|_| true),
        AuthMethod::SelfSignedTlsClientAuth => refers_to_keys || key(|key| key.get("x5c").is_some()),
        AuthMethod::TlsClientAuth => [
            &metadata.tls_client_auth_subject_dn,
            &metadata.tls_client_auth_san_dns,
            &metadata.tls_client_auth_san_uri,
            &metadata.tls_client_auth_san_ip,
            &metadata.tls_client_auth_san_email,
        ]
        .iter()
        .any(|name| name.is_some()),
        _ => true,
    }
}

/// The method that will be registered, as far as the policy's offer decides it.
fn effective_method(offer: &Offer<AuthMethod>, metadata: &ClientMetadata) -> AuthMethod {
    let sent = metadata.token_endpoint_auth_method.as_deref().and_then(AuthMethod::parse);
    let offered = sent.filter(|method| offer.offered.contains(method));
    offered.or(offer.default.first().copied()).unwrap_or(AuthMethod::ClientSecretBasic)
}

/// Whether a client of that method has the key of the algorithm: symmetric ones are keyed with its secret.
fn is_usable(method: AuthMethod, list: &str, value: &str) -> bool {
    let symmetric = is_symmetric_signature(value) || is_symmetric_encryption(value);
    match (list, method) {
        (ASSERTIONS, method) => symmetric == (method == AuthMethod::ClientSecretJwt),
        (_, AuthMethod::None) => !symmetric,
        _ => true,
    }
}

/// Relying Party Metadata Choices §2: a value that is sent beside a list is one of the list.
fn is_listed(list: &'static str, member: &'static str, sent: &str, own: &[String]) -> Result<(), Invalid> {
    let is_listed = own.iter().any(|value| value == sent);
    if is_listed { Ok(()) } else { Err(Invalid::NotListed { member, value: sent.to_owned(), list }) }
}

/// Takes a list out of the members without a type of their own; an empty one is absent.
pub(crate) fn taken(metadata: &mut ClientMetadata, list: &str) -> Result<Option<Vec<String>>, Invalid> {
    let Some(value) = metadata.others.remove(list) else { return Ok(None) };
    Ok(Some(texts(list, value)?).filter(|texts| !texts.is_empty()))
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "a value written at the call reads best")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Error;
    use crate::metadata::{Strictness, verify};
    use crate::policy::{BoundPolicy, Preset};

    fn service(preset: Preset, announced: Value) -> ServiceConfiguration {
        let Value::Object(authorization_server) = announced else { panic!("not an object") };
        let policy = serde_json::to_value(preset.policy()).unwrap();
        let members = json!({"organization": "o", "authorization_server": authorization_server, "policy": policy});
        serde_json::from_value(members).unwrap()
    }

    fn registered(service: &ServiceConfiguration, extra: Value) -> Result<Value, Error> {
        let mut members = json!({"redirect_uris": ["https://rp.example/cb"]});
        members.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let Value::Object(members) = members else { panic!("not an object") };
        let narrowed = service.narrowed_policy();
        let offers = narrowed.as_ref().unwrap_or(&service.policy);
        let mut metadata = ClientMetadata::from_members(members)?;
        service.choose(offers, &mut metadata)?;
        let metadata = offers.apply(metadata, &BoundPolicy::default(), &[])?;
        Ok(Value::Object(verify(metadata, Strictness::Full)?.to_members()))
    }

    fn ec() -> Value {
        // RFC 7517 appendix A.1
        json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                         "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]})
    }

    /// Every member with one value, a value that is announced, and one that is not.
    fn pairs() -> Vec<(&'static Choice, &'static str, &'static str)> {
        let values = |choice: &Choice| match choice.list {
            "subject_types_supported" => ("pairwise", "public"),
            "backchannel_token_delivery_modes_supported" => ("poll", "ping"),
            "digest_algorithms_supported" => ("sha-256", "sha-512"),
            list if list.ends_with("_enc_values_supported") => ("A256GCM", "A128GCM"),
            list if list.contains("encryption") => ("RSA-OAEP-256", "ECDH-ES"),
            _ => ("PS256", "ES512"),
        };
        CHOICES.iter().map(|choice| (choice, values(choice).0, values(choice).1)).collect()
    }

    fn with_what_it_needs(choice: &Choice, member: &str, value: &str) -> Value {
        let mut sent = json!({member: value});
        if let Some(stem) = choice.member.strip_suffix("_enc") {
            sent[format!("{stem}_alg")] = json!("RSA-OAEP-256");
        }
        if choice.list == ASSERTIONS {
            sent["token_endpoint_auth_method"] = json!("private_key_jwt");
            sent["jwks"] = ec();
        }
        sent
    }

    #[test]
    fn s3_2_1_one_value_that_is_not_announced_is_replaced_or_refused() {
        for (choice, announced, other) in pairs() {
            let lists = json!({choice.list: [announced]});
            let sent = with_what_it_needs(choice, choice.member, other);
            let replaced = registered(&service(Preset::Open, lists.clone()), sent.clone()).unwrap();
            assert_eq!(replaced[choice.member], announced, "{}", choice.member);
            let kept = with_what_it_needs(choice, choice.member, announced);
            let mut strict = service(Preset::Open, lists);
            strict.policy.unannounced = Unoffered::Refuse;
            assert_eq!(registered(&strict, kept).unwrap()[choice.member], announced, "{}", choice.member);
            let refused = registered(&strict, sent).unwrap_err().to_string();
            assert!(refused.contains(choice.member) && refused.contains(other), "{refused}");
        }
    }

    #[test]
    fn metadata_choices_s2_a_value_outside_the_clients_own_list_is_refused() {
        for (choice, listed, other) in pairs() {
            let mut sent = with_what_it_needs(choice, choice.member, other);
            sent[choice.list] = json!([listed]);
            let refused = registered(&service(Preset::Open, json!({})), sent).unwrap_err().to_string();
            assert!(refused.contains(choice.member) && refused.contains(choice.list), "{refused}");
        }
        for (single, list, listed) in [
            (json!({"token_endpoint_auth_method": "none"}), METHODS, "private_key_jwt"),
            (json!({"response_modes": ["query"]}), "response_modes_supported", "form_post"),
        ] {
            let mut sent = single;
            sent[list] = json!([listed]);
            let refused = registered(&service(Preset::Open, json!({})), sent.clone()).unwrap_err().to_string();
            assert!(refused.contains(list), "{sent}: {refused}");
        }
    }

    #[test]
    fn metadata_choices_s3_of_a_list_the_first_that_is_announced_is_registered() {
        for (choice, announced, other) in pairs() {
            let service = service(Preset::Open, json!({choice.list: [announced]}));
            let sent = with_what_it_needs(choice, choice.list, other);
            let list = |values: Value| {
                let mut sent = sent.clone();
                sent[choice.list] = values;
                registered(&service, sent)
            };
            let chosen = list(json!([other, announced])).unwrap();
            assert_eq!(chosen[choice.member], announced, "{}", choice.member);
            assert!(chosen.as_object().unwrap().keys().all(|name| !name.ends_with("_supported")), "{chosen}");
            let refused = list(json!([other])).unwrap_err().to_string();
            assert!(refused.contains(choice.list), "{refused}");
            assert!(list(json!(other)).unwrap_err().to_string().contains("array"));
        }
    }

    #[test]
    fn where_the_service_says_nothing_the_clients_own_order_decides() {
        let plain = service(Preset::Open, json!({}));
        let mut sent = json!({"userinfo_signing_alg_values_supported": ["HS256", "RS256", "PS256"]});
        sent["token_endpoint_auth_method"] = json!("none");
        let chosen = registered(&plain, sent.clone()).unwrap();
        assert_eq!(chosen["userinfo_signed_response_alg"], "RS256", "a public client has no key for HS256");
        sent["userinfo_signed_response_alg"] = json!("PS256");
        assert_eq!(registered(&plain, sent).unwrap()["userinfo_signed_response_alg"], "PS256");
    }

    #[test]
    fn what_is_announced_by_default_binds_as_well() {
        let client = json!({"subject_type": "pairwise", "id_token_signed_response_alg": "ES512"});
        let replaced = registered(&service(Preset::Open, json!({})), client.clone()).unwrap();
        assert_eq!(replaced["subject_type"], "public");
        assert_eq!(replaced["id_token_signed_response_alg"], "RS256");
        assert!(registered(&service(Preset::Protected, json!({})), client).is_err());
    }

    #[test]
    fn the_strongest_method_is_chosen_that_is_offered_and_that_the_client_can_use() {
        let open = service(Preset::Open, json!({}));
        let chosen = |sent: Value| registered(&open, sent).map(|client| client["token_endpoint_auth_method"].clone());
        let list = |methods: Value, jwks: Value| json!({METHODS: methods, "jwks": jwks});
        assert_eq!(chosen(list(json!(["none", "private_key_jwt"]), ec())).unwrap(), "private_key_jwt");
        assert_eq!(chosen(list(json!(["private_key_jwt", "none"]), Value::Null)).unwrap(), "none");
        let several = json!(["private_key_jwt", "client_secret_post", "none", "tls_client_auth"]);
        assert_eq!(chosen(list(several, Value::Null)).unwrap(), "client_secret_post");
        assert!(chosen(list(json!(["magic"]), Value::Null)).unwrap_err().to_string().contains(METHODS));
        let mut own = list(json!(["none", "private_key_jwt"]), ec());
        own["token_endpoint_auth_method"] = json!("none");
        assert_eq!(chosen(own).unwrap(), "none", "what the client chose itself stands");
    }

    #[test]
    fn methods_and_flows_that_are_announced_by_themselves_narrow_the_policy() {
        let narrow = service(Preset::Open, json!({METHODS: ["private_key_jwt"], GRANT_TYPES: ["authorization_code"]}));
        assert_eq!(narrow.narrowed_policy().unwrap().check(), Ok(()));
        let silent = registered(&narrow, json!({"jwks": ec(), "grant_types": ["authorization_code", "refresh_token"]}));
        let silent = silent.unwrap();
        assert_eq!(silent["token_endpoint_auth_method"], "private_key_jwt");
        assert_eq!(silent["grant_types"], json!(["authorization_code"]));
        let refused = registered(&narrow, json!({"token_endpoint_auth_method": "none"})).unwrap_err();
        assert!(refused.to_string().contains("token_endpoint_auth_method"), "{refused}");
    }

    #[test]
    fn of_several_values_those_stay_that_are_announced() {
        for (list, member, _) in LISTS {
            let lists = json!({list: ["a", "b"]});
            let kept = registered(&service(Preset::Open, lists.clone()), json!({member: ["c", "b"]})).unwrap();
            assert_eq!(kept[member], json!(["b"]), "{member}");
            let refused = registered(&service(Preset::Protected, lists), json!({member: ["c", "b"]})).unwrap_err();
            assert!(refused.to_string().contains(member), "{refused}");
        }
    }

    #[test]
    fn rfc8414_s2_signed_assertions_have_algorithms_and_never_none() {
        for preset in Preset::ALL {
            let algorithms = service(preset, json!({})).announced(ASSERTIONS).map(|values| values.contains(&"RS256"));
            assert_eq!(algorithms, Some(true), "{preset:?}");
        }
        let endpoints = service(
            Preset::Open,
            json!({
                "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
                "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
                ASSERTIONS: ["none", "ES256"],
            }),
        );
        assert_eq!(endpoints.announced(SIGNED[2]), Some(ASSERTION_ALGORITHMS.to_vec()));
        assert_eq!(endpoints.announced(SIGNED[1]), None);
        assert_eq!(endpoints.announced(ASSERTIONS), Some(vec!["ES256"]));
    }
}
