//! Services.

use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::item::{blob, bounded_json, bytes, changed, integer, number, parsed, required, string};
use super::schema::{list_position, service_key, services_list};
use super::write::{Outcome, Write};
use super::{Item, Store};
use crate::client::SealedSecret;
use crate::credentials::IdSalt;
use crate::error::Error;
use crate::origin::Origin;
use crate::service::{JWKS, Service, ServiceConfiguration};
use crate::time::DAY;

/// How long a deleted service can be restored, in seconds.
pub const RESTORABLE_SECONDS: u64 = 7 * DAY;

/// What a deleted service has.
const DELETED: &str = "deleted_by = :actor, version = version + :one, write_id = :write, changed = :changed";

/// The version of a new service.
pub(crate) const FIRST_VERSION: u64 = 1;

/// What became of a new service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatedService {
    /// It is stored.
    Created,
    /// Its number is taken, by a living service or a deleted one.
    Taken,
}

/// A service that is not stored yet.
pub struct NewService<'s> {
    /// Its number, below 2^53.
    pub id: u64,
    /// What its operator decided.
    pub configuration: &'s ServiceConfiguration,
    /// What makes its clients' numbers its own.
    pub id_salt: &'s IdSalt,
    /// The key of its secrets, wrapped.
    pub wrapped_data_key: Vec<u8>,
    /// What it keeps sealed, for its first version.
    pub secrets: Option<SealedSecret>,
}

impl Store {
    /// Stores a new service.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn create_service(&self, new: NewService<'_>, origin: &Origin) -> Result<CreatedService, Error> {
        let NewService { id, configuration, id_salt, wrapped_data_key, secrets } = new;
        let write_id = self.write_id()?;
        let mut item = service_key(id).into_attributes();
        item.insert("service".to_owned(), service_json(configuration)?);
        item.insert("id_salt".to_owned(), bytes(id_salt.0.to_vec()));
        item.insert("data_key".to_owned(), bytes(wrapped_data_key));
        if let Some(SealedSecret { sealed, version }) = secrets {
            item.insert("secrets".to_owned(), bytes(sealed));
            item.insert("secrets_version".to_owned(), integer(version));
        }
        item.insert("version".to_owned(), integer(FIRST_VERSION));
        item.insert("write_id".to_owned(), string(&write_id));
        item.insert("changed".to_owned(), changed(origin));
        item.insert("list".to_owned(), string(services_list(&configuration.organization)));
        let now = self.clock.now_millis();
        item.insert("created".to_owned(), integer(now));
        item.insert("modified".to_owned(), integer(now));
        item.insert("at".to_owned(), string(list_position(now, &id.to_string())));
        let put = self.put_new(item);
        Ok(match self.write(Write::Put(Box::new(put)), &write_id).await? {
            Outcome::Written => CreatedService::Created,
            Outcome::Refused(_) => CreatedService::Taken,
        })
    }

    /// The service of that number, unless it is deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service(&self, id: u64) -> Result<Option<Service>, Error> {
        let item = self.get(service_key(id)).await?;
        item.filter(|item| self.is_live(item)).map(|item| service(id, &item)).transpose()
    }

    /// Replaces a service's configuration, read at `version`, and what it keeps sealed, unless that is absent.
    ///
    /// # Errors
    /// [`Error::Contention`] if it was changed since; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn update_service(
        &self,
        id: u64,
        version: u64,
        configuration: &ServiceConfiguration,
        secrets: Option<SealedSecret>,
        origin: &Origin,
    ) -> Result<(), Error> {
        const SET: &str = "SET #service = :service, #list = :list, version = :next, modified = :now, \
                           write_id = :write, changed = :changed";
        let write_id = self.write_id()?;
        let mut update = self.update(service_key(id)).update_expression(SET);
        if let Some(secrets) = secrets {
            update = update
                .update_expression(format!("{SET}, secrets = :secrets, secrets_version = :sealed"))
                .expression_attribute_values(":secrets", bytes(secrets.sealed))
                .expression_attribute_values(":sealed", integer(secrets.version));
        }
        let update = update
            .condition_expression("version = :read AND attribute_not_exists(deleted_by)")
            .expression_attribute_names("#service", "service")
            .expression_attribute_names("#list", "list")
            .expression_attribute_values(":service", service_json(configuration)?)
            .expression_attribute_values(":list", string(services_list(&configuration.organization)))
            .expression_attribute_values(":read", integer(version))
            .expression_attribute_values(":next", integer(version + 1))
            .expression_attribute_values(":now", integer(self.clock.now_millis()))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }

    /// Deletes a service: it is unknown at once, and ends for good a week later unless it is restored until then.
    ///
    /// # Errors
    /// [`Error::UnknownService`]; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn delete_service(&self, id: u64, origin: &Origin) -> Result<(), Error> {
        let update = self
            .update(service_key(id))
            .update_expression(format!("SET {DELETED}, expires_at = :end REMOVE #list, #at"))
            .condition_expression("attribute_exists(PK) AND attribute_not_exists(deleted_by)")
            .expression_attribute_values(":end", integer(self.clock.now().saturating_add(RESTORABLE_SECONDS)));
        self.take_away(update, origin).await
    }

    /// Ends a service for good, deleted before or not: its configuration and its data key are gone, its number stays
    /// taken.
    ///
    /// # Errors
    /// [`Error::UnknownService`]; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn end_service(&self, id: u64, origin: &Origin) -> Result<(), Error> {
        let update = self
            .update(service_key(id))
            .update_expression(format!(
                "SET {DELETED} REMOVE #service, secrets, secrets_version, data_key, id_salt, expires_at, #list, #at"
            ))
            .condition_expression("attribute_exists(data_key)")
            .expression_attribute_names("#service", "service");
        self.take_away(update, origin).await
    }

    async fn take_away(&self, update: UpdateItemFluentBuilder, origin: &Origin) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = update
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":actor", string(&origin.actor))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::UnknownService),
        }
    }

    /// Until when a deleted service can be restored, in seconds since 1970; nothing if it is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn restorable_until(&self, id: u64) -> Result<Option<u64>, Error> {
        Ok(self.get(service_key(id)).await?.and_then(|item| self.restorable_in(&item)))
    }

    fn restorable_in(&self, item: &Item) -> Option<u64> {
        let end = number(item, "expires_at").filter(|end| *end > self.clock.now());
        end.filter(|_| item.contains_key("deleted_by"))
    }

    /// Brings back a deleted service that has not ended, as it was.
    ///
    /// # Errors
    /// [`Error::UnknownService`] if there is none; [`Error::Contention`] if somebody else changed it at the same time;
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn restore_service(&self, id: u64, origin: &Origin) -> Result<Service, Error> {
        let item = self.get(service_key(id)).await?;
        let item = item.filter(|item| self.restorable_in(item).is_some()).ok_or(Error::UnknownService)?;
        let deleted = service(id, &item)?;
        let write_id = self.write_id()?;
        let update = self
            .update(service_key(id))
            .update_expression(
                "SET #list = :list, #at = :at, version = :next, write_id = :write, changed = :changed \
                 REMOVE deleted_by, expires_at",
            )
            .condition_expression("version = :read AND attribute_exists(deleted_by) AND attribute_exists(data_key)")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":list", string(services_list(&deleted.configuration.organization)))
            .expression_attribute_values(":at", string(list_position(deleted.created_millis, &id.to_string())))
            .expression_attribute_values(":read", integer(deleted.version))
            .expression_attribute_values(":next", integer(deleted.version.saturating_add(1)))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => self.service(id).await?.ok_or(Error::UnknownService),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }
}

fn service_json(configuration: &ServiceConfiguration) -> Result<AttributeValue, Error> {
    bounded_json("the service", configuration, || members(configuration))
}

/// What a service's configuration consists of.
fn members(configuration: &ServiceConfiguration) -> Map<String, Value> {
    let mut members = configuration.authorization_server.clone();
    members.extend(configuration.others.clone());
    let parts = [serde_json::to_value(&configuration.policy), serde_json::to_value(&configuration.federation)];
    for part in parts.into_iter().flatten() {
        members.extend(part.as_object().cloned().unwrap_or_default());
    }
    let texts = [("name", &configuration.name), ("issuer", &configuration.issuer)];
    members.extend(texts.map(|(name, text)| (name.to_owned(), text.as_deref().into())));
    members.insert(JWKS.to_owned(), configuration.jwks.clone().into());
    members
}

pub(super) fn service(id: u64, item: &Item) -> Result<Service, Error> {
    let salt: Option<[u8; 32]> = blob(item, "id_salt").and_then(|salt| salt.try_into().ok());
    let created_millis = number(item, "created").unwrap_or_default();
    let secrets = match (blob(item, "secrets"), number(item, "secrets_version")) {
        (Some(sealed), Some(version)) => Some(SealedSecret { sealed, version }),
        _ => None,
    };
    let configuration: ServiceConfiguration = parsed(item, "service")?;
    Ok(Service {
        id,
        created_millis,
        modified_millis: number(item, "modified").unwrap_or(created_millis),
        secrets,
        narrowed_policy: configuration.narrowed_policy(),
        document_policy: OnceLock::new(),
        configuration,
        version: required(number(item, "version"), "version")?,
        id_salt: IdSalt(required(salt, "id_salt")?),
        wrapped_data_key: required(blob(item, "data_key"), "data_key")?,
        data_key: Arc::new(OnceCell::new()),
        signing_keys: OnceCell::new(),
        verification_keys: OnceCell::new(),
    })
}
