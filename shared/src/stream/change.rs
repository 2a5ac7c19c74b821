//! From records to changes of counts.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

use super::event::{Image, Record};
use crate::error::Error;
use crate::store::schema::{
    MAX_NAME, clients_list, day_count_key, developer_count_key, developer_list, minute_count_key, uncounted_key,
};
use crate::store::{CEILING, Count, Counts, Registration};

/// How many counts one transaction changes at the most; its hundredth item is the position.
const COUNTS: usize = 99;

/// The digits of a sequence number at the most.
const DIGITS: usize = 40;

/// What one transaction counts: records up to and including one.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// The last record's sequence number, in 40 digits.
    pub(super) through: String,
    /// What they change.
    pub(super) counts: Counts,
}

impl Record {
    /// Whether it registers a client, refuses one, or takes one out of the lists or moves it.
    pub(super) fn changes_counts(&self, now: u64) -> bool {
        !self.changes(now).is_empty()
    }

    /// The service in whose list this record enters a client.
    pub(super) fn registering_service(&self) -> Option<u64> {
        let was_listed = self.dynamodb.old_image.as_ref().and_then(listed).is_some();
        if was_listed { None } else { self.dynamodb.new_image.as_ref().and_then(listed) }
    }

    /// The record's change of each count.
    fn changes(&self, now: u64) -> Counts {
        let mut changes = Counts::new();
        for (image, by) in [(&self.dynamodb.old_image, -1), (&self.dynamodb.new_image, 1)] {
            for count in counts(image.as_ref()) {
                *changes.entry(count).or_default() += by;
            }
        }
        changes.retain(|_, change| *change != 0);
        changes.extend(self.registration(now).map(|count| (count, 1)));
        changes.extend(self.refusals());
        changes.extend(self.let_go().map(|count| (count, -1)));
        changes
    }

    /// The count of the hour to which it adds a registration.
    fn registration(&self, now: u64) -> Option<Count> {
        let at = self.at(now);
        let new = self.dynamodb.new_image.as_ref().filter(|_| self.registers(at))?;
        let (service, _) = new.client()?;
        Some(Count::of_hour(service, at, new.changed.get("door")?, Registration::Registered))
    }

    /// The count of those whom a ceiling has let go, if it shows that one of them is counted no more.
    fn let_go(&self) -> Option<Count> {
        let service = self.dynamodb.old_image.as_ref().and_then(listed)?;
        let by = self.dynamodb.new_image.as_ref()?.deleted_by.as_deref()?;
        (by == CEILING).then(|| uncounted_key(service).into())
    }

    /// The count of the hour to which it adds refusals, and how many.
    fn refusals(&self) -> Option<(Count, i64)> {
        let new = self.dynamodb.new_image.as_ref()?;
        let service = new.after("X#")?.split('#').next()?.parse().ok()?;
        let counted = |image: &Image| image.count.as_deref()?.parse::<i64>().ok();
        let more = counted(new)? - self.dynamodb.old_image.as_ref().and_then(counted).unwrap_or_default();
        let count =
            Count::of_hour(service, new.last_at.as_deref()?.parse().ok()?, new.door.as_deref()?, Registration::Refused);
        (more > 0).then_some((count, more))
    }
}

/// The records after a position, in as few steps as transactions allow. A record that changes no count takes no
/// step, so that the counts' own records end where they begin.
pub(super) fn steps(records: &[Record], position: Option<&str>, now: u64) -> Result<Vec<Step>, Error> {
    let mut steps: Vec<Step> = Vec::new();
    for record in records {
        let changes = record.changes(now);
        if changes.is_empty() {
            continue;
        }
        let through = sequence(record)?;
        if position.is_some_and(|position| *through <= *position) {
            continue;
        }
        match steps.last_mut().filter(|step| fits(&step.counts, &changes)) {
            Some(step) => {
                step.through = through;
                add(&mut step.counts, changes);
            }
            None => steps.push(Step { through, counts: changes }),
        }
    }
    Ok(steps)
}

fn add(counts: &mut Counts, changes: Counts) {
    for (count, change) in changes {
        *counts.entry(count).or_default() += change;
    }
}

fn fits(counts: &Counts, changes: &Counts) -> bool {
    counts.len() + changes.keys().filter(|count| !counts.contains_key(*count)).count() <= COUNTS
}

/// The record's sequence number, so that texts compare as numbers do.
pub(super) fn sequence(record: &Record) -> Result<String, Error> {
    let number = record.dynamodb.sequence_number.as_deref().unwrap_or_default();
    let is_number = (1..=DIGITS).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number {
        return Err(Error::internal("a record of the stream has no sequence number"));
    }
    Ok(format!("{number:0>DIGITS$}"))
}

/// The counts in which an item is.
fn counts(image: Option<&Image>) -> Vec<Count> {
    let Some((image, service)) = image.and_then(|image| Some((image, listed(image)?))) else {
        return Vec::new();
    };
    let mut counts: Vec<Count> = Vec::new();
    if let Some((day, minute)) = image.at.as_deref().and_then(day_and_minute) {
        counts.push(day_count_key(service, &day).into());
        counts.push(minute_count_key(service, &day, &minute).into());
    }
    let developer = image.developer.as_deref().and_then(|list| list.strip_prefix(&developer_list(service, "")));
    if let Some(developer) = developer.filter(|name| (1..=MAX_NAME).contains(&name.len())) {
        counts.push(developer_count_key(service, developer).into());
    }
    counts
}

/// The service in whose list the item is, if it is a client in one.
pub(super) fn listed(image: &Image) -> Option<u64> {
    let service = image.after("C#")?.split('#').next()?.parse().ok()?;
    (image.at.is_some() && image.list.as_deref() == Some(&clients_list(service))).then_some(service)
}

/// The day and the minute of a place in a list.
fn day_and_minute(at: &str) -> Option<(String, String)> {
    let time = DateTime::from_millis(at.get(..13)?.parse().ok()?).fmt(DateTimeFormat::DateTime).ok()?;
    Some((time.get(..10)?.to_owned(), time.get(11..16)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::store::schema::position_key;

    /// When the records are followed.
    const NOW: u64 = 1_790_003_600;

    /// 2026-09-21T14:13:20Z.
    const AT: &str = "1790000000000#0000000000000005";

    /// A client of service 1 in the lists.
    fn client(developer: &str, at: &str) -> Value {
        let developer = format!("D#1#{developer}");
        json!({"PK": {"S": "C#1#5"}, "list": {"S": "C#1"}, "developer": {"S": developer}, "at": {"S": at}})
    }

    fn record(number: u64, old: &Value, new: &Value) -> Record {
        let change = json!({"OldImage": old, "NewImage": new, "SequenceNumber": number.to_string()});
        serde_json::from_value(json!({ "dynamodb": change })).unwrap()
    }

    fn day(change: i64) -> (Count, i64) {
        (day_count_key(1, "2026-09-21").into(), change)
    }

    fn minute(change: i64) -> (Count, i64) {
        (minute_count_key(1, "2026-09-21", "14:13").into(), change)
    }

    fn developer(name: &str, change: i64) -> (Count, i64) {
        (developer_count_key(1, name).into(), change)
    }

    #[test]
    fn a_record_counts_what_it_does_to_the_lists() {
        let (listed, other, none) = (client("me", AT), client("you", AT), Value::Null);
        let tombstone = json!({"PK": {"S": "C#1#5"}, "deleted_by": {"S": "registrant"}, "expires_at": {"N": "9"}});
        let changed = json!({"PK": {"S": "C#1#5"}, "list": {"S": "C#1"}, "developer": {"S": "D#1#me"},
            "at": {"S": AT}, "version": {"N": "2"}, "secret": {"B": "AQ=="}});
        let service = json!({"PK": {"S": "S#1"}, "list": {"S": "O#tests"}, "at": {"S": AT}});
        let token = json!({"PK": {"S": "T#x"}, "list": {"S": "T#1"}, "at": {"S": AT}});
        let count = json!({"PK": {"S": "N#1"}, "SK": {"S": "2026-09-21"}, "clients": {"N": "1"}});
        let strange = client("me", "soon");
        let nameless = client("", AT);
        let long = client(&"m".repeat(MAX_NAME + 1), AT);
        for (what, old, new, expected) in [
            ("registered", &none, &listed, vec![day(1), minute(1), developer("me", 1)]),
            ("updated", &listed, &changed, vec![]),
            ("deleted", &listed, &tombstone, vec![day(-1), minute(-1), developer("me", -1)]),
            ("expired or purged", &listed, &none, vec![day(-1), minute(-1), developer("me", -1)]),
            ("given away", &listed, &other, vec![developer("me", -1), developer("you", 1)]),
            ("registered again", &tombstone, &listed, vec![day(1), minute(1), developer("me", 1)]),
            ("tombstone expired", &tombstone, &none, vec![]),
            ("at no time", &none, &strange, vec![developer("me", 1)]),
            ("nobody's", &none, &nameless, vec![day(1), minute(1)]),
            ("of a developer too long for a key", &none, &long, vec![day(1), minute(1)]),
            ("a service", &none, &service, vec![]),
            ("a token", &none, &token, vec![]),
            ("a count", &none, &count, vec![]),
            ("nothing", &none, &none, vec![]),
        ] {
            let record = record(1, old, new);
            assert_eq!(record.changes(NOW), expected.iter().cloned().collect(), "{what}");
            assert_eq!(record.changes_counts(NOW), !expected.is_empty(), "{what}");
        }
        assert_eq!(record(1, &none, &listed).registering_service(), Some(1));
        assert_eq!(record(1, &listed, &changed).registering_service(), None);
        assert_eq!(record(1, &none, &token).registering_service(), None);
    }

    #[test]
    fn each_registration_counts_in_its_hour_and_at_its_door() {
        let none = Value::Null;
        let with = |members: Value| {
            let mut image = client("me", AT);
            image["changed"] = json!({"M": {"door": {"S": "oauth"}}});
            image.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            image
        };
        let one = with(json!({"version": {"N": "1"}}));
        let ended = with(json!({"expires_at": {"N": "1790000000"}}));
        let tombstone = json!({"PK": {"S": "C#1#5"}, "deleted_by": {"S": "registrant"}});
        let of_hour = |door: &str| Count::of_hour(1, 1_790_000_000, door, Registration::Registered);
        let strangers = json!({"changed": {"M": {"door": {"S": "identity-center"}}}});
        let hour_of = |old: &Value, new: &Value, at: u64| {
            let change = json!({"OldImage": old, "NewImage": new, "ApproximateCreationDateTime": at});
            let record: Record = serde_json::from_value(json!({ "dynamodb": change })).unwrap();
            record.registration(NOW)
        };
        for (what, old, new, expected) in [
            ("registered", &none, &one, Some(of_hour("oauth"))),
            ("at another door", &none, &with(strangers), Some(of_hour("identity-center"))),
            ("after a deletion", &tombstone, &one, Some(of_hour("oauth"))),
            ("after its end", &ended, &one, Some(of_hour("oauth"))),
            ("changed", &one, &with(json!({"version": {"N": "2"}})), None),
            ("deleted", &one, &tombstone, None),
            ("expired or purged", &one, &none, None),
            ("a service", &none, &json!({"PK": {"S": "S#1"}, "changed": one["changed"]}), None),
        ] {
            assert_eq!(hour_of(old, new, 1_790_000_000), expected, "{what}");
        }
        assert_eq!(hour_of(&none, &one, 1_790_000_799), Some(of_hour("oauth")), "2026-09-21T14:26:39Z");
        assert_eq!(
            hour_of(&none, &one, NOW + 9),
            Some(Count::of_hour(1, NOW, "oauth", Registration::Registered)),
            "no later than now"
        );
        let moved = with(json!({"developer": {"S": "D#1#you"}, "at": {"S": "1790000060000#0000000000000005"}}));
        assert_eq!(record(1, &ended, &moved).changes(NOW).values().sum::<i64>(), 1, "registered, and listed as before");
    }

    #[test]
    fn whom_a_ceiling_has_let_go_is_counted_no_more() {
        let gone = |by: &str| json!({"PK": {"S": "C#1#5"}, "deleted_by": {"S": by}});
        let listed = client("me", AT);
        let uncounted = Count::from(uncounted_key(1));
        let change = |old: &Value, new: &Value| record(1, old, new).changes(NOW).get(&uncounted).copied();
        assert_eq!(change(&listed, &gone("ceiling")), Some(-1));
        assert_eq!(change(&listed, &gone("registrant")), None);
        assert_eq!(change(&gone("ceiling"), &gone("ceiling")), None, "a page of its purge");
        assert_eq!(change(&gone("ceiling"), &Value::Null), None);
    }

    #[test]
    fn refusals_count_in_the_hour_of_the_last_one() {
        let refused = |count: u64, at: u64| {
            json!({"PK": {"S": "X#1#2026-09-21"}, "SK": {"S": "error#rule#oauth#"}, "door": {"S": "oauth"},
                "count": {"N": count.to_string()}, "last_at": {"N": at.to_string()}})
        };
        let (none, one) = (Value::Null, refused(1, 1_790_000_000));
        for (what, old, new, expected) in [
            ("the first", &none, &one, Some((1_790_000_000, 1))),
            ("an hour later", &one, &refused(3, 1_790_003_600), Some((1_790_003_600, 2))),
            ("the same again", &one, &one, None),
            ("their time is over", &one, &none, None),
            ("something else", &none, &json!({"PK": {"S": "Y#1"}, "count": {"N": "1"}}), None),
        ] {
            let expected = expected.map(|(at, more)| (Count::of_hour(1, at, "oauth", Registration::Refused), more));
            let record = record(1, old, new);
            assert_eq!(record.changes(NOW), expected.into_iter().collect(), "{what}");
            assert_eq!(record.service(), None, "nobody has to make room");
        }
    }

    #[test]
    fn steps_are_summed_and_begin_after_the_position() {
        let (listed, none) = (client("me", AT), Value::Null);
        let records = [(1, &none, &listed), (2, &listed, &listed), (10, &none, &listed), (11, &listed, &none)];
        let records = records.map(|(number, old, new)| record(number, old, new));
        let padded = |number: u64| format!("{number:040}");
        let through = |position: Option<u64>| {
            let steps = steps(&records, position.map(padded).as_deref(), NOW).unwrap();
            steps.into_iter().map(|step| (step.through, step.counts[&day(0).0])).collect::<Vec<_>>()
        };
        assert_eq!(through(None), [(padded(11), 1)]);
        assert_eq!(through(Some(1)), [(padded(11), 0)]);
        assert_eq!(through(Some(9)), [(padded(11), 0)], "10 is more than 9");
        assert_eq!(through(Some(10)), [(padded(11), -1)]);
        assert_eq!(through(Some(11)), []);
    }

    proptest! {
        /// However the records are cut into batches, and however far each goes back, each counts once.
        #[test]
        fn batches_may_overlap(
            clients in prop::collection::vec((0..3_usize, 0..3_usize, 0..4_u64), 1..60),
            batches in prop::collection::vec((0..20_usize, 1..20_usize), 0..20),
        ) {
            let image = |developer: usize, minute: u64| match developer {
                0 => Value::Null,
                _ => client(&developer.to_string(), &format!("{:013}#{developer:016}", 1_790_000_000_000 + minute * 60_000)),
            };
            let records: Vec<Record> = (1..)
                .zip(&clients)
                .map(|(number, (old, new, minute))| record(number, &image(*old, *minute), &image(*new, *minute)))
                .collect();
            let (mut counted, mut position, mut end) = (Counts::new(), None, 0);
            let whole = (records.len(), records.len());
            for (back, length) in batches.into_iter().chain([whole]) {
                let start = usize::saturating_sub(end, back);
                end = records.len().min(end.max(start + length));
                for step in steps(&records[start..end], position.as_deref(), NOW).unwrap() {
                    add(&mut counted, step.counts);
                    position = Some(step.through);
                }
            }
            let mut expected = Counts::new();
            for record in &records {
                add(&mut expected, record.changes(NOW));
            }
            prop_assert_eq!(counted, expected);
        }
    }

    #[test]
    fn a_step_fits_into_a_transaction() {
        let at = |number: u64| format!("{:013}#{number:016}", 1_790_000_000_000 + number * 60_000);
        let records: Vec<Record> =
            (1..=200).map(|number| record(number, &Value::Null, &client(&number.to_string(), &at(number)))).collect();
        let steps = steps(&records, None, NOW).unwrap();
        assert!(steps.len() < 6, "{}", steps.len());
        assert!(steps.iter().all(|step| step.counts.len() <= COUNTS));
        assert_eq!(steps.iter().flat_map(|step| step.counts.values()).sum::<i64>(), 600);
        assert!(!steps.iter().any(|step| step.counts.contains_key(&position_key("s").into())));
    }

    #[test]
    fn a_record_without_a_number_is_not_counted_as_some_other() {
        let (listed, none) = (client("me", AT), Value::Null);
        for number in [json!(null), json!(""), json!("1a"), json!("1".repeat(DIGITS + 1))] {
            let change = json!({"OldImage": none, "NewImage": listed, "SequenceNumber": number});
            let record: Record = serde_json::from_value(json!({ "dynamodb": change })).unwrap();
            assert!(steps(&[record], None, NOW).is_err(), "{number}");
        }
    }
}
