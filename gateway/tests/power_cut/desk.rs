//! Everybody who uses the store, in one: devices that send, the platform that settles, devices that fetch their receipts.
//!
//! What it does follows from its seed alone. Groups form by chance when requests queue during a sync; here the disk is held
//! for them, so that each is always the same.

use std::sync::Arc;

use bytes::Bytes;
use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::uplinks::UplinkNo;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::settlement::{Decision, Pending, Settled, Settlement};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use patrol_power_cut::disk::Disk;

use super::ledger::{Ledger, Place};
use super::message::{self, DEVICES, Number};
use super::workload::{ALL, stamp_commits, submit};

const CLASSES: [Class; 5] = [Class::Telemetry, Class::Reading, Class::Status, Class::Incident, Class::Task];

/// A message and its class; without one it is not understood.
type Message = (Option<Class>, Number);

/// What the platform says of a class.
type Word = (Class, Vec<(Pending, bool)>);

/// Everybody who uses the store.
pub(crate) struct Desk {
    options: StoreOptions,
    disk: Arc<Disk>,
    running: Running,
    ledger: Ledger,
    rng: fastrand::Rng,
    /// Calls on the disk when the step began.
    began_at: usize,
    /// The next message of each device, counted by itself.
    next: [u32; DEVICES as usize],
}

impl Desk {
    pub(crate) fn open(
        options: StoreOptions,
        delayed: &'static [Class],
        disk: Arc<Disk>,
        rng: fastrand::Rng,
    ) -> Desk {
        let (running, ledger) = (start(&options, &disk), Ledger::new(delayed));
        Desk { options, began_at: 0, disk, running, ledger, rng, next: [0; DEVICES as usize] }
    }

    /// One or two transactions, seldom none.
    pub(crate) async fn step(&mut self) {
        // Nothing of the step before is on its way to the disk any more.
        self.store().ping().await.expect("the store runs");
        self.began_at = self.disk.calls_made();
        match self.rng.u8(..100) {
            0..40 => self.send().await,
            40..65 => self.settle().await,
            65..75 => self.deliver().await,
            _ => self.crowd().await,
        }
    }

    pub(crate) async fn close(mut self) -> Ledger {
        self.stop().await;
        self.ledger
    }

    async fn stop(&mut self) {
        self.store().close().await;
        let ended = (&mut self.running.ended).await.expect("the writer says how it ended");
        ended.expect("it ends well");
    }

    fn store(&self) -> Store {
        self.running.store.clone()
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.running = start(&self.options, &self.disk);
        self.ledger.restarted();
    }

    async fn send(&mut self) {
        let messages = self.some_messages();
        let submitted = submit(&self.store(), &messages).await.expect("the store runs");
        assert!(submitted.acknowledged().await, "there is room");
        self.note_taken(&messages);
        self.committed(self.last_commit());
    }

    async fn settle(&mut self) {
        let word = self.some_word().await;
        self.store().settle(settlement(&word)).await.expect("there is room");
        self.note_settled(&word);
        self.committed(self.last_commit());
    }

    /// A device acknowledges its oldest receipt.
    async fn deliver(&mut self) {
        let device = message::device(self.rng.u32(..DEVICES));
        let waiting = self.store().down_after(device.clone(), 0, 1).await.expect("the store runs");
        let Some(receipt) = waiting.first() else { return };
        self.store().down_done(device, receipt.id).await.expect("the store runs");
        self.ledger.deliver(message::number_in(&receipt.payload).expect("a receipt of ours"));
        let is_receipt = |held: &&(Place, Number)| held.0 == Place::Receipt;
        let left = self.ledger.contents().iter().filter(is_receipt).count() as u64;
        let mut snapshot = self.store().snapshot();
        snapshot.wait_for(|snapshot| snapshot.down_waiting == left).await.expect("the store runs");
        self.committed(self.last_commit());
    }

    /// While the disk is busy with one transaction, messages and the platform's word queue for the next.
    async fn crowd(&mut self) {
        let word = self.some_word().await;
        let (first, second, third) = (self.some_messages(), self.some_messages(), self.some_messages());
        let store = self.store();
        self.disk.hold();
        let mut submitted = vec![submit(&store, &first).await.expect("the store runs")];
        self.disk.wait_until_holding();
        submitted.push(submit(&store, &second).await.expect("the store runs"));
        submitted.push(submit(&store, &third).await.expect("the store runs"));
        let release = async { self.disk.release() };
        let (settled, ()) = tokio::join!(biased; store.settle(settlement(&word)), release);
        settled.expect("there is room");
        for submitted in submitted {
            assert!(submitted.acknowledged().await, "there is room");
        }
        let last = self.last_commit();
        self.note_taken(&first);
        self.committed(last - 1);
        self.note_taken(&second);
        self.note_taken(&third);
        self.note_settled(&word);
        self.committed(self.last_commit());
    }

    fn note_taken(&mut self, messages: &[Message]) {
        messages.iter().for_each(|&(class, number)| self.ledger.take(class, number));
    }

    fn note_settled(&mut self, word: &Word) {
        self.ledger.settle(word.0, word.1.iter().map(|(pending, accepted)| (number(pending), *accepted)));
    }

    /// The number of the last commit that was acknowledged.
    fn last_commit(&self) -> u64 {
        self.running.store.snapshot().borrow().commit_seq
    }

    fn committed(&mut self, commit_seq: u64) {
        self.ledger.commit(self.disk.calls_before_stamp(self.began_at, commit_seq));
    }

    /// New messages of one device, mostly of one class.
    fn some_messages(&mut self) -> Vec<Message> {
        let device = self.rng.usize(..self.next.len());
        let (class, is_mixed) = (self.rng.choice(CLASSES), self.rng.u8(..4) == 0);
        let count = self.rng.u32(1..9);
        let mut messages = Vec::new();
        for _ in 0..count {
            let number = self.next[device] * DEVICES + device as u32;
            self.next[device] += 1;
            let class = if is_mixed { self.rng.choice(CLASSES) } else { class };
            messages.push((class.filter(|_| self.rng.u8(..20) > 0), number));
        }
        messages
    }

    /// What the platform says of some or all that waits in a class.
    async fn some_word(&mut self) -> Word {
        let class = self.rng.choice(CLASSES).unwrap_or(Class::Incident);
        let head = self.store().head(class, ALL, &Arc::default()).await.expect("the store runs");
        let odds = self.rng.choice([0.3, 0.8, 1.0]).unwrap_or(1.0);
        let picked = head.into_iter().filter(|_| self.rng.f64() < odds).collect::<Vec<_>>();
        (class, picked.into_iter().map(|pending| (pending, self.rng.u8(..20) > 0)).collect())
    }
}

/// Opens the store; the disk's calls are stamped with the number of the commit before them that was acknowledged.
fn start(options: &StoreOptions, disk: &Disk) -> Running {
    let running = writer::start(options.clone(), Arc::default()).expect("the store opens");
    stamp_commits(disk, &running.store);
    running
}

fn number(pending: &Pending) -> Number {
    message::number_in(&pending.record.payload).expect("a message of ours")
}

fn settlement((class, records): &Word) -> Settlement {
    let settled = |(pending, accepted): &(Pending, bool)| {
        let is_case = *accepted && *class == Class::Incident;
        let decision = if *accepted {
            Decision::Accepted { case_number: is_case.then(|| number(pending).to_string()) }
        } else {
            Decision::Rejected { reason: "not wanted".into() }
        };
        let receipt = is_case.then(|| Bytes::clone(&pending.record.payload));
        Settled { key: pending.key, record: pending.record.clone(), decision, receipt }
    };
    Settlement {
        uplink: UplinkNo::FIRST,
        class: *class,
        settled_at_ms: 0,
        records: records.iter().map(settled).collect(),
    }
}
