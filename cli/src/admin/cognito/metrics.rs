//! What CloudWatch has counted of app clients.

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode};
use shared::aws_fault::AwsFault;

use super::judgment::{Shown, Use};
use super::pool::AppClient;
use super::refusal::{Place, is_passing};
use crate::print;

/// Where Cognito publishes.
const NAMESPACE: &str = "AWS/Cognito";

/// What Cognito counts of each app client (Amazon Cognito Developer Guide, "User pool metrics in CloudWatch"). An attempt
/// that failed or was throttled is a data point as well: of 0.
const OF_CLIENT: [&str; 3] = ["SignInSuccesses", "SignUpSuccesses", "TokenRefreshSuccesses"];

/// What it counts of each app client and identity provider (ibid.). CloudWatch finds a metric by all of its dimensions
/// only.
const OF_PROVIDER: &str = "FederationSuccesses";

/// As many metrics as are asked for at once (CloudWatch API reference, `GetMetricData`).
const AT_ONCE: usize = 500;

/// A day: CloudWatch gives old data by a multiple of an hour only (ibid., `MetricStat`).
const PERIOD: i32 = 86_400;

/// The metrics of a user pool.
pub(super) struct Metrics {
    cloudwatch: Client,
    place: Place,
    /// The identity providers of the pool.
    providers: Vec<String>,
    /// When the window began, in seconds since 1970.
    since: u64,
}

/// One metric of one client.
struct Question<'client> {
    /// Which client, of those that are asked about.
    client: usize,
    id: &'client str,
    metric: &'static str,
    provider: Option<&'client str>,
}

impl Metrics {
    pub(super) fn new(aws: &SdkConfig, place: Place, providers: Vec<String>, since: u64) -> Self {
        Self { cloudwatch: Client::new(aws), place, providers, since }
    }

    /// What is known of the use of each of these, in their order.
    pub(super) async fn uses(&self, clients: &[&AppClient], now: u64) -> Result<Vec<Use>> {
        let questions: Vec<Question<'_>> =
            clients.iter().enumerate().flat_map(|(index, client)| self.questions(index, client)).collect();
        let mut shown = vec![Vec::new(); clients.len()];
        for some in questions.chunks(AT_ONCE) {
            for (question, answer) in some.iter().zip(self.answers(some, now).await?) {
                if let Some(shown) = shown.get_mut(question.client) {
                    shown.push(answer);
                }
            }
        }
        Ok(shown.iter().map(|shown| Use::of(shown)).collect())
    }

    fn questions<'client>(&'client self, index: usize, client: &'client AppClient) -> Vec<Question<'client>> {
        let question = |metric, provider| Question { client: index, id: &client.id, metric, provider };
        let mut providers: Vec<&str> = self.providers.iter().chain(&client.providers).map(String::as_str).collect();
        providers.sort_unstable();
        providers.dedup();
        let of_client = OF_CLIENT.into_iter().map(|metric| question(metric, None));
        of_client.chain(providers.into_iter().map(|provider| question(OF_PROVIDER, Some(provider)))).collect()
    }

    /// What each of these metrics shows. Where CloudWatch has too much to do, they show nothing that could be relied on.
    async fn answers(&self, questions: &[Question<'_>], now: u64) -> Result<Vec<Shown>> {
        let queries = questions.iter().enumerate().map(|(index, question)| self.query(index, question)).collect();
        let asked = self.cloudwatch.get_metric_data().set_metric_data_queries(Some(queries));
        let asked = asked.start_time(time(midnight(self.since))).end_time(time(now));
        let mut pages = asked.into_paginator().send();
        let mut answers = vec![Shown::NotAll; questions.len()];
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => page.metric_data_results().iter().for_each(|result| add(&mut answers, result)),
                Err(error) => {
                    let fault = AwsFault::of("CloudWatch", &error);
                    let failure = self.place.failure("cloudwatch:GetMetricData", &fault);
                    if !is_passing(&fault) {
                        return Err(failure.into());
                    }
                    print::complain(&format!("warning: {failure}"));
                    return Ok(answers.into_iter().map(without_the_rest).collect());
                }
            }
        }
        Ok(answers)
    }

    fn query(&self, index: usize, question: &Question<'_>) -> MetricDataQuery {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let mut dimensions =
            vec![dimension("UserPool", &self.place.user_pool), dimension("UserPoolClient", question.id)];
        dimensions.extend(question.provider.map(|provider| dimension("IdentityProvider", provider)));
        let metric = Metric::builder().namespace(NAMESPACE).metric_name(question.metric);
        let metric = metric.set_dimensions(Some(dimensions)).build();
        let statistic = MetricStat::builder().metric(metric).period(PERIOD).stat("SampleCount").build();
        MetricDataQuery::builder().id(format!("m{index}")).metric_stat(statistic).build()
    }
}

/// Adds what a page says of a metric: points of any page count, and the last page says whether it is all.
fn add(answers: &mut [Shown], result: &MetricDataResult) {
    let index = result.id().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
    let Some(answer) = index.and_then(|index| answers.get_mut(index)) else { return };
    if *answer == Shown::Points || !result.values().is_empty() {
        *answer = Shown::Points;
    } else if result.status_code() == Some(&StatusCode::Complete) {
        *answer = Shown::Nothing;
    } else {
        *answer = Shown::NotAll;
    }
}

/// What remains of an answer when the pages end early.
fn without_the_rest(shown: Shown) -> Shown {
    if shown == Shown::Points { Shown::Points } else { Shown::NotAll }
}

/// The beginning of the day: a day's data point has the time at which the day begins.
fn midnight(seconds: u64) -> u64 {
    seconds - seconds % u64::from(PERIOD.unsigned_abs())
}

fn time(seconds: u64) -> DateTime {
    DateTime::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str, values: &[f64], status: StatusCode) -> MetricDataResult {
        MetricDataResult::builder().id(id).set_values(Some(values.to_vec())).status_code(status).build()
    }

    #[test]
    fn a_metric_shows_nothing_only_where_all_of_it_was_read() {
        for (pages, shown) in [
            (vec![], Shown::NotAll),
            (vec![result("m0", &[], StatusCode::Complete)], Shown::Nothing),
            (vec![result("m0", &[1.0], StatusCode::Complete)], Shown::Points),
            (vec![result("m0", &[], StatusCode::PartialData)], Shown::NotAll),
            (vec![result("m0", &[], StatusCode::InternalError)], Shown::NotAll),
            (vec![result("m0", &[], StatusCode::Forbidden)], Shown::NotAll),
            (vec![result("m0", &[], "Later".into())], Shown::NotAll),
            (vec![result("m1", &[], StatusCode::Complete)], Shown::NotAll),
            (vec![result("", &[1.0], StatusCode::Complete)], Shown::NotAll),
            (vec![result("m0", &[], StatusCode::PartialData), result("m0", &[], StatusCode::Complete)], Shown::Nothing),
            (
                vec![result("m0", &[1.0], StatusCode::PartialData), result("m0", &[], StatusCode::Complete)],
                Shown::Points,
            ),
        ] {
            let mut answers = [Shown::NotAll];
            for page in &pages {
                add(&mut answers, page);
            }
            assert_eq!(answers, [shown], "{pages:?}");
        }
    }

    #[test]
    fn a_page_that_is_missing_leaves_what_was_seen() {
        let answers = [Shown::Points, Shown::Nothing, Shown::NotAll].map(without_the_rest);
        assert_eq!(answers, [Shown::Points, Shown::NotAll, Shown::NotAll]);
    }

    #[test]
    fn a_window_begins_with_its_day() {
        assert_eq!(midnight(86_400 * 3 + 5), 86_400 * 3);
        assert_eq!(midnight(86_400 * 3), 86_400 * 3);
    }
}
