//! Which scopes a client can have (RFC 6749 §3.3).

use shared::client::RegisteredClient;
use shared::metadata::Scope;

use crate::context::Context;

/// Of those that are asked for, the ones that the service has and the client may ask for; the service's defaults if none
/// is asked for.
#[must_use]
pub fn requestable(context: &Context<'_>, client: &RegisteredClient, asked: Option<&[&str]>) -> Vec<String> {
    let names: Vec<&str> = if let Some(asked) = asked {
        asked.iter().copied().filter(|name| context.rules.scope(name).is_some()).collect()
    } else {
        let defaults = context.rules.scopes.iter().filter(|scope| scope.is_default);
        defaults.map(|scope| scope.name.as_ref()).collect()
    };
    let requestable = client.record.settings.requestable_scopes.as_deref();
    let registered = context.service.policy().scope_is_requestable.then(|| client.record.metadata.scope()).flatten();
    let may_ask = |name: &&str| match (requestable, registered) {
        (Some(scopes), _) => scopes.iter().any(|scope| scope == name),
        (None, Some(scope)) => Scope::contains(scope, name),
        (None, None) => true,
    };
    names.into_iter().filter(may_ask).map(str::to_owned).collect()
}
