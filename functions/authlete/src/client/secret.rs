//! What the two operations on client secrets answer.

pub mod refresh;
pub mod update;

use shared::administration::Replaced;
use shared::http::Response;

use crate::error::result;

/// The secrets before and after.
pub(crate) fn answer(code: &str, done: &str, numeric_id: u64, replaced: &Replaced) -> Response {
    let mut members =
        result(code, &format!("Successfully {done} the client secret of the client (ID = {numeric_id})."));
    members.insert("newClientSecret".to_owned(), replaced.new.expose().into());
    members.insert("oldClientSecret".to_owned(), replaced.old.expose().into());
    Response::json(200, members)
}
