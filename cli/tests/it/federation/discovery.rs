//! Discovery (§10.1) and its limits (§18.1).

use std::time::{Duration, Instant};

use serde_json::json;

use super::world::{Entity, Federation, assert_refused, fetch_url};
use crate::https::Page;
use crate::support::NOW;

/// The relying party asks with those superiors.
async fn register_below(federation: &Federation, superiors: &[&Entity]) -> crate::support::Reply {
    federation.register(&Federation::request_of(&federation.party, superiors)).await
}

fn sibling(federation: &Federation, name: &str) -> Entity {
    Entity::new(&format!("{}/{name}", federation.site.url))
}

#[tokio::test]
async fn s10_1_statements_are_fetched_and_kept() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    assert_eq!(federation.site.requests(), 6, "three configurations and three statements");
    let mut again = federation.request();
    again["iat"] = NOW.into();
    federation.registered(&federation.register(&again).await);
    assert_eq!(federation.site.requests(), 6, "from the table until they expire");
}

#[tokio::test]
async fn s10_3_the_shorter_of_two_chains_is_chosen() {
    let federation = Federation::new().await;
    federation.publish_about(&federation.anchor, &federation.party, |_| {});
    let reply = register_below(&federation, &[&federation.below, &federation.anchor]).await;
    let (_, claims) = federation.verified(reply.body.as_str().unwrap());
    assert_eq!(claims["authority_hints"], json!([federation.anchor.id]));
    assert_eq!(federation.site.requests(), 2, "a trust anchor among the hints is asked first");
    let federation = Federation::new().await;
    let other = sibling(&federation, "other");
    federation.publish_superior(&other, &[&federation.anchor]);
    federation.publish_about(&federation.anchor, &other, |_| {});
    federation.publish_about(&other, &federation.party, |_| {});
    let reply = register_below(&federation, &[&federation.below, &other]).await;
    let (_, claims) = federation.verified(reply.body.as_str().unwrap());
    assert_eq!(claims["authority_hints"], json!([other.id]), "although the longer one is hinted at first");
}

#[tokio::test]
async fn a_kept_statement_has_half_of_its_life_left() {
    let federation = Federation::new().await;
    federation.publish_about(&federation.below, &federation.party, |claims| claims["exp"] = (NOW + 100).into());
    federation.registered(&federation.register(&federation.request()).await);
    let requests = federation.site.requests();
    for (later, fetched) in [(49, 0), (50, 1)] {
        federation.world.clock.advance(later - (later / 50) * 49);
        let mut claims = federation.request();
        claims["iat"] = (NOW + later).into();
        federation.registered(&federation.register(&claims).await);
        assert_eq!(federation.site.requests() - requests, fetched, "{later}");
    }
}

#[tokio::test]
async fn s10_1_a_dead_hint_costs_the_hint_and_not_the_request() {
    let federation = Federation::new().await;
    let dead = sibling(&federation, "dead");
    let unknown = Entity::new("https://unreachable.invalid");
    let malformed = sibling(&federation, "malformed");
    federation.set(&format!("{}/.well-known/openid-federation", malformed.id), "nonsense");
    let unaware = sibling(&federation, "unaware");
    federation.publish_superior(&unaware, &[&federation.anchor]);
    let superiors = [&dead, &unknown, &malformed, &unaware, &federation.below];
    federation.registered(&register_below(&federation, &superiors).await);
}

/// Superiors that never answer.
fn silent(federation: &Federation, names: &[&str]) -> Vec<Entity> {
    let entities: Vec<Entity> = names.iter().map(|name| sibling(federation, name)).collect();
    for entity in &entities {
        federation.set_page(&format!("{}/.well-known/openid-federation", entity.id), Page::Silence);
    }
    entities
}

#[tokio::test]
async fn s10_1_superiors_that_never_answer_cost_the_hint_and_not_the_request() {
    let federation = Federation::new().await;
    let dead = silent(&federation, &["dead0", "dead1", "dead2"]);
    let of_the_party: Vec<&Entity> = [&federation.below].into_iter().chain(&dead).collect();
    let of_intermediates = |superior| dead.iter().chain([superior]).collect::<Vec<_>>();
    federation.publish_superior(&federation.below, &of_intermediates(&federation.above));
    federation.publish_superior(&federation.above, &of_intermediates(&federation.anchor));
    let started = Instant::now();
    federation.registered(&register_below(&federation, &of_the_party).await);
    assert!(started.elapsed() < Duration::from_secs(3), "nobody waits for them: {:?}", started.elapsed());
}

#[tokio::test]
async fn s8_9_superiors_that_do_not_answer_are_temporarily_unavailable() {
    let federation = Federation::new().await;
    let broken = sibling(&federation, "broken");
    let page = Page::Head("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    federation.set_page(&format!("{}/.well-known/openid-federation", broken.id), page);
    let absent = sibling(&federation, "absent");
    for _ in 0..2 {
        let reply = register_below(&federation, &[&absent, &broken]).await;
        assert_refused(&reply, 503, "temporarily_unavailable", "the answer was 502");
        assert_eq!(reply.header("retry-after"), "10");
    }
    let jwt = federation.party.sign(&Federation::request_of(&federation.party, &[&broken]));
    let reply = federation.operate("POST", "/federation/registration", &json!({"entityConfiguration": jwt})).await;
    assert_eq!((reply.status, reply.text("action")), (200, "INTERNAL_SERVER_ERROR"), "{reply:?}");
    assert!(reply.text("responseContent").contains("temporarily_unavailable"), "{reply:?}");
    federation.publish_party(|claims| claims["authority_hints"] = json!([broken.id]));
    let found = federation.look_for(&federation.party.id).await;
    assert_eq!((found.status, found.header("retry-after")), (503, "10"), "nobody is unknown for that: {found:?}");
}

#[tokio::test]
async fn s8_9_the_reason_is_told_and_remembered() {
    for (change, code, part) in [
        ("none", "invalid_trust_chain", "the answer was 404"),
        ("policy", "invalid_metadata", "metadata_policy of scope: subset_of does not take such a value"),
        ("no operators", "invalid_metadata", "one of each at least"),
        ("expired", "invalid_trust_chain", "exp is in the past"),
        ("critical", "invalid_trust_chain", "metadata_policy_crit names 'regexp'"),
    ] {
        let federation = Federation::new().await;
        federation.registered(&federation.register(&federation.request()).await);
        federation.world.clock.advance(30);
        let other = sibling(&federation, "other");
        federation.publish_about(&federation.below, &other, |claims| match change {
            "policy" => claims["metadata_policy"] = json!({"openid_relying_party": {"scope": {"subset_of": 1}}}),
            "no operators" => claims["metadata_policy"] = json!({"openid_relying_party": {"contacts": {}}}),
            "expired" => claims["exp"] = NOW.into(),
            _ => claims["metadata_policy_crit"] = json!(["regexp"]),
        });
        if change == "none" {
            federation.set_page(
                &fetch_url(&federation.below, &other),
                Page::Head("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
            );
        }
        for _ in 0..2 {
            let mut claims = Federation::request_of(&other, &[&federation.below]);
            claims["iat"] = (NOW + 30).into();
            let reply = federation.post("application/entity-statement+jwt", &other.sign(&claims)).await;
            assert_refused(&reply, 400, code, part);
        }
    }
}

#[tokio::test]
async fn s10_1_a_loop_costs_the_hint_and_not_the_request() {
    let federation = Federation::new().await;
    federation.publish_superior(&federation.above, &[&federation.below, &federation.anchor]);
    federation.publish_about(&federation.below, &federation.above, |_| {});
    federation.registered(&federation.register(&federation.request()).await);
    let looping = Federation::new().await;
    looping.publish_superior(&looping.above, &[&looping.below, &looping.above]);
    looping.publish_about(&looping.below, &looping.above, |_| {});
    let reply = looping.register(&looping.request()).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "its own superior");
    assert!(looping.site.requests() <= 6, "nothing is fetched twice");
}

#[tokio::test]
async fn s1_7_a_federation_without_a_trust_anchor_of_the_service() {
    let federation = Federation::new().await;
    federation.publish_superior(&federation.above, &[]);
    let reply = federation.register(&federation.request()).await;
    assert_refused(&reply, 404, "invalid_trust_anchor", "no superior is a trust anchor");
    let mut chain = vec![federation.party.sign(&federation.request())];
    chain.extend(federation.superiors().into_iter().take(2));
    let reply = federation.register_chain(&chain).await;
    assert_refused(&reply, 404, "invalid_trust_anchor", "is not a trust anchor of this service");
}

#[tokio::test]
async fn s10_2_what_is_fetched_is_what_was_asked_for() {
    for (change, part) in [
        ("other subject", "other entities"),
        ("other issuer", "other entities"),
        ("other configuration", "other entities"),
        ("no endpoint", "federation_fetch_endpoint"),
        ("plain endpoint", "federation_fetch_endpoint"),
        ("forged", "signature is not valid"),
        ("forged configuration", "signature is not valid"),
        ("expired", "exp is in the past"),
        ("critical", "not understood"),
        ("too large", "too large"),
        ("redirect", "the answer was 302"),
        ("policy", "superior and subordinate differ"),
    ] {
        let federation = Federation::new().await;
        let Federation { below, above, anchor, party, .. } = &federation;
        match change {
            "other subject" => federation.publish_about(below, party, |claims| claims["sub"] = above.id.clone().into()),
            "other issuer" => federation.publish_about(below, party, |claims| claims["iss"] = above.id.clone().into()),
            "other configuration" => {
                federation.set(
                    &format!("{}/.well-known/openid-federation", below.id),
                    &above.sign(&above.configuration(&[anchor])),
                );
            }
            "no endpoint" => federation.publish(below, &below.configuration(&[above])),
            "plain endpoint" => {
                let mut claims = below.configuration(&[above]);
                let endpoint = below.id.replace("https", "http");
                claims["metadata"] = json!({"federation_entity": {"federation_fetch_endpoint": endpoint}});
                federation.publish(below, &claims);
            }
            "forged" => federation.set(&fetch_url(below, party), &above.sign(&below.about(party))),
            "forged configuration" => federation.set(
                &format!("{}/.well-known/openid-federation", below.id),
                &above.sign(&below.configuration(&[above])),
            ),
            "expired" => federation.publish_about(below, party, |claims| claims["exp"] = NOW.into()),
            "critical" => federation.publish_about(below, party, |claims| {
                claims["metadata_policy_crit"] = json!(["regexp"]);
            }),
            "too large" => federation.publish_about(below, party, |claims| claims["large"] = "x".repeat(65_536).into()),
            "redirect" => federation.set_page(
                &fetch_url(below, party),
                Page::Head("HTTP/1.1 302 Found\r\nlocation: https://localhost/\r\ncontent-length: 0\r\n\r\n"),
            ),
            _ => {
                let policy = |value: &str| json!({"openid_relying_party": {"client_name": {"value": value}}});
                federation.publish_about(anchor, above, |claims| claims["metadata_policy"] = policy("a"));
                federation.publish_about(below, party, |claims| claims["metadata_policy"] = policy("b"));
            }
        }
        let reply = federation.register(&federation.request()).await;
        let code = if change == "policy" { "invalid_metadata" } else { "invalid_trust_chain" };
        assert_refused(&reply, 400, code, part);
    }
}

/// A tower of intermediates above the relying party: the last one is below the trust anchor.
fn tower(federation: &Federation, height: usize) -> Vec<Entity> {
    let floors: Vec<Entity> = (0..height).map(|floor| sibling(federation, &format!("floor{floor}"))).collect();
    for (floor, entity) in floors.iter().enumerate() {
        let superior = floors.get(floor + 1).unwrap_or(&federation.anchor);
        federation.publish_superior(entity, &[superior]);
        federation.publish_about(superior, entity, |_| {});
    }
    federation.publish_about(&floors[0], &federation.party, |_| {});
    floors
}

#[tokio::test]
async fn s18_1_a_deep_federation_ends() {
    let federation = Federation::new().await;
    let floors = tower(&federation, 5);
    federation.registered(&register_below(&federation, &[&floors[0]]).await);
    let deep = Federation::new().await;
    let floors = tower(&deep, 40);
    let reply = register_below(&deep, &[&floors[0]]).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "within 6 superiors");
    assert!(deep.site.requests() <= 12, "{}", deep.site.requests());
}

#[tokio::test]
async fn s18_1_a_wide_federation_ends() {
    let federation = Federation::new().await;
    let hints: Vec<Entity> = (0..200).map(|hint| sibling(&federation, &format!("hint{hint}"))).collect();
    let reply = register_below(&federation, &hints.iter().collect::<Vec<_>>()).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "404");
    assert_eq!(federation.site.requests(), 6, "six hints of an entity are followed");
    let bushy = Federation::new().await;
    let entities: Vec<Entity> = (0..6).map(|name| sibling(&bushy, &format!("e{name}"))).collect();
    let all: Vec<&Entity> = entities.iter().collect();
    for entity in &entities {
        bushy.publish_superior(entity, &all);
        bushy.publish_about(entity, &bushy.party, |_| {});
        for other in &entities {
            bushy.publish_about(entity, other, |_| {});
        }
    }
    let reply = register_below(&bushy, &all).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "");
    assert!(bushy.site.requests() <= 25, "{}", bushy.site.requests());
    let mutual = Federation::new().await;
    let entities: Vec<Entity> = (0..4).map(|name| sibling(&mutual, &format!("m{name}"))).collect();
    let all: Vec<&Entity> = entities.iter().collect();
    for entity in &entities {
        mutual.publish_superior(entity, &all);
        mutual.publish_about(entity, &mutual.party, |_| {});
        for other in &entities {
            mutual.publish_about(entity, other, |_| {});
        }
    }
    let reply = register_below(&mutual, &all).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "");
    assert!(mutual.site.requests() <= 25, "{}", mutual.site.requests());
}

#[tokio::test]
async fn s18_1_a_slow_federation_ends() {
    let federation = Federation::new().await;
    let hints: Vec<Entity> = (0..6).map(|hint| sibling(&federation, &format!("slow{hint}"))).collect();
    for hint in &hints {
        federation.set_page(&format!("{}/.well-known/openid-federation", hint.id), Page::Silence);
    }
    let started = Instant::now();
    let reply = register_below(&federation, &hints.iter().collect::<Vec<_>>()).await;
    assert_refused(&reply, 503, "temporarily_unavailable", "");
    assert!(started.elapsed() < Duration::from_secs(9), "three seconds for each, at once: {:?}", started.elapsed());
    assert!(federation.site.requests() <= 6, "{}", federation.site.requests());
    let requests = federation.site.requests();
    let again = register_below(&federation, &hints.iter().collect::<Vec<_>>()).await;
    assert_refused(&again, 503, "temporarily_unavailable", "could not be asked");
    assert_eq!(federation.site.requests(), requests, "nobody is asked again at once");
}

#[tokio::test]
async fn s18_1_a_repeated_request_does_not_hammer_others() {
    let federation = Federation::new().await;
    let victim = sibling(&federation, "victim");
    let mut claims = Federation::request_of(&federation.party, &[&victim]);
    for attempt in 0..20 {
        claims["iat"] = (NOW - 10 + attempt % 5).into();
        assert_refused(&federation.register(&claims).await, 400, "invalid_trust_chain", "");
    }
    assert_eq!(federation.site.requests(), 1, "what failed is not asked again at once");
    federation.world.clock.advance(11);
    assert_refused(&federation.register(&claims).await, 400, "invalid_trust_chain", "404");
    assert_eq!(federation.site.requests(), 2);
}

#[tokio::test]
async fn s18_1_many_waiters_make_one_request() {
    let federation = Federation::new().await;
    federation.publish_party(|_| {});
    let looked = || async { federation.look_for(&federation.party.id).await };
    let (one, two, three, four, five, six, seven, eight) =
        tokio::join!(looked(), looked(), looked(), looked(), looked(), looked(), looked(), looked());
    for reply in [one, two, three, four, five, six, seven, eight] {
        assert_eq!((reply.status, &reply.body["automaticallyRegistered"]), (200, &json!(true)), "{reply:?}");
    }
    assert_eq!(federation.site.requests(), 7);
    let stored = federation.world.app.store.clients(1).await.unwrap();
    assert_eq!((stored.len(), stored[0].version), (1, 1), "registered once");
}

#[tokio::test]
async fn s11_1_statements_that_were_kept_are_fetched_again_when_a_chain_breaks() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    federation.world.clock.advance(30);
    let rolled = Entity::new(&federation.party.id);
    federation.publish_about(&federation.below, &rolled, |_| {});
    let mut claims = Federation::request_of(&rolled, &[&federation.below]);
    claims["iat"] = (NOW + 30).into();
    let reply = federation.post("application/entity-statement+jwt", &rolled.sign(&claims)).await;
    federation.registered(&reply);
}

#[tokio::test]
async fn whose_a_statement_is_said_to_be_harms_nobody_else() {
    for foreign in ["spelling", "fetch endpoint"] {
        let federation = Federation::new().await;
        let Federation { below, party, .. } = &federation;
        let mut claims = Federation::request_of(party, &[below]);
        if foreign == "spelling" {
            claims["authority_hints"] = json!([format!("{}/", below.id)]);
        } else {
            let hostile = sibling(&federation, "hostile");
            let mut configuration = hostile.configuration(&[&federation.anchor]);
            let endpoint = format!("{}/fetch", below.id);
            configuration["metadata"] = json!({"federation_entity": {"federation_fetch_endpoint": endpoint}});
            federation.publish(&hostile, &configuration);
            claims["authority_hints"] = json!([hostile.id, below.id]);
        }
        let reply = federation.register(&claims).await;
        if foreign == "spelling" {
            assert_refused(&reply, 400, "invalid_trust_chain", "other entities");
        } else {
            federation.registered(&reply);
        }
        claims["authority_hints"] = json!([below.id]);
        claims["iat"] = NOW.into();
        federation.registered(&federation.register(&claims).await);
    }
}

#[tokio::test]
async fn a_statement_that_was_kept_outlives_a_superior_that_fails() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    federation.world.clock.advance(30);
    federation.set_page(&fetch_url(&federation.below, &federation.party), Page::Head("HTTP/1.1 503 Later\r\n\r\n"));
    // A stranger's chain breaks, so that all is asked for again.
    let stranger = Entity::new(&federation.party.id);
    let mut claims = Federation::request_of(&stranger, &[&federation.below]);
    claims["iat"] = (NOW + 30).into();
    let requests = federation.site.requests();
    let reply = federation.post("application/entity-statement+jwt", &stranger.sign(&claims)).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "signature");
    assert_eq!(federation.site.requests() - requests, 6, "once, and in vain");
    let mut again = federation.request();
    again["iat"] = (NOW + 30).into();
    federation.registered(&federation.register(&again).await);
    assert_eq!(federation.site.requests() - requests, 6, "it is good still");
}

#[tokio::test]
async fn nothing_is_fetched_that_was_not_meant_to_be() {
    let federation = Federation::new().await;
    for id in ["https://127.0.0.1/a", "https://169.254.169.254/latest", "https://[::1]:8443/a", "https://10.0.0.1"] {
        let inner = Entity::new(id);
        let mut claims = Federation::request_of(&federation.party, &[&inner]);
        claims["iat"] = NOW.into();
        assert_refused(&federation.register(&claims).await, 400, "invalid_trust_chain", "not allowed");
    }
    let endpoint = "https://169.254.169.254/latest/meta-data";
    let mut claims = federation.below.configuration(&[&federation.above]);
    claims["metadata"] = json!({"federation_entity": {"federation_fetch_endpoint": endpoint}});
    federation.publish(&federation.below, &claims);
    assert_refused(&federation.register(&federation.request()).await, 400, "invalid_trust_chain", "not allowed");
}
