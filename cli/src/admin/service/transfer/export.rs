//! What leaves.

use anyhow::Result;
use serde::Serialize;
use shared::counted::counted;
use shared::credentials::KeyEncryption;
use shared::service::Service;
use shared::store::Route;
use shared::transfer::{leaving_client, leaving_service};

use super::Moving;
use super::file::{End, Header, Kind, Parcel, TokenLine, line};
use super::key::Recipient;
use crate::admin::client::list::Progress;
use crate::admin::output::date;
use crate::admin::{Connection, Output};
use crate::failure::described;
use crate::print;

/// Prints a service with its clients, a line each, and says beside it what is not there.
pub(in crate::admin::service) async fn export(
    id: u64,
    moving: &Moving,
    connection: &Connection,
    output: &Output,
) -> Result<()> {
    let service = connection.service(id).await?;
    let recipient = moving.secrets_to.as_deref().map(Recipient::read).transpose()?;
    let keys = match &recipient {
        Some(_) => Some(connection.keys().await?),
        None => None,
    };
    let sealed_to = recipient.as_ref().map(Recipient::name);
    let name = connection.store.write_id().map_err(described)?;
    let header = Header::new(name, id, date(connection.clock.now()), sealed_to, moving.tokens);
    let departure = Departure { connection, service, recipient, keys, header };
    let left = departure.print(moving.tokens, output).await?;
    departure.tell(&left);
    Ok(())
}

struct Departure<'c> {
    connection: &'c Connection,
    service: Service,
    recipient: Option<Recipient>,
    keys: Option<KeyEncryption>,
    header: Header,
}

impl Departure<'_> {
    async fn print(&self, tokens: bool, output: &Output) -> Result<End> {
        let Self { connection: Connection { store, .. }, service, recipient, keys, header } = self;
        let (to, keys) = (recipient.as_ref(), keys.as_ref());
        let carried = leaving_service(store, service, keys).await.map_err(described)?;
        say(Kind::Export, header, output)?;
        say(Kind::Service, &Parcel::packed(header, Kind::Service, &carried, to)?, output)?;
        let mut left = End::of(service.id);
        if tokens {
            for token in store.service_tokens(service.id).await.map_err(described)? {
                say(Kind::Token, &TokenLine::of(service.id, &token), output)?;
                left.tokens += 1;
            }
        }
        let mut progress = Progress::beside_lines(true);
        let mut walk = store.walk(service.id, Route::default());
        while let Some(items) = walk.next_items().await.map_err(described)? {
            progress.step(items.len());
            for item in items.into_iter().filter(|item| store.is_live(item)) {
                let carried = leaving_client(service, keys, item).await.map_err(described)?;
                say(Kind::Client, &Parcel::packed(header, Kind::Client, &carried, to)?, output)?;
                left.clients += 1;
            }
        }
        progress.end();
        say(Kind::End, &left, output)?;
        Ok(left)
    }

    /// What whoever has the file should know of it.
    fn tell(&self, left: &End) {
        let End { clients, tokens, .. } = left;
        print::complain(&format!(
            "Exported: {}, {}. Those that changed meanwhile are of either state.",
            counted(clients, "client"),
            counted(tokens, "token")
        ));
        if self.recipient.is_none() {
            print::complain(
                "Secrets and keys are left out: clients get new secrets, and users new names where those are pairwise. \
                 --secrets-to takes them along.",
            );
        }
    }
}

fn say(kind: Kind, members: &impl Serialize, output: &Output) -> Result<()> {
    output.line(&line(kind, members)?)
}
