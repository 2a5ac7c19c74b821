//! `registrar whoami`.

use anyhow::Result;
use serde_json::Value;

use super::Output;
use super::api::shape::{SERVICES, has, rows};
use super::asked::Asked;
use super::output::date;
use crate::failure::Failure;

/// Says what the token is that the operators' API is asked with, what it permits, and which services it works for.
pub(super) async fn run(asked: &Asked, output: &Output) -> Result<()> {
    let Asked::Api(api) = asked else {
        return Err(Failure::usage("whoami asks the operators' API who a token is: give --api or --profile").into());
    };
    let mut members = api.get(&["whoami"]).await?;
    has(&members, &[SERVICES])?;
    if let Some(end) = members.remove("expires_at").as_ref().and_then(Value::as_u64) {
        members.insert("expires".to_owned(), date(end).into());
    }
    let services = rows(&mut members.clone(), SERVICES.0);
    if output.is_json() {
        return output.one(&members);
    }
    members.remove("services");
    output.one(&members)?;
    output.done("");
    output.rows(&["service_id", "name"], &services)
}
