//! `start` and `end` of lists.

use serde_json::{Map, Value};
use shared::http::{Request, Response};
use shared::metadata::Invalid;

use crate::error::Error;

/// How many members a page has if the request does not say.
const DEFAULT_LENGTH: u64 = 5;

/// How large a page may be, in bytes of the string that it is in a function's answer: Lambda takes 6 MB in all.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// A page of a list: from number `start` to before number `end`, counted from 0.
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// The page that a request asks for, of at most `longest` members.
///
/// # Errors
/// [`Error::Body`], naming the parameter.
pub(crate) fn of(request: &Request, longest: u16) -> Result<Range, Error> {
    let number = |name: &str| -> Result<Option<u64>, Error> {
        let Some(text) = request.query_parameter(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text.parse::<u64>().ok().filter(|number| *number < 1 << 53);
        number.map(Some).ok_or_else(|| Error::Body(Invalid::wrong_type(name, "a non-negative integer")))
    };
    let start = number("start")?.unwrap_or_default();
    let end = number("end")?.unwrap_or(start + DEFAULT_LENGTH);
    if end < start {
        return Err(Error::Body(Invalid::syntax("end", "a number from start on")));
    }
    if end - start > u64::from(longest) {
        let limit = usize::from(longest);
        return Err(Error::Body(Invalid::TooLong { member: "start to end".to_owned(), limit, unit: "members" }));
    }
    Ok(Range { start, end })
}

impl Range {
    /// What an answer says of a page beside its members.
    pub(crate) fn members(&self, total: u64) -> Map<String, Value> {
        let members = [("start", self.start), ("end", self.end), ("totalCount", total)];
        members.into_iter().map(|(name, number)| (name.to_owned(), number.into())).collect()
    }
}

/// A page as it is written: one member after the other, so that what was written is in memory as text alone, and a page
/// that becomes too large is given up before the rest of it is read.
pub(crate) struct Listing {
    text: String,
    /// How long the text is as a string of JSON.
    bytes: usize,
}

impl Listing {
    /// A page whose members are listed under that name.
    pub(crate) fn new(name: &str) -> Self {
        let text = format!("{{\"{name}\":[");
        Self { bytes: text.len(), text }
    }

    /// Writes the next member.
    ///
    /// # Errors
    /// [`Error::Body`] for a page that is too large to be answered.
    pub(crate) fn push(&mut self, member: Map<String, Value>) -> Result<(), Error> {
        let member = Value::Object(member).to_string();
        let escaped = member.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        self.bytes += member.len() + escaped + 1;
        if self.bytes > MAX_BYTES {
            let member = "start to end".to_owned();
            return Err(Error::Body(Invalid::TooLong { member, limit: MAX_BYTES, unit: "bytes" }));
        }
        if !self.text.ends_with('[') {
            self.text.push(',');
        }
        self.text.push_str(&member);
        Ok(())
    }

    /// The answer, with what it says beside the members.
    pub(crate) fn answer(mut self, beside: Map<String, Value>) -> Response {
        let beside = Value::Object(beside).to_string();
        self.text.push_str("],");
        self.text.push_str(beside.trim_start_matches('{'));
        Response::of_type(200, "application/json", self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_page_is_written_as_its_members_and_what_stands_beside_them() {
        let range = Range { start: 2, end: 4 };
        for members in [json!([]), json!([{"a": "]"}]), json!([{"a": "x"}, {"b": {}}])] {
            let mut listing = Listing::new("clients");
            for value in members.as_array().into_iter().flatten() {
                assert!(listing.push(member(value)).is_ok());
            }
            let written: Value = serde_json::from_str(&listing.answer(range.members(9)).body).unwrap_or_default();
            assert_eq!(written, json!({"start": 2, "end": 4, "totalCount": 9, "clients": members}));
        }
    }

    /// Lambda's answer holds the page as a string, in which quotes and backslashes take two bytes.
    #[test]
    fn a_page_is_as_large_as_the_string_that_it_becomes() {
        for (text, fit) in [("x".repeat(99_989), 52), ("\\".repeat(99_989), 13)] {
            let mut listing = Listing::new("clients");
            let pushed = (0..100).take_while(|_| listing.push(member(&json!({"a": text}))).is_ok()).count();
            assert_eq!(pushed, fit);
        }
    }
}
