//! Tables for people, JSON for scripts.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use crate::print;

/// How many rows a table has unless it shall have more.
const ROWS: usize = 100;

/// How results are printed.
pub struct Output {
    json: bool,
    done: Option<String>,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json, done: None }
    }

    /// The same, after something was done that is to be known where nothing can be printed, and after which something is to
    /// be done then: in whole sentences.
    pub(super) fn after(&self, done: impl Into<String>) -> Self {
        Self { json: self.json, done: Some(done.into()) }
    }

    /// Whether scripts read it.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// How many entries of a list are printed at the most, unless `limit` says it: some for people, all for scripts.
    pub(super) fn most(&self, limit: Option<u64>) -> usize {
        let usual = if self.json { usize::MAX } else { ROWS };
        limit.map_or(usual, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Prints rows under the names of their members, in the order of `columns`.
    pub(super) fn rows(&self, columns: &[&str], rows: &[Map<String, Value>]) -> Result<()> {
        self.say(&if self.json { print::json(rows)? } else { table(columns, rows) });
        Ok(())
    }

    /// Prints one thing, a member a line.
    pub(super) fn one(&self, members: &Map<String, Value>) -> Result<()> {
        self.say(&if self.json { print::json(members)? } else { list(members)? });
        Ok(())
    }

    /// Prints JSON on one line: one of many things, for scripts that read them as they come.
    pub(super) fn line(&self, members: &Map<String, Value>) -> Result<()> {
        self.say(&print::json_line(members)?);
        Ok(())
    }

    /// Prints JSON, whoever reads it.
    pub(super) fn document(&self, members: &Map<String, Value>) -> Result<()> {
        self.say(&print::json(members)?);
        Ok(())
    }

    /// Says what was done: a sentence for people, its facts for scripts.
    pub(super) fn told(&self, sentence: &str, facts: &Map<String, Value>) -> Result<()> {
        let output = self.after(sentence);
        if self.json {
            return output.one(facts);
        }
        output.done(sentence);
        Ok(())
    }

    /// Prints a line for people, who have an empty one for `""`; nothing for scripts, which have the exit code.
    pub(super) fn done(&self, sentence: &str) {
        if !self.json {
            self.say(&print::visible(sentence));
        }
    }

    fn say(&self, text: &str) {
        print::line(format_args!("{text}"), self.json, self.done.as_deref());
    }
}

/// How often each host is there.
pub(super) fn by_host<'h>(found: impl Iterator<Item = &'h str>) -> Vec<Map<String, Value>> {
    let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
    for host in found {
        *hosts.entry(host).or_default() += 1;
    }
    let row = |(host, clients): (&str, u64)| {
        Map::from_iter([("host".to_owned(), Value::from(host)), ("clients".to_owned(), clients.into())])
    };
    hosts.into_iter().map(row).collect()
}

fn table(columns: &[&str], rows: &[Map<String, Value>]) -> String {
    let heading: Vec<String> = columns.iter().map(|column| column.replace('_', " ").to_uppercase()).collect();
    let cells = |row: &Map<String, Value>| columns.iter().map(|column| text(row.get(*column))).collect();
    let mut lines: Vec<Vec<String>> = vec![heading];
    lines.extend(rows.iter().map(cells));
    let widest = |index: usize| lines.iter().filter_map(|line| line.get(index)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns.len()).map(|index| widest(index).unwrap_or(0)).collect();
    let padded = |line: &Vec<String>| {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| wide(cell, *width)).collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

fn list(members: &Map<String, Value>) -> Result<String> {
    let width = members.keys().map(|name| print::visible(name).width()).max().unwrap_or(0);
    let line = |(name, value): (&String, &Value)| {
        let name = print::visible(name);
        Ok(match value {
            Value::Object(_) => format!("{name}:\n{}", print::json(value)?),
            Value::Array(values) if values.iter().any(Value::is_object) => format!("{name}:\n{}", print::json(value)?),
            value => format!("{}  {}", wide(&name, width), text(Some(value))),
        })
    };
    Ok(members.iter().map(line).collect::<Result<Vec<_>>>()?.join("\n"))
}

/// As many columns of a terminal, which gives some characters two and some none.
fn wide(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// A value in a cell. What a client said of itself must not command the terminal.
fn text(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values.iter().map(text_of).collect::<Vec<_>>().join(" "),
        Some(value) => value.to_string(),
    };
    print::visible(&text)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Seconds since 1970 as a UTC date and time.
pub(super) fn date(seconds: u64) -> String {
    // Howard Hinnant's days-to-civil: eras of 400 years, years that begin in March.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let time = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time % 3600 / 60, time % 60)
}

#[cfg(test)]
mod tests {
    use shared::metadata::is_hidden;

    use super::*;

    #[test]
    fn dates_are_utc() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(date(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(date(1_790_000_000), "2026-09-21T14:13:20Z");
    }

    #[test]
    fn a_client_does_not_command_the_terminal() {
        for (said, shown) in [
            ("a\u{1b}[2Jb", "a?[2Jb"),
            ("a\u{9b}2Jb", "a?2Jb"),
            ("moc.\u{202e}elpmaxe\u{2066}", "moc.?elpmaxe?"),
            ("a\u{2028}b\u{e0041}", "a?b?"),
            ("نامه\u{200c}ای", "نامه\u{200c}ای"),
        ] {
            assert_eq!(text(Some(&Value::from(said))), shown);
            let one = Map::from_iter([(said.to_owned(), Value::from(said))]);
            assert_eq!(list(&one).unwrap(), format!("{shown}  {shown}"));
            let written = print::json(&one).unwrap();
            assert!(!written.chars().any(|character| character != '\n' && is_hidden(character)), "{written}");
            assert_eq!(serde_json::from_str::<Map<String, Value>>(&written).unwrap(), one);
        }
    }

    #[test]
    fn columns_are_under_each_other_whatever_is_in_them() {
        let row = |name: &str| {
            Map::from_iter([("client_name".to_owned(), Value::from(name)), ("source".to_owned(), "oauth".into())])
        };
        let names = ["plain", "日本語", "e\u{301}le\u{300}ve", "한국", "שלום"];
        let table = table(&["client_name", "source"], &names.map(row));
        for line in table.lines().skip(1) {
            let (before, _) = line.split_once("oauth").unwrap();
            assert_eq!(before.width(), "CLIENT NAME  ".len(), "{line}");
        }
        assert!(table.starts_with("CLIENT NAME  SOURCE\nplain        oauth\n日本語       oauth\n"), "{table}");
    }
}
