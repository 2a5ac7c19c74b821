//! Clients that are looked for, a page at a time: one facet leads to them, and the rest is compared.

use std::collections::{BTreeSet, HashMap};

use url::Host;

use super::facet::{Facet, FacetPlace, indexed_words, words, words_of};
use super::item::text;
use super::list::{BATCH, Order, Place, id_after};
use super::schema::{LIST_INDEX, MAX_NAME, client_key, clients_list};
use super::{Item, Store};
use crate::client::{ClientType, RegisteredClient, Source};
use crate::error::Error;
use crate::metadata::RedirectUri;

/// How many clients are read for a page.
const MOST_READ: usize = 400;

/// What clients are looked for; what is absent is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Words of their names, in any language: each is the beginning of one of theirs.
    pub name: Option<String>,
    /// A host that they are redirected to, or the scheme of an application with its colon.
    pub redirect_host: Option<String>,
    /// Their `software_id`.
    pub software_id: Option<String>,
    /// How they came to be registered.
    pub source: Option<Source>,
    /// Whether they can keep a secret.
    pub client_type: Option<ClientType>,
    /// Whether they are locked.
    pub locked: Option<bool>,
    /// Whether they wait for approval.
    pub pending: Option<bool>,
}

impl Search {
    /// Whether a client is one of those that are looked for.
    #[must_use]
    pub fn means(&self, client: &RegisteredClient) -> bool {
        Question::of(self).is_some_and(|question| question.means(client))
    }
}

/// A page of the clients that were looked for.
pub struct FoundClients {
    /// The clients.
    pub clients: Vec<RegisteredClient>,
    /// Where the next page begins, if there may be one. A page ends early where many had to be read for it.
    pub next: Option<String>,
}

impl Store {
    /// A service's clients of which all is so that is asked, and of which that is true as well: `limit` of them at the
    /// most, 100 at the most; those that a name leads to by word, and then and in all other cases the newest first. A page
    /// reads 400 clients at the most.
    ///
    /// `cursor` is `next` of the page before, of the same search.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn find_clients(
        &self,
        service_id: u64,
        search: &Search,
        is_meant: impl Fn(&RegisteredClient) -> bool,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<FoundClients, Error> {
        let mut clients = Vec::new();
        let Some(question) = Question::of(search) else { return Ok(FoundClients { clients, next: None }) };
        let facet = question.facet();
        let mut path = path(service_id, facet.as_ref()).led_by(cursor)?;
        let limit = limit.clamp(1, BATCH);
        // Mostly all that are read are meant.
        let (mut read, mut some) = (0, limit);
        loop {
            let (keys, next) = self.keys_and_next(&path, some).await?;
            read += keys.len();
            let mut found = self.clients_at(service_id, &keys, path.sort()).await?;
            for place in keys.iter().filter_map(|key| text(key, path.sort())) {
                let number = FacetPlace::parse(place).map(|place| place.number);
                let client = number.and_then(|number| found.get(&number));
                if client.is_some_and(|client| question.leads_to(client, facet.as_ref(), place) && is_meant(client)) {
                    if clients.len() == limit {
                        return Ok(FoundClients { clients, next: Some(path.cursor(place)) });
                    }
                    clients.extend(number.and_then(|number| found.remove(&number)));
                }
            }
            match next {
                Some(next) if clients.len() < limit && read < MOST_READ => path.go_on(next),
                next => return Ok(FoundClients { clients, next: next.map(|next| path.cursor(&next)) }),
            }
            some = BATCH.min(MOST_READ - read);
        }
    }

    /// The clients that stand in those places, by their numbers; those that are gone are left out.
    async fn clients_at(
        &self,
        service_id: u64,
        keys: &[Item],
        sort: &str,
    ) -> Result<HashMap<u64, RegisteredClient>, Error> {
        let number = |key: &Item| Some(FacetPlace::parse(text(key, sort)?)?.number);
        let numbers: BTreeSet<u64> = keys.iter().filter_map(number).collect();
        let keys = numbers.iter().map(|number| client_key(service_id, *number).into_attributes()).collect();
        let prefix = format!("C#{service_id}#");
        let mut found = HashMap::new();
        for item in self.batch(keys).await? {
            let number = id_after(&item, &prefix)?;
            found.extend(self.listed_client(service_id, number, &item)?.map(|client| (number, client)));
        }
        Ok(found)
    }
}

/// A search, in the form in which clients are compared with it.
struct Question<'s> {
    search: &'s Search,
    words: Vec<String>,
    host: Option<String>,
}

impl<'s> Question<'s> {
    /// `None` if no client can be meant.
    fn of(search: &'s Search) -> Option<Self> {
        let words = search.name.as_deref().map(words);
        let host = search.redirect_host.as_deref().map(host);
        let is_name = |software: &String| (1..=MAX_NAME).contains(&software.len());
        let may_be = words.as_ref().is_none_or(|words| !words.is_empty())
            && host != Some(None)
            && search.software_id.iter().all(is_name);
        may_be.then(|| Self { search, words: words.unwrap_or_default(), host: host.flatten() })
    }

    /// The facet that fewest clients have; none if all of a service may be meant.
    fn facet(&self) -> Option<Facet> {
        let Search { software_id, source, locked, pending, .. } = self.search;
        // Words stand apart by their first two letters.
        let words = self.words.iter().filter(|word| word.chars().nth(1).is_some());
        let word = || words.max_by_key(|word| word.len()).cloned().map(Facet::Word);
        (software_id.clone().map(Facet::Software))
            .or_else(|| self.host.clone().map(Facet::Host))
            .or_else(word)
            .or_else(|| (*pending == Some(true)).then_some(Facet::Pending))
            .or_else(|| (*locked == Some(true)).then_some(Facet::Locked))
            .or_else(|| source.map(|source| Facet::Source(source.as_str())))
    }

    /// Whether a client that was found in that place of the facet is meant, and stands here for the first time: of the words
    /// that have the same beginning it may have several.
    fn leads_to(&self, client: &RegisteredClient, facet: Option<&Facet>, place: &str) -> bool {
        let is_first = match facet {
            Some(Facet::Word(beginning)) => {
                let words = indexed_words(&client.record);
                let first = words.iter().find(|word| word.starts_with(beginning.as_str()));
                first.map(String::as_str) == FacetPlace::parse(place).and_then(|place| place.word)
            }
            _ => true,
        };
        is_first && self.means(client)
    }

    fn means(&self, client: &RegisteredClient) -> bool {
        let Search { software_id, source, client_type, locked, pending, .. } = self.search;
        let record = &client.record;
        let its_words: Vec<String> = if self.words.is_empty() { Vec::new() } else { words_of(record) };
        let hosts = || record.metadata.redirect_uris().iter().filter_map(RedirectUri::searched);
        (software_id.is_none() || *software_id == record.metadata.rest().software_id)
            && self.host.as_ref().is_none_or(|host| hosts().any(|it| it == *host))
            && self.words.iter().all(|word| its_words.iter().any(|its| its.starts_with(word.as_str())))
            && source.is_none_or(|source| source == client.source)
            && client_type.is_none_or(|client_type| client_type == record.client_type)
            && locked.is_none_or(|locked| locked == client.locked)
            && pending.is_none_or(|pending| pending == client.pending_until.is_some())
    }
}

/// Whether one of some redirect URIs is of such a [`redirect_host`](Search::redirect_host).
#[must_use]
pub fn leads_to_host<'u>(wanted: &str, mut uris: impl Iterator<Item = &'u str>) -> bool {
    let Some(wanted) = host(wanted) else { return false };
    uris.any(|uri| RedirectUri::parse(uri).is_ok_and(|uri| uri.searched().as_deref() == Some(wanted.as_str())))
}

/// A host or a scheme as [`RedirectUri::searched`] has it.
fn host(text: &str) -> Option<String> {
    if text.ends_with(':') {
        return Some(text.to_ascii_lowercase()).filter(|scheme| scheme.len() <= MAX_NAME);
    }
    let host = Host::parse(text).ok()?.to_string();
    Some(host.strip_suffix('.').map(str::to_owned).unwrap_or(host)).filter(|host| host.len() <= MAX_NAME)
}

/// Where those stand who have a facet, or all.
fn path(service_id: u64, facet: Option<&Facet>) -> Place {
    let Some(facet) = facet else { return Place::end(LIST_INDEX, clients_list(service_id), None) };
    let partition = Place::of_table(facet.partition(service_id));
    match facet {
        Facet::Word(beginning) => {
            let until = Some(format!("{beginning}{}", char::MAX));
            Place { from: Some(beginning.clone()), until, ..partition }
        }
        _ => Place { order: Order::Backwards, ..partition },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_name(name: &str) -> Search {
        Search { name: Some(name.to_owned()), ..Search::default() }
    }

    #[test]
    fn the_facet_that_fewest_have_leads() {
        let all = Search {
            name: Some("The Example".to_owned()),
            redirect_host: Some("RP.Example.".to_owned()),
            software_id: Some("s".to_owned()),
            source: Some(Source::Stet),
            client_type: Some(ClientType::Public),
            locked: Some(true),
            pending: Some(true),
        };
        let mut left = all.clone();
        let mut facets = Vec::new();
        let takes: [fn(&mut Search); 7] = [
            |search| search.software_id = None,
            |search| search.redirect_host = None,
            |search| search.name = None,
            |search| search.pending = Some(false),
            |search| search.locked = None,
            |search| search.source = None,
            |search| search.client_type = None,
        ];
        for take in takes {
            facets.push(Question::of(&left).unwrap().facet());
            take(&mut left);
        }
        let expected = [
            Some(Facet::Software("s".to_owned())),
            Some(Facet::Host("rp.example".to_owned())),
            Some(Facet::Word("example".to_owned())),
            Some(Facet::Pending),
            Some(Facet::Locked),
            Some(Facet::Source("stet")),
            None,
        ];
        assert_eq!(facets, expected);
        assert_eq!(Question::of(&of_name("x 銀")).unwrap().facet(), None, "single letters are no partition");
    }

    #[test]
    fn what_nobody_can_have_is_not_looked_for() {
        let host = |host: &str| Search { redirect_host: Some(host.to_owned()), ..Search::default() };
        let software = |id: &str| Search { software_id: Some(id.to_owned()), ..Search::default() };
        let long = "x".repeat(MAX_NAME + 1);
        for search in [of_name(""), of_name("…"), host(""), host("a b"), host(&long), software(""), software(&long)] {
            assert!(Question::of(&search).is_none(), "{search:?}");
        }
        let written = |text: &str| Question::of(&host(text)).unwrap().host.unwrap();
        assert_eq!(written("BÜCHER.example"), "xn--bcher-kva.example");
        assert_eq!(written("[::1]"), "[::1]");
        assert_eq!(written("Com.Example.App:"), "com.example.app:");
    }
}
