//! Single promises of the machine, step by step.

use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{
    Around, Dispatch, Do, Hindrance, Link, Plan, Policy, Range, Reply, Room, Side, Stream, Ticket, Why, Word,
};

use super::store::{Record, Store};

const RETRY_MIN: Duration = Duration::from_millis(500);
/// Records that can be put off at the same time.
const PUT_OFF_RECORDS_MAX: usize = 1024;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A machine and a store, without a link: whoever tests says what the platform answers.
struct Bench {
    machine: Dispatch<usize>,
    store: Store,
    now: Duration,
    link: Link,
    loads: Vec<(Stream, Range)>,
}

impl Bench {
    fn new(policy: Policy, records: usize, in_flight: usize) -> Bench {
        let plan = Plan::new(policy, Room { records, bytes: 1 << 20 }, in_flight, RETRY_MIN, s(60));
        let (machine, store) = (Dispatch::new(plan, 0.5), Store::default());
        Bench { machine, store, now: s(1), link: Link::default(), loads: Vec::new() }
    }

    /// Commits records of as many devices.
    fn put(&mut self, class: Class, count: usize, is_urgent: bool) {
        for device in 0..count {
            let record = Record {
                class,
                device: device as u64,
                id: 0,
                bytes: 100,
                is_urgent,
                is_poison: false,
                committed_at: self.now,
                word: None,
            };
            self.store.put(record, false);
        }
        self.tell();
    }

    fn tell(&mut self) {
        self.machine.committed(self.now, &self.store.standing());
    }

    /// What the machine wants, loads answered.
    fn poll(&mut self) -> Do<usize> {
        loop {
            match self.machine.poll(self.now, Around { link: self.link, day: None }) {
                Do::Load(load) => {
                    self.loads.push((load.stream, load.range));
                    self.machine.loaded(self.store.load(&load));
                }
                Do::Forget { .. } => {}
                Do::Settle { ticket, words, .. } => {
                    assert!(self.store.settle(&words));
                    assert!(self.machine.settled(self.now, ticket));
                    self.tell();
                }
                other => return other,
            }
        }
    }

    /// The next batch, all of it packed.
    fn send(&mut self) -> (Ticket, Stream, Vec<usize>) {
        let next = self.poll();
        self.pack(next)
    }

    fn pack(&mut self, next: Do<usize>) -> (Ticket, Stream, Vec<usize>) {
        let Do::Send { ticket, stream, keys, .. } = next else { panic!("sends nothing: {next:?}") };
        assert!(self.machine.packed(self.now, ticket, keys.len(), 100));
        (ticket, stream, keys)
    }

    fn answer(&mut self, ticket: Ticket, reply: Reply) {
        self.now += Duration::from_millis(50);
        assert!(self.machine.answered(self.now, 0.0, ticket, reply, None));
    }

    fn accept(&mut self, ticket: Ticket, records: usize) {
        self.answer(ticket, Reply::Words(vec![Some(Word::Accepted); records]));
    }

    /// Goes on when the machine does.
    fn wait(&mut self) -> Why {
        match self.poll() {
            Do::Wait { until, why } => {
                self.now = until.expect("a time").max(self.now);
                why
            }
            other => panic!("does not wait: {other:?}"),
        }
    }
}

#[test]
fn a_lone_refused_record_is_buried_only_when_the_platform_took_others_since_the_last_burial() {
    let mut bench = Bench::new(Policy::default(), 1, 1);
    bench.put(Class::Incident, 3, false);
    let (ticket, _, first) = bench.send();
    bench.answer(ticket, Reply::Refused);
    assert_eq!(bench.wait(), Why::BackingOff);
    let (ticket, _, second) = bench.send();
    assert_ne!(first, second, "the first one is put off");
    bench.accept(ticket, 1);
    let (ticket, _, third) = bench.send();
    bench.answer(ticket, Reply::Refused);
    bench.poll();
    assert_eq!(bench.store.records[third[0]].word, Some(Word::Rejected));
    assert_eq!(bench.store.records[first[0]].word, None);
    bench.now += s(5);
    let (ticket, _, again) = bench.send();
    assert_eq!(again, first);
    bench.answer(ticket, Reply::Refused);
    assert_eq!(bench.wait(), Why::BackingOff);
    assert_eq!(bench.store.records[first[0]].word, None, "nothing was taken since the last burial");
}

#[test]
fn one_bad_record_of_five_hundred_is_found_in_twenty_requests_and_the_others_get_through() {
    let mut bench = Bench::new(Policy { drain_jitter: Duration::ZERO, ..Policy::default() }, 500, 1);
    bench.put(Class::Incident, 500, false);
    let mut requests = 0;
    while bench.store.waiting() > 0 {
        let next = bench.poll();
        if let Do::Wait { until, .. } = next {
            bench.now = until.unwrap_or(bench.now);
            continue;
        }
        let (ticket, _, keys) = bench.pack(next);
        requests += 1;
        match keys.contains(&321) {
            true => bench.answer(ticket, Reply::Refused),
            false => bench.accept(ticket, keys.len()),
        }
    }
    let buried: Vec<usize> =
        (0..500).filter(|key| bench.store.records[*key].word == Some(Word::Rejected)).collect();
    assert_eq!(buried, [321]);
    assert!(requests <= 20, "{requests} requests");
}

#[test]
fn nothing_is_sent_before_a_retry_after_ends_whatever_else_is_answered_meanwhile() {
    let mut bench = Bench::new(Policy::default(), 1, 4);
    bench.put(Class::Incident, 20, false);
    let tickets: Vec<Ticket> = (0..4).map(|_| bench.send().0).collect();
    bench.answer(tickets[0], Reply::Unavailable { retry_after: Some(s(600)) });
    let until = bench.now + s(600);
    bench.accept(tickets[1], 1);
    bench.answer(tickets[2], Reply::NoAnswer);
    bench.answer(tickets[3], Reply::Unavailable { retry_after: Some(s(1)) });
    bench.put(Class::Incident, 1, true);
    assert_eq!(bench.wait(), Why::Asked);
    assert!(bench.now >= until + RETRY_MIN, "with jitter on top: {:?}", bench.now);
    bench.send();
    // Nobody keeps us away for longer than an hour.
    let mut bench = Bench::new(Policy::default(), 1, 4);
    bench.put(Class::Incident, 1, false);
    let (ticket, ..) = bench.send();
    bench.answer(ticket, Reply::Unavailable { retry_after: Some(s(1_000_000)) });
    bench.wait();
    assert!(bench.now < s(3700), "{:?}", bench.now);
}

#[test]
fn an_urgent_incident_goes_before_those_that_are_held() {
    let mut bench = Bench::new(Policy::default(), 2, 1);
    bench.put(Class::Incident, 50, false);
    let (ticket, ..) = bench.send();
    bench.put(Class::Incident, 1, true);
    bench.accept(ticket, 2);
    let (.., keys) = bench.send();
    assert!(keys.contains(&50), "{keys:?}");
}

#[test]
fn what_the_platform_says_nothing_on_is_put_off_and_beyond_a_bound_the_uplink_backs_off() {
    let records = PUT_OFF_RECORDS_MAX + 100;
    let mut bench = Bench::new(Policy::default(), records, 1);
    bench.put(Class::Task, records, false);
    let (ticket, _, keys) = bench.send();
    assert_eq!(keys.len(), records);
    let mut words = vec![None; records];
    words[0] = Some(Word::Accepted);
    bench.answer(ticket, Reply::Words(words));
    assert_eq!(bench.wait(), Why::BackingOff, "there are too many");
    let (.., keys) = bench.send();
    assert_eq!(keys.len(), records - 1 - PUT_OFF_RECORDS_MAX, "those are not put off");
    // Few of them hold nobody up.
    let mut bench = Bench::new(Policy::default(), 2, 1);
    bench.put(Class::Task, 4, false);
    let (ticket, ..) = bench.send();
    bench.answer(ticket, Reply::Words(vec![Some(Word::Accepted), None]));
    let (ticket, _, keys) = bench.send();
    assert_eq!(keys, [2, 3]);
    bench.accept(ticket, 2);
    let before = bench.now;
    assert_eq!(bench.wait(), Why::PutOff);
    assert!(bench.now < before + s(6));
    assert_eq!(bench.send().2, [1]);
}

#[test]
fn the_backlog_goes_newest_first_where_that_is_wanted_and_what_has_just_come_beside_it() {
    let policy =
        Policy { newest_first: vec![Class::Telemetry], drain_jitter: Duration::ZERO, ..Policy::default() };
    let mut bench = Bench::new(policy, 10, 1);
    bench.put(Class::Telemetry, 30, false);
    let (ticket, stream, keys) = bench.send();
    assert_eq!((stream.side, &keys[..]), (Side::Backlog, &(20..30).rev().collect::<Vec<_>>()[..]));
    bench.put(Class::Telemetry, 2, false);
    bench.accept(ticket, 10);
    let (_, stream, keys) = bench.send();
    assert_eq!((stream.side, &keys[..]), (Side::Live, &[30, 31][..]));
}

#[test]
fn after_an_outage_the_backlog_waits_by_chance_and_nothing_else_does() {
    let mut bench = Bench::new(Policy::default(), 10, 1);
    bench.put(Class::Status, 5, false);
    let (ticket, ..) = bench.send();
    bench.answer(ticket, Reply::NoAnswer);
    bench.wait();
    bench.now += s(60);
    let (ticket, ..) = bench.send();
    bench.put(Class::Status, 5, false);
    bench.put(Class::Telemetry, 300, false);
    bench.now += s(40);
    bench.tell();
    bench.now += s(40);
    bench.put(Class::Reading, 1, false);
    bench.put(Class::Incident, 1, false);
    // The answer ends the outage; its chance is 0.9 of the jitter.
    assert!(bench.machine.answered(
        bench.now,
        0.9,
        ticket,
        Reply::Words(vec![Some(Word::Accepted); 5]),
        None
    ));
    let back_at = bench.now;
    let mut sent = Vec::new();
    for _ in 0..2 {
        let (ticket, stream, keys) = bench.send();
        sent.push((stream.class, stream.side));
        bench.accept(ticket, keys.len());
    }
    assert_eq!(sent, [(Class::Incident, Side::Live), (Class::Reading, Side::Live)]);
    assert_eq!(bench.wait(), Why::HeldBack(Hindrance::DrainJitter));
    assert!((back_at + s(26)..=back_at + s(28)).contains(&bench.now), "{:?}", bench.now - back_at);
    assert_eq!(bench.send().1.side, Side::Backlog);
}

#[test]
fn conditions_and_budgets_hold_back_what_they_name_and_the_outlook_says_so() {
    let policy = Policy {
        metered_budget_bytes_per_day: Some(150),
        depot_only: vec![Class::Telemetry],
        ..Policy::default()
    };
    let mut bench = Bench::new(policy, 1, 1);
    bench.link = Link { metered: true, depot: false };
    bench.put(Class::Status, 1, false);
    bench.put(Class::Reading, 2, false);
    bench.put(Class::Telemetry, 3, false);
    bench.put(Class::Incident, 2, false);
    for class in [Class::Incident, Class::Incident] {
        let (ticket, stream, _) = bench.send();
        assert_eq!(stream.class, class);
        bench.accept(ticket, 1);
    }
    assert!(matches!(bench.poll(), Do::Wait { why: Why::HeldBack(Hindrance::MeteredBudgetUsed), .. }));
    let around = Around { link: bench.link, day: None };
    let outlook = bench.machine.outlook(bench.now, around);
    let held: Vec<_> = outlook.held_back.iter().map(|held| (held.class, held.records, held.why)).collect();
    assert_eq!(
        held,
        [
            (Class::Status, 1, Hindrance::MeteredBudgetUsed),
            (Class::Reading, 2, Hindrance::MeteredBudgetUsed),
            (Class::Telemetry, 3, Hindrance::NotInDepot),
        ]
    );
    assert_eq!((outlook.waiting_records, outlook.metered_budget_left_bytes), (0, Some(0)));
    bench.link = Link { metered: false, depot: true };
    for _ in 0..6 {
        let (ticket, ..) = bench.send();
        bench.accept(ticket, 1);
    }
    assert!(matches!(bench.poll(), Do::Wait { until: None, why: Why::Idle }));
}
