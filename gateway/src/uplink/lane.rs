//! The lane: takes the most urgent records from the store, sends them, and makes the platform's word durable.
//!
//! - One batch in flight. A record leaves the store only in [`Store::settle`], with the platform's verdict on it; every
//!   failure leaves all records where they are, so the worst that a failure costs is a resend, which the platform
//!   recognises by (source, id).
//! - A record on which the platform says nothing, or which it does not take alone, is put off for [`PUT_OFF`], so that it holds
//!   nobody up; it stays in the store, and is tried again.
//! - The size of batches falls by half on a refusal or a missed deadline, and grows back a step a batch.
//! - A record is buried for a refusal of its batch only when it stood alone and the platform has taken others since the last
//!   burial: a platform that refuses everything has a trouble of its own, and costs nobody a record.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::carrier::Trouble;
use super::cloudevent::{self, EventId};
use super::https::{Platform, Verdict};
use super::patience::Patience;
use super::put_off::PutOff;
use super::receipt;
use crate::clock;
use crate::config::Uplink;
use crate::domain::coordinates::Coordinates;
use crate::domain::report::Class;
use crate::domain::schedule;
use crate::domain::uplinks::UplinkNo;
use crate::health::{UplinkKind, UplinkState, UplinkStatus};
use crate::metrics::Metrics;
use crate::store::handle::{SettleError, Stopped, Store};
use crate::store::settlement::{Decision, Limit, Pending, Settled, Settlement};
use crate::store::snapshot::Snapshot;

/// What is taken from the store at once. A batch is cut from it.
const HELD: Limit = Limit { records: 2000, bytes: 1024 * 1024 };
/// How long a record is put off.
const PUT_OFF: Duration = Duration::from_secs(5);
/// Records that can be put off at the same time; beyond, the lane backs off instead.
pub(super) const PUT_OFF_RECORDS_MAX: usize = 1024;
/// Batches grow back to full size in so many steps.
const GROWTH_STEPS: usize = 16;

/// How a batch ended.
enum Sent {
    /// The platform said something about at least one record, and it is stored.
    Progress,
    /// Nothing was released; wait, at least this long.
    Failed { error: String, at_least: Option<Duration> },
}

/// The lane to the platform.
pub struct Lane {
    gateway_id: String,
    store: Store,
    snapshot: watch::Receiver<Snapshot>,
    platform: Platform,
    metrics: Arc<Metrics>,
    status: watch::Sender<UplinkStatus>,
    patience: Patience,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
    batch_events_max: usize,
    batch_bytes_max: usize,
    /// Shrinks while the platform refuses batches whole, to find the record that it does not take.
    batch_events: usize,
    held_class: Class,
    held: VecDeque<Pending>,
    /// How many urgent incidents had come when the held ones were taken.
    held_at_urgent: u64,
    put_off: PutOff,
    /// The platform has accepted something since a record was last buried for a refused batch.
    accepted_since_burial: bool,
}

impl Lane {
    /// A lane to `platform`. `random` drives the jitter of its waits.
    pub fn new(
        gateway_id: String,
        uplink: &Uplink,
        platform: Platform,
        store: Store,
        metrics: Arc<Metrics>,
        random: fastrand::Rng,
    ) -> Lane {
        let status =
            UplinkStatus { kind: UplinkKind::Https, state: UplinkState::Idle, ..UplinkStatus::default() };
        Lane {
            gateway_id,
            snapshot: store.snapshot(),
            store,
            platform,
            metrics,
            status: watch::Sender::new(status),
            patience: Patience::new(uplink, random),
            coordinates: Coordinates::default(),
            batch_events_max: uplink.batch_events,
            batch_bytes_max: uplink.batch_bytes,
            batch_events: uplink.batch_events,
            held_class: Class::Incident,
            held: VecDeque::new(),
            held_at_urgent: 0,
            put_off: PutOff::default(),
            accepted_since_burial: false,
        }
    }

    /// The same, and positions of devices in these systems.
    #[must_use]
    pub fn with_coordinates(self, coordinates: Coordinates) -> Lane {
        Lane { coordinates, ..self }
    }

    /// What the lane says about itself.
    pub fn status(&self) -> watch::Receiver<UplinkStatus> {
        self.status.subscribe()
    }

    /// Sends until told to stop. What is unanswered then simply remains.
    pub async fn run(mut self, stopping: CancellationToken) {
        let forward = async {
            // The store's end is not ours to report: whoever sees to the store ends us too.
            let Err(Stopped) = self.forward().await else { return };
            std::future::pending().await
        };
        // Cancelling between any two awaits loses nothing: the store's word is the only one that counts.
        let _ = stopping.run_until_cancelled(forward).await;
    }

    async fn forward(&mut self) -> Result<(), Stopped> {
        loop {
            let snapshot = *self.snapshot.borrow_and_update();
            self.put_off.expire(Instant::now());
            if !self.hold(&snapshot).await? {
                self.say(|status| status.state = UplinkState::Idle);
                self.rest().await?;
                continue;
            }
            match self.send().await? {
                Sent::Progress => self.patience.reset(),
                Sent::Failed { error, at_least } => self.wait(error, at_least).await,
            }
        }
    }

    /// Waits until something is committed, or a record that was put off is due.
    async fn rest(&mut self) -> Result<(), Stopped> {
        let due = self.put_off.next_due();
        tokio::select! {
            changed = self.snapshot.changed() => changed.map_err(|_| Stopped),
            () = time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Ok(()),
        }
    }

    /// Sees to it that records of the most urgent class that has any are held: those that still are, or new ones from the
    /// store; incidents anew when an urgent one has come since. False when nothing is to be sent now.
    async fn hold(&mut self, snapshot: &Snapshot) -> Result<bool, Stopped> {
        for class in schedule::by_urgency(|class| snapshot.class(class).records) {
            let is_outdated = class == Class::Incident && snapshot.urgent_taken != self.held_at_urgent;
            if self.held_class != class || self.held.is_empty() || is_outdated {
                (self.held_class, self.held_at_urgent) = (class, snapshot.urgent_taken);
                self.held = self.store.head(class, HELD, &self.put_off.keys(class)).await?.into();
            }
            if !self.held.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn send(&mut self) -> Result<Sent, Stopped> {
        self.say(|status| status.state = UplinkState::Sending);
        let (body, count) = self.batch();
        match self.platform.post_events(body).await {
            Ok((verdicts, sent_bytes)) => {
                self.metrics.uplink_requests.add("answered", 1);
                self.metrics.uplink_sent_bytes.inc_by(sent_bytes as u64);
                self.settle(count, verdicts).await
            }
            Err(Trouble::BatchRefused { status, reason }) => {
                self.metrics.uplink_requests.add("refused", 1);
                self.narrow(count, status, reason).await
            }
            Err(error) => {
                self.metrics.uplink_requests.add(error.label(), 1);
                if error == Trouble::Deadline {
                    // Perhaps the link carries less than a batch in that time.
                    self.batch_events = (count / 2).max(1);
                }
                Ok(Sent::Failed { error: error.to_string(), at_least: error.retry_after() })
            }
        }
    }

    /// The next batch from the held records: its body and how many they are. At least one, however large.
    fn batch(&self) -> (Vec<u8>, usize) {
        let mut body = vec![b'['];
        let mut count = 0;
        for pending in self.held.iter().take(self.batch_events) {
            let before = body.len();
            if count > 0 {
                body.push(b',');
            }
            cloudevent::write_event(
                &mut body,
                &self.gateway_id,
                self.coordinates,
                &pending.record,
                pending.anchor,
            );
            if count > 0 && body.len() >= self.batch_bytes_max {
                body.truncate(before);
                break;
            }
            count += 1;
        }
        body.push(b']');
        (body, count)
    }

    /// Makes the verdicts on the first `count` held records durable. Records without one stay in the store.
    async fn settle(&mut self, count: usize, verdicts: Vec<Verdict>) -> Result<Sent, Stopped> {
        let mut decisions: HashMap<String, Decision> = HashMap::with_capacity(verdicts.len());
        for verdict in verdicts {
            decisions.entry(verdict.id).or_insert(verdict.decision);
        }
        let mut records = Vec::with_capacity(count);
        let (mut unanswered, mut all_put_off) = (0, true);
        for Pending { key, record, .. } in self.held.drain(..count) {
            let id = EventId { device: &record.device, identity: record.identity }.to_string();
            let Some(decision) = decisions.remove(&id) else {
                unanswered += 1;
                all_put_off &= self.put_off.add(self.held_class, key, Instant::now() + PUT_OFF);
                continue;
            };
            let receipt = receipt::receipt(&record, &decision);
            records.push(Settled { key, record, decision, receipt });
        }
        if unanswered > 0 {
            tracing::warn!(unanswered, "no verdict on some events, put off");
        }
        let nothing = records.is_empty();
        let sent = if nothing { Sent::Progress } else { self.store_settlement(records).await? };
        if nothing || !all_put_off {
            let error = format!("the platform said nothing on {unanswered} of {count} events");
            return Ok(Sent::Failed { error, at_least: None });
        }
        Ok(sent)
    }

    async fn store_settlement(&mut self, records: Vec<Settled>) -> Result<Sent, Stopped> {
        let is_accepted = |settled: &&Settled| matches!(settled.decision, Decision::Accepted { .. });
        let accepted = records.iter().filter(is_accepted).count() as u64;
        let rejected = records.len() as u64 - accepted;
        let settled_at_ms = clock::unix_ms();
        let uplink = UplinkNo::FIRST;
        let settlement = Settlement { uplink, class: self.held_class, settled_at_ms, records };
        match self.store.settle(settlement).await {
            Ok(()) => {}
            Err(SettleError::Unsettled(error)) => {
                self.held.clear();
                return Ok(Sent::Failed { error: error.to_string(), at_least: None });
            }
            Err(SettleError::Stopped(stopped)) => return Err(stopped),
        }
        self.metrics.uplink_events.add("accepted", accepted);
        self.metrics.uplink_events.add("rejected", rejected);
        self.accepted_since_burial |= accepted > 0;
        let step = (self.batch_events_max / GROWTH_STEPS).max(1);
        self.batch_events = (self.batch_events + step).min(self.batch_events_max);
        self.say(|status| {
            status.last_error = None;
            status.accepted_total += accepted;
            if accepted > 0 {
                status.last_accepted_at_ms = Some(settled_at_ms);
            }
        });
        Ok(Sent::Progress)
    }

    /// The platform refused a batch whole: halves it until one record stands alone. That one is buried, or put off while it
    /// is not sure that the record is to blame.
    async fn narrow(&mut self, count: usize, status: u16, reason: String) -> Result<Sent, Stopped> {
        if count > 1 {
            self.batch_events = count / 2;
            return Ok(Sent::Progress);
        }
        let Some(Pending { key, record, .. }) = self.held.pop_front() else { return Ok(Sent::Progress) };
        if !self.accepted_since_burial {
            self.put_off.add(self.held_class, key, Instant::now() + PUT_OFF);
            let error = Trouble::BatchRefused { status, reason }.to_string();
            return Ok(Sent::Failed { error, at_least: None });
        }
        tracing::error!(device = %record.device, record = %record.identity, status, reason, "refused, dead letter");
        let decision = Decision::Rejected { reason: format!("{status}: {reason}") };
        let receipt = receipt::receipt(&record, &decision);
        let sent = self.store_settlement(vec![Settled { key, record, decision, receipt }]).await?;
        self.accepted_since_burial = false;
        Ok(sent)
    }

    async fn wait(&mut self, error: String, at_least: Option<Duration>) {
        let wait = self.patience.wait(at_least);
        tracing::warn!(error, wait_ms = wait.as_millis() as u64, "uplink failed, backing off");
        self.say(|status| {
            status.state = UplinkState::BackingOff;
            status.last_error = Some(error.into());
        });
        time::sleep(wait).await;
    }

    fn say(&self, change: impl FnOnce(&mut UplinkStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}
