//! A service as an `OpenID` provider in its federations: who it is there, whom it trusts, with which key it signs.

use serde_json::{Map, Value, json};

use super::constraints::Constraints;
use super::entity_id::EntityId;
use super::error::Error;
use super::statement::{ENTITY_STATEMENT, is_https, keys};
use super::trust_chain::TrustAnchor;
use crate::app::App;
use crate::jose::{KeyRefused, SigningKey, public_keys};
use crate::metadata::parse_object_within;
use crate::service::{FEDERATION_JWKS, FederationSettings, Service, ServiceConfiguration, TrustAnchorSettings};
use crate::time::DAY;

/// The name by which a policy opens the door of relying parties.
pub const DOOR: &str = "federation";

/// The entity type of providers (§5.1.3).
const OPENID_PROVIDER: &str = "openid_provider";

/// Seconds for which an entity configuration is valid.
const CONFIGURATION_SECONDS: u64 = DAY;

/// The largest set of federation keys, in bytes.
const MAX_KEY_BYTES: usize = 256 * 1024;

/// At the relying party's request (§12.2).
pub(super) const EXPLICIT: &str = "explicit";

/// By the entity identifier alone (§12.1).
pub(super) const AUTOMATIC: &str = "automatic";

/// The metadata parameter that lists them.
pub const REGISTRATION_TYPES: &str = "client_registration_types_supported";

/// What an operator has to see to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSetUp {
    /// The issuer is the entity identifier (§5.1.3), and not every URL can be one.
    #[error("its issuer is no https URL without query and fragment")]
    Issuer,
    /// A provider has superiors (§3.1.2).
    #[error("it has no authority hints")]
    NoAuthorityHints,
    /// A hint that is none.
    #[error("the authority hint {0:?} is no entity identifier")]
    AuthorityHint(String),
    /// A trust anchor without an identifier.
    #[error("the trust anchor {0:?} is no entity identifier")]
    TrustAnchor(String),
    /// A trust anchor without keys.
    #[error("the JWK Set of the trust anchor {anchor} {reason}")]
    TrustAnchorKeys {
        /// Its identifier.
        anchor: EntityId,
        /// What is wrong.
        reason: &'static str,
    },
    /// The names that a trust anchor may vouch for are none.
    #[error("the names of the trust anchor {0} are no host names")]
    TrustAnchorNames(EntityId),
    /// What the metadata says of explicit registration (§5.1.3).
    #[error("its federation_registration_endpoint is no https URL without fragment")]
    RegistrationEndpoint,
    /// Nobody could ever register.
    #[error("it has no trust anchors")]
    NoTrustAnchors,
    /// There are no federation keys.
    #[error("it has no federation keys")]
    NoKeys,
    /// Readers refuse the federation keys (§3.1.1).
    #[error("its JWK Set for federation {0}")]
    Keys(&'static str),
    /// There is no federation key of that name.
    #[error("it has no federation key {0:?}")]
    UnknownKey(String),
    /// The federation keys cannot sign.
    #[error("no federation key can sign: {0}")]
    Key(KeyRefused),
}

/// A service as an `OpenID` provider in its federations.
pub struct Provider<'s> {
    service: &'s Service,
    settings: &'s FederationSettings,
    entity_id: EntityId,
    trust_anchors: Vec<TrustAnchor>,
    signing_key: SigningKey,
    keys: Map<String, Value>,
    base_url: String,
}

impl<'s> Provider<'s> {
    /// The provider behind a service that is reached at `base_url`.
    ///
    /// # Errors
    /// [`Error::NotEnabled`], [`Error::NotSetUp`]; [`Error::Core`] if its keys cannot be unsealed.
    pub async fn of(app: &App, service: &'s Service, base_url: &str) -> Result<Self, Error> {
        let settings = &service.configuration.federation;
        if !settings.enabled {
            return Err(Error::NotEnabled);
        }
        let issuer = service.issuer(base_url);
        let entity_id = EntityId::parse(&issuer).ok_or(NotSetUp::Issuer)?;
        if settings.authority_hints.is_empty() {
            return Err(NotSetUp::NoAuthorityHints.into());
        }
        let trust_anchors = trust_anchors(settings)?;
        let sealed = service.secrets(&app.keys).await?;
        let set = sealed.get(FEDERATION_JWKS).and_then(Value::as_str);
        let set = set.and_then(|text| parse_object_within(text.as_bytes(), MAX_KEY_BYTES).ok());
        let set = set.ok_or(NotSetUp::NoKeys)?;
        let signing_key = signing_key(&set, settings.signature_key_id.as_deref())?;
        let set = published(&set);
        keys(&set.clone().into()).map_err(NotSetUp::Keys)?;
        let base_url = base_url.to_owned();
        Ok(Self { service, settings, entity_id, trust_anchors, signing_key, keys: set, base_url })
    }

    /// Its entity identifier: its issuer identifier (§5.1.3).
    #[must_use]
    pub fn entity_id(&self) -> &EntityId {
        &self.entity_id
    }

    /// Whom it trusts.
    #[must_use]
    pub fn trust_anchors(&self) -> &[TrustAnchor] {
        &self.trust_anchors
    }

    /// Hosts with ports other than that of https where its operator says that there are superiors.
    pub(super) fn ports(&self) -> Vec<String> {
        let hints = self.settings.authority_hints.iter().filter_map(|hint| EntityId::parse(hint)?.unusual_port());
        hints.chain(self.trust_anchors.iter().filter_map(|anchor| anchor.entity_id.unusual_port())).collect()
    }

    /// Checks that somebody could register.
    pub(super) fn check_trust_anchors(&self) -> Result<(), NotSetUp> {
        if self.trust_anchors.is_empty() { Err(NotSetUp::NoTrustAnchors) } else { Ok(()) }
    }

    pub(super) fn settings(&self) -> &FederationSettings {
        self.settings
    }

    /// Signs a statement of its own, from now on and until `expires_at`.
    pub(super) fn sign(
        &self,
        media_type: &str,
        mut claims: Map<String, Value>,
        issued_at: u64,
        expires_at: u64,
    ) -> Result<String, Error> {
        claims.insert("iss".to_owned(), self.entity_id.as_str().into());
        claims.insert("iat".to_owned(), issued_at.into());
        claims.insert("exp".to_owned(), expires_at.into());
        Ok(self.signing_key.sign(media_type, &claims)?)
    }

    /// Its entity configuration (§9): a JWT, and the seconds for which it is valid. Relying parties register where the
    /// metadata says, else at this API's own endpoint, if it is open; without either there is no explicit registration.
    ///
    /// # Errors
    /// [`NotSetUp::RegistrationEndpoint`]; [`Error::Core`].
    pub fn entity_configuration(&self, now: u64) -> Result<(String, u64), Error> {
        let lifetime = self.settings.configuration_lifetime.unwrap_or(CONFIGURATION_SECONDS);
        let registration_endpoint = self.service.published_registration_endpoint(&self.base_url);
        let mut provider = self.service.metadata(self.entity_id.as_str(), &registration_endpoint);
        provider.retain(|_, value| !value.is_null());
        let mut types = registration_types(&self.service.configuration);
        let endpoint = "federation_registration_endpoint";
        if types.contains(&EXPLICIT) && self.service.policy().opens(DOOR) {
            let own = self.service.federation_registration_endpoint(&self.base_url);
            provider.entry(endpoint).or_insert_with(|| own.into());
        }
        if provider.get(endpoint).is_some_and(|endpoint| !is_https(endpoint)) {
            return Err(NotSetUp::RegistrationEndpoint.into());
        }
        types.retain(|kind| *kind != EXPLICIT || provider.contains_key(endpoint));
        provider.insert(REGISTRATION_TYPES.to_owned(), types.into());
        if provider.contains_key("signed_jwks_uri") {
            provider.remove("jwks_uri");
        }
        let mut metadata = Map::new();
        if let Some(name) = provider.get("organization_name") {
            metadata.insert("federation_entity".to_owned(), json!({ "organization_name": name }));
        }
        metadata.insert(OPENID_PROVIDER.to_owned(), provider.into());
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), self.entity_id.as_str().into());
        claims.insert("jwks".to_owned(), self.keys.clone().into());
        claims.insert("authority_hints".to_owned(), self.settings.authority_hints.as_slice().into());
        claims.insert("metadata".to_owned(), metadata.into());
        Ok((self.sign(ENTITY_STATEMENT, claims, now, now.saturating_add(lifetime))?, lifetime))
    }
}

/// The kinds of registration that a service offers; explicit if it does not say.
#[must_use]
pub fn registration_types(configuration: &ServiceConfiguration) -> Vec<&str> {
    match configuration.authorization_server.get(REGISTRATION_TYPES).and_then(Value::as_array) {
        None => vec![EXPLICIT],
        Some(listed) => {
            listed.iter().filter_map(Value::as_str).filter(|kind| [AUTOMATIC, EXPLICIT].contains(kind)).collect()
        }
    }
}

/// Whether a service registers relying parties in that way.
pub(super) fn offers(service: &Service, kind: &str) -> bool {
    registration_types(&service.configuration).contains(&kind)
}

/// Checks what an operator says of a service's federations.
///
/// # Errors
/// What is wrong with it.
pub fn check_settings(settings: &FederationSettings) -> Result<(), NotSetUp> {
    if let Some(hint) = settings.authority_hints.iter().find(|hint| EntityId::parse(hint).is_none()) {
        return Err(NotSetUp::AuthorityHint(hint.clone()));
    }
    trust_anchors(settings).map(drop)
}

fn trust_anchors(settings: &FederationSettings) -> Result<Vec<TrustAnchor>, NotSetUp> {
    settings.trust_anchors.iter().map(trust_anchor).collect()
}

/// A trust anchor, as an operator has described it.
///
/// # Errors
/// What is wrong with it.
pub fn trust_anchor(settings: &TrustAnchorSettings) -> Result<TrustAnchor, NotSetUp> {
    let named = EntityId::parse(&settings.entity_id);
    let entity_id = named.ok_or_else(|| NotSetUp::TrustAnchor(settings.entity_id.clone()))?;
    let set = parse_object_within(settings.jwks.as_bytes(), MAX_KEY_BYTES).map_err(|_| "is not a JWK Set with keys");
    let keys = set.and_then(|set| keys(&set.into()));
    let keys = keys.map_err(|reason| NotSetUp::TrustAnchorKeys { anchor: entity_id.clone(), reason })?;
    match Constraints::of_names(&settings.names) {
        Ok(subjects) => Ok(TrustAnchor { entity_id, keys, subjects }),
        Err(_) => Err(NotSetUp::TrustAnchorNames(entity_id)),
    }
}

/// Of a service's federation keys the one of that name, or the first that can sign.
///
/// # Errors
/// [`NotSetUp::Key`], [`NotSetUp::UnknownKey`], [`NotSetUp::NoKeys`].
pub fn signing_key(set: &Map<String, Value>, kid: Option<&str>) -> Result<SigningKey, NotSetUp> {
    let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let mut refused = None;
    for key in keys.filter(|key| kid.is_none() || key.get("kid").and_then(Value::as_str) == kid) {
        match SigningKey::from_jwk(key) {
            Ok(key) => return Ok(key),
            Err(fault) => refused = Some(fault),
        }
    }
    Err(match (refused, kid) {
        (Some(fault), _) => NotSetUp::Key(fault),
        (None, Some(kid)) => NotSetUp::UnknownKey(kid.to_owned()),
        (None, None) => NotSetUp::NoKeys,
    })
}

/// The public keys, without certificates, which no reader of entity statements expects.
fn published(set: &Map<String, Value>) -> Map<String, Value> {
    let mut set = public_keys(set);
    for key in set.get_mut("keys").and_then(Value::as_array_mut).into_iter().flatten() {
        key.as_object_mut().map(|key| key.remove("x5c"));
    }
    set
}
