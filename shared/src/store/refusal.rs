//! Refused registrations, by day, rule, what they were told, and network.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::item::{integer, number, required, string, text};
use super::list::Place;
use super::schema::{MAX_NAME, refusals_key, refusals_of_day};
use super::write::Write;
use super::{Item, Store};
use crate::error::Error;
use crate::time::day_of;

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// How long the name of what was told is in a key, in octets: a SHA-256.
const NAME: usize = 32;

/// How many writes an item knows again: more than are made of one kind while one is tried again.
const REMEMBERED: usize = 16;

/// The attributes that keep samples.
const SAMPLES: [&str; 4] = ["sample_0", "sample_1", "sample_2", "sample_3"];

/// A registration that was refused.
pub(crate) struct Refusal<'r> {
    pub(crate) service: u64,
    pub(crate) error: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) description: &'r str,
    /// What the description says of all that are counted together.
    pub(crate) kind: &'r str,
    pub(crate) door: &'static str,
    /// The network it came from, as far as the policy lets it be kept.
    pub(crate) network: &'r str,
    /// What was sent, masked.
    pub(crate) sample: Sample,
    /// For how many seconds it is kept.
    pub(crate) retention: u64,
}

/// What was sent to be registered, and refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Its members, masked.
    pub sent: Map<String, Value>,
    /// Whether it is refused for the same when it is tried as it is kept.
    pub reproduces: bool,
    /// When that was, in seconds since 1970.
    pub at: u64,
}

impl Sample {
    /// The attribute that keeps it: what is the same takes the place of what is the same, so that a flood of one does not
    /// wash away others.
    fn attribute(&self) -> &'static str {
        let text = Value::Object(self.sent.clone()).to_string();
        let first = digest(&SHA256, text.as_bytes()).as_ref().first().copied().unwrap_or_default();
        let [one, two, three, four] = SAMPLES;
        match first % 4 {
            0 => one,
            1 => two,
            2 => three,
            _ => four,
        }
    }
}

/// How often registrations were refused on one day, for one rule, with one text, at one door, from one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The day, `yyyy-mm-dd` in UTC.
    pub day: String,
    /// The error code.
    pub error: String,
    /// The rule that refused them: the member of the policy that it is, or what it is about.
    pub rule: String,
    /// The front door.
    pub door: String,
    /// The network; empty if the policy keeps none.
    pub network: String,
    /// How often.
    pub count: u64,
    /// What the last of them was told, without what it had sent.
    pub description: String,
    /// What some of them had sent, the latest first.
    pub samples: Vec<Sample>,
    /// When that was, in seconds since 1970.
    pub last_at: u64,
}

impl Store {
    /// Counts a refusal, once: its item remembers the names of the last writes, so that one whose answer was lost is known
    /// again though others have counted meanwhile. A transaction would do the same, but under a flood of one kind conflict
    /// with itself.
    pub(crate) async fn count_refusal(&self, refusal: &Refusal<'_>) -> Result<(), Error> {
        let now = self.clock.now();
        let write_id = self.write_id()?;
        let sample = serde_json::to_string(&refusal.sample).map_err(Error::internal)?;
        let key = refusals_key(
            refusal.service,
            &self.clock.today(),
            [refusal.error, refusal.rule, refusal.door, refusal.network],
            refusal.kind,
        );
        let update = self
            .update(key)
            .update_expression(COUNTING.as_str())
            .condition_expression(NOT_COUNTED.as_str())
            .expression_attribute_names("#error", "error")
            .expression_attribute_names("#rule", "rule")
            .expression_attribute_names("#sample", refusal.sample.attribute())
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":error", string(refusal.error))
            .expression_attribute_values(":rule", string(refusal.rule))
            .expression_attribute_values(":door", string(refusal.door))
            .expression_attribute_values(":network", string(refusal.network))
            .expression_attribute_values(":description", string(refusal.description))
            .expression_attribute_values(":sample", string(&sample))
            .expression_attribute_values(":now", integer(now))
            .expression_attribute_values(":end", integer(now.saturating_add(refusal.retention)))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":none", string("-"))
            .expression_attribute_values(":one", integer(1));
        // Where the condition fails it is counted already.
        self.write(Write::Update(Box::new(update)), &write_id).await.map(drop)
    }

    /// What was refused in the last `days` days, today among them: the newest day first, and each in the order of its
    /// keys. `at_most` of them, without those whose time is over, and the cursor of the next page if there is one.
    ///
    /// `cursor` is that of the page before; midnight may lie between.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`] if it leads to no refusal of this service and of these days; [`Error::Unavailable`],
    /// [`Error::Internal`].
    pub async fn refusals(
        &self,
        service: u64,
        days: u64,
        cursor: Option<&str>,
        at_most: usize,
    ) -> Result<(Vec<Refused>, Option<String>), Error> {
        let now = self.clock.now();
        let day = |ago: u64| day_of(now.saturating_sub(ago.saturating_mul(DAY)));
        let opened = cursor.map(|cursor| opened(cursor, service, (0..=days).map(|ago| (ago, day(ago)))));
        let (first, mut from) = opened.transpose()?.map_or((0, None), |(ago, key)| (ago, Some(key)));
        let (mut refusals, mut read) = (Vec::new(), 0);
        for ago in first..days.max(first + 1) {
            let day = day(ago);
            let partition = refusals_of_day(service, &day);
            let place = Place { from: from.take(), ..Place::of_table(partition.clone()) };
            // With nothing left it is asked whether there is more.
            let (items, next) = self.keys_and_next(&place, at_most.saturating_sub(read)).await?;
            read += items.len();
            for item in items.iter().filter(|item| self.is_live(item)) {
                refusals.push(refused(&day, item)?);
            }
            if let Some(key) = next {
                return Ok((refusals, Some(BASE64URL.encode(format!("{partition}#{key}")))));
            }
        }
        Ok((refusals, None))
    }
}

/// How many days ago, and the key there, to which a cursor leads.
///
/// # Errors
/// [`Error::InvalidCursor`] if it is of none of these days of this service, or no key.
fn opened(cursor: &str, service: u64, mut days: impl Iterator<Item = (u64, String)>) -> Result<(u64, String), Error> {
    let place = BASE64URL.decode(cursor).ok().and_then(|place| String::from_utf8(place).ok());
    let place = place.filter(|place| place.len() <= MAX_NAME).ok_or(Error::InvalidCursor)?;
    let key = |day: &str| place.strip_prefix(&refusals_of_day(service, day))?.strip_prefix('#');
    let found = days.find_map(|(ago, day)| Some((ago, key(&day)?)));
    let (ago, key) = found.filter(|(_, key)| is_key(key)).ok_or(Error::InvalidCursor)?;
    Ok((ago, key.to_owned()))
}

/// Whether it is error, rule, door, network, and the name of what was told.
fn is_key(key: &str) -> bool {
    let parts: Vec<&str> = key.split('#').collect();
    matches!(parts[..], [_, _, _, _, name] if BASE64URL.decode(name).is_ok_and(|name| name.len() == NAME))
}

/// The attributes with the names of the last writes, the oldest first.
static WRITES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let earlier = (1..REMEMBERED).rev().map(|number| format!("write_id_{number}"));
    earlier.chain(["write_id".to_owned()]).collect()
});

/// Counts one more, and forgets the oldest write for it.
static COUNTING: LazyLock<String> = LazyLock::new(|| {
    let moved = WRITES.iter().zip(WRITES.iter().skip(1));
    let moved: Vec<String> = moved.map(|(to, from)| format!("{to} = if_not_exists({from}, :none)")).collect();
    format!(
        "SET #error = :error, #rule = :rule, door = :door, network = :network, description = :description, \
         #sample = :sample, last_at = :now, expires_at = :end, {}, write_id = :write ADD #count :one",
        moved.join(", ")
    )
});

static NOT_COUNTED: LazyLock<String> = LazyLock::new(|| format!("NOT (:write IN ({}))", WRITES.join(", ")));

fn refused(day: &str, item: &Item) -> Result<Refused, Error> {
    let said = |name: &str| required(text(item, name), name).map(str::to_owned);
    Ok(Refused {
        day: day.to_owned(),
        error: said("error")?,
        rule: said("rule")?,
        door: said("door")?,
        network: said("network")?,
        count: required(number(item, "count"), "count")?,
        description: said("description")?,
        samples: samples(item)?,
        last_at: required(number(item, "last_at"), "last_at")?,
    })
}

/// The samples of an item, the latest first.
fn samples(item: &Item) -> Result<Vec<Sample>, Error> {
    let kept = SAMPLES.iter().filter_map(|name| text(item, name));
    let mut samples: Vec<Sample> = kept.map(serde_json::from_str).collect::<Result<_, _>>().map_err(Error::internal)?;
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.at));
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_a_day_that_is_asked_for_and_of_its_service() {
        let days = || [(0, "2026-09-21".to_owned()), (1, "2026-09-20".to_owned())].into_iter();
        let key = refusals_key(1, "2026-09-20", ["invalid_redirect_uri", "limits", "oauth", "2001:db8::/48"], "told");
        let attributes = key.into_attributes();
        let part = |name: &str| text(&attributes, name).unwrap().to_owned();
        let (partition, key) = (part("PK"), part("SK"));
        let encoded = |place: &str| BASE64URL.encode(place);
        let whole = format!("{partition}#{key}");
        assert_eq!(opened(&encoded(&whole), 1, days()).ok(), Some((1, key.clone())));
        for (wrong, service) in [
            (encoded(&whole), 2),
            (encoded(&whole), 11),
            (encoded(&whole.replace("2026-09-20", "2026-09-19")), 1),
            (encoded(&whole.replace("2026-09-20", "2026-09-200")), 1),
            (encoded(&partition), 1),
            (encoded(&format!("{partition}#")), 1),
            (encoded(&format!("{partition}#a#{key}")), 1),
            (encoded(&whole.replace("#oauth", "")), 1),
            (encoded(&whole[..whole.len() - 1]), 1),
            (encoded(&format!("{whole}A")), 1),
            (encoded(&whole.replace("limits", &"l".repeat(1024))), 1),
            (BASE64URL.encode([0xff; 90]), 1),
            (whole, 1),
            (String::new(), 1),
        ] {
            assert!(matches!(opened(&wrong, service, days()), Err(Error::InvalidCursor)), "{wrong} {service}");
        }
    }
}
