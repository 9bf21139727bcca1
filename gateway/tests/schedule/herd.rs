//! A thousand gateways come back at the same moment, to a platform that can take so many batches a second and answers 503 with
//! a Retry-After beyond that.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::Write;
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{Around, Dispatch, Do, Plan, Policy, Reply, Room, Ticket, Word};

use super::store::{Record, Store};

const GATEWAYS: usize = 1000;
/// Batches that the platform takes in a second.
const CAPACITY: u64 = 100;
/// Records that each gateway has stored meanwhile.
const BACKLOG: usize = 2000;
const BATCH: Room = Room { records: 100, bytes: 1 << 20 };
const ROUND_TRIP: Duration = Duration::from_millis(50);
/// What the platform is asked is counted in spans of so many seconds.
const SPAN_S: u64 = 5;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A wait is over.
    Wake,
    Answer(Ticket),
}

struct Gateway {
    machine: Dispatch<usize>,
    store: Store,
    sent: HashMap<Ticket, Reply>,
}

struct Herd {
    rng: fastrand::Rng,
    now: Duration,
    gateways: Vec<Gateway>,
    events: BinaryHeap<Reverse<(Duration, usize, Event)>>,
    /// The platform is there from then on.
    back_at: Duration,
    /// The second that is counted, and the batches taken in it.
    taken: (u64, u64),
    /// Requests in each span after it was back, those that were answered 503 too.
    asked: Vec<u64>,
}

impl Herd {
    /// Gateways that have had no platform since `out_at`, by their own clocks, and one from `back_at` on.
    fn new(jitter: Duration, back_at: Duration, seed: u64) -> Herd {
        let mut rng = fastrand::Rng::with_seed(seed);
        let policy = Policy { drain_jitter: jitter, ..Policy::default() };
        let plan = Plan::new(policy, BATCH, 4, Duration::from_millis(500), Duration::from_secs(60));
        let mut events = BinaryHeap::new();
        let gateways = (0..GATEWAYS)
            .map(|number| {
                let mut gateway = Gateway {
                    machine: Dispatch::new(plan.clone(), rng.f64()),
                    store: Store::default(),
                    sent: HashMap::new(),
                };
                for number in 0..BACKLOG {
                    gateway.store.put(record(number as u64 % 20), false);
                }
                events.push(Reverse((Duration::from_millis(1), number, Event::Wake)));
                gateway
            })
            .collect();
        let now = Duration::from_millis(1);
        Herd { rng, now, gateways, events, back_at, taken: (0, 0), asked: Vec::new() }
    }

    /// Until all is sent: how long it took since the platform was back.
    fn run(&mut self) -> Duration {
        for gateway in &mut self.gateways {
            gateway.machine.committed(self.now, &gateway.store.standing());
        }
        while let Some(Reverse((at, number, event))) = self.events.pop() {
            self.now = at;
            if let Event::Answer(ticket) = event {
                let (gateway, chance) = (&mut self.gateways[number], self.rng.f64());
                let reply = gateway.sent.remove(&ticket).expect("it was sent");
                assert!(gateway.machine.answered(at, chance, ticket, reply, None));
            }
            self.drive(number);
        }
        assert!(self.gateways.iter().all(|gateway| gateway.store.waiting() == 0), "all is sent");
        self.now - self.back_at
    }

    fn drive(&mut self, number: usize) {
        loop {
            let (now, gateway) = (self.now, &mut self.gateways[number]);
            match gateway.machine.poll(now, Around::default()) {
                Do::Forget { .. } => {}
                Do::Load(load) => gateway.machine.loaded(gateway.store.load(&load)),
                Do::Send { ticket, keys, room, .. } => {
                    let records = keys.len().min(room.records);
                    assert!(gateway.machine.packed(now, ticket, records, 50 * records as u64));
                    let reply = self.ask(records);
                    self.gateways[number].sent.insert(ticket, reply);
                    self.events.push(Reverse((now + ROUND_TRIP, number, Event::Answer(ticket))));
                }
                Do::Settle { ticket, words, .. } => {
                    assert!(gateway.store.settle(&words));
                    assert!(gateway.machine.settled(now, ticket));
                    gateway.machine.committed(now, &gateway.store.standing());
                }
                Do::Wait { until, .. } => {
                    self.events.extend(until.map(|until| Reverse((until.max(now), number, Event::Wake))));
                    return;
                }
            }
        }
    }

    /// The platform's answer to a batch that arrives now.
    fn ask(&mut self, records: usize) -> Reply {
        let Some(since) = self.now.checked_sub(self.back_at) else { return Reply::NoAnswer };
        let (second, span) = (since.as_secs(), (since.as_secs() / SPAN_S) as usize);
        self.asked.resize(self.asked.len().max(span + 1), 0);
        self.asked[span] += 1;
        if self.taken.0 != second {
            self.taken = (second, 0);
        }
        self.taken.1 += 1;
        if self.taken.1 > CAPACITY {
            return Reply::Unavailable { retry_after: Some(Duration::from_secs(5)) };
        }
        Reply::Words(vec![Some(Word::Accepted); records])
    }
}

fn record(device: u64) -> Record {
    Record {
        class: Class::Telemetry,
        device,
        id: 0,
        bytes: 100,
        is_urgent: false,
        is_poison: false,
        committed_at: Duration::ZERO,
        word: None,
    }
}

/// What the platform is asked in the busiest span, by the mean until all is sent; and how long that takes.
fn peak(name: &str, jitter: Duration, back_at: Duration) -> (f64, Duration) {
    let mut herd = Herd::new(jitter, back_at, 7);
    let took = herd.run();
    let mean = herd.asked.iter().sum::<u64>() as f64 / herd.asked.len() as f64;
    let most = herd.asked.iter().copied().max().unwrap_or_default() as f64;
    let _ = writeln!(
        std::io::stderr(),
        "    {GATEWAYS} gateways {name}: at most {most} requests in {SPAN_S} s, {mean:.0} in the mean, {:.1} times; all sent in {took:.0?}",
        most / mean
    );
    (most / mean, took)
}

#[test]
fn a_thousand_gateways_that_come_back_or_start_at_once_ask_three_times_the_mean_at_most() {
    let jitter = Duration::from_secs(30);
    // The platform could take all of it in this time.
    let least = Duration::from_secs((GATEWAYS * BACKLOG / BATCH.records) as u64 / CAPACITY);
    let check = |name: &str, back_at: u64| {
        let (times, took) = peak(name, jitter, Duration::from_secs(back_at));
        assert!(times <= 3.0, "{times} times the mean when they {name}");
        assert!(took < least * 3, "{took:?} when they {name}, {least:?} would do");
        times
    };
    check("come back after 10 min", 600);
    let with = check("start together", 0);
    let (without, _) = peak("start together without jitter", Duration::ZERO, Duration::ZERO);
    assert!(without > with, "{without} without jitter, {with} with it");
}
