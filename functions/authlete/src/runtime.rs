//! What the operations of Authlete's runtime have in common: `/auth/…`, `/pushed_auth_req`, and the operations about what
//! users have granted.

pub(crate) mod credentials;
pub(crate) mod details;
pub(crate) mod members;
pub(crate) mod outcome;
pub(crate) mod properties;
pub(crate) mod rules;
pub(crate) mod shown;
pub(crate) mod tickets;
pub(crate) mod tokens;
pub(crate) mod whose;

use ::authorization::grant::{self, Grant};
use ::authorization::presented::{Known, Presented};
use ::authorization::rules::Rules;
use ::authorization::{Authorization, Context};
use shared::client::RegisteredClient;
use shared::metadata_document::{Unresolved, Wanted};
use shared::origin::Origin;
use shared::resolution;
use shared::service::Service;
use shared::store::schema::Key;
use shared::store::{Found, Item, Named, Witness};

use crate::door::{Call, Desk};
use crate::error::Error;

/// The end of what has none, in seconds since 1970: that of the year 9999.
const FOREVER: u64 = 253_402_300_799;

/// Where the authorization of a token is, if the token says it.
pub(crate) fn keys_of(service: &Service, presented: Option<&Presented<'_>>) -> Vec<Key> {
    presented.map(|presented| presented.keys(service.id)).unwrap_or_default()
}

/// Who asks about a token, and what one read has found of it and of the client that it names.
///
/// # Errors
/// What [`Call::desk_and_found`] refuses.
pub(crate) async fn desk_and_token(call: &Call<'_>, presented: Option<&Presented<'_>>) -> Result<(Desk, Found), Error> {
    let client = presented.and_then(Presented::client);
    call.desk_and_found(client.as_deref(), |service| keys_of(service, presented)).await
}

/// A call of the runtime, by the rules of its service.
pub(crate) struct Runtime<'d> {
    pub(crate) call: &'d Call<'d>,
    pub(crate) desk: &'d Desk,
    rules: Rules<'d>,
    origin: Origin,
}

impl<'d> Runtime<'d> {
    pub(crate) fn new(call: &'d Call<'d>, desk: &'d Desk) -> Self {
        let base_url = call.app.base_url(&desk.service, call.request);
        let rules = rules::of(&desk.service, desk.service.issuer(&base_url));
        Self { call, desk, rules, origin: call.origin(desk.service.policy(), &desk.operator) }
    }

    /// What the core needs to know.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            app: self.call.app,
            service: &self.desk.service,
            rules: &self.rules,
            origin: &self.origin,
            terms: rules::terms,
        }
    }

    /// The client of that name; none if there is none, or none any more. A URL that nobody has registered may be asked
    /// what it is.
    ///
    /// # Errors
    /// What is no fault of the client's.
    pub(crate) async fn client(
        &self,
        identifier: &str,
        named: Named,
        wanted: Wanted,
    ) -> Result<Option<RegisteredClient>, Error> {
        match self.resolved(identifier, named, wanted).await {
            Err(Error::Unresolved(unresolved)) if matches!(unresolved.status(), 400..=404) => Ok(None),
            outcome => outcome,
        }
    }

    /// The same, where it is told why a metadata document is none.
    ///
    /// # Errors
    /// As [`client`](Self::client); [`Error::Unresolved`] for every such document.
    pub(crate) async fn resolved(
        &self,
        identifier: &str,
        named: Named,
        wanted: Wanted,
    ) -> Result<Option<RegisteredClient>, Error> {
        let base_url = self.call.app.base_url(&self.desk.service, self.call.request);
        let context = self.desk.resolving_context(self.call);
        match resolution::resolve(&context, &base_url, identifier, named, wanted).await {
            Ok(client) => Ok(Some(client)),
            Err(Unresolved::NotEnabled) => Ok(None),
            Err(unresolved) => match Error::unresolved(unresolved) {
                Error::Core(error) if error.status() < 500 => Ok(None),
                error => Err(error),
            },
        }
    }

    /// The same, without asking anybody.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub(crate) async fn kept_client(&self, identifier: &str, named: Named) -> Result<Option<RegisteredClient>, Error> {
        if named.client.is_none() && named.document.is_none() {
            return Ok(None);
        }
        self.client(identifier, named, Wanted { kept: true, ..Wanted::default() }).await
    }

    /// What a user has let the client have that is called so, which may be among what was found: an alias stands elsewhere
    /// than what it means.
    ///
    /// # Errors
    /// [`Error::Core`].
    pub(crate) async fn grant(
        &self,
        called: &str,
        client: &RegisteredClient,
        subject: &str,
        items: &[Item],
    ) -> Result<Option<Grant>, Error> {
        if self.desk.service.numeric_id(called) == client.numeric_id {
            return Ok(grant::among(items).map(|grant| grant.of(client)));
        }
        let key = grant::key_in(self.desk.service.id, client.numeric_id, subject);
        Ok(self.call.app.store.get(key).await?.map(|item| grant::read(&item).of(client)))
    }

    /// Notes that a client is used, which has been given that: it does not end before that does. What it has been given of
    /// its own authority no user speaks for. What it has been given is given, whatever becomes of the note.
    pub(crate) async fn used(&self, client: &RegisteredClient, authorization: &Authorization) {
        let given = [&authorization.access_token, &authorization.refresh_token].into_iter().flatten();
        let has_until = given.map(|given| given.ends_at.map_or(FOREVER, |end| end.div_ceil(1000))).max();
        let by = if authorization.subject.is_some() { Witness::Trusted } else { Witness::Anybody };
        self.call.app.store.note_use(&self.desk.service, client, by, has_until.unwrap_or_default()).await;
    }

    /// What is known of a token that is presented, and of its client.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub(crate) async fn known(
        &self,
        presented: &Presented<'_>,
        found: Found,
    ) -> Result<(Option<Known>, Option<RegisteredClient>), Error> {
        let context = self.context();
        let Some(known) = presented.known(&context, &found).await? else { return Ok((None, None)) };
        let named = match presented.client() {
            Some(identifier) => self.kept_client(&identifier, found.named).await?,
            None => None,
        };
        let client = presented.client_of(&context, &known, named).await?;
        Ok((Some(known), client))
    }
}
