//! A service as a file says it: exported, and made or changed to be so. Keys and secrets are in no file.

use anyhow::{Context, Result, bail};
use json_patch::PatchOperation;
use serde_json::{Map, Value, json};
use shared::administration::{configure_service, create_numbered_service};
use shared::policy::ValueFault;
use shared::service::{Service, ServiceConfiguration};
use shared::store::ServiceNumber;

use super::{create_new, first_secrets, members, settings, topology, transfer};
use crate::admin::desk::of_service;
use crate::admin::input::Input;
use crate::admin::{Connection, Output, operator};
use crate::failure::{Failure, Kind, described};
use crate::print;

/// The largest number of a service (2^53−1): every reader of JSON reads it exactly.
pub(super) const MAX_ID: u64 = (1 << 53) - 1;

/// What a file says.
struct Declared {
    id: Option<u64>,
    configuration: ServiceConfiguration,
}

/// A service as [`apply`] reads it.
pub(super) fn exported(service: &Service) -> Result<Map<String, Value>> {
    let mut configuration = service.configuration.clone();
    configuration.federation.signature_key_id = None;
    configuration.jwks = None;
    let mut exported = members(&configuration)?;
    exported.insert("id".to_owned(), service.id.into());
    Ok(exported)
}

/// Makes a service, or changes it, to what a file says, or only tells what that would change.
pub(super) async fn apply(input: &Input, dry_run: bool, connection: &Connection, output: &Output) -> Result<()> {
    let mut declared = read(input)?;
    let current = match declared.id {
        Some(id) => connection.store.service(id).await.map_err(described)?,
        None => None,
    };
    let known = current.as_ref().map(|current| &current.configuration);
    declared.configuration.federation.signature_key_id =
        known.and_then(|known| known.federation.signature_key_id.clone());
    declared.configuration.jwks = known.and_then(|known| known.jwks.clone());
    settings::check(&declared.configuration, known.map(|known| &known.policy))?;
    if current.is_none() {
        check_new(&declared, connection).await?;
    }
    topology::warn(&declared.configuration, connection.base_url().as_deref());
    let before = known.map(members).transpose()?.unwrap_or_default().into();
    let changes = json_patch::diff(&before, &members(&declared.configuration)?.into()).0;
    let id = match &current {
        _ if dry_run => declared.id,
        Some(current) if changes.is_empty() => Some(current.id),
        Some(current) => {
            let configured = configure_service(&connection.store, current, &declared.configuration, &operator()).await;
            Some(configured.map_err(of_service)?.id)
        }
        None => Some(create(declared, connection).await?.id),
    };
    print(id, current.is_none(), dry_run, &before, &changes, output)
}

/// Refuses what cannot be made: by then all is known but what others do meanwhile.
async fn check_new(Declared { id, configuration }: &Declared, connection: &Connection) -> Result<()> {
    topology::check_new(configuration, connection.base_url().as_deref())?;
    configuration.policy.check_new(None)?;
    connection.keys_for(&configuration.organization).await?;
    let Some(id) = *id else { return Ok(()) };
    match connection.store.service_number(id).await.map_err(described)? {
        ServiceNumber::Free => Ok(()),
        standing => Err(taken(id, &standing).into()),
    }
}

/// A number that no new service gets.
fn taken(id: u64, standing: &ServiceNumber) -> Failure {
    let why = match standing {
        ServiceNumber::Importing(_) => "is that of a service that is being imported: take another".to_owned(),
        ServiceNumber::Taken | ServiceNumber::Free => {
            format!("was a deleted service's: bring that back with `registrar service restore {id}`, or take another")
        }
    };
    Failure::new(Kind::Conflict, format!("the number {id} {why}"))
}

fn read(input: &Input) -> Result<Declared> {
    let bytes = input.bytes()?;
    if transfer::is_export(&bytes) {
        bail!("{input} is a service with its clients: `registrar service import FILE` makes it of that");
    }
    let mut members = input.object_of(&bytes)?;
    let id = match members.remove("id") {
        None => None,
        Some(id) => match id.as_u64().filter(|id| (1..=MAX_ID).contains(id)) {
            Some(id) => Some(id),
            None => bail!("{input}: id must be an integer from 1 to 2^53-1, or absent for a new service"),
        },
    };
    // What `service show` derives from the policy.
    members.remove("registration");
    let mut unknown = Vec::new();
    let mut keep = |path: serde_ignored::Path| unknown.push(path.to_string());
    let members = serde_ignored::Deserializer::new(Value::Object(members), &mut keep);
    let configuration = serde_path_to_error::deserialize(members)
        .map_err(ValueFault::from)
        .with_context(|| format!("{input} is not a service"))?;
    match unknown.first() {
        Some(member) => bail!("{input}: a service has no member {member}"),
        None => Ok(Declared { id, configuration }),
    }
}

async fn create(declared: Declared, connection: &Connection) -> Result<Service> {
    let Declared { id, configuration } = declared;
    let takes_part = configuration.federation.enabled;
    let service = match id {
        None => create_new(configuration, connection).await?,
        Some(id) => {
            let (store, entropy) = (&connection.store, &connection.entropy);
            let keys = connection.keys_for(&configuration.organization).await?;
            let secrets = &first_secrets(connection)?;
            let created =
                create_numbered_service(store, &keys, entropy, id, &configuration, secrets, &operator()).await;
            created.map_err(described)?.ok_or_else(|| taken(id, &ServiceNumber::Taken))?
        }
    };
    if takes_part {
        let id = service.id;
        print::complain(&format!(
            "warning: it has no keys for its federations yet: registrar service federation add-key {id}"
        ));
    }
    Ok(service)
}

fn print(
    id: Option<u64>,
    is_new: bool,
    dry_run: bool,
    before: &Value,
    changes: &[PatchOperation],
    output: &Output,
) -> Result<()> {
    let service = id.map_or_else(|| "the new service".to_owned(), |id| format!("service {id}"));
    let outcome = match (dry_run, is_new, changes.is_empty()) {
        (true, true, _) => format!("This would make {service}; nothing is changed."),
        (true, false, false) => format!("This would change {service}; nothing is changed."),
        (_, false, true) => format!("There is nothing to change: {service} is as the file says."),
        (false, true, _) => format!("This has made {service}."),
        (false, false, false) => format!("This has changed {service}."),
    };
    let output = output.after(outcome.as_str());
    if output.is_json() {
        let mut answer = Map::new();
        answer.extend(id.map(|id| ("id".to_owned(), id.into())));
        answer.insert("new".to_owned(), is_new.into());
        answer.insert("applied".to_owned(), (!dry_run && (is_new || !changes.is_empty())).into());
        answer.insert("changes".to_owned(), json!(changes));
        return output.one(&answer);
    }
    for change in changes {
        output.done(&line(change, before));
    }
    output.done(&outcome);
    Ok(())
}

/// A change of a member, with what it was.
fn line(change: &PatchOperation, before: &Value) -> String {
    let path = change.path().to_string();
    let was = before.pointer(&path).map_or_else(String::new, Value::to_string);
    match change {
        PatchOperation::Add(add) => format!("+ {path}: {}", add.value),
        PatchOperation::Replace(replace) => format!("~ {path}: {was} -> {}", replace.value),
        PatchOperation::Remove(_) => format!("- {path}: {was}"),
        // A comparison of two values makes no others.
        other => format!("? {path}: {}", json!(other)),
    }
}
