//! `registrar cognito prune`: deletes app clients that registered themselves and that nobody uses.

use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Map, Value, json};
use shared::time::{Clock, DAY};

use super::judgment::{Kept, Rule, Stays, Use};
use super::metrics::Metrics;
use super::pool::{AppClient, Description, UserPool};
use super::refusal::Place;
use crate::admin::consent::Consent;
use crate::admin::output::{Output, by_host, date};
use crate::admin::sign_in::sign_in_to_aws;
use crate::failure::{Failure, Kind};
use crate::print;

/// As many days as CloudWatch keeps what it counted in an hour (CloudWatch API reference, `GetMetricData`).
const DAYS_KEPT: u64 = 455;

/// Which app clients.
#[derive(Args)]
pub struct Prune {
    /// The user pool.
    #[arg(long, value_name = "ID", value_parser = user_pool)]
    user_pool: String,
    /// Those that nobody used for so long, and that were not registered or changed since: 90d; from 1d to 455d, as long as
    /// CloudWatch knows.
    #[arg(long, value_name = "DURATION", value_parser = window)]
    unused: Duration,
    /// Those as well that a program of yours made, not Cognito's own registration, and whose name begins so.
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    also_named: Option<String>,
    /// How many app clients the pool may have; AWS raises it on request.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    quota: u64,
    /// Show how many there are, by the host of their first callback URL, and delete nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn run(prune: &Prune, output: &Output) -> Result<()> {
    let clock = Clock::system();
    let desk = Desk::of(prune, &clock).await?;
    let found = desk.found(clock.now()).await?;
    if !output.is_json() {
        output.rows(&["host", "clients"], &found.by_host())?;
        output.done("");
        output.done(&found.kept.sentence());
    }
    let deleted = if prune.dry_run || found.unused.is_empty() {
        0
    } else {
        let what = format!("{} app clients of {} that nobody uses", found.unused.len(), prune.user_pool);
        prune.consent.to_delete(&what, None, &prune.user_pool)?;
        desk.delete(&found.unused, &clock).await?
    };
    output.told(&prune.sentence(&found, deleted), &prune.report(&found, deleted))
}

/// What a run works with.
struct Desk {
    pool: UserPool,
    metrics: Metrics,
    rule: Rule,
}

/// What is in a pool.
struct Found {
    /// How many app clients the pool has.
    clients: u64,
    /// Those that may be deleted.
    unused: Vec<AppClient>,
    /// The others.
    kept: Kept,
}

impl Desk {
    async fn of(prune: &Prune, clock: &Clock) -> Result<Self> {
        let aws = sign_in_to_aws().await?;
        let place = Place::new(prune.user_pool.clone(), &aws);
        let since = clock.now().saturating_sub(prune.unused.as_secs());
        let pool = UserPool::new(&aws, place.clone());
        let providers = pool.providers().await?;
        let metrics = Metrics::new(&aws, place, providers, since);
        Ok(Self { pool, metrics, rule: Rule { since, also_named: prune.also_named.clone() } })
    }

    /// Looks at all app clients.
    async fn found(&self, now: u64) -> Result<Found> {
        let ids = self.pool.client_ids().await?;
        print::note(&format!("Cognito is asked about {} app clients, ten a second.", ids.len()));
        let (clients, undescribed) = self.pool.clients(&ids).await?;
        let (spared, meant): (Vec<AppClient>, Vec<AppClient>) =
            clients.into_iter().partition(|client| self.rule.spares(client).is_some());
        let uses = self.metrics.uses(&meant.iter().collect::<Vec<_>>(), now).await?;
        if uses.contains(&Use::None) && !uses.contains(&Use::Seen) && !self.is_any_used(&spared, now).await? {
            return Err(self.silence());
        }
        let mut stays = vec![Stays::Undescribed; undescribed];
        stays.extend(spared.iter().filter_map(|client| self.rule.spares(client)));
        let mut unused = Vec::new();
        for (client, seen) in meant.into_iter().zip(uses) {
            match self.rule.keeps(&client, seen) {
                Some(reason) => stays.push(reason),
                None => unused.push(client),
            }
        }
        Ok(Found { clients: ids.len() as u64, unused, kept: Kept::from_iter(stays) })
    }

    /// Whether CloudWatch knows of a use of one of these.
    async fn is_any_used(&self, clients: &[AppClient], now: u64) -> Result<bool> {
        let uses = self.metrics.uses(&clients.iter().collect::<Vec<_>>(), now).await?;
        Ok(uses.contains(&Use::Seen))
    }

    /// Where nothing at all was counted, nothing may have been looked at.
    fn silence(&self) -> anyhow::Error {
        let sentence = format!(
            "CloudWatch has counted no use of any app client of this user pool since {}: that does not tell who is unused, \
             and nothing is deleted",
            date(self.rule.since)
        );
        Failure::new(Kind::Refused, sentence).into()
    }

    /// Deletes these, one after the other, and says how many.
    async fn delete(&self, unused: &[AppClient], clock: &Clock) -> Result<u64> {
        let mut deleted = 0;
        for client in unused {
            match self.delete_one(&client.id, clock.now()).await {
                Ok(is_deleted) => deleted += u64::from(is_deleted),
                Err(error) => return Err(error.context(format!("after {deleted} were deleted"))),
            }
        }
        Ok(deleted)
    }

    /// Deletes one if it is still unused: somebody may have used or changed it meanwhile.
    async fn delete_one(&self, id: &str, now: u64) -> Result<bool> {
        let Description::Of(client) = self.pool.client(id).await? else { return Ok(false) };
        if self.rule.spares(&client).is_some() {
            return Ok(false);
        }
        let is_unused = self.metrics.uses(&[&client], now).await? == [Use::None];
        if is_unused { self.pool.delete(id).await } else { Ok(false) }
    }
}

impl Found {
    /// How many may be deleted, by the host of their first callback URL.
    fn by_host(&self) -> Vec<Map<String, Value>> {
        by_host(self.unused.iter().map(|client| client.host.as_deref().unwrap_or("-")))
    }
}

impl Prune {
    /// What was found and done, for scripts.
    fn report(&self, found: &Found, deleted: u64) -> Map<String, Value> {
        let kept: Map<String, Value> =
            found.kept.reasons().map(|(stays, number)| (stays.name().to_owned(), number.into())).collect();
        let left = found.clients.saturating_sub(deleted);
        Map::from_iter(
            [
                ("user_pool", json!(self.user_pool)),
                ("unused", json!(found.by_host())),
                ("kept", kept.into()),
                ("deleted", json!(deleted)),
                ("clients", json!(left)),
                ("quota", json!(self.quota)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    /// The same for people.
    fn sentence(&self, found: &Found, deleted: u64) -> String {
        let left = found.clients.saturating_sub(deleted);
        let free = self.quota.saturating_sub(left);
        let pool = format!("The pool has {left} app clients; {free} of {} are free.", self.quota);
        if self.dry_run { pool } else { format!("Deleted: {deleted}. {pool}") }
    }
}

/// The identifier of a user pool (Amazon Cognito user pools API reference, `UserPoolId`).
fn user_pool(text: &str) -> Result<String, String> {
    let is_plain = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|character| character.is_ascii_alphanumeric() || more.contains(character))
    };
    match text.rsplit_once('_') {
        Some((region, rest)) if is_plain(region, "-_") && is_plain(rest, "") && text.len() <= 55 => Ok(text.to_owned()),
        _ => Err("a user pool has an identifier as us-east-1_AbCdEfGhI".to_owned()),
    }
}

fn window(text: &str) -> Result<Duration, anyhow::Error> {
    let window = humantime::parse_duration(text).map_err(|_| anyhow!("a duration is 90d, 12w or 6months"))?;
    if (DAY..=DAYS_KEPT * DAY).contains(&window.as_secs()) {
        Ok(Duration::from_secs(window.as_secs()))
    } else {
        Err(anyhow!("from 1d to {DAYS_KEPT}d: CloudWatch keeps no longer what it counted"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::pool::Maker;
    use super::*;

    fn client(host: Option<&str>) -> AppClient {
        AppClient {
            id: "1example23456789".to_owned(),
            name: "Example".to_owned(),
            maker: Maker::Itself,
            created: Some(1),
            modified: None,
            host: host.map(str::to_owned),
            is_machine: false,
            providers: Vec::new(),
        }
    }

    fn prune() -> Prune {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            prune: Prune,
        }
        let line: Line = clap::Parser::parse_from(["prune", "--user-pool", "us-east-1_a", "--unused", "90d"]);
        line.prune
    }

    #[test]
    fn clients_are_counted_by_host_and_against_the_quota() {
        let kept = Kept::from_iter([Stays::Operators, Stays::Used]);
        let unused = [Some("b.example"), None, Some("a.example"), Some("b.example")].map(client).to_vec();
        let found = Found { clients: 6, unused, kept };
        let report = Value::from(prune().report(&found, 4));
        let hosts = json!([
            {"host": "-", "clients": 1},
            {"host": "a.example", "clients": 1},
            {"host": "b.example", "clients": 2},
        ]);
        let expected = json!({"user_pool": "us-east-1_a", "unused": hosts, "kept": {"operators": 1, "used": 1},
            "deleted": 4, "clients": 2, "quota": 1000});
        assert_eq!(report, expected);
        let sentence = "Deleted: 4. The pool has 2 app clients; 998 of 1000 are free.";
        assert_eq!(prune().sentence(&found, 4), sentence);
    }

    #[test]
    fn a_window_is_no_longer_than_what_cloudwatch_keeps() {
        for (text, seconds) in [
            ("1d", Some(DAY)),
            ("455d", Some(455 * DAY)),
            ("12w", Some(84 * DAY)),
            ("456d", None),
            ("23h", None),
            ("0d", None),
            ("5", None),
            ("", None),
        ] {
            assert_eq!(window(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_user_pool_is_named_by_its_identifier() {
        for text in ["us-east-1_AbCdEfGhI", "us-gov-west-1_1a"] {
            assert_eq!(user_pool(text).as_deref(), Ok(text));
        }
        for text in
            ["", "example", "us-east-1_", "_a", "us-east-1_a/b", "arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a"]
        {
            assert!(user_pool(text).is_err(), "{text}");
        }
    }
}
