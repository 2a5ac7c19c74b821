//! Trust chains that are sent: as the request, and in its header (§4.3, §12.2.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use shared::service::TrustAnchorSettings;

use super::changed;
use super::world::{Entity, Federation, PROVIDER, assert_refused};
use crate::support::NOW;

#[tokio::test]
async fn s12_2_a_chain_that_is_sent_saves_all_fetching() {
    let federation = Federation::new().await;
    let statement = federation.party.sign(&federation.request());
    let mut chain = vec![statement];
    chain.extend(federation.superiors());
    let client = federation.registered(&federation.register_chain(&chain).await);
    assert_eq!(client["client_id"], federation.party.id);
    federation.world.clock.advance(60);
    let later = changed(&federation.request(), "iat", (NOW + 60).into());
    chain[0] = federation.party.sign(&later);
    chain.pop();
    federation.registered(&federation.register_chain(&chain).await);
    assert_eq!(federation.site.requests(), 0, "nothing is fetched");
}

/// The request with chains in its header.
pub(super) fn with_chains(federation: &Federation, claims: &Value, chains: &Value) -> String {
    let mut header = json!({"typ": "entity-statement+jwt", "alg": "ES256", "kid": federation.party.jwk["kid"]});
    header.as_object_mut().unwrap().extend(chains.as_object().unwrap().clone());
    let message = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
    let octets = |name: &str| BASE64URL.decode(federation.party.jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], octets("x"), octets("y")].concat();
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = aws_lc_rs::signature::EcdsaKeyPair::from_private_key_and_public_key(algorithm, &octets("d"), &point);
    let signature = key.unwrap().sign(&aws_lc_rs::rand::SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", BASE64URL.encode(signature.as_ref()))
}

/// The chain that a header has: it begins with what the relying party publishes.
pub(super) fn header_chain(federation: &Federation) -> Vec<String> {
    let mut published = federation.party.configuration(&[&federation.below]);
    published["metadata"] = json!({"openid_relying_party": {"client_name": "Published"}});
    let mut chain = vec![federation.party.sign(&published)];
    chain.extend(federation.superiors());
    chain
}

/// The provider's own chain below the trust anchor.
fn peer_chain(federation: &Federation) -> Vec<String> {
    let provider = Entity { id: PROVIDER.to_owned(), jwk: federation.provider_key.clone() };
    let anchor = &federation.anchor;
    vec![
        provider.sign(&provider.configuration(&[anchor])),
        anchor.sign(&anchor.about(&provider)),
        anchor.sign(&anchor.configuration(&[])),
    ]
}

#[tokio::test]
async fn s4_3_a_chain_in_the_header_shows_the_way_and_the_request_counts() {
    let federation = Federation::new().await;
    let chains = json!({"trust_chain": header_chain(&federation), "peer_trust_chain": peer_chain(&federation)});
    let jwt = with_chains(&federation, &federation.request(), &chains);
    let client = federation.registered(&federation.post("application/entity-statement+jwt", &jwt).await);
    assert_eq!(client["client_name"], "RP", "metadata is the request's");
    assert_eq!(federation.site.requests(), 0);
}

#[tokio::test]
async fn s12_2_2_chains_in_the_header_are_checked() {
    let federation = Federation::new().await;
    let stranger = Entity::new("https://stranger.example");
    let mut other_party = header_chain(&federation);
    other_party[0] = stranger.sign(&stranger.configuration(&[&federation.below]));
    let mut broken = header_chain(&federation);
    broken.remove(2);
    let mut forged = header_chain(&federation);
    forged[1] = stranger.sign(&federation.below.about(&federation.party));
    let mut not_ours = peer_chain(&federation);
    not_ours.remove(0);
    let mut forged_peer = peer_chain(&federation);
    let provider = Entity { id: PROVIDER.to_owned(), jwk: federation.provider_key.clone() };
    forged_peer[1] = stranger.sign(&federation.anchor.about(&provider));
    let mut broken_peer = peer_chain(&federation);
    broken_peer[1] = stranger.sign(&stranger.about(&federation.party));
    for (chains, status, code, part) in [
        (json!({"trust_chain": other_party}), 400, "invalid_request", "does not begin at the relying party"),
        (json!({"trust_chain": broken}), 400, "invalid_trust_chain", "no statement about it"),
        (json!({"trust_chain": forged}), 400, "invalid_trust_chain", "signature is not valid"),
        (json!({"trust_chain": "a"}), 400, "invalid_request", "trust_chain: is not a list"),
        (json!({"trust_chain": []}), 400, "invalid_trust_chain", "2 to 8"),
        (json!({"peer_trust_chain": peer_chain(&federation)}), 400, "invalid_request", "without trust_chain"),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": not_ours}),
            400,
            "invalid_trust_chain",
            "the peer trust chain: statement 0",
        ),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": header_chain(&federation)}),
            400,
            "invalid_request",
            "does not begin at this provider",
        ),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": broken_peer}),
            400,
            "invalid_trust_chain",
            "the peer trust chain: authority_hints does not name",
        ),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": forged_peer}),
            400,
            "invalid_trust_chain",
            "signature is not valid",
        ),
    ] {
        let jwt = with_chains(&federation, &federation.request(), &chains);
        assert_refused(&federation.post("application/entity-statement+jwt", &jwt).await, status, code, part);
    }
    let mut chain =
        vec![with_chains(&federation, &federation.request(), &json!({"trust_chain": header_chain(&federation)}))];
    chain.extend(federation.superiors());
    assert_refused(&federation.register_chain(&chain).await, 400, "invalid_request", "stands in a trust chain");
    assert_eq!(federation.site.requests(), 0, "a chain that was sent is used or refused");
}

#[tokio::test]
async fn s12_2_2_both_chains_end_at_one_trust_anchor() {
    let other = Entity::new("https://other-anchor.example");
    let trusted = TrustAnchorSettings { entity_id: other.id.clone(), jwks: other.jwks().to_string(), names: vec![] };
    let federation = Federation::with(|settings| settings.trust_anchors.push(trusted)).await;
    let provider = Entity { id: PROVIDER.to_owned(), jwk: federation.provider_key.clone() };
    let peer = [provider.sign(&provider.configuration(&[&other])), other.sign(&other.about(&provider))];
    let chains = json!({"trust_chain": header_chain(&federation), "peer_trust_chain": peer});
    let jwt = with_chains(&federation, &federation.request(), &chains);
    let reply = federation.post("application/entity-statement+jwt", &jwt).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "other-anchor.example");
}
