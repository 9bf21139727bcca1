//! What is asked of the server about a record that it has, or may have.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::case::Case;
use super::super::look_up::{self, Found};
use super::super::reply::{self, Reply};
use super::Open311Carrier;
use crate::clock;
use crate::store::settlement::Decision;
use crate::uplink::carrier::Trouble;

/// After so many look-ups in a row that failed, nobody can tell.
const LOOK_UPS_MAX: u32 = 3;
/// Requests are looked for from so long before the first attempt, and until so long from now: the clocks of both may differ.
const LOOK_UP_AROUND: SignedDuration = SignedDuration::from_hours(24);
/// A clock that says less is not set: then the platform's usual page is looked at.
const CLOCK_SET_MS: i64 = 1_735_689_600_000;

impl Open311Carrier {
    /// Asks what became of a token, a few times; without a number the token stands for it.
    pub(super) async fn ask_for_number(&self, case: &Case, token: &str) -> Result<Decision, Trouble> {
        let token: String = reply::shorten(token)
            .chars()
            .filter(|char| char.is_ascii_alphanumeric() || "-_.~".contains(*char))
            .collect();
        let mut pauses = self.pauses();
        loop {
            let response = self.desk.http.get(&format!("/tokens/{token}.json"), &self.whose()).await;
            let response = response.map_err(|no_answer| no_answer.trouble)?;
            if let Some(trouble) = response.trouble() {
                return Err(trouble);
            }
            let reply = reply::entries(&response.body).map(|entries| reply::read(&entries));
            if let Ok(Reply::Case(number)) = reply {
                return self.number(case, number).await;
            }
            let Some(pause) = pauses.next() else { break };
            tokio::time::sleep(pause).await;
        }
        tracing::warn!(record = case.id, token, "the platform has it, and gives no number for its token");
        self.number(case, format!("token {token}")).await
    }

    /// Looks for the number of a record that the platform has taken without one; it is never sent again.
    pub(super) async fn conclude(
        &self,
        case: &Case,
        service: &str,
        sent_at_ms: i64,
    ) -> Result<Decision, Trouble> {
        let mut pauses = self.pauses();
        loop {
            let found = self.look_up(case, service, sent_at_ms).await?;
            if let Found::Case(number) = found {
                return self.number(case, number).await;
            }
            // It may be listed a little later.
            let Some(pause) = pauses.next().filter(|_| found == Found::Absent) else { break };
            tokio::time::sleep(pause).await;
        }
        tracing::warn!(record = case.id, "the platform has taken it, and its number is not to be had");
        Ok(Decision::Accepted { case_number: None })
    }

    /// Looks for earlier attempts.
    pub(super) async fn look_up(
        &self,
        case: &Case,
        service: &str,
        sent_at_ms: i64,
    ) -> Result<Found, Trouble> {
        let mut query = self.whose();
        query.push(("service_code", service.to_owned()));
        if let Some((from, to)) = window(sent_at_ms, clock::unix_ms()) {
            query.extend([("start_date", from), ("end_date", to)]);
        }
        let trouble = match self.desk.http.get("/requests.json", &query).await {
            Err(no_answer) => no_answer.trouble,
            Ok(response) => match (response.status, response.trouble(), reply::entries(&response.body)) {
                (200, _, Ok(page)) => {
                    self.failed_look_ups.store(0, Ordering::Relaxed);
                    return Ok(look_up::find(case, &page));
                }
                (200, _, Err(_)) => return Ok(Found::Unreadable),
                (501, ..) | (_, None, _) => return Ok(Found::Unknown), // it has no such thing
                (_, Some(trouble), _) => trouble,
            },
        };
        if self.failed_look_ups.fetch_add(1, Ordering::Relaxed) + 1 < LOOK_UPS_MAX {
            return Err(trouble);
        }
        self.failed_look_ups.store(0, Ordering::Relaxed);
        Ok(Found::Unknown)
    }

    /// The waits between questions about one record: less than a quarter of the time that a batch has.
    fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        [32, 16, 8].map(|part| self.desk.timeout / part).into_iter()
    }
}

/// The time in which attempts may have arrived, as the platform reads it; `None` when the gateway's clock was not set.
fn window(first_sent_at_ms: i64, now_ms: i64) -> Option<(String, String)> {
    let moment = |at_ms: i64| Timestamp::from_millisecond(at_ms).ok().filter(|_| at_ms >= CLOCK_SET_MS);
    let first = moment(first_sent_at_ms)?;
    let last = moment(now_ms)?.max(first);
    let text = |moment: Timestamp| format!("{:.0}", moment);
    Some((text(first.checked_sub(LOOK_UP_AROUND).ok()?), text(last.checked_add(LOOK_UP_AROUND).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_looked_for_from_the_first_attempt_until_now_unless_the_clock_was_not_set() {
        const SENT_AT_MS: i64 = 1_795_396_366_007;
        const DAY_MS: i64 = 86_400_000;
        let at = |now_ms| window(SENT_AT_MS, now_ms).unwrap();
        assert_eq!(at(SENT_AT_MS), ("2026-11-22T01:12:46Z".into(), "2026-11-24T01:12:46Z".into()));
        assert_eq!(at(SENT_AT_MS + 5 * DAY_MS).0, at(SENT_AT_MS).0);
        assert_eq!(at(SENT_AT_MS + 5 * DAY_MS).1, "2026-11-29T01:12:46Z");
        assert_eq!(at(SENT_AT_MS - DAY_MS), at(SENT_AT_MS), "the clock was set back");
        assert_eq!(window(5_000, SENT_AT_MS), None);
        assert_eq!(window(i64::MAX, SENT_AT_MS), None);
    }
}
