//! Tells EventBridge what was changed.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::DisplayErrorContext;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use shared::Error;
use shared::app::aws_configuration;
use shared::audit::Entry;
use shared::stream::Publish;
use tokio::sync::OnceCell;

/// Who says so.
const SOURCE: &str = "registrar";

/// What kind of event it is.
const DETAIL_TYPE: &str = "Registrar Change";

/// How many events one `PutEvents` has at the most.
const MOST: usize = 10;

/// How many bytes of details: EventBridge takes 256 KiB in all, and counts more than these.
const MOST_BYTES: usize = 200 * 1024;

/// How often what EventBridge has not taken is told again.
const ATTEMPTS: u32 = 3;

/// A bus, if there is one.
pub(crate) struct Bus {
    name: Option<String>,
    client: OnceCell<Client>,
}

impl Bus {
    /// The bus that `REGISTRAR_EVENT_BUS` names.
    pub(crate) fn from_env() -> Self {
        let name = std::env::var("REGISTRAR_EVENT_BUS").ok().filter(|name| !name.is_empty());
        Self { name, client: OnceCell::new() }
    }

    async fn tell(&self, changes: &[Entry]) -> Result<(), Error> {
        let Some(name) = self.name.as_deref().filter(|_| !changes.is_empty()) else { return Ok(()) };
        let client = self.client.get_or_init(|| async { Client::new(&aws_configuration().await) }).await;
        let events = changes.iter().map(|change| event(name, change)).collect::<Result<Vec<_>, _>>()?;
        for some in parts(events) {
            put(client, some).await?;
        }
        Ok(())
    }
}

impl Publish for Bus {
    fn publish<'a>(&'a self, changes: &'a [Entry]) -> Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>> {
        Box::pin(self.tell(changes))
    }
}

fn event(bus: &str, change: &Entry) -> Result<PutEventsRequestEntry, Error> {
    let detail = serde_json::to_string(change).map_err(Error::internal)?;
    let time = DateTime::from_secs(i64::try_from(change.at).unwrap_or(i64::MAX));
    let event = PutEventsRequestEntry::builder().event_bus_name(bus).source(SOURCE).detail_type(DETAIL_TYPE);
    Ok(event.time(time).detail(detail).build())
}

/// The events in as few requests as EventBridge takes, in their order.
fn parts(events: Vec<PutEventsRequestEntry>) -> Vec<Vec<PutEventsRequestEntry>> {
    let mut parts: Vec<(usize, Vec<PutEventsRequestEntry>)> = Vec::new();
    for event in events {
        let bytes = event.detail().map_or(0, str::len);
        match parts.last_mut().filter(|(size, part)| part.len() < MOST && size.saturating_add(bytes) <= MOST_BYTES) {
            Some((size, part)) => {
                *size += bytes;
                part.push(event);
            }
            None => parts.push((bytes, vec![event])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Tells of events; those that were not taken are told again, and others are not.
async fn put(client: &Client, mut events: Vec<PutEventsRequestEntry>) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        }
        let answer = client.put_events().set_entries(Some(events.clone())).send().await;
        let answer = answer.map_err(|error| Error::Unavailable(DisplayErrorContext(error).to_string().into()))?;
        if answer.failed_entry_count == 0 {
            return Ok(());
        }
        let results = answer.entries.unwrap_or_default();
        let failed = events.into_iter().zip(results).filter(|(_, result)| result.error_code.is_some());
        events = failed.map(|(event, _)| event).collect();
    }
    Err(Error::Unavailable("EventBridge has not taken all events".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_in_as_few_requests_as_are_taken() {
        let event = |bytes: usize| PutEventsRequestEntry::builder().detail("x".repeat(bytes)).build();
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![100; 10], vec![10]),
            (vec![100; 21], vec![10, 10, 1]),
            (vec![90 * 1024; 5], vec![2, 2, 1]),
            (vec![300 * 1024, 1], vec![1, 1]),
        ] {
            let parts = parts(sizes.iter().map(|bytes| event(*bytes)).collect());
            assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{sizes:?}");
        }
    }
}
