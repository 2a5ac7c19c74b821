//! A token as somebody presents it, and what the table knows of it.

use shared::Error;
use shared::client::RegisteredClient;
use shared::store::Found;
use shared::store::schema::{Key, chosen_value_key};

use crate::access_token;
use crate::authorization::{Authorization, State};
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
enum Wanted {
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

    /// Whether it has a form of ours: nobody else may choose a token that looks so.
    #[must_use]
    pub fn has_own_form(token: &str) -> bool {
        !matches!(Self::read_any(token), Form::Other) || TokenIdentifier::parse(token).is_some()
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

    /// The authorization, if the token says it.
    #[must_use]
    pub fn authorization(&self) -> Option<AuthorizationId> {
        match &self.form {
            Form::Value(value) => Some(value.id),
            Form::Jwt(identifier, _) => Some(identifier.id),
            Form::Other => None,
        }
    }

    /// Where the authorization is, or where it stands which one it is.
    #[must_use]
    pub fn key(&self, service_id: u64) -> Key {
        match self.authorization() {
            Some(id) => store::key_in(service_id, id),
            None => chosen_value_key(service_id, self.token),
        }
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
        let (authorization, client) = match (self.authorization(), store::chosen_among(items)) {
            (Some(id), _) => {
                (store::among(items, id)?.filter(|authorization| authorization.is_after(found.tokens_from)), None)
            }
            (None, Some((id, client))) => {
                let keys = vec![store::key(context, id)];
                let found = context.app.store.client_and(context.service, &client.to_string(), keys).await?;
                let authorization = store::among(&found.items, id)?;
                (authorization.filter(|authorization| authorization.is_after(found.tokens_from)), found.named.client)
            }
            (None, None) => (None, None),
        };
        let Some(authorization) = authorization else { return Ok(None) };
        let (access, refresh) = match &self.form {
            Form::Jwt(identifier, _) => {
                let given = authorization.access_token.as_ref().filter(|_| authorization.state == State::Active);
                let is_it = given.is_some_and(|given| identifier.is_of(&given.hash));
                (is_it && access_token::is_ours(context, self.token).await?, false)
            }
            Form::Value(_) | Form::Other => {
                let hash = Hash::of(self.token);
                (authorization.has_access_token(&hash), authorization.has_refresh_token(&hash))
            }
        };
        let was_replaced = || {
            let hash = Hash::of(self.token);
            authorization.state == State::Active && authorization.rotations.have(&hash)
        };
        if !access && !refresh && matches!(wanted, Wanted::OrReplaced) && was_replaced() {
            return Ok(Some(Known { authorization, kind: Kind::Refresh, client }));
        }
        Ok(match (access, refresh) {
            (true, _) => Some(Known { authorization, kind: Kind::Access, client }),
            (false, true) => Some(Known { authorization, kind: Kind::Refresh, client }),
            (false, false) => None,
        })
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
