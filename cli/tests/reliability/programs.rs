//! Honest programs: they register, try again when they are told to or hear nothing, and remember what they were answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use shared::error::Error;
use shared::registry::Context;

use super::installation::{Instance, OPEN, Reply, path};
use super::notes::{Known, Notes, Registration, Tally};
use super::plan::{Act, Plan, What, metadata};
use super::random::Random;

/// How often a program asks before it gives up.
const ASKS: u32 = 4;

/// Of a thousand registrations, so many answers are lost between the gateway and the program.
const LOST: u64 = 5;

/// How many clients of a program grow older before something happens to them.
const AGEING: usize = 20;

/// One program after the other, over one connection.
pub(super) struct Program {
    instance: Instance,
    notes: Arc<Notes>,
    random: Random,
    /// Clients to which something will happen.
    waiting: VecDeque<(Known, Vec<Act>)>,
}

impl Program {
    pub(super) fn new(instance: Instance, notes: Arc<Notes>, seed: u64, connection: u32) -> Self {
        let random = Random::new(seed, u64::from(connection) << 40 | 1);
        Self { instance, notes, random, waiting: VecDeque::new() }
    }

    /// Registers as planned, and lets happen what is due.
    pub(super) async fn register(&mut self, plan: Result<Plan>) -> Result<()> {
        let plan = plan?;
        let mut became = Registration::default();
        let mut clients = Vec::new();
        match plan.what {
            What::Shared(_) => {
                let (mut one, mut other) = (Registration::default(), Registration::default());
                let both = tokio::join!(self.ask(&plan, &mut one), self.ask(&plan, &mut other));
                clients.extend([both.0?, both.1?].into_iter().flatten());
                became.unanswered = one.unanswered + other.unanswered;
            }
            What::Valid | What::Invalid(_) | What::Again => {
                for _ in 0..plan.clients().max(1) {
                    clients.extend(self.ask(&plan, &mut became).await?);
                }
            }
        }
        became.acknowledged = u32::try_from(clients.len())?;
        let (acted, settled) = clients.into_iter().partition(|_| !plan.acts.is_empty());
        self.notes.registered(&plan, became, settled);
        let acted: Vec<Known> = acted;
        self.waiting.extend(acted.into_iter().map(|client| (client, plan.acts.clone())));
        while self.waiting.len() > AGEING {
            self.act_next().await?;
        }
        Ok(())
    }

    /// Lets happen all that is left.
    pub(super) async fn finish(mut self) -> Result<()> {
        while !self.waiting.is_empty() {
            self.act_next().await?;
        }
        Ok(())
    }

    /// Sends a registration until it is answered; the client, if it has made one.
    async fn ask(&self, plan: &Plan, became: &mut Registration) -> Result<Option<Known>> {
        let register = format!("/{}/register", plan.service());
        for ask in 0..ASKS {
            self.note_retry(ask);
            let reply = self.send("POST", &register, None, plan.body()).await?;
            if reply.status == 503 {
                became.unanswered += 1;
                self.wait(&reply).await;
                continue;
            }
            self.note_refusal(plan, &reply)?;
            if self.random.chance(LOST)? {
                became.unanswered += u32::from(reply.status == 201);
                self.notes.with(|noted| noted.lost += 1);
                continue;
            }
            return self.told(plan, &reply);
        }
        Ok(None)
    }

    /// The client of an answer.
    fn told(&self, plan: &Plan, reply: &Reply) -> Result<Option<Known>> {
        let expected = if matches!(plan.what, What::Invalid(_)) { 400 } else { 201 };
        if reply.status != expected {
            let surprise = format!("{:?} of {}: {} {}", plan.what, plan.number, reply.status, reply.body);
            self.notes.with(|noted| noted.surprise(surprise));
        }
        if reply.status != 201 {
            return Ok(None);
        }
        let token = reply.text("registration_access_token").ok().map(Into::into);
        if token.is_some() {
            path(reply.text("registration_client_uri")?)?;
        }
        Ok(Some(Known {
            number: plan.number,
            service: plan.service(),
            client_id: reply.text("client_id")?.into(),
            token,
            updates: Tally::default(),
            locks: Tally::default(),
            unlocks: Tally::default(),
            deletions: Tally::default(),
        }))
    }

    fn note_refusal(&self, plan: &Plan, reply: &Reply) -> Result<()> {
        if (400..500).contains(&reply.status) {
            let error = reply.text("error")?.to_owned();
            self.notes.with(|noted| noted.refused(plan.what, &error));
        }
        Ok(())
    }

    async fn act_next(&mut self) -> Result<()> {
        let Some((mut client, acts)) = self.waiting.pop_front() else { return Ok(()) };
        for act in acts {
            let mut tally = Tally::default();
            self.act(act, &client, &mut tally).await?;
            *client.tally(act) = tally;
            if tally.acknowledged == 0 {
                break;
            }
        }
        self.notes.changed(client);
        Ok(())
    }

    async fn act(&self, act: Act, client: &Known, tally: &mut Tally) -> Result<()> {
        for ask in 0..ASKS {
            self.note_retry(ask);
            let status = match act {
                Act::Update => self.update(client).await?,
                Act::Delete => self.delete(client, tally.unanswered > 0).await?,
                Act::Lock => self.lock(client, true).await?,
                Act::Unlock => self.lock(client, false).await?,
            };
            match status {
                200 | 204 => {
                    tally.acknowledged = 1;
                    return Ok(());
                }
                503 => tally.unanswered += 1,
                status => {
                    let surprise = format!("{act:?} of a client of {}: {status}", client.number);
                    self.notes.with(|noted| noted.surprise(surprise));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn update(&self, client: &Known) -> Result<u16> {
        let mut body = metadata(client.number);
        if let Some(members) = body.as_object_mut() {
            members.insert("client_id".to_owned(), (*client.client_id).into());
            members.insert("client_name".to_owned(), format!("Program {}, changed", client.number).into());
        }
        let reply = self.send("PUT", &configuration(client), client.token.as_deref(), body.to_string()).await?;
        self.wait(&reply).await;
        Ok(reply.status)
    }

    /// A token that works no more after a deletion that was not answered says that it is deleted.
    async fn delete(&self, client: &Known, may_be_deleted: bool) -> Result<u16> {
        let reply = self.send("DELETE", &configuration(client), client.token.as_deref(), String::new()).await?;
        self.wait(&reply).await;
        Ok(if reply.status == 401 && may_be_deleted { 204 } else { reply.status })
    }

    /// What an operator's program does, that looks before it asks again.
    async fn lock(&self, client: &Known, locked: bool) -> Result<u16> {
        match self.try_lock(client, locked).await {
            Ok(()) => Ok(200),
            Err(Error::Unavailable(_) | Error::Contention) => Ok(503),
            Err(error) => Err(anyhow::anyhow!("{error}")),
        }
    }

    async fn try_lock(&self, client: &Known, locked: bool) -> std::result::Result<(), Error> {
        let app = self.instance.app;
        let service = app.service(client.service).await?;
        let found = app.store.client(service.id, service.numeric_id(&client.client_id)).await?;
        let found = found.ok_or(Error::UnknownClient)?;
        if found.locked == locked {
            return Ok(());
        }
        let context = Context {
            app,
            service: &service,
            origin: shared::origin::Origin { actor: "operator".to_owned(), door: "test", ..Default::default() },
            fetching_ends: std::time::Instant::now(),
            audiences: Vec::new(),
        };
        shared::administration::lock(&context, found, locked).await
    }

    async fn send(&self, method: &str, path: &str, token: Option<&str>, body: String) -> Result<Reply> {
        let reply = self.instance.send(method, path, token, body).await.context("an answer")?;
        self.notes.with(|noted| *noted.statuses.entry(reply.status).or_default() += 1);
        Ok(reply)
    }

    /// As long as it is told to.
    async fn wait(&self, reply: &Reply) {
        if reply.status == 503 {
            tokio::time::sleep(Duration::from_secs(reply.retry_after)).await;
        }
    }

    fn note_retry(&self, ask: u32) {
        self.notes.with(|noted| noted.retries += u64::from(ask > 0));
    }
}

/// Where a client is managed.
fn configuration(client: &Known) -> String {
    format!("/{OPEN}/register/{}", client.client_id)
}
