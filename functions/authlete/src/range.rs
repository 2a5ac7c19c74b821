//! `start` and `end` of lists.

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::Invalid;

use crate::error::Error;

/// How many members a page has if the request does not say.
const DEFAULT_LENGTH: u64 = 5;

/// How large a page may be, in bytes: Lambda answers at most 6 MB.
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
    /// The answer with a page's members.
    ///
    /// # Errors
    /// [`Error::Body`] for a page that is too large to be answered.
    pub(crate) fn answer(&self, total: u64, name: &str, members: Vec<Value>) -> Result<Map<String, Value>, Error> {
        let members = Value::Array(members);
        if self.end - self.start > DEFAULT_LENGTH && members.to_string().len() > MAX_BYTES {
            return Err(Error::Body(Invalid::TooLong {
                member: "start to end".to_owned(),
                limit: MAX_BYTES,
                unit: "bytes",
            }));
        }
        let mut answer = Map::new();
        answer.insert("start".to_owned(), self.start.into());
        answer.insert("end".to_owned(), self.end.into());
        answer.insert("totalCount".to_owned(), total.into());
        answer.insert(name.to_owned(), members);
        Ok(answer)
    }
}
