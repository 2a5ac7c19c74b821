//! A whole registrar with a table in memory, for targets that are asked by requests.

use std::net::SocketAddr;

use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE};
use shared::App;
use shared::app::Settings;
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::fetch::{Fetch, FetchSettings};
use shared::limits::RateLimit;
use shared::store::Store;
use shared::time::Clock;
use tokio::runtime::Runtime;

/// What answers.
pub(super) struct Host {
    pub(super) runtime: Runtime,
    pub(super) app: &'static App,
    _table: Embedded,
}

impl Host {
    /// At that time, with those settings; nobody asks too often.
    pub(super) fn start(clock: Clock, settings: Settings) -> Result<Self, Box<dyn std::error::Error>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let access_key = AccessKey::mint(&Entropy::seeded(0))?;
        let table = runtime.block_on(Embedded::start(None, listen, &access_key, Limits::default()))?;
        let store = Store::new(embedded::client(&table.url(), &access_key), TABLE, clock.clone());
        let much = RateLimit::new(1_000_000, 10_000_000);
        let service_limit = RateLimit::new(10_000_000, 100_000_000);
        let settings = Settings { token_limit: much, address_limit: much, service_limit, ..settings };
        let (keys, fetch) = (KeyEncryption::file(&[7; 32])?, Fetch::new(FetchSettings::default()));
        let app = Box::leak(Box::new(App::new(store, keys, fetch, clock, Entropy::system(), settings)));
        Ok(Self { runtime, app, _table: table })
    }
}
