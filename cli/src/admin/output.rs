//! Tables for people, JSON for scripts.

use anyhow::Result;
use serde_json::{Map, Value};

/// How results are printed.
pub struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether scripts read it.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints rows under the names of their members, in the order of `columns`.
    pub(super) fn rows(&self, columns: &[&str], rows: &[Map<String, Value>]) -> Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(rows)?);
            return Ok(());
        }
        let heading: Vec<String> = columns.iter().map(|column| column.replace('_', " ").to_uppercase()).collect();
        let cells = |row: &Map<String, Value>| columns.iter().map(|column| text(row.get(*column))).collect();
        let mut lines: Vec<Vec<String>> = vec![heading];
        lines.extend(rows.iter().map(cells));
        let width = |index: usize| {
            lines.iter().filter_map(|line| line.get(index)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        for line in &lines {
            let padded: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
            println!("{}", padded.join("  ").trim_end());
        }
        Ok(())
    }

    /// Prints one thing, a member a line.
    pub(super) fn one(&self, members: &Map<String, Value>) -> Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(members)?);
            return Ok(());
        }
        let width = members.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in members {
            match value {
                Value::Object(inner) => println!("{name}:\n{}", serde_json::to_string_pretty(inner)?),
                value => println!("{name:<width$}  {}", text(Some(value))),
            }
        }
        Ok(())
    }

    /// Prints JSON on one line: one of many things, for scripts that read them as they come.
    pub(super) fn line(members: Map<String, Value>) {
        println!("{}", Value::Object(members));
    }

    /// Prints JSON, whoever reads it.
    pub(super) fn document(members: &Map<String, Value>) -> Result<()> {
        println!("{}", serde_json::to_string_pretty(members)?);
        Ok(())
    }

    /// Prints a sentence for people; nothing for scripts, which have the exit code.
    pub(super) fn done(&self, sentence: &str) {
        if !self.json {
            println!("{sentence}");
        }
    }
}

/// A value in a cell. What a client said of itself must not command the terminal.
fn text(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values.iter().map(text_of).collect::<Vec<_>>().join(" "),
        Some(value) => value.to_string(),
    };
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
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
        assert_eq!(text(Some(&Value::from("a\u{1b}[2Jb"))), "a?[2Jb");
    }
}
