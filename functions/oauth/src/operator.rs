//! What an authorization server asks of this door, with an operator's token.

use std::time::Instant;

use shared::caller::Permission;
use shared::desk::{Desk, NoDesk};
use shared::federation::discovery::RESOLVING;
use shared::http::Request;
use shared::registry::Context;
use shared::store::Named;
use shared::{App, Error};

use crate::door::{self, Fault};

/// As [`Desk::open`].
///
/// # Errors
/// As there.
pub(crate) async fn open(
    app: &App,
    request: &Request,
    any_of: &[Permission],
    identifier: Option<&str>,
) -> Result<(Desk, Named), Fault> {
    Desk::open(app, request, any_of, identifier).await.map_err(|none| match none {
        NoDesk::Core(error) => Fault::Core(error),
        NoDesk::OtherService => Fault::Core(Error::InsufficientScope(Vec::new())),
        NoDesk::TooManyRequests(admission) => Fault::TooManyRequests(admission),
    })
}

/// The request's context, for as long as a trust chain takes.
pub(crate) fn context<'a>(desk: &'a Desk, app: &'a App, request: &Request) -> Context<'a> {
    let context = door::context(app, &desk.service, request, desk.operator.token.to_text());
    Context { fetching_ends: Instant::now() + RESOLVING, ..context }
}
