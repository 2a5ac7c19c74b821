//! A token as somebody presents it, and what the table knows of it.

use shared::Error;
use shared::client::RegisteredClient;
use shared::store::Found;
use shared::store::schema::{Key, chosen_value_key};

use crate::access_token;
use crate::authorization::{Authorization, Given, State};
use crate::context::Context;
use crate::store;
use crate::token::{AuthorizationId, Hash, TokenIdentifier, Value};

/// A token as it came.
pub struct Presented<'t> {
    token: &'t str,
    form: Form,
}

enum Form {
    /// One of our values.
    Value(Value),
    /// A JWT that says that it is ours; by which name it calls its client.
    Jwt(TokenIdentifier, Option<String>),
    /// Something else: perhaps a value that was chosen elsewhere.
    Other,
}

/// Which tokens of an authorization are looked for.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    Current,
    OrReplaced,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// A token that the table knows: its authorization is as it stands, and may have ended.
pub struct Known {
    /// The authorization.
    pub authorization: Authorization,
    /// What the token is.
    pub kind: Kind,
    /// Its client, if it was read along.
    client: Option<RegisteredClient>,
}

impl Known {
    /// An authorization and which of its tokens it is known by.
    #[must_use]
    pub fn of(authorization: Authorization, kind: Kind) -> Self {
        Self { authorization, kind, client: None }
    }
}

impl<'t> Presented<'t> {
    /// Reads a token.
    #[must_use]
    pub fn read(token: &'t str) -> Self {
        Self { token, form: Self::read_any(token) }
    }

    fn read_any(token: &str) -> Form {
        match Value::parse(token) {
            Some(value) => Form::Value(value),
            None => match access_token::named_by(token) {
                Some((identifier, client)) => Form::Jwt(identifier, client),
                None => Form::Other,
            },
        }
    }

    /// The client's number or name, if the token says it.
    #[must_use]
    pub fn client(&self) -> Option<String> {
        match &self.form {
            Form::Value(value) => Some(value.client.to_string()),
            Form::Jwt(_, client) => client.clone(),
            Form::Other => None,
        }
    }

    /// The value of our making that it is, if it is one.
    #[must_use]
    pub fn own_value(&self) -> Option<&Value> {
        match &self.form {
            Form::Value(value) => Some(value),
            Form::Jwt(..) | Form::Other => None,
        }
    }

    /// The authorization, if the token says it.
    #[must_use]
    pub fn authorization(&self) -> Option<AuthorizationId> {
        match &self.form {
            Form::Value(value) => Some(value.id),
            Form::Jwt(identifier, _) => Some(identifier.id),
            Form::Other => None,
        }
    }

    /// Where the authorization is, and where it stands which one it is: a JWT that looks like one of ours may have been
    /// chosen elsewhere.
    #[must_use]
    pub fn keys(&self, service_id: u64) -> Vec<Key> {
        let own = self.authorization().map(|id| store::key_in(service_id, id));
        let is_chosen = !matches!(self.form, Form::Value(_));
        let chosen = is_chosen.then(|| chosen_value_key(service_id, Hash::of(self.token).as_bytes()));
        own.into_iter().chain(chosen).collect()
    }

    /// What the table knows of it, with what was found there already. What was ended with a client that is gone is not
    /// known.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn known(&self, context: &Context<'_>, found: &Found) -> Result<Option<Known>, Error> {
        self.looked_up(context, found, Wanted::Current).await
    }

    /// The same, and of a token that a refresh has replaced: who ends that means the grant, whose tokens may have changed
    /// a moment ago.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn known_or_replaced(&self, context: &Context<'_>, found: &Found) -> Result<Option<Known>, Error> {
        self.looked_up(context, found, Wanted::OrReplaced).await
    }

    async fn looked_up(&self, context: &Context<'_>, found: &Found, wanted: Wanted) -> Result<Option<Known>, Error> {
        let items = found.items.as_slice();
        if let Some(id) = self.authorization() {
            let own = store::among(items, id)?.filter(|authorization| authorization.is_after(found.tokens_from));
            let kind = match &own {
                Some(authorization) => self.kind(context, authorization, wanted).await?,
                None => None,
            };
            if let (Some(authorization), Some(kind)) = (own, kind) {
                return Ok(Some(Known::of(authorization, kind)));
            }
        }
        let Some((id, client)) = store::chosen_among(items) else { return Ok(None) };
        let keys = vec![store::key(context, id)];
        let found = context.app.store.client_and(context.service, &client.to_string(), keys).await?;
        let of_value = store::among(&found.items, id)?.filter(|of_value| of_value.is_after(found.tokens_from));
        let Some(authorization) = of_value else { return Ok(None) };
        let kind = kind(&authorization, wanted, |hash| *hash == Hash::of(self.token));
        Ok(kind.map(|kind| Known { authorization, kind, client: found.named.client }))
    }

    /// Which of its own tokens it is.
    async fn kind(
        &self,
        context: &Context<'_>,
        authorization: &Authorization,
        wanted: Wanted,
    ) -> Result<Option<Kind>, Error> {
        match &self.form {
            Form::Jwt(identifier, _) => {
                let kind = kind(authorization, wanted, |hash| identifier.is_of(hash));
                Ok(if kind.is_some() && access_token::is_ours(context, self.token).await? { kind } else { None })
            }
            Form::Value(_) | Form::Other => {
                let own = Hash::of(self.token);
                Ok(kind(authorization, wanted, |hash| *hash == own))
            }
        }
    }

    /// The client that was found, if the token's authorization is its; else that of the authorization.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client_of(
        &self,
        context: &Context<'_>,
        known: &Known,
        found: Option<RegisteredClient>,
    ) -> Result<Option<RegisteredClient>, Error> {
        let number = known.authorization.client;
        match found {
            Some(client) if client.numeric_id == number => Ok(Some(client)),
            _ if matches!(self.form, Form::Value(_)) => Ok(None),
            _ if known.client.is_some() => Ok(known.client.clone()),
            _ => context.app.store.client(context.service.id, number).await,
        }
    }
}

/// Which of the tokens of an active authorization it is.
pub(crate) fn kind(authorization: &Authorization, wanted: Wanted, is_it: impl Fn(&Hash) -> bool) -> Option<Kind> {
    let is_given = |given: &Option<Given>| given.as_ref().is_some_and(|given| is_it(&given.hash));
    let was_replaced = || matches!(wanted, Wanted::OrReplaced) && authorization.rotations.any(&is_it);
    if authorization.state != State::Active {
        return None;
    }
    match (is_given(&authorization.access_token), is_given(&authorization.refresh_token)) {
        (true, _) => Some(Kind::Access),
        (false, true) => Some(Kind::Refresh),
        (false, false) => was_replaced().then_some(Kind::Refresh),
    }
}
