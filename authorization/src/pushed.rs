//! Pushed authorization requests (RFC 9126).

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use shared::Error;
use shared::client::RegisteredClient;
use shared::store::item::{blob, bytes, integer, number, required, string, text};
use shared::store::schema::{Key, pushed_request_key};
use shared::store::{Item, Outcome, Write};

use crate::context::Context;
use crate::decision::TICKET_SECONDS;
use crate::store;
use crate::token::{AuthorizationId, Hash, Value};

/// What every `request_uri` of a pushed request begins with (RFC 9126 §2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A pushed request.
pub struct Pushed {
    /// The client's number.
    pub client: u64,
    /// The parameters, as they were pushed.
    pub parameters: String,
    hash: Vec<u8>,
}

/// The reference that a `request_uri` is; none if it is another URL.
#[must_use]
pub fn reference(request_uri: &str) -> Option<Option<Value>> {
    request_uri.strip_prefix(PREFIX).map(Value::parse)
}

/// Where a pushed request is.
#[must_use]
pub fn key_in(service_id: u64, id: AuthorizationId) -> Key {
    pushed_request_key(service_id, &id.to_text())
}

/// Keeps a request that was verified. Answers its `request_uri`, and for how many seconds it can be used.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn keep(context: &Context<'_>, client: &RegisteredClient, parameters: &str) -> Result<(String, u64), Error> {
    let (app, seconds) = (context.app, context.rules.pushed_seconds);
    let id = AuthorizationId::mint(&app.entropy)?;
    let reference = Value::mint(id, client.numeric_id, &app.entropy)?;
    let write_id = app.store.write_id()?;
    let mut item = key_in(context.service.id, id).into_attributes();
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("client", integer(client.numeric_id));
    put("parameters", string(parameters));
    put("hash", bytes(reference.hash().as_bytes().to_vec()));
    put("write_id", string(&write_id));
    put("expires_at", integer(app.clock.now().saturating_add(seconds)));
    match app.store.write(Write::Put(Box::new(app.store.put_new(item))), &write_id).await? {
        Outcome::Written => Ok((format!("{PREFIX}{}", reference.expose()), seconds)),
        Outcome::Refused(_) => Err(Error::internal("two pushed requests of one name")),
    }
}

/// The pushed request among what was found, unless it was used up.
///
/// # Errors
/// [`Error::Internal`] for an item that is none.
pub fn among(items: &[Item]) -> Result<Option<Pushed>, Error> {
    let is_it = |item: &&Item| text(item, "SK") == Some("P") && !item.contains_key("consumed_at");
    let Some(item) = items.iter().find(is_it) else { return Ok(None) };
    Ok(Some(Pushed {
        client: required(number(item, "client"), "client")?,
        parameters: required(text(item, "parameters"), "parameters")?.to_owned(),
        hash: required(blob(item, "hash"), "hash")?,
    }))
}

impl Pushed {
    /// Whether it is the client's.
    #[must_use]
    pub fn serves(&self, reference: &Value, client: &RegisteredClient) -> bool {
        let hash = self.hash.as_slice().try_into().map(Hash::from_bytes);
        self.client == client.numeric_id && hash.is_ok_and(|hash| hash == reference.hash())
    }
}

/// The part of a step that uses a pushed request up, which may have ended while the user was asked. That it was used is
/// known as long as another ticket of it can be.
///
/// # Errors
/// [`Error::Internal`].
pub fn consuming(context: &Context<'_>, id: AuthorizationId) -> Result<TransactWriteItem, Error> {
    let update = Update::builder()
        .table_name(context.app.store.table())
        .set_key(Some(key_in(context.service.id, id).into_attributes()))
        .update_expression("SET consumed_at = :now, expires_at = :end REMOVE #parameters")
        .expression_attribute_names("#parameters", "parameters")
        .condition_expression("attribute_not_exists(consumed_at)")
        .expression_attribute_values(":now", integer(context.now_millis()))
        .expression_attribute_values(":end", integer(context.app.clock.now().saturating_add(TICKET_SECONDS)));
    store::updating(update)
}
