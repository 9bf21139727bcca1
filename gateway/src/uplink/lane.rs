//! The lane of one uplink: does what the machine of its schedule says, with the store on one side and a carrier on the other.
//!
//! - What goes when, how much at once, what is tried again and what is buried is [`Dispatch`]'s to say; the lane keeps the records
//!   that it holds, and does the waiting.
//! - A record leaves the store only in [`Store::settle`], with the platform's word on it; every failure leaves all records where
//!   they are, so the worst that a failure costs is a resend, which the platform recognises by (source, id).
//! - Batches are sent and words stored in tasks of their own, which end with the lane.

use std::collections::HashMap;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::carrier::{Answer, Carrier, Trouble};
use super::https::CertificateNews;
use super::receipt;
use super::spent::SpentFile;
use crate::clock;
use crate::config::Uplink;
use crate::domain::report::{Class, DeviceId};
use crate::domain::schedule::{
    Around, ClassStanding, Dispatch, Do, Item, Load, Plan, Policy, Reply, Room, Standing, Ticket, Why, Word,
};
use crate::domain::uplinks::UplinkNo;
use crate::health::{UplinkState, UplinkStatus};
use crate::metrics::Metrics;
use crate::store::handle::{SettleError, Stopped, Store};
use crate::store::settlement::{Decision, Limit, Pending, RecordKey, Settled, Settlement, Stretch};
use crate::store::snapshot::Snapshot;

/// How a batch ended.
type Ended = (Ticket, Result<Answer, Trouble>);
/// What became of the words on a batch: of which class, how many records were accepted and rejected, and whether it is stored.
type Stored = (Ticket, Class, (u64, u64), Result<(), SettleError>);

/// What a lane needs beside its carrier.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Which of the uplinks it is.
    pub no: UplinkNo,
    /// Its platform's words are told to the devices.
    pub speaks: bool,
    /// The store.
    pub store: Store,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// What is known of certificates and their files.
    pub certificates: Option<watch::Receiver<CertificateNews>>,
    /// The link, and the day.
    pub around: watch::Receiver<Around>,
    /// Where what was spent of a budget is kept.
    pub spent: SpentFile,
}

/// The lane of one uplink.
pub struct Lane<C> {
    surroundings: Surroundings,
    snapshot: watch::Receiver<Snapshot>,
    carrier: Arc<C>,
    classes: Vec<Class>,
    status: watch::Sender<UplinkStatus>,
    dispatch: Dispatch<RecordKey>,
    random: fastrand::Rng,
    started: Instant,
    /// The records that the machine knows by their keys.
    records: HashMap<(Class, RecordKey), Pending>,
    /// Batches under way: what is in each.
    sent: HashMap<Ticket, Vec<RecordKey>>,
    /// What the platform said in full, until it is stored.
    decisions: HashMap<Ticket, HashMap<RecordKey, Decision>>,
    /// Why the platform last refused a whole batch.
    refusal: String,
    sending: JoinSet<Ended>,
    storing: JoinSet<Stored>,
}

impl<C: Carrier> Lane<C> {
    /// A lane on `carrier`, that uses links as `policy` says. `random` drives the jitter of its waits.
    pub fn new(
        uplink: &Uplink,
        policy: Policy,
        carrier: C,
        surroundings: Surroundings,
        mut random: fastrand::Rng,
    ) -> Lane<C> {
        let status = UplinkStatus {
            name: uplink.name.as_str().into(),
            kind: uplink.way.as_str(),
            state: UplinkState::Idle,
            ..UplinkStatus::default()
        };
        let room_max = Room { records: uplink.batch_events, bytes: uplink.batch_bytes };
        let plan = Plan::new(policy, room_max, uplink.in_flight, uplink.retry_min, uplink.retry_max);
        let mut dispatch = Dispatch::new(plan, random.f64());
        dispatch.restore(surroundings.spent.read());
        Lane {
            snapshot: surroundings.store.snapshot(),
            surroundings,
            carrier: Arc::new(carrier),
            classes: uplink.classes.clone(),
            status: watch::Sender::new(status),
            dispatch,
            random,
            started: Instant::now(),
            records: HashMap::new(),
            sent: HashMap::new(),
            decisions: HashMap::new(),
            refusal: String::new(),
            sending: JoinSet::new(),
            storing: JoinSet::new(),
        }
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
        self.surroundings.spent.write(self.dispatch.spent());
    }

    async fn forward(&mut self) -> Result<(), Stopped> {
        self.see();
        loop {
            let (now, around) = (self.now(), *self.surroundings.around.borrow());
            match self.dispatch.poll(now, around) {
                Do::Forget { class, keys } => keys.iter().for_each(|key| self.forget(class, *key)),
                Do::Load(load) => self.load(load).await?,
                Do::Send { ticket, stream, keys, room } => self.send(ticket, stream.class, &keys, room),
                Do::Settle { ticket, class, words } => self.settle(ticket, class, words),
                Do::Wait { until, why } => {
                    self.tell(why);
                    self.wait(until).await?;
                }
            }
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells the machine what waits now.
    fn see(&mut self) {
        let snapshot = self.snapshot.borrow_and_update();
        let mut standing = Standing { urgent_taken: snapshot.urgent_taken, ..Standing::default() };
        for &class in &self.classes {
            standing.classes[class as usize] = ClassStanding {
                records: snapshot.waiting_for(self.surroundings.no, class),
                newest: snapshot.newest[class as usize],
            };
        }
        drop(snapshot);
        self.dispatch.committed(self.now(), &standing);
    }

    fn forget(&mut self, class: Class, key: RecordKey) {
        self.records.remove(&(class, key));
    }

    async fn load(&mut self, load: Load<RecordKey>) -> Result<(), Stopped> {
        let Load { stream, range, skip, room } = load;
        let stretch =
            Stretch { after: range.after.max(0), up_to: range.up_to, newest_first: range.newest_first };
        let limit = Limit {
            records: u32::try_from(room.records).unwrap_or(u32::MAX),
            bytes: u64::try_from(room.bytes).unwrap_or(u64::MAX),
        };
        let from = (self.surroundings.no, stretch);
        let loaded = self.surroundings.store.outbox(stream.class, from, limit, &Arc::new(skip)).await?;
        let item = |pending: &Pending| Item {
            key: pending.key,
            device: device_hash(&pending.record.device),
            id: pending.key.row(),
        };
        let items = loaded.iter().map(item).collect();
        self.records.extend(loaded.into_iter().map(|pending| ((stream.class, pending.key), pending)));
        self.dispatch.loaded(items);
        Ok(())
    }

    fn send(&mut self, ticket: Ticket, class: Class, keys: &[RecordKey], room: Room) {
        let held = keys.iter().map_while(|key| self.records.get(&(class, *key)));
        let batch: Vec<&Pending> = held.collect();
        let packed = self.carrier.pack(&batch, room);
        let count = packed.records.min(keys.len());
        if !self.dispatch.packed(self.now(), ticket, count, packed.wire_bytes as u64) {
            return;
        }
        self.sent.insert(ticket, keys[..count].to_vec());
        let carrier = self.carrier.clone();
        self.sending.spawn(async move { (ticket, carrier.send(packed.parcel).await) });
        self.say(|status| status.state = UplinkState::Sending);
    }

    /// A batch ended.
    fn ended(&mut self, (ticket, ended): Ended) {
        let metrics = self.surroundings.metrics.clone();
        let keys = self.sent.remove(&ticket).unwrap_or_default();
        let (reply, wire_bytes) = match ended {
            Ok(answer) => {
                metrics.uplink_requests.add("answered", 1);
                metrics.uplink_sent_bytes.inc_by(answer.wire_bytes as u64);
                let unanswered = answer.decisions.iter().filter(|decision| decision.is_none()).count();
                if unanswered > 0 {
                    tracing::warn!(unanswered, "no verdict on some events, put off");
                    self.fail(format!("the platform said nothing on {unanswered} of {} events", keys.len()));
                } else {
                    self.say(|status| status.last_error = None);
                }
                let words = answer.decisions.iter().map(|decision| decision.as_ref().map(word)).collect();
                let said = keys.into_iter().zip(answer.decisions);
                let said: HashMap<_, _> = said.filter_map(|(key, decision)| Some((key, decision?))).collect();
                if !said.is_empty() {
                    self.decisions.insert(ticket, said);
                }
                (Reply::Words(words), Some(answer.wire_bytes as u64))
            }
            Err(trouble) => {
                metrics.uplink_requests.add(trouble.label(), 1);
                self.refusal = match &trouble {
                    Trouble::BatchRefused { status, reason } => format!("{status}: {reason}"),
                    other => other.to_string(),
                };
                self.fail(trouble.to_string());
                (trouble.reply(), trouble.wire_bytes())
            }
        };
        let (now, chance) = (self.now(), self.random.f64());
        self.dispatch.answered(now, chance, ticket, reply, wire_bytes);
        self.surroundings.spent.note(self.dispatch.spent());
    }

    /// Has the words on a batch stored.
    fn settle(&mut self, ticket: Ticket, class: Class, words: Vec<(RecordKey, Word)>) {
        let mut said = self.decisions.remove(&ticket).unwrap_or_default();
        let mut counts = (0, 0);
        let mut settled = Vec::with_capacity(words.len());
        for (key, word) in words {
            let Some(Pending { record, .. }) = self.records.get(&(class, key)) else { continue };
            let decision = match (said.remove(&key), word) {
                (Some(decision), _) => decision,
                (None, Word::Accepted) => Decision::Accepted { case_number: None },
                (None, Word::Rejected) => Decision::Rejected { reason: self.refusal.clone() },
            };
            match &decision {
                Decision::Accepted { .. } => counts.0 += 1,
                Decision::Rejected { reason } => {
                    counts.1 += 1;
                    let (device, identity) = (&record.device, record.identity);
                    tracing::error!(%device, record = %identity, reason, "refused, dead letter");
                }
            }
            let receipt = if self.surroundings.speaks { receipt::receipt(record, &decision) } else { None };
            settled.push(Settled { key, record: record.clone(), decision, receipt });
        }
        let (uplink, settled_at_ms) = (self.surroundings.no, clock::unix_ms());
        let settlement = Settlement { uplink, class, settled_at_ms, records: settled };
        let store = self.surroundings.store.clone();
        let keys = settlement.records.iter().map(|settled| settled.key).collect();
        self.sent.insert(ticket, keys);
        self.storing.spawn(async move { (ticket, class, counts, store.settle(settlement).await) });
    }

    /// The words on a batch are stored, or can't be.
    fn stored(&mut self, (ticket, class, (accepted, rejected), stored): Stored) -> Result<(), Stopped> {
        let keys = self.sent.remove(&ticket).unwrap_or_default();
        match stored {
            Ok(()) => {
                keys.iter().for_each(|key| self.forget(class, *key));
                self.dispatch.settled(self.now(), ticket);
                let metrics = &self.surroundings.metrics;
                metrics.uplink_events.add("accepted", accepted);
                metrics.uplink_events.add("rejected", rejected);
                self.say(|status| {
                    status.accepted_total += accepted;
                    status.rejected_total += rejected;
                    if accepted > 0 {
                        status.last_accepted_at_ms = Some(clock::unix_ms());
                    }
                });
                Ok(())
            }
            Err(SettleError::Unsettled(error)) => {
                self.fail(error.to_string());
                let (now, chance) = (self.now(), self.random.f64());
                self.dispatch.unsettled(now, chance, ticket);
                Ok(())
            }
            Err(SettleError::Stopped(stopped)) => Err(stopped),
        }
    }

    /// Waits for whatever happens first.
    async fn wait(&mut self, until: Option<Duration>) -> Result<(), Stopped> {
        let due = self.started + until.unwrap_or_default();
        tokio::select! {
            Some(ended) = self.sending.join_next() => self.ended(joined(ended)),
            Some(stored) = self.storing.join_next() => self.stored(joined(stored))?,
            changed = self.snapshot.changed() => {
                changed.map_err(|_| Stopped)?;
                self.see();
            }
            Ok(()) = self.surroundings.around.changed() => {}
            () = time::sleep_until(due), if until.is_some() => {}
        }
        Ok(())
    }

    fn fail(&mut self, error: String) {
        tracing::warn!(uplink = %self.status.borrow().name, error, "uplink failed");
        self.say(|status| status.last_error = Some(error.as_str().into()));
    }

    /// Says why it waits, and how it stands.
    fn tell(&mut self, why: Why) {
        let outlook = self.dispatch.outlook(self.now(), *self.surroundings.around.borrow());
        let news = self.surroundings.certificates.as_ref().map(|news| news.borrow().clone());
        self.say(|status| {
            status.outlook = outlook;
            if let Some(CertificateNews { platform_expires_at_ms, client_expires_at_ms, unusable }) = news {
                status.platform_certificate_expires_at_ms = platform_expires_at_ms;
                status.client_certificate_expires_at_ms = client_expires_at_ms;
                status.unusable_files = unusable;
            }
            status.state = match why {
                Why::UnderWay => UplinkState::Sending,
                Why::BackingOff | Why::Asked => UplinkState::BackingOff,
                Why::HeldBack(_) => UplinkState::HeldBack,
                Why::Idle | Why::PutOff | Why::Recheck => UplinkState::Idle,
            };
        });
    }

    fn say(&self, change: impl FnOnce(&mut UplinkStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}

/// What a task returned; its panic is ours.
fn joined<T>(ended: Result<T, JoinError>) -> T {
    match ended {
        Ok(value) => value,
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}

fn word(decision: &Decision) -> Word {
    match decision {
        Decision::Accepted { .. } => Word::Accepted,
        Decision::Rejected { .. } => Word::Rejected,
    }
}

/// The same number for all records of a device.
fn device_hash(device: &DeviceId) -> u64 {
    crc32c::crc32c(device.as_str().as_bytes()).into()
}
