//! What comes: looked at from the first line to the last, and only then written.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Error, Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::future::try_join_all;
use serde_json::Map;
use shared::Error::Contention;
use shared::counted::counted;
use shared::credentials::IdSalt;
use shared::service::{Service, ServiceConfiguration};
use shared::store::{Entered, ServiceNumber, Store, TokenRecord};
use shared::transfer::{Arrival, Carried, arriving_client, arriving_service};

use super::Import;
use super::file::{Kind, Line, Lines};
use super::key::Holder;
use crate::admin::client::list::Progress;
use crate::admin::service::{settings, topology};
use crate::admin::{Connection, Output, operator};
use crate::failure::{Failure, Kind as Failed, described};
use crate::print;

/// How many clients are written at once.
const AT_ONCE: usize = 16;

/// Makes a service of what a file says.
pub(in crate::admin::service) async fn import(import: &Import, connection: &Connection, output: &Output) -> Result<()> {
    let file = Source::of(import)?;
    let found = file.check(connection).await?;
    let keys = connection.keys_for(&found.configuration.organization).await?;
    file.check_number(&connection.store).await?;
    if import.dry_run {
        return tell(&file, &found, None, output);
    }
    let origin = operator();
    let arrival = Arrival {
        store: &connection.store,
        keys: &keys,
        entropy: &connection.entropy,
        now: connection.clock.now(),
        origin: &origin,
        name: &file.name,
    };
    let known = file.write(&arrival).await?;
    topology::warn(&found.configuration, connection.base_url().as_deref());
    tell(&file, &found, Some(known), output)
}

/// What was in a file that is as it should be.
struct Found {
    configuration: ServiceConfiguration,
    has_secrets: bool,
    tokens: u64,
    clients: u64,
    without_secret: u64,
}

/// A file, and what becomes of it.
struct Source<'f> {
    path: &'f Path,
    holder: Option<Holder>,
    /// The number that the service gets.
    id: u64,
    name: String,
}

impl<'f> Source<'f> {
    fn of(import: &'f Import) -> Result<Self> {
        let path = import.file.as_path();
        let header = Lines::open(path)?.header;
        let holder = import.secrets_key.as_deref().map(Holder::read).transpose()?;
        let shown = path.display();
        match (&header.sealed_to, &holder) {
            (Some(key), None) => {
                Err(Failure::usage(format!("the secrets of {shown} are sealed to {key}: give --secrets-key")).into())
            }
            (None, Some(_)) => Err(Failure::usage(format!("{shown} has no secrets: leave --secrets-key out")).into()),
            _ => Ok(Self { path, holder, id: import.id.unwrap_or(header.service), name: header.export }),
        }
    }

    /// Looks at every line.
    async fn check(&self, connection: &Connection) -> Result<Found> {
        let mut lines = Lines::open(self.path)?;
        let mut check = Check { id: self.id, service: None, salt: None, clients: HashSet::new(), without_secret: 0 };
        while let Some(line) = lines.next()? {
            let checked = match line {
                Line::Service(parcel) => {
                    let carried = parcel.unpacked(&lines.header, Kind::Service, self.holder.as_ref());
                    carried.and_then(|carried| check.service(carried))
                }
                Line::Client(parcel) => {
                    let carried = parcel.unpacked(&lines.header, Kind::Client, self.holder.as_ref());
                    carried.and_then(|carried| check.client(carried))
                }
                Line::Token(token) => match token.record(self.id) {
                    Ok(token) => is_known(&token, &connection.store).await.map(drop),
                    Err(fault) => Err(fault),
                },
            };
            checked.map_err(|fault| lines.at(lines.number, fault))?;
        }
        let configuration = check.service.context("a file without a service")?;
        Ok(Found {
            configuration,
            has_secrets: self.holder.is_some(),
            tokens: lines.seen.tokens,
            clients: lines.seen.clients,
            without_secret: check.without_secret,
        })
    }

    /// Writes what was looked at; gives how many clients had been there before.
    async fn write(&self, arrival: &Arrival<'_>) -> Result<u64> {
        let mut lines = Lines::open(self.path)?;
        let mut progress = Progress::beside_lines(false);
        let (mut service, mut some, mut known) = (None, Vec::new(), 0);
        while let Some(line) = lines.next()? {
            match line {
                Line::Service(parcel) => {
                    let carried = parcel.unpacked(&lines.header, Kind::Service, self.holder.as_ref())?;
                    service = Some(self.begin(arrival, carried).await?);
                }
                Line::Token(token) => enter_token(&token.record(self.id)?, arrival).await?,
                Line::Client(parcel) => {
                    let carried = parcel.unpacked(&lines.header, Kind::Client, self.holder.as_ref())?;
                    some.push((lines.number, carried));
                }
            }
            if some.len() == AT_ONCE {
                progress.step(some.len());
                known += enter(std::mem::take(&mut some), service.as_ref(), arrival, &lines).await?;
            }
        }
        known += enter(some, service.as_ref(), arrival, &lines).await?;
        progress.end();
        let service = service.context("a file without a service")?;
        arrival.finish(&service).await.map_err(described)?;
        Ok(known)
    }

    async fn begin(&self, arrival: &Arrival<'_>, carried: Carried) -> Result<Service> {
        let id = self.id;
        let begun = arrival.begin(id, arriving_service(carried)?).await.map_err(described)?;
        match begun {
            Some(service) => Ok(service),
            None => Err(self.check_number(arrival.store).await.err().unwrap_or_else(|| described(Contention))),
        }
    }

    /// Refuses a number that is not this import's to have.
    async fn check_number(&self, store: &Store) -> Result<()> {
        let id = self.id;
        let sentence = match store.service_number(id).await.map_err(described)? {
            ServiceNumber::Importing(import) if import != self.name => {
                format!("another file is being imported as service {id}: go on with that one")
            }
            ServiceNumber::Taken => format!("the number {id} is taken, or was: choose another one with --id"),
            ServiceNumber::Free | ServiceNumber::Importing(_) => return Ok(()),
        };
        Err(Failure::new(Failed::Conflict, sentence).into())
    }
}

/// What has been seen of a file.
struct Check {
    id: u64,
    service: Option<ServiceConfiguration>,
    salt: Option<IdSalt>,
    /// Of each client the beginning of the digest of its identifier.
    clients: HashSet<[u8; 16]>,
    without_secret: u64,
}

impl Check {
    fn service(&mut self, carried: Carried) -> Result<()> {
        let arriving = arriving_service(carried)?;
        self.salt = arriving.id_salt().cloned();
        // What a service had elsewhere it has here.
        let policy = &arriving.configuration.policy;
        settings::check(&arriving.configuration, Some(policy))?;
        if let Err(fault) = policy.check() {
            print::complain(&format!("warning: {fault}"));
        }
        self.service = Some(arriving.configuration);
        Ok(())
    }

    fn client(&mut self, carried: Carried) -> Result<()> {
        let arriving = arriving_client(self.id, self.salt.as_ref(), carried)?;
        let mut name = [0; 16];
        let digest = digest(&SHA256, arriving.client_id().as_bytes());
        name.iter_mut().zip(digest.as_ref()).for_each(|(byte, digest)| *byte = *digest);
        ensure!(self.clients.insert(name), "client_id: {} was there before", print::visible(arriving.client_id()));
        self.without_secret += u64::from(arriving.lacks_secret());
        Ok(())
    }
}

/// Writes some clients; gives how many had been there before.
async fn enter(
    some: Vec<(u64, Carried)>,
    service: Option<&Service>,
    arrival: &Arrival<'_>,
    lines: &Lines,
) -> Result<u64> {
    let Some(service) = service else { return Ok(0) };
    let entering = some.into_iter().map(|(number, carried)| async move {
        let entered = arrival.client(service, carried).await.map_err(described);
        let known = entered.and_then(|entered| told(number, &entered));
        known.map_err(|error| lines.at(number, error))
    });
    Ok(try_join_all(entering).await?.into_iter().map(u64::from).sum())
}

/// Whether a client had been there before.
fn told(number: u64, entered: &Entered) -> Result<bool> {
    match entered {
        Entered::Known => Ok(true),
        Entered::Taken => {
            Err(Failure::new(Failed::Conflict, "client_id: another client has the number that follows from it").into())
        }
        Entered::Written(unclaimed) => {
            for kind in unclaimed {
                print::complain(&format!("warning: line {number}: another client has the {kind} of this one"));
            }
            Ok(false)
        }
    }
}

/// Whether a token has been stored, by an earlier attempt.
async fn is_known(token: &TokenRecord, store: &Store) -> Result<bool> {
    match store.token_of_any_kind(&token.hash).await.map_err(described)? {
        None => Ok(false),
        Some(there) if there.service_id == token.service_id => Ok(true),
        Some(_) => Err(other_service()),
    }
}

fn other_service() -> Error {
    Failure::new(Failed::Conflict, "digest: it is the token of another service of this table: export without --tokens")
        .into()
}

async fn enter_token(token: &TokenRecord, arrival: &Arrival<'_>) -> Result<()> {
    if is_known(token, arrival.store).await? {
        return Ok(());
    }
    arrival.store.create_token(token, arrival.origin).await.map_err(described)
}

/// What has become of a file, and what whoever has imported it has to do still; without `known` it is only looked at.
fn tell(file: &Source<'_>, found: &Found, known: Option<u64>, output: &Output) -> Result<()> {
    let (id, Found { clients, tokens, .. }) = (file.id, found);
    let outcome = match known {
        None => "The file is as it should be".to_owned(),
        Some(_) => format!("Service {id} is imported"),
    };
    let before = match known {
        None | Some(0) => String::new(),
        Some(known) => format!(" Of these clients {known} had been there before."),
    };
    if found.without_secret > 0 {
        let clients = counted(found.without_secret, "client");
        print::complain(&format!(
            "warning: without the secret that it needs: {clients}; each gets one with its next update"
        ));
    }
    if !found.has_secrets && found.configuration.federation.enabled {
        print::complain(&format!(
            "warning: it has no keys for its federations: registrar service federation enable {id}"
        ));
    }
    let mut members = Map::from_iter([
        ("id".to_owned(), id.into()),
        ("clients".to_owned(), found.clients.into()),
        ("tokens".to_owned(), found.tokens.into()),
        ("without_secret".to_owned(), found.without_secret.into()),
    ]);
    members.extend(known.map(|known| ("known".to_owned(), known.into())));
    let there = format!("{}, {}", counted(clients, "client"), counted(tokens, "token"));
    output.told(&format!("{outcome}: {there}.{before}"), &members)
}
