//! The driver of the machine, over a link in virtual time: what the composition does with tokio, here in a loop over events.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{Around, Dispatch, Do, Plan, Reply, Room, Stream, Ticket, Why, Word};

use super::checks::Checks;
use super::platform::{self, Faults};
use super::store::{Record, Store};

/// A mistake that the driver makes on purpose: the checks must find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    /// Records are settled when they are sent.
    EarlyDelete,
    /// A commit is not told while batches are under way.
    LostWakeup,
    /// An answer is handed in twice, and its words are stored twice.
    DoubleAck,
    /// A batch that failed is forgotten.
    NoRequeue,
}

/// The link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire {
    pub(super) bytes_per_s: f64,
    pub(super) round_trip: Duration,
    /// How long it is up and down in turn.
    pub(super) flaps: Option<(Duration, Duration)>,
    /// The time-out of the carrier.
    pub(super) timeout: Duration,
    /// Bytes before compression for one on the wire.
    pub(super) compression: usize,
}

/// What comes, by chance.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) classes: Vec<Class>,
    pub(super) devices: u64,
    pub(super) record_bytes: usize,
    /// Records of one commit, at most.
    pub(super) records_max: usize,
    /// Time between two commits, at most.
    pub(super) pause_max: Duration,
    pub(super) poison_percent: u8,
    /// Nothing comes any more after it.
    pub(super) until: Duration,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Commit,
    /// The link goes down, or comes up.
    Flap,
    /// Another kind of link.
    Roam,
    Answer(Ticket),
    Settle(Ticket),
}

/// A batch under way.
struct Sent {
    keys: Vec<usize>,
    reply: Reply,
    due: Duration,
    sent_at: Duration,
    wire_bytes: u64,
}

/// A run.
pub(super) struct World {
    pub(super) rng: fastrand::Rng,
    pub(super) now: Duration,
    pub(super) store: Store,
    pub(super) machine: Dispatch<usize>,
    pub(super) around: Around,
    pub(super) wire: Wire,
    pub(super) faults: Faults,
    pub(super) load: Load,
    pub(super) checks: Checks,
    pub(super) plant: Option<Plant>,
    /// Wire bytes that were answered with words.
    pub(super) carried_bytes: u64,
    /// What was sent: when, of which stream, how many bytes.
    pub(super) log: Vec<(Duration, Stream, u64)>,
    /// Longest time from an incident's commit to its word.
    pub(super) incident_wait_max: Duration,
    pub(super) why: Why,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    events_total: u64,
    sent: HashMap<Ticket, Sent>,
    settling: HashMap<Ticket, Vec<(usize, Word)>>,
    /// What the driver holds, as the machine has it: by class and key.
    held: HashSet<(Class, usize)>,
    is_up: bool,
    wire_free_at: Duration,
    until: Option<Duration>,
}

impl World {
    pub(super) fn new(plan: Plan, wire: Wire, load: Load, mut rng: fastrand::Rng) -> World {
        let checks = Checks::new(&plan.policy);
        let machine = Dispatch::new(plan, rng.f64());
        let mut world = World {
            rng,
            now: Duration::from_millis(1),
            store: Store::default(),
            machine,
            around: Around::default(),
            wire,
            faults: Faults::default(),
            load,
            checks,
            plant: None,
            carried_bytes: 0,
            log: Vec::new(),
            incident_wait_max: Duration::ZERO,
            why: Why::Idle,
            events: BinaryHeap::new(),
            events_total: 0,
            sent: HashMap::new(),
            settling: HashMap::new(),
            held: HashSet::new(),
            is_up: true,
            wire_free_at: Duration::ZERO,
            until: None,
        };
        world.at(Duration::from_millis(2), Event::Commit);
        if let Some((up, _)) = wire.flaps {
            world.at(up, Event::Flap);
        }
        world
    }

    /// The kind of the link changes now and then.
    pub(super) fn roam(&mut self) {
        self.at(Duration::from_secs(2), Event::Roam);
    }

    fn at(&mut self, time: Duration, event: Event) {
        self.events_total += 1;
        self.events.push(Reverse((time.max(self.now), self.events_total, event)));
    }

    /// Commits so many records of a class, all in one commit.
    pub(super) fn stock(&mut self, class: Class, records: usize) {
        for number in 0..records {
            self.put(class, number % 3 > 0);
        }
    }

    pub(super) fn put(&mut self, class: Class, is_same_segment: bool) {
        let Load { devices, record_bytes, poison_percent, .. } = self.load;
        let record = Record {
            class,
            device: self.rng.u64(0..devices) * 7919,
            id: 0,
            bytes: self.rng.usize(record_bytes / 2..=record_bytes),
            is_urgent: class == Class::Incident && self.rng.u8(0..5) == 0,
            is_poison: self.rng.u8(0..100) < poison_percent,
            committed_at: self.now,
            word: None,
        };
        let is_segmented = matches!(class, Class::Telemetry | Class::Reading);
        self.store.put(record, is_segmented && is_same_segment);
    }

    pub(super) fn tell(&mut self) {
        self.machine.committed(self.now, &self.store.standing());
    }

    /// Goes on until `end`, or until nothing is left to do: then true.
    pub(super) fn run(&mut self, end: Duration) -> bool {
        self.run_while(end, |_| true)
    }

    /// The same, and only while this holds.
    pub(super) fn run_while(&mut self, end: Duration, goes_on: impl Fn(&World) -> bool) -> bool {
        loop {
            self.drive();
            if !goes_on(self) {
                return false;
            }
            if self.checks.fault.is_some() {
                return false;
            }
            let next = self.events.peek().map(|Reverse((time, ..))| *time);
            let Some(time) = next.into_iter().chain(self.until).min() else {
                self.checks.reached.idle += 1;
                return true;
            };
            if time > end {
                self.now = end;
                return false;
            }
            self.now = self.now.max(time);
            while self.events.peek().is_some_and(|Reverse((time, ..))| *time <= self.now) {
                let Some(Reverse((_, _, event))) = self.events.pop() else { break };
                self.happens(event);
            }
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Commit => self.commit(),
            Event::Flap => self.flap(),
            Event::Roam if self.now < self.load.until => {
                self.around.link.metered = self.rng.bool();
                self.around.link.depot = !self.around.link.metered && self.rng.bool();
                let pause = Duration::from_secs(self.rng.u64(1..10));
                self.at(self.now + pause, Event::Roam);
            }
            Event::Roam => {}
            Event::Answer(ticket) => self.answer(ticket),
            Event::Settle(ticket) => self.settle(ticket),
        }
    }

    fn commit(&mut self) {
        if self.now >= self.load.until {
            return;
        }
        self.commit_some();
        let is_lost = self.plant == Some(Plant::LostWakeup) && !self.sent.is_empty();
        if !is_lost {
            self.tell();
        }
        let pause = self.rng.u64(1..=self.load.pause_max.as_millis().max(1) as u64);
        self.at(self.now + Duration::from_millis(pause), Event::Commit);
    }

    fn commit_some(&mut self) {
        let class = self.load.classes[self.rng.usize(..self.load.classes.len())];
        for number in 0..self.rng.usize(1..=self.load.records_max) {
            self.put(class, number > 0);
        }
    }

    fn flap(&mut self) {
        let Some((up, down)) = self.wire.flaps else { return };
        self.is_up = !self.is_up;
        self.at(self.now + if self.is_up { up } else { down }, Event::Flap);
        if self.is_up {
            return;
        }
        let up_at = self.now + down;
        self.wire_free_at = up_at;
        let mut tickets: Vec<Ticket> = self.sent.keys().copied().collect();
        tickets.sort_unstable();
        for ticket in tickets {
            let Some(sent) = self.sent.get_mut(&ticket) else { continue };
            match self.rng.u8(0..10) {
                // The connection is cut, and both sides know.
                0..5 => (sent.reply, sent.due) = (Reply::NoAnswer, self.now),
                // It goes on when the link is back, a little later than that.
                5..9 => {
                    let later = Duration::from_millis(self.rng.u64(0..800));
                    let through = Duration::from_secs_f64(sent.wire_bytes as f64 / self.wire.bytes_per_s);
                    self.wire_free_at += through.min(sent.due - self.now);
                    sent.due = self.wire_free_at + later;
                }
                // Nobody notices before the time is over.
                _ => (sent.reply, sent.due) = (Reply::Deadline, sent.sent_at + self.wire.timeout),
            }
            let deadline = sent.sent_at + self.wire.timeout;
            if sent.due > deadline {
                (sent.reply, sent.due) = (Reply::Deadline, deadline.max(self.now));
            }
            let due = sent.due;
            self.at(due, Event::Answer(ticket));
        }
    }

    /// Does what the machine says, until it waits.
    fn drive(&mut self) {
        for _ in 0..10_000 {
            self.checks.tick(self.now);
            match self.machine.poll(self.now, self.around) {
                Do::Forget { class, keys } => {
                    for key in keys {
                        let was_held = self.held.remove(&(class, key));
                        self.checks.require(was_held, || format!("{key} forgotten, and not held"));
                    }
                }
                Do::Load(load) => {
                    let items = self.store.load(&load);
                    // A commit may come while the store answers.
                    if self.now < self.load.until && self.rng.u8(0..20) == 0 {
                        self.checks.reached.overtaken += 1;
                        self.commit_some();
                        self.tell();
                    }
                    self.held.extend(items.iter().map(|item| (load.stream.class, item.key)));
                    self.machine.loaded(items);
                }
                Do::Send { ticket, stream, keys, room } => self.send(ticket, stream, &keys, room),
                Do::Settle { ticket, words, .. } => {
                    self.checks.settling(ticket, &words);
                    self.settling.insert(ticket, words);
                    let pause = self.rng.u64(0..30);
                    self.at(self.now + Duration::from_millis(pause), Event::Settle(ticket));
                }
                Do::Wait { until, why } => {
                    (self.until, self.why) = (until.map(|until| until.max(self.now)), why);
                    return;
                }
            }
        }
        self.checks.require(false, || "the machine never waits".to_owned());
    }

    fn send(&mut self, ticket: Ticket, stream: Stream, keys: &[usize], room: Room) {
        let mut bytes = 0;
        let fitting = keys.iter().take(room.records).take_while(|key| {
            bytes += self.store.records[**key].bytes;
            bytes <= room.bytes
        });
        let records = fitting.count().max(1);
        let (keys, wire) = (&keys[..records.min(keys.len())], self.wire);
        let payload: usize = keys.iter().map(|key| self.store.records[*key].bytes).sum();
        let wire_bytes = (300 + payload / wire.compression) as u64;
        if !self.machine.packed(self.now, ticket, records, wire_bytes) {
            return;
        }
        for key in keys {
            let is_held = self.held.contains(&(stream.class, *key));
            self.checks.require(is_held, || format!("{key} sent, and not held"));
        }
        self.checks.sent(self.now, &self.store, ticket, stream, keys);
        self.checks.booked(self.around.link, stream, wire_bytes);
        self.checks.check_conditions(self.around.link, stream);
        self.log.push((self.now, stream, wire_bytes));
        if self.plant == Some(Plant::EarlyDelete) {
            let words: Vec<(usize, Word)> = keys.iter().map(|key| (*key, Word::Accepted)).collect();
            self.checks.settling(ticket, &words);
            self.store.settle(&words);
        }
        let began = self.wire_free_at.max(self.now);
        let through = began + Duration::from_secs_f64(wire_bytes as f64 / wire.bytes_per_s);
        let deadline = self.now + wire.timeout;
        let (mut reply, mut due) = if self.is_up {
            self.wire_free_at = through;
            let outcome = platform::outcome(&mut self.rng, &self.faults, &self.store, keys);
            (outcome.reply, if outcome.is_at_deadline { deadline } else { through + wire.round_trip })
        } else {
            (Reply::NoAnswer, self.now + Duration::from_millis(self.rng.u64(1..200)))
        };
        if due > deadline {
            (reply, due) = (Reply::Deadline, deadline);
        }
        self.sent.insert(ticket, Sent { keys: keys.to_vec(), reply, due, sent_at: self.now, wire_bytes });
        self.at(due, Event::Answer(ticket));
    }

    fn answer(&mut self, ticket: Ticket) {
        if self.sent.get(&ticket).is_none_or(|sent| sent.due != self.now) {
            return; // it fared otherwise
        }
        let Some(Sent { reply, keys, .. }) = self.sent.remove(&ticket) else { return };
        if self.plant == Some(Plant::NoRequeue) && !matches!(reply, Reply::Words(_) | Reply::Refused) {
            return;
        }
        self.checks.answered(self.now, ticket, &reply);
        if let Reply::Words(words) = &reply {
            let payload: usize = keys.iter().map(|key| self.store.records[*key].bytes).sum();
            self.carried_bytes += (300 + payload / self.wire.compression) as u64;
            for (key, word) in keys.iter().zip(words) {
                // Those that were put off are not held any more.
                if word.is_none() {
                    continue;
                }
                let record = &self.store.records[*key];
                if record.class == Class::Incident {
                    self.incident_wait_max = self.incident_wait_max.max(self.now - record.committed_at);
                }
            }
        }
        let chance = self.rng.f64();
        let is_known = self.machine.answered(self.now, chance, ticket, reply.clone(), None);
        self.checks.require(is_known, || format!("{ticket:?} is not known"));
        // Whoever hands an answer in twice is not heard.
        let is_heard_again = self.machine.answered(self.now, chance, ticket, reply, None);
        self.checks.require(!is_heard_again, || format!("{ticket:?} was answered twice"));
    }

    fn settle(&mut self, ticket: Ticket) {
        let Some(words) = self.settling.remove(&ticket) else { return };
        let has_room = self.rng.u8(0..100) >= self.faults.unsettled;
        if has_room {
            let is_first = self.store.settle(&words);
            self.checks.require(is_first, || format!("{words:?} settled twice"));
            if self.plant == Some(Plant::DoubleAck) {
                let is_first = self.store.settle(&words);
                self.checks.require(is_first, || format!("{words:?} settled twice"));
            }
            let class = self.store.records[words[0].0].class;
            for (key, _) in &words {
                self.held.remove(&(class, *key));
            }
        }
        self.checks.settled(ticket, &words, has_room);
        let is_known = if has_room {
            self.machine.settled(self.now, ticket)
        } else {
            let chance = self.rng.f64();
            self.machine.unsettled(self.now, chance, ticket)
        };
        self.checks.require(is_known, || format!("{ticket:?} is not being stored"));
        let is_lost = self.plant == Some(Plant::LostWakeup) && !self.sent.is_empty();
        if has_room && !is_lost {
            self.tell();
        }
    }

    /// The link is up, and stays so.
    pub(super) fn heal(&mut self) {
        self.is_up = true;
        self.wire.flaps = None;
    }
}
