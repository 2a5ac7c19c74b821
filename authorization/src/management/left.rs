//! What is left of what users have let clients have, a page at a time: what has ended takes no place on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::Error;
use shared::client::RegisteredClient;
use shared::store::item::text;
use shared::store::schema::{DEVELOPER_INDEX, LIST_INDEX, grant_position, grants_list, service_grants_list};
use shared::store::{Item, Way};

use crate::authorization::Authorization;
use crate::context::Context;
use crate::grant::{self, Grant};

/// How many grants are read for a page.
const MOST_READ: usize = 400;

/// How many at a time.
const SOME: usize = 50;

/// Whose grants are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'w> {
    /// All that users have let a client have, by its number.
    Client(u64),
    /// All that a user has let clients have.
    Subject(&'w str),
    /// What a user has let a client have.
    Both(u64, &'w str),
}

/// A grant of which something is left.
pub struct Left {
    /// The grant, as it is that client's.
    pub grant: Grant,
    /// The client, unless it is gone.
    pub client: Option<RegisteredClient>,
    /// What works of it, but for a lock, the newest first.
    pub live: Vec<Authorization>,
}

/// A page of them.
pub struct GrantPage {
    /// The grants.
    pub grants: Vec<Left>,
    /// Where the next page begins, if there may be one. A page ends early where many had to be read for it.
    pub next: Option<String>,
}

/// The grants of which something is left, `limit` of them at the most, from where a cursor leads. A page reads 400 of them,
/// be they over, at the most.
///
/// # Errors
/// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn grants_left(
    context: &Context<'_>,
    whose: Whose<'_>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<GrantPage, Error> {
    let service = context.service.id;
    let mut way = match whose {
        Whose::Client(number) => {
            Way::along(DEVELOPER_INDEX, service_grants_list(service), Some(grant_position(number)), cursor)?
        }
        Whose::Subject(subject) => Way::along(LIST_INDEX, grants_list(service, subject), None, cursor)?,
        Whose::Both(..) if cursor.is_some() => return Err(Error::InvalidCursor),
        Whose::Both(number, subject) => {
            let item = context.app.store.get(grant::key(context, number, subject)).await?;
            let grants = left_of(context, item.as_slice(), &mut BTreeMap::new()).await?;
            return Ok(GrantPage { grants: grants.into_values().collect(), next: None });
        }
    };
    let (mut grants, mut clients, mut read) = (Vec::new(), BTreeMap::new(), 0);
    let (mut some, mut last) = (SOME.min(limit.saturating_add(1)), None);
    while !way.is_over() {
        if read >= MOST_READ {
            return Ok(GrantPage { grants, next: last });
        }
        let keys = context.app.store.next_named(&mut way, some).await?;
        read += keys.len();
        // A value that was chosen elsewhere stands where its client's grants do.
        let named = keys.iter().filter(|key| text(key, "SK") == Some("V")).cloned().collect();
        let mut items = context.app.store.batches(named).await?;
        if let Whose::Subject(subject) = whose {
            items.retain(|item| text(item, "subject") == Some(subject));
        }
        let mut found = left_of(context, &items, &mut clients).await?;
        for key in &keys {
            if let Some(left) = text(key, "PK").and_then(|key| found.remove(key)) {
                if grants.len() == limit {
                    return Ok(GrantPage { grants, next: last });
                }
                grants.push(left);
            }
            last = way.cursor(key);
        }
        some = SOME;
    }
    Ok(GrantPage { grants, next: None })
}

/// What is left of grants, by their partition keys; `clients` has those that are known already.
async fn left_of(
    context: &Context<'_>,
    items: &[Item],
    clients: &mut BTreeMap<u64, Option<RegisteredClient>>,
) -> Result<HashMap<String, Left>, Error> {
    let grants: Vec<(String, Grant)> =
        items.iter().filter_map(|item| Some((text(item, "PK")?.to_owned(), grant::read(item)))).collect();
    let unknown: BTreeSet<u64> =
        grants.iter().map(|(_, grant)| grant.client).filter(|number| !clients.contains_key(number)).collect();
    if !unknown.is_empty() {
        let mut standings = context.app.store.standings(context.service.id, unknown.clone()).await?;
        clients.extend(unknown.into_iter().map(|number| (number, standings.remove(&number).and_then(|it| it.client))));
    }
    let mut living = grant::living_of(context, grants.iter().map(|(_, grant)| grant)).await?;
    let mut left = HashMap::new();
    for (key, grant) in grants {
        let client = clients.get(&grant.client).cloned().flatten();
        // A lock is not the end of what it stops.
        let held = client.clone().map(|client| RegisteredClient { locked: false, pending_until: None, ..client });
        let mut live: Vec<Authorization> = grant.live.iter().filter_map(|id| living.remove(id)).collect();
        live.retain(|authorization| authorization.works_for(context.service, held.as_ref()));
        live.sort_by_key(|authorization| std::cmp::Reverse(authorization.issued));
        let grant = client.iter().fold(grant, Grant::of);
        if !live.is_empty() || grant.latest.is_some() {
            left.insert(key, Left { grant, client, live });
        }
    }
    Ok(left)
}
