//! Is the table there, and has it what it needs?

use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TableDescription, TableStatus, TimeToLiveStatus};
use shared::Error;
use shared::store::{fault, schema};

use super::clock::LastDate;
use super::{Connection, Finding, Status};
use crate::admin::place::Server;
use crate::failure::{Failure, Kind, described};

const CREDENTIALS: &str = "credentials";
const TABLE: &str = "table";
const STREAM: &str = "stream";
const TIME_TO_LIVE: &str = "time to live";
const RECOVERY: &str = "point-in-time recovery";

/// Credentials, clock, table, stream, time to live, and on AWS recovery.
pub(super) async fn examine(connection: &Connection) -> Vec<Finding> {
    let (place, date) = (&connection.place, LastDate::default());
    let request = connection.client.describe_table().table_name(&place.table).customize();
    let described = request.interceptor(date.clone()).send().await.map_err(fault);
    let table = match described.map(|answer| answer.table) {
        Ok(Some(table)) => table,
        Ok(None) => return vec![Finding::fault(TABLE, format!("what answers {} is not DynamoDB", place.server))],
        Err(error) => return vec![unanswered(connection, TABLE, error)],
    };
    let mut findings = vec![
        Finding::ok(CREDENTIALS, format!("they are taken {}", place.server)),
        date.finding(&connection.clock),
        keys(&place.table, &table),
        stream(&table),
        time_to_live(connection).await,
    ];
    if matches!(place.server, Server::Region(_)) {
        findings.push(recovery(connection).await);
    }
    findings
}

/// Whether the table is one that can be asked further.
pub(super) fn is_there(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.check == TABLE && finding.status != Status::Fault)
}

/// What could not be asked; what the credentials do not permit may be as it should be.
fn unanswered(connection: &Connection, check: &'static str, error: Error) -> Finding {
    let Failure { kind, sentence } = connection.failure(&described(error));
    match kind {
        Kind::Credentials if check != TABLE => Finding::warning(check, format!("not looked at: {sentence}")),
        Kind::Credentials => Finding::fault(CREDENTIALS, sentence),
        _ => Finding::fault(check, sentence),
    }
}

fn keys(name: &str, table: &TableDescription) -> Finding {
    if !schema::has_keys(table) {
        let sentence =
            format!("{name} has not the keys and indexes of this version: it is another table, or needs a new one");
        return Finding::fault(TABLE, sentence);
    }
    match table.table_status() {
        Some(TableStatus::Active) => Finding::ok(TABLE, format!("{name} has the keys and indexes of this version")),
        status => {
            let status = status.map_or("unknown", TableStatus::as_str);
            Finding::warning(TABLE, format!("{name} is not active, but {status}"))
        }
    }
}

fn stream(table: &TableDescription) -> Finding {
    if schema::has_stream(table) {
        Finding::ok(STREAM, "it has new and old images")
    } else {
        let lost = "clients are not counted and what deleted services leave is not purged";
        Finding::fault(STREAM, format!("the table has none of new and old images: {lost}"))
    }
}

async fn time_to_live(connection: &Connection) -> Finding {
    let request = connection.client.describe_time_to_live().table_name(&connection.place.table);
    let described = match request.send().await.map_err(fault) {
        Ok(answer) => answer.time_to_live_description,
        Err(error) => return unanswered(connection, TIME_TO_LIVE, error),
    };
    let enabled = described.is_some_and(|ttl| {
        ttl.attribute_name() == Some(schema::TTL_ATTRIBUTE)
            && ttl.time_to_live_status() == Some(&TimeToLiveStatus::Enabled)
    });
    if enabled {
        Finding::ok(TIME_TO_LIVE, "what has expired is removed")
    } else {
        let sentence = format!("it is not on for {}: what has expired stays in the table", schema::TTL_ATTRIBUTE);
        Finding::fault(TIME_TO_LIVE, sentence)
    }
}

async fn recovery(connection: &Connection) -> Finding {
    let request = connection.client.describe_continuous_backups().table_name(&connection.place.table);
    let described = match request.send().await.map_err(fault) {
        Ok(answer) => answer.continuous_backups_description,
        Err(error) => return unanswered(connection, RECOVERY, error),
    };
    let described = described.and_then(|backups| backups.point_in_time_recovery_description);
    let status = described.and_then(|recovery| recovery.point_in_time_recovery_status);
    if status == Some(PointInTimeRecoveryStatus::Enabled) {
        Finding::ok(RECOVERY, "the table can be restored to any second")
    } else {
        Finding::warning(RECOVERY, "it is off: what is deleted by mistake is lost")
    }
}
