//! The lane of loss records: tells the platform what of the devices' reports it will not get, and why.
//!
//! - One report in flight, beside the batches of events. A row is told until the platform says that it has it; its words are a
//!   function of the row alone ([`LossRecord`]), so that a resend is recognised by (gateway, id).
//! - Rows that are handed out are closed, and what is lost from then on makes new ones. So rows are asked for only when a report
//!   may go ([`Pace`]), and are held over failures: an outage costs no rows.
//! - A row on which the platform says nothing comes again with the next report. A report that is refused whole comes again as it
//!   is, later: rows have nothing in them that another request could leave out.

mod pace;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use self::pace::Pace;
use super::https::Platform;
use super::patience::Patience;
use crate::clock;
use crate::config::Uplink;
use crate::domain::loss::LossRecord;
use crate::metrics::Metrics;
use crate::store::handle::{SettleError, Stopped, Store};
use crate::store::losses::LossRow;
use crate::store::snapshot::Snapshot;

/// Rows in one report: about 60 KiB before compression.
const ROWS_MAX: u32 = 200;

/// How a report ended.
enum Told {
    /// The platform has at least one of the rows, and that is stored; or there was none to tell.
    Progress,
    /// Nothing changed; wait, at least this long.
    Failed { error: String, at_least: Option<Duration> },
}

/// The lane of loss records.
pub struct LossLane {
    gateway_id: String,
    store: Store,
    snapshot: watch::Receiver<Snapshot>,
    platform: Platform,
    metrics: Arc<Metrics>,
    patience: Patience,
    pace: Pace,
    /// Rows that were handed out and that the platform has not answered for.
    held: Vec<LossRow>,
}

impl LossLane {
    /// A lane to `platform`. `random` drives the jitter of its waits.
    pub fn new(
        gateway_id: String,
        uplink: &Uplink,
        platform: Platform,
        store: Store,
        metrics: Arc<Metrics>,
        random: fastrand::Rng,
    ) -> LossLane {
        LossLane {
            gateway_id,
            snapshot: store.snapshot(),
            store,
            platform,
            metrics,
            patience: Patience::new(uplink, random),
            pace: Pace::default(),
            held: Vec::new(),
        }
    }

    /// Tells losses until told to stop. What is unanswered then is told again after the next start.
    pub async fn run(mut self, stopping: CancellationToken) {
        let tell = async {
            // The store's end is not ours to report: whoever sees to the store ends us too.
            let Err(Stopped) = self.tell().await else { return };
            std::future::pending().await
        };
        let _ = stopping.run_until_cancelled(tell).await;
    }

    async fn tell(&mut self) -> Result<(), Stopped> {
        loop {
            if self.held.is_empty() {
                self.rest().await?;
                self.take().await?;
            }
            match self.report().await? {
                Told::Progress => self.patience.reset(),
                Told::Failed { error, at_least } => {
                    let wait = self.patience.wait(at_least);
                    tracing::warn!(error, wait_ms = wait.as_millis() as u64, "losses not told, backing off");
                    time::sleep(wait).await;
                }
            }
        }
    }

    /// Waits until there is something to tell and it may be told.
    async fn rest(&mut self) -> Result<(), Stopped> {
        loop {
            let now = Instant::now();
            let due = self.pace.due(&self.snapshot.borrow_and_update().losses, now);
            if due.is_some_and(|due| due <= now) {
                return Ok(());
            }
            tokio::select! {
                changed = self.snapshot.changed() => changed.map_err(|_| Stopped)?,
                () = time::sleep_until(due.unwrap_or(now)), if due.is_some() => {}
            }
        }
    }

    /// Has rows handed out, oldest first.
    async fn take(&mut self) -> Result<(), Stopped> {
        // Read first: what is lost while the store is asked counts as lost since.
        let losses = self.snapshot.borrow().losses;
        self.held = self.store.losses_to_report(ROWS_MAX).await?;
        self.pace.taken(&losses, self.held.len() == ROWS_MAX as usize, Instant::now());
        Ok(())
    }

    /// Tells the held rows, and stores what the platform says.
    async fn report(&mut self) -> Result<Told, Stopped> {
        if self.held.is_empty() {
            return Ok(Told::Progress);
        }
        let told = match self.platform.post_losses(body(&self.gateway_id, &self.held)).await {
            Ok((told, sent_bytes)) => {
                self.metrics.uplink_requests.add("answered", 1);
                self.metrics.uplink_sent_bytes.inc_by(sent_bytes as u64);
                told
            }
            Err(error) => {
                self.metrics.uplink_requests.add(error.label(), 1);
                return Ok(Told::Failed { error: error.to_string(), at_least: error.retry_after() });
            }
        };
        let (all, is_told) = (self.held.len(), |row: &&LossRow| told.contains(&record(row).id));
        let ids: Vec<i64> = self.held.iter().filter(is_told).map(|row| row.id).collect();
        let unanswered = all - ids.len();
        if ids.is_empty() {
            // Newer ones may fare better.
            self.held.clear();
            let error = format!("the platform said nothing on {unanswered} of {all} loss records");
            return Ok(Told::Failed { error, at_least: None });
        }
        match self.store.losses_reported(ids, clock::unix_ms()).await {
            Ok(()) => {}
            Err(SettleError::Unsettled(error)) => {
                return Ok(Told::Failed { error: error.to_string(), at_least: None });
            }
            Err(SettleError::Stopped(stopped)) => return Err(stopped),
        }
        self.held.clear();
        if unanswered > 0 {
            tracing::warn!(unanswered, "no word on some loss records, told again later");
        }
        Ok(Told::Progress)
    }
}

#[derive(Serialize)]
struct Report<'a> {
    gateway: &'a str,
    losses: Vec<LossRecord>,
}

fn body(gateway: &str, rows: &[LossRow]) -> Vec<u8> {
    let report = Report { gateway, losses: rows.iter().map(record).collect() };
    serde_json::to_vec(&report).expect("a report has text keys and plain values only")
}

fn record(row: &LossRow) -> LossRecord {
    LossRecord::new(row.uid, &row.loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::loss::{Loss, LossReason};
    use crate::domain::report::Class;

    #[test]
    fn a_report_names_the_gateway_and_says_of_a_row_what_never_changes() {
        let loss = Loss::unknown(Some(Class::Reading), LossReason::Damaged, 3, 0);
        let told = |id, reported_at_ms| {
            let row = LossRow { id, uid: 0xAB, loss: loss.clone(), reported_at_ms };
            String::from_utf8(body("box-017", &[row])).unwrap()
        };
        assert_eq!(
            told(1, None),
            r#"{"gateway":"box-017","losses":[{"id":"00000000000000ab","device":null,"class":"reading","#
                .to_owned()
                + r#""reason":"damaged","count":3,"first_noted_at":"1970-01-01T00:00:00.000Z","#
                + r#""last_noted_at":"1970-01-01T00:00:00.000Z"}]}"#
        );
        assert_eq!(told(1, None), told(2, Some(9)), "neither its place nor its fate is told");
    }
}
