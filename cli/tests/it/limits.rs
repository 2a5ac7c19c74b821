//! A rate limit that several functions share by way of the table.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use registrar::embedded::{self, Embedded, TABLE};
use shared::limits::{Admission, Limiter, RateLimit};
use tokio::task::JoinSet;
use tracing_subscriber::util::SubscriberInitExt;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::{NOW, World, access_key, table};

const KEY: &str = "key";
const LEASE: &str = "UpdateItem L";

/// A table behind the proxy.
struct Scene {
    proxy: FaultProxy,
    embedded: Embedded,
}

/// A function that runs.
struct Instance {
    world: World,
    limiter: Limiter,
}

impl Scene {
    async fn new() -> Self {
        let embedded = table(None).await;
        Self { proxy: FaultProxy::start(&embedded.url()).await, embedded }
    }

    fn instance(&self, limiter: Limiter) -> &'static Instance {
        Box::leak(Box::new(Instance { world: World::at(&self.proxy.url()), limiter }))
    }

    /// Instances that wait for a lease however busy the machine is.
    fn instances(&self, count: usize) -> Vec<&'static Instance> {
        let limiter = || Limiter::new(RateLimit::TOKEN).with_patience(Duration::from_secs(10));
        (0..count).map(|_| self.instance(limiter())).collect()
    }

    /// The leases that were asked for since the last call.
    fn asked(&self) -> usize {
        let requests = self.proxy.requests();
        assert!(requests.iter().all(|request| request == LEASE), "{requests:?}");
        requests.len()
    }

    /// The window's item.
    async fn item(&self, key: &str) -> Option<HashMap<String, AttributeValue>> {
        let window = NOW / 2;
        let get = embedded::client(&self.embedded.url(), &access_key()).get_item().table_name(TABLE);
        let get = get.key("PK", AttributeValue::S(format!("L#{key}#{window}")));
        get.key("SK", AttributeValue::S("L".to_owned())).send().await.unwrap().item
    }

    async fn taken(&self) -> u64 {
        self.item(KEY).await.map_or(0, |item| item["taken"].as_n().unwrap().parse().unwrap())
    }
}

impl Instance {
    async fn admit(&self, key: &str) -> Admission {
        self.limiter.admit(&self.world.app.store, &self.world.clock, key).await
    }

    /// How many of so many requests, one after the other, pass.
    async fn passed(&self, requests: usize) -> usize {
        let mut passed = 0;
        for _ in 0..requests {
            passed += usize::from(self.admit(KEY).await.allowed);
        }
        passed
    }
}

/// How many pass of so many requests that reach each instance at once.
async fn passed_at_once(instances: &[&'static Instance], requests: usize) -> usize {
    let mut tasks = JoinSet::new();
    for instance in instances {
        for _ in 0..requests {
            tasks.spawn(instance.admit(KEY));
        }
    }
    tasks.join_all().await.iter().filter(|admission| admission.allowed).count()
}

#[tokio::test]
async fn a_caller_within_the_limit_is_not_refused_however_many_functions_answer() {
    for count in [1, 3, 8, 19, 40] {
        let scene = Scene::new().await;
        let instances = scene.instances(count);
        for request in 0..200 {
            let admission = instances[request % count].admit(KEY).await;
            assert!(admission.allowed, "request {request} over {count} instances");
        }
        assert!(scene.taken().await <= 200);
    }
}

#[tokio::test]
async fn a_caller_within_the_limit_is_not_refused_when_one_function_answers_more_than_the_others() {
    let scene = Scene::new().await;
    let instances = scene.instances(13);
    for (request, instance) in instances.iter().enumerate().skip(1) {
        assert_eq!(instance.passed(request).await, request);
    }
    assert_eq!(instances[0].passed(200 - 78).await, 122);
}

#[tokio::test]
async fn requests_below_the_share_ask_nobody() {
    let scene = Scene::new().await;
    for instance in scene.instances(4) {
        assert_eq!(instance.passed(10).await, 10);
    }
    assert_eq!((scene.asked(), scene.taken().await), (0, 0));
}

#[tokio::test]
async fn a_hammered_function_passes_the_burst_and_a_share_and_asks_once_for_ten() {
    let scene = Scene::new().await;
    let instances = scene.instances(1);
    assert_eq!(instances[0].passed(1000).await, 210);
    assert_eq!(scene.asked(), 21, "twenty leases and a refusal");
    assert_eq!(instances[0].passed(1000).await, 0);
    assert_eq!(scene.asked(), 0, "a closed window asks nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_once_lease_no_more_than_requests_one_after_the_other() {
    let scene = Scene::new().await;
    assert_eq!(passed_at_once(&scene.instances(1), 150).await, 150);
    assert_eq!((scene.asked(), scene.taken().await), (14, 140));
    let scene = Scene::new().await;
    assert_eq!(passed_at_once(&scene.instances(1), 1000).await, 210);
    assert_eq!((scene.asked(), scene.taken().await), (21, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_hammered_functions_pass_the_burst_and_a_share_each() {
    for count in [2, 4, 12] {
        let scene = Scene::new().await;
        let instances = scene.instances(count);
        assert_eq!(passed_at_once(&instances, 300).await, 200 + 10 * count);
        assert_eq!(scene.asked(), 20 + count, "each is refused once");
        assert_eq!(passed_at_once(&instances, 300).await, 0);
        assert_eq!(scene.asked(), 0);
    }
}

#[tokio::test]
async fn a_new_window_opens_again() {
    let scene = Scene::new().await;
    let instances = scene.instances(2);
    for _ in 0..3 {
        for instance in &instances {
            instance.passed(300).await;
            assert!(!instance.admit(KEY).await.allowed);
            instance.world.clock.advance(1);
            assert!(!instance.admit(KEY).await.allowed, "the window has two seconds");
            instance.world.clock.advance(1);
        }
        assert_eq!(instances[0].passed(150).await, 150);
        assert_eq!(instances[1].passed(50).await, 50);
        for instance in &instances {
            instance.world.clock.advance(2);
        }
    }
}

#[tokio::test]
async fn the_answer_tells_what_is_left_and_when_the_window_ends() {
    let scene = Scene::new().await;
    let [one, other] = scene.instances(2)[..] else { unreachable!() };
    let first = Admission { allowed: true, limit: 200, remaining: 199, reset: NOW + 2, retry_after: 2 };
    assert_eq!(one.admit(KEY).await, first);
    one.passed(159).await;
    assert_eq!(other.admit(KEY).await.remaining, 199, "it has not asked yet");
    other.passed(9).await;
    assert_eq!(other.admit(KEY).await.remaining, 49, "160 are leased, and nine of ten are its own");
    one.world.clock.advance(1);
    one.passed(100).await;
    let refused = Admission { allowed: false, limit: 200, remaining: 0, reset: NOW + 2, retry_after: 1 };
    assert_eq!(one.admit(KEY).await, refused);
}

#[tokio::test]
async fn each_key_has_its_own_limit() {
    let scene = Scene::new().await;
    let instance = scene.instances(1)[0];
    instance.passed(300).await;
    let other = instance.admit("another key").await;
    assert_eq!((other.allowed, other.remaining), (true, 199));
    assert!(!instance.admit(KEY).await.allowed);
}

#[tokio::test]
async fn the_smallest_limit_has_the_smallest_share() {
    let scene = Scene::new().await;
    let limiter = || Limiter::new(RateLimit::new(1, 1)).with_patience(Duration::from_secs(10));
    let instances = [scene.instance(limiter()), scene.instance(limiter())];
    for second in 0..3 {
        let mut passed = 0;
        for instance in &instances {
            passed += instance.passed(5).await;
            instance.world.clock.advance(1);
        }
        assert_eq!(passed, 3, "one, a share of each, in second {second}");
    }
}

#[tokio::test]
async fn a_windows_item_goes_a_minute_after_it() {
    let scene = Scene::new().await;
    scene.instances(1)[0].passed(25).await;
    let item = scene.item(KEY).await.unwrap();
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["PK", "SK", "expires_at", "taken", "write_id"]);
    assert_eq!(item["taken"], AttributeValue::N("20".to_owned()));
    assert_eq!(item["expires_at"], AttributeValue::N((NOW + 62).to_string()));
}

#[tokio::test]
async fn a_lease_whose_answer_is_lost_is_taken_once() {
    let scene = Scene::new().await;
    let instance = scene.instances(1)[0];
    scene.proxy.inject(LEASE, Fault::LostAnswer);
    assert_eq!(instance.passed(20).await, 20);
    assert_eq!((scene.asked(), scene.taken().await), (2, 10));
    // Also the last one, after which the other condition fails as well.
    instance.passed(180).await;
    scene.proxy.inject(LEASE, Fault::LostAnswer);
    assert_eq!(instance.passed(20).await, 10);
    assert_eq!(scene.taken().await, 200);
}

#[tokio::test]
async fn a_table_that_fails_lets_everything_pass_until_the_window_ends() {
    for fault in [
        Fault::Exception(500, "InternalServerError"),
        Fault::Exception(400, "ThrottlingException"),
        Fault::Exception(400, "AccessDeniedException"),
        Fault::Bare(503),
        Fault::LostAnswer,
    ] {
        let scene = Scene::new().await;
        let instance = scene.instances(1)[0];
        scene.proxy.inject_always(LEASE, fault.clone());
        assert_eq!(instance.passed(500).await, 500, "{fault:?}");
        assert!(scene.asked() <= 3, "one lease and its retries: {fault:?}");
        instance.world.clock.advance(2);
        assert_eq!(instance.passed(500).await, 500, "{fault:?}");
        assert!((1..=3).contains(&scene.asked()), "the next window asks again: {fault:?}");
    }
}

#[tokio::test]
async fn a_table_that_hangs_costs_one_request_of_a_window_a_moment() {
    for fault in [Fault::Timeout, Fault::TimeoutAfterWrite] {
        let scene = Scene::new().await;
        let instance = scene.instance(Limiter::new(RateLimit::TOKEN));
        scene.proxy.inject_always(LEASE, fault);
        let began = Instant::now();
        assert_eq!(instance.passed(500).await, 500);
        let waited = began.elapsed();
        assert!((Duration::from_millis(150)..Duration::from_secs(2)).contains(&waited), "{waited:?}");
        assert_eq!(scene.asked(), 1);
    }
}

#[tokio::test]
async fn requests_that_wait_for_another_ones_lease_pass_when_it_does() {
    let scene = Scene::new().await;
    let instance = scene.instance(Limiter::new(RateLimit::TOKEN));
    scene.proxy.inject_always(LEASE, Fault::Timeout);
    let began = Instant::now();
    assert_eq!(passed_at_once(&[instance], 500).await, 500);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn a_lease_that_comes_too_late_changes_nothing_here_and_closes_nothing_elsewhere() {
    let scene = Scene::new().await;
    let slow = scene.instance(Limiter::new(RateLimit::TOKEN));
    let gate = scene.proxy.hold(LEASE, 1);
    assert_eq!(slow.passed(20).await, 20);
    gate.open().await;
    assert_eq!(scene.taken().await, 10);
    assert_eq!(scene.instances(1)[0].passed(180).await, 180);
}

#[tokio::test]
async fn a_failure_is_logged_once_in_a_window_and_names_no_key() {
    let scene = Scene::new().await;
    let instance = scene.instances(1)[0];
    scene.proxy.inject_always(LEASE, Fault::Exception(400, "AccessDeniedException"));
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer({
        let log = log.clone();
        move || log.clone()
    });
    let _logged = subscriber.set_default();
    for windows in 1..=2 {
        for key in ["secret", "secret too"] {
            for _ in 0..30 {
                instance.admit(key).await;
            }
        }
        let text = log.text();
        assert_eq!(text.matches("a rate limit lets requests pass uncounted").count(), windows, "{text}");
        assert!(text.contains("AccessDeniedException") && !text.contains("secret"), "{text}");
        instance.world.clock.advance(2);
    }
}

#[tokio::test]
async fn an_application_limits_tokens_as_it_is_told() {
    let scene = Scene::new().await;
    let app = scene.instances(1)[0].world.app;
    let admission = app.token_limit.admit(&app.store, &app.clock, KEY).await;
    assert_eq!((admission.limit, admission.remaining), (200, 199));
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
