//! A group: what is committed together, and what is told to whom when it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::dead_letters::Order;
use super::evidence::Verdict;
use super::handle::NewDown;
use super::line::DeviceLine;
use super::outbox::DamagedKey;
use super::restore::{Restoration, RestoreOutcome, Restored};
use super::sessions::{Change, Deliveries, Opened, Subscribed};
use super::settlement::{Settlement, Unsettled};
use super::submission::{Batch, Content};
use crate::domain::access::ClientKey;
use crate::domain::report::{Class, DeviceId};
use crate::domain::retention::{Durability, Policies};

/// A group is closed at this many requests, so that readers can't put a commit off,
const GROUP_REQUESTS_MAX: usize = 4096;
/// at this many messages ...
const GROUP_RECORDS_MAX: usize = 16_384;
/// ... or at this many payload bytes.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A group that waits for more is closed at this many messages ...
const LINGER_RECORDS_MAX: usize = 256;
/// ... or payload bytes: from there on waiting saves hardly any writing,
const LINGER_BYTES_MAX: usize = 128 * 1024;
/// and when a session brings so many at once: its device has a backlog, and waits for these before it sends more.
const BURST_RECORDS: usize = 4;
/// A session that brings something so soon after its last answer is in the same case, one message at a time.
const ANSWERED_GAP: Duration = Duration::from_millis(50);
/// The platform's word on so many records is not kept waiting; on fewer it waits as the class's messages do.
const SETTLEMENT_RECORDS_DUE: usize = 100;
/// What nobody waits for may wait so long.
const IDLE_LINGER: Duration = Duration::from_millis(100);

/// Where whoever asked for a change hears that it is committed, or that there was no room.
pub(super) type Answer = oneshot::Sender<Result<(), Unsettled>>;

/// Where whoever brings records back hears what became of them.
pub(super) type RestoreAnswer = oneshot::Sender<Result<RestoreOutcome, Unsettled>>;

/// What a client hears of its session once the change is committed, and where.
pub(super) enum SessionAnswer {
    Opened(Opened, oneshot::Sender<Result<Opened, Unsettled>>),
    Subscribed(Vec<Subscribed>, oneshot::Sender<Result<Vec<Subscribed>, Unsettled>>),
    Unsubscribed(Vec<bool>, oneshot::Sender<Result<Vec<bool>, Unsettled>>),
}

impl SessionAnswer {
    /// Tells that it is committed. Whoever asked and is gone needs no answer.
    pub(super) fn tell(self) {
        match self {
            SessionAnswer::Opened(opened, to) => drop(to.send(Ok(opened))),
            SessionAnswer::Subscribed(subscribed, to) => drop(to.send(Ok(subscribed))),
            SessionAnswer::Unsubscribed(existed, to) => drop(to.send(Ok(existed))),
        }
    }

    /// Tells that there was no room for it.
    pub(super) fn refuse(self) {
        match self {
            SessionAnswer::Opened(_, to) => drop(to.send(Err(Unsettled))),
            SessionAnswer::Subscribed(_, to) => drop(to.send(Err(Unsettled))),
            SessionAnswer::Unsubscribed(_, to) => drop(to.send(Err(Unsettled))),
        }
    }
}

/// What queued during the last sync.
#[derive(Default)]
pub(super) struct Group {
    pub(super) batches: Vec<Batch>,
    pub(super) settlements: Vec<(Settlement, Answer)>,
    pub(super) dead_letter_orders: Vec<(Order, Answer)>,
    pub(super) set_aside: Vec<(Class, DamagedKey, Answer)>,
    pub(super) verdicts: Vec<(Verdict, Answer)>,
    pub(super) down_done: Vec<(DeviceId, i64)>,
    pub(super) sent_down: Vec<(NewDown, Answer)>,
    /// Records that come back.
    pub(super) restorations: Vec<(Restoration, RestoreAnswer)>,
    /// Loss records that the platform has, and since when.
    pub(super) losses_reported: Vec<(Vec<i64>, i64, Answer)>,
    /// What changes in sessions, and who hears of it.
    pub(super) session_changes: Vec<Change>,
    pub(super) session_answers: Vec<SessionAnswer>,
    /// Messages that sessions are done with.
    pub(super) queued_done: Vec<(ClientKey, i64)>,
    /// Requests of any kind that were taken while the group was collected, answered ones included.
    pub(super) requests: usize,
    pub(super) records: usize,
    pub(super) bytes: usize,
    /// When the newest of its messages came, by the gateway's clock.
    pub(super) now_ms: i64,
    /// Bytes and number of the messages of each class.
    wanted: [(u64, u64); Class::ALL.len()],
    /// When it is to be committed at the latest.
    due: Option<Instant>,
    /// Something in it must be synced with its commit.
    sync_needed: bool,
}

impl Group {
    /// Asks for a commit within `linger` that is synced.
    pub(super) fn ask_for_commit(&mut self, now: Instant, linger: Duration) {
        let due = now + linger;
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        self.sync_needed = true;
    }

    /// Adds the platform's word on records.
    pub(super) fn push_settlement(
        &mut self,
        settlement: Settlement,
        answer: Answer,
        policies: &Policies,
        now: Instant,
    ) {
        let is_large = settlement.records.len() >= SETTLEMENT_RECORDS_DUE;
        let linger = if is_large { Duration::ZERO } else { policies[settlement.class].linger };
        self.ask_for_commit(now, linger);
        self.settlements.push((settlement, answer));
    }

    /// Adds that a device has a message; nobody waits for it to be noted.
    pub(super) fn push_down_done(&mut self, device: DeviceId, id: i64, now: Instant) {
        self.ask_for_commit(now, IDLE_LINGER);
        self.down_done.push((device, id));
    }

    /// Adds that a session is done with a message; nobody waits for it to be noted.
    pub(super) fn push_queued_done(&mut self, client: ClientKey, id: i64, now: Instant) {
        self.ask_for_commit(now, IDLE_LINGER);
        self.queued_done.push((client, id));
    }

    /// How long the group may still wait for more; `None` when it is to be committed now.
    pub(super) fn waits(&self, now: Instant) -> Option<Duration> {
        let is_large = self.records >= LINGER_RECORDS_MAX || self.bytes >= LINGER_BYTES_MAX;
        let wait = self.due.filter(|_| !is_large)?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    /// True unless all that is in it are messages that may be synced later.
    pub(super) fn is_sync_needed(&self) -> bool {
        self.sync_needed
    }

    /// Adds records that come back.
    pub(super) fn push_restoration(&mut self, restoration: Restoration, answer: RestoreAnswer) {
        self.records += restoration.records.len();
        self.bytes += restoration.records.iter().map(Restored::stored_bytes).sum::<usize>();
        self.restorations.push((restoration, answer));
    }

    /// Adds a session's messages.
    pub(super) fn push(&mut self, batch: Batch, policies: &Policies, now: Instant, started_at: Instant) {
        self.records += batch.items.len();
        let is_burst = batch.items.len() >= BURST_RECORDS
            || batch.line.is_answered_within(ANSWERED_GAP, now.saturating_duration_since(started_at));
        let mut linger = if is_burst { Duration::ZERO } else { policies[Class::Telemetry].linger };
        for item in &batch.items {
            let bytes = item.stored_bytes();
            self.bytes += bytes;
            let Some(class) = item.content.class() else {
                self.sync_needed = true;
                if !matches!(item.content, Content::Quarantine { .. }) {
                    linger = Duration::ZERO;
                }
                continue;
            };
            let wanted = &mut self.wanted[class as usize];
            *wanted = (wanted.0 + bytes as u64, wanted.1 + 1);
            linger = linger.min(policies[class].linger);
            self.sync_needed |= policies[class].durability == Durability::Synced;
        }
        let due = now + linger;
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        self.now_ms = batch.items.last().map_or(self.now_ms, |item| item.received_at_ms);
        self.batches.push(batch);
    }

    /// Bytes and number of the messages of a class; resends are among them.
    pub(super) fn wanted(&self, class: Class) -> (u64, u64) {
        self.wanted[class as usize]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
            && self.down_done.is_empty()
            && self.sent_down.is_empty()
            && self.verdicts.is_empty()
            && self.losses_reported.is_empty()
            && self.restorations.is_empty()
            && self.session_changes.is_empty()
            && self.queued_done.is_empty()
            && self.dead_letter_orders.is_empty()
            && !self.deletes_records()
    }

    pub(super) fn is_full(&self) -> bool {
        self.requests >= GROUP_REQUESTS_MAX
            || self.records >= GROUP_RECORDS_MAX
            || self.bytes >= GROUP_BYTES_MAX
    }

    /// Everybody who waits for an answer to a change.
    pub(super) fn into_answers(self) -> impl Iterator<Item = Answer> {
        let settlements = self.settlements.into_iter().map(|(.., answer)| answer);
        let verdicts = self.verdicts.into_iter().map(|(.., answer)| answer);
        let set_aside = self.set_aside.into_iter().map(|(.., answer)| answer);
        let losses_reported = self.losses_reported.into_iter().map(|(.., answer)| answer);
        let sent_down = self.sent_down.into_iter().map(|(.., answer)| answer);
        let orders = self.dead_letter_orders.into_iter().map(|(.., answer)| answer);
        settlements.chain(orders).chain(verdicts).chain(set_aside).chain(losses_reported).chain(sent_down)
    }

    /// True when the group deletes records, so that the windows must be written with it.
    pub(super) fn deletes_records(&self) -> bool {
        let drops_evidence = self.verdicts.iter().any(|(verdict, _)| !verdict.holds);
        drops_evidence || !(self.settlements.is_empty() && self.set_aside.is_empty())
    }
}

/// How far one batch came in a group.
pub(super) struct Progress {
    pub(super) line: Arc<DeviceLine>,
    pub(super) durable: Option<u64>,
}

/// What happens after a group's COMMIT.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) progress: Vec<Progress>,
    /// What became of each restoration, `None` when there was no room for it.
    pub(super) restored: Vec<Option<RestoreOutcome>>,
    pub(super) ring: Vec<DeviceId>,
    pub(super) windows_written: bool,
    pub(super) deliveries: Deliveries,
    pub(super) tallied: Counted,
}

/// What a group counts once it is committed.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) duplicates: u64,
    pub(super) quarantine_dropped: u64,
    pub(super) down_dropped: u64,
    pub(super) withheld: Vec<Class>,
    /// Pieces of evidence that were dropped, by reason.
    pub(super) chunks_dropped: Vec<&'static str>,
    /// Descriptions of evidence that were refused by what was known before.
    pub(super) contradictions: u64,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::store::submission::Item;

    fn positions(line: &Arc<DeviceLine>, count: usize) -> Batch {
        let item = || Item {
            received_at_ms: 0,
            payload: Bytes::from_static(b"{}"),
            best_effort: false,
            beside: None,
            content: Content::Report { class: Class::Telemetry, claimed: None, case: None, anchor: None },
        };
        let items = std::iter::repeat_with(item).take(count).collect();
        Batch { device: DeviceId::parse("car-01").unwrap(), line: line.clone(), first_mark: 1, items }
    }

    #[test]
    fn a_device_that_waits_for_each_acknowledgement_or_brings_many_is_not_kept_waiting() {
        let (started_at, policies) = (Instant::now(), Policies::default());
        let after = |ms| started_at + Duration::from_millis(ms);
        let wait = |line: &Arc<DeviceLine>, count, now| {
            let mut group = Group::default();
            group.push(positions(line, count), &policies, now, started_at);
            group.waits(now)
        };
        let line = Arc::<DeviceLine>::default();
        assert_eq!(wait(&line, 1, after(990)), Some(policies[Class::Telemetry].linger));
        assert_eq!(wait(&line, BURST_RECORDS, after(990)), None);
        line.advance(1, Duration::from_millis(1000));
        assert_eq!(wait(&line, 1, after(1020)), None, "it was waiting for the acknowledgement");
        assert!(wait(&line, 1, after(1100)).is_some());
    }
}
