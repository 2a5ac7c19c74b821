//! A service, and what the core needs to act there as the functions do.

use std::time::Instant;

use anyhow::Result;
use authorization::rules::Rules;
use authorization::{Context, Terms};
use operator::Fault;
use shared::app::Settings;
use shared::client::RegisteredClient;
use shared::credentials::KeyEncryption;
use shared::fetch::{Fetch, FetchSettings};
use shared::origin::Origin;
use shared::registry::{self, FETCHING};
use shared::service::Service;
use shared::store::Named;
use shared::{App, Error, resolution};

use super::api::kind;
use super::{Connection, operator};
use crate::failure::{Failure, Kind, described};

/// A service, and what the core needs to act there.
pub(super) struct Desk {
    app: App,
    pub(super) service: Service,
    /// Where the API is for that service, if that is known.
    pub(super) base_url: Option<String>,
}

impl Desk {
    /// Where something is sealed or opened.
    pub(super) async fn with_keys(service: Service, connection: &Connection) -> Result<Self> {
        Ok(Self::made(service, connection, connection.keys().await?, FetchSettings::default()))
    }

    /// Where something is opened and something fetched.
    pub(super) async fn fetching(service: Service, connection: &Connection, fetch: FetchSettings) -> Result<Self> {
        Ok(Self::made(service, connection, connection.keys().await?, fetch))
    }

    /// The service of that number, where nothing is sealed, opened or fetched.
    pub(super) async fn at(service: u64, connection: &Connection) -> Result<Self> {
        let settings = FetchSettings { reachable: connection.reachable()?, extra_ca: None };
        Ok(Self::of(connection.service(service).await?, connection, settings))
    }

    /// Where nothing is: it works without the key.
    pub(super) fn of(service: Service, connection: &Connection, fetch: FetchSettings) -> Self {
        Self::made(service, connection, KeyEncryption::Absent, fetch)
    }

    fn made(service: Service, connection: &Connection, keys: KeyEncryption, fetch: FetchSettings) -> Self {
        let Connection { store, clock, entropy, .. } = connection;
        let (clock, entropy) = (clock.clone(), entropy.clone());
        let app = App::new(store.clone(), keys, Fetch::new(fetch), clock, entropy, Settings::default());
        let base_url = service.configuration.base_url.clone().or_else(|| connection.base_url());
        Self { app, service, base_url }
    }

    pub(super) fn context(&self) -> registry::Context<'_> {
        let Self { app, service, base_url } = self;
        let audiences = |url: &String| vec![service.issuer(url), service.registration_endpoint(url)];
        registry::Context {
            app,
            service,
            origin: operator(),
            fetching_ends: Instant::now() + FETCHING,
            audiences: base_url.as_ref().map(audiences).unwrap_or_default(),
        }
    }

    /// What is needed to list authorizations and to end them.
    pub(super) fn authorizations<'d>(&'d self, rules: &'d Rules<'d>, origin: &'d Origin) -> Context<'d> {
        Context { app: &self.app, service: &self.service, rules, origin, terms: no_terms }
    }

    /// What the table has under an identifier, a number or an alias.
    pub(super) async fn named(&self, identifier: &str) -> Result<Named> {
        Ok(self.app.store.client_and(&self.service, identifier, Vec::new()).await.map_err(described)?.named)
    }

    /// The client of that identifier, number or alias, if it is known.
    pub(super) async fn found(&self, identifier: &str) -> Result<Option<RegisteredClient>> {
        let named = self.named(identifier).await?;
        match resolution::known(&self.context(), self.url(), identifier, named).await {
            Ok(client) => Ok(Some(client)),
            Err(Error::UnknownClient) => Ok(None),
            Err(error) => Err(described(error)),
        }
    }

    /// The client, which must be known.
    pub(super) async fn known(&self, client_id: &str) -> Result<RegisteredClient> {
        let named = self.named(client_id).await?;
        resolution::known(&self.context(), self.url(), client_id, named).await.map_err(|error| absent(error, client_id))
    }

    /// The same, stored.
    pub(super) async fn to_change(&self, client_id: &str, named: Named) -> Result<RegisteredClient> {
        let client = resolution::to_change(&self.context(), self.url(), client_id, named).await;
        client.map_err(|error| absent(error, client_id))
    }

    /// Where the API is for that service, or nothing if that is not known.
    pub(super) fn url(&self) -> &str {
        self.base_url.as_deref().unwrap_or_default()
    }
}

/// What operators say of clients plays no part where no token is made.
fn no_terms(_: &RegisteredClient) -> Terms<'_> {
    Terms::default()
}

/// An error of the core; that there is no such client names it.
pub(super) fn absent(error: Error, client_id: &str) -> anyhow::Error {
    match error {
        Error::UnknownClient => Failure::no_client(client_id).into(),
        error => described(error),
    }
}

/// What the operators' door would answer.
pub(super) fn of_door(fault: Fault) -> anyhow::Error {
    match fault {
        Fault::Core(error) => described(error),
        fault => {
            let (status, error, sentence) = fault.told();
            Failure::new(kind(status, error, &sentence), sentence).into()
        }
    }
}

/// An error of the core about a service; that somebody else's change has won is told of that.
pub(super) fn of_service(error: Error) -> anyhow::Error {
    match error {
        Error::Contention => Failure::new(Kind::Conflict, "the service was changed at the same time; try again").into(),
        error => described(error),
    }
}
