//! What operators do with tokens: they make, change, list and end them.

mod create;
mod end;
mod left;
mod list;
mod update;

pub use create::{CreateFault, Creation, Holder, create};
pub use end::{end, end_all, end_all_of_client, end_tokens};
pub use left::{GrantPage, Left, Whose, grants_left};
pub use list::{Page, Status, by_client, by_client_and_subject, by_subject, grants_of_subject, of_all_clients};
pub use update::{Change, Changed, keys_of_clue, of_clue, of_clue_to_end, update};
