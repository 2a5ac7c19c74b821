//! Items that come from another table or from another number. They are what they were there but for their place.

use super::claim::names;
use super::client::Created;
use super::item::{changed, number, string, text};
use super::schema::{MAX_NAME, client_key, clients_list, developer_list, list_position, service_key, services_list};
use super::service::service;
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::claim_kind::ClaimKind;
use crate::client::RegisteredClient;
use crate::error::Error;
use crate::metadata::Invalid;
use crate::origin::Origin;
use crate::service::Service;

/// What an item has by where it stands, and by who wrote it there.
const PLACE: [&str; 9] = ["PK", "SK", "list", "developer", "at", "claims", "reindexed", "write_id", "changed"];

/// The import that makes a service, until all of it is there.
const IMPORT: &str = "import";

/// Whose the number of a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceNumber {
    /// No service has it, or had it.
    Free,
    /// The import of that name makes its service.
    Importing(String),
    /// A service has it, or one that was deleted had it.
    Taken,
}

/// What became of a client that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// It is stored, without its names of those kinds: other clients have them.
    Written(Vec<ClaimKind>),
    /// It was stored before, by the same import.
    Known,
    /// Another client has its number.
    Taken,
}

/// Whether an attribute is part of an item's place.
pub(crate) fn is_placed(attribute: &str) -> bool {
    PLACE.contains(&attribute)
}

/// A client's place: its key, its lists, its names.
///
/// # Errors
/// [`Invalid::TooLong`].
pub(crate) fn place_of(client: &RegisteredClient) -> Result<Item, Invalid> {
    let developer = client.developer();
    let alias = client.record.settings.alias.as_deref().unwrap_or_default();
    for (member, name) in [("developer", developer.as_ref()), ("alias", alias)] {
        if name.len() > MAX_NAME {
            return Err(Invalid::TooLong { member: member.to_owned(), limit: MAX_NAME, unit: "bytes" });
        }
    }
    let mut place = client_key(client.service_id, client.numeric_id).into_attributes();
    place.insert("list".to_owned(), string(clients_list(client.service_id)));
    place.insert("developer".to_owned(), string(developer_list(client.service_id, &developer)));
    place.insert("at".to_owned(), string(client.position()));
    place.extend(names(client).map(|names| ("claims".to_owned(), names)));
    Ok(place)
}

impl Store {
    /// Stores a service that no door knows before [`finish_import`](Self::finish_import), or gives the one that the
    /// same import has stored; nothing if its number is taken.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn begin_import(
        &self,
        id: u64,
        attributes: Item,
        import: &str,
        origin: &Origin,
    ) -> Result<Option<Service>, Error> {
        let write_id = self.write_id()?;
        let mut item = attributes;
        item.extend(service_key(id).into_attributes());
        item.insert("deleted_by".to_owned(), string(&origin.actor));
        item.insert(IMPORT.to_owned(), string(import));
        item.insert("write_id".to_owned(), string(&write_id));
        item.insert("changed".to_owned(), changed(origin));
        match self.write(Write::Put(Box::new(self.put_new(item.clone()))), &write_id).await? {
            Outcome::Written => service(id, &item).map(Some),
            Outcome::Refused(conditions) => {
                let there = conditions.iter().find_map(Condition::old);
                there.filter(|there| import_of(there) == Some(import)).map(|there| service(id, there)).transpose()
            }
        }
    }

    /// Stores a client of a service that is being imported, with what its item has beyond its place, and claims the
    /// names of those kinds that no other client has.
    ///
    /// # Errors
    /// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn import_client(
        &self,
        client: &RegisteredClient,
        attributes: &Item,
        claimed: &[ClaimKind],
        origin: &Origin,
    ) -> Result<Entered, Error> {
        let place = place_of(client)?;
        let item = |write_id: &str| {
            let mut item = attributes.clone();
            item.extend(place.clone());
            item.insert("write_id".to_owned(), string(write_id));
            item.insert("changed".to_owned(), changed(origin));
            Ok(item)
        };
        let (mut claimed, mut unclaimed) = (claimed.to_vec(), Vec::new());
        loop {
            match self.enter_client(client, item, None, &claimed).await {
                Ok(Created::Created) => return Ok(Entered::Written(unclaimed)),
                Ok(Created::Taken(_) | Created::TokenSpent) => return self.known_or_taken(client).await,
                Err(Error::Claimed(kind)) if claimed.contains(&kind) => {
                    claimed.retain(|other| *other != kind);
                    unclaimed.push(kind);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn known_or_taken(&self, client: &RegisteredClient) -> Result<Entered, Error> {
        let there = self.get(client_key(client.service_id, client.numeric_id)).await?;
        let is_it = |item: &Item| {
            text(item, "client_id") == Some(&client.client_id) && number(item, "version") == Some(client.version)
        };
        Ok(if there.as_ref().is_some_and(is_it) { Entered::Known } else { Entered::Taken })
    }

    /// Lets the doors know a service of which all is there.
    ///
    /// # Errors
    /// [`Error::Contention`] if it is not being imported any more; [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn finish_import(&self, service: &Service, import: &str, origin: &Origin) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let (id, organization) = (service.id, &service.configuration.organization);
        let update = self
            .update(service_key(id))
            .update_expression(
                "SET #list = :list, #at = :at, write_id = :write, changed = :changed REMOVE deleted_by, #import",
            )
            .condition_expression("#import = :import AND attribute_exists(data_key)")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#import", IMPORT)
            .expression_attribute_values(":list", string(services_list(organization)))
            .expression_attribute_values(":at", string(list_position(service.created_millis, &id.to_string())))
            .expression_attribute_values(":import", string(import))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }

    /// Whose a number is that a service shall have.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service_number(&self, id: u64) -> Result<ServiceNumber, Error> {
        let item = self.get(service_key(id)).await?;
        Ok(item.map_or(ServiceNumber::Free, |item| match import_of(&item) {
            Some(import) => ServiceNumber::Importing(import.to_owned()),
            None => ServiceNumber::Taken,
        }))
    }
}

/// The import that makes a service, if it is not all there yet.
fn import_of(item: &Item) -> Option<&str> {
    text(item, IMPORT).filter(|_| item.contains_key("data_key"))
}
