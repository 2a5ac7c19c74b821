//! What registrants were refused, by day, operation, rule, what they were told, and network.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::item::{integer, number, required, string, text};
use super::list::Place;
use super::schema::{refusals_key, refusals_of_day};
use super::write::Write;
use super::{Item, Store};
use crate::error::Error;
use crate::registry::Operation;
use crate::time::{DAY, day_of};

/// How many writes an item knows again: more than are made of one kind while one is tried again.
const REMEMBERED: usize = 16;

/// The attributes that keep samples.
const SAMPLES: [&str; 4] = ["sample_0", "sample_1", "sample_2", "sample_3"];

/// What a registrant was refused.
pub(crate) struct Refusal<'r> {
    pub(crate) service: u64,
    pub(crate) operation: Operation,
    pub(crate) error: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) description: &'r str,
    /// What the description says of all that are counted together.
    pub(crate) kind: &'r str,
    pub(crate) door: &'static str,
    /// The network it came from, as far as the policy lets it be kept.
    pub(crate) network: &'r str,
    /// What was sent, masked, if it was to be registered; before it to which half of those who send it belongs.
    pub(crate) sample: Option<(bool, Sample)>,
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
    /// The attribute that keeps it. Who sends has two of them, so that whoever floods, be it with ever another body, washes away
    /// nothing of the other half; which one is by what was sent, so that what is the same takes the place of what is the same.
    fn attribute(&self, half: bool) -> &'static str {
        let text = Value::Object(self.sent.clone()).to_string();
        let is_even = digest(&SHA256, text.as_bytes()).as_ref().first().is_some_and(|first| first % 2 == 0);
        let [one, two, three, four] = SAMPLES;
        match (half, is_even) {
            (true, true) => one,
            (true, false) => two,
            (false, true) => three,
            (false, false) => four,
        }
    }
}

/// How often an operation was refused on one day, for one rule, with one text, at one door, from one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The day, `yyyy-mm-dd` in UTC.
    pub day: String,
    /// What was asked for: `register`, `read`, `update` or `delete`.
    pub operation: String,
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
        let key = refusals_key(
            refusal.service,
            &self.clock.today(),
            [refusal.error, refusal.rule, refusal.door, refusal.network],
            refusal.kind,
            refusal.operation,
        );
        let update = self
            .update(key)
            .condition_expression(NOT_COUNTED.as_str())
            .expression_attribute_names("#error", "error")
            .expression_attribute_names("#rule", "rule")
            .expression_attribute_names("#operation", "operation")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":operation", string(refusal.operation.as_str()))
            .expression_attribute_values(":error", string(refusal.error))
            .expression_attribute_values(":rule", string(refusal.rule))
            .expression_attribute_values(":door", string(refusal.door))
            .expression_attribute_values(":network", string(refusal.network))
            .expression_attribute_values(":description", string(refusal.description))
            .expression_attribute_values(":now", integer(now))
            .expression_attribute_values(":end", integer(now.saturating_add(refusal.retention)))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":none", string("-"))
            .expression_attribute_values(":one", integer(1));
        let counting = COUNTING.as_str();
        let update = match &refusal.sample {
            None => update.update_expression(format!("{counting} {COUNTED}")),
            Some((half, sample)) => {
                let kept = serde_json::to_string(sample).map_err(Error::internal)?;
                update
                    .update_expression(format!("{counting}, #sample = :sample {COUNTED}"))
                    .expression_attribute_names("#sample", sample.attribute(*half))
                    .expression_attribute_values(":sample", string(&kept))
            }
        };
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
        let of_day = |ago: u64| Place::of_table(refusals_of_day(service, &day(ago)));
        let opened = |cursor: &str| {
            let found = (0..=days).find_map(|ago| Some((ago, of_day(ago).led_by(Some(cursor)).ok()?)));
            found.ok_or(Error::InvalidCursor)
        };
        let (first, mut from) = cursor.map(opened).transpose()?.map_or((0, None), |(ago, place)| (ago, Some(place)));
        let (mut refusals, mut read) = (Vec::new(), 0);
        for ago in first..days.max(first + 1) {
            let (day, place) = (day(ago), from.take().unwrap_or_else(|| of_day(ago)));
            // With nothing left it is asked whether there is more.
            let (items, next) = self.keys_and_cursor(&place, at_most.saturating_sub(read)).await?;
            read += items.len();
            for item in items.iter().filter(|item| self.is_live(item)) {
                refusals.push(refused(&day, item)?);
            }
            if next.is_some() {
                return Ok((refusals, next));
            }
        }
        Ok((refusals, None))
    }
}

/// The attributes with the names of the last writes, the oldest first.
static WRITES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let earlier = (1..REMEMBERED).rev().map(|number| format!("write_id_{number}"));
    earlier.chain(["write_id".to_owned()]).collect()
});

/// Sets what is the same with a sample and without one, and forgets the oldest write for it.
static COUNTING: LazyLock<String> = LazyLock::new(|| {
    let moved = WRITES.iter().zip(WRITES.iter().skip(1));
    let moved: Vec<String> = moved.map(|(to, from)| format!("{to} = if_not_exists({from}, :none)")).collect();
    format!(
        "SET #operation = :operation, #error = :error, #rule = :rule, door = :door, network = :network, \
         description = :description, last_at = :now, expires_at = :end, {}, write_id = :write",
        moved.join(", ")
    )
});

/// What comes after that: one more.
const COUNTED: &str = "ADD #count :one";

static NOT_COUNTED: LazyLock<String> = LazyLock::new(|| format!("NOT (:write IN ({}))", WRITES.join(", ")));

fn refused(day: &str, item: &Item) -> Result<Refused, Error> {
    let said = |name: &str| required(text(item, name), name).map(str::to_owned);
    Ok(Refused {
        day: day.to_owned(),
        // What was counted before operations were told apart.
        operation: text(item, "operation").unwrap_or(Operation::Register.as_str()).to_owned(),
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
