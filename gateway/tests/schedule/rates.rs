//! Links from the slowest to the fastest are used, and what is urgent does not wait behind what is not.

use std::io::Write;
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{Plan, Policy, Room, Side};

use super::world::{Load, Wire, World};

const ROUND_TRIP: Duration = Duration::from_millis(50);
const BATCH: Room = Room { records: 500, bytes: 1 << 20 };

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A world with a backlog of telemetry that no run empties, over a link of so many bits a second.
fn world(bits_per_s: f64, flaps: Option<(Duration, Duration)>, in_flight: usize, seed: u64) -> World {
    let plan = Plan::new(
        Policy { drain_jitter: Duration::ZERO, ..Policy::default() },
        BATCH,
        in_flight,
        Duration::from_millis(500),
        s(60),
    );
    let wire =
        Wire { bytes_per_s: bits_per_s / 8.0, round_trip: ROUND_TRIP, flaps, timeout: s(10), compression: 4 };
    // So large that a run does not need millions of them.
    let record_bytes = if bits_per_s > 1e7 { 32_768 } else { (bits_per_s / 80.0) as usize };
    let load = Load {
        classes: vec![Class::Status],
        devices: 87,
        record_bytes,
        records_max: 1,
        pause_max: s(2),
        poison_percent: 0,
        until: s(86_400),
    };
    let mut world = World::new(plan, wire, load, fastrand::Rng::with_seed(seed));
    world.stock(Class::Telemetry, 50_000);
    world.tell();
    world
}

/// How much of the time in which the link was up it carried something, of a hundred, between two times.
fn used_percent(world: &mut World, from: Duration, to: Duration, up: f64) -> f64 {
    world.run(from);
    let before = world.carried_bytes;
    world.run(to);
    assert_eq!(world.checks.fault, None);
    assert!(world.store.sound_waiting > 1000, "the backlog never ends");
    let could = world.wire.bytes_per_s * (to - from).as_secs_f64() * up;
    (world.carried_bytes - before) as f64 * 100.0 / could
}

#[test]
fn slow_and_fast_links_are_used_to_four_fifths_from_the_first_seconds_on() {
    for (bits_per_s, in_flight, from, to) in
        [(64e3, 4, 5, 300), (64e3, 1, 5, 300), (1e6, 4, 5, 60), (100e6, 4, 3, 20)]
    {
        let percent = used_percent(&mut world(bits_per_s, None, in_flight, 1), s(from), s(to), 1.0);
        note(&format!("{bits_per_s} bit/s, {in_flight} in flight: {percent:.0} % used"));
        assert!(
            (80.0..=102.0).contains(&percent),
            "{percent} % of {bits_per_s} bit/s with {in_flight} in flight"
        );
    }
}

#[test]
fn a_link_that_flaps_every_two_seconds_is_used_for_half_of_the_time_in_which_it_is_up() {
    for bits_per_s in [64e3, 1e6, 20e6] {
        let used = (0..10).map(|seed| {
            let mut world = world(bits_per_s, Some((s(2), s(2))), 4, seed);
            used_percent(&mut world, s(4), s(124), 0.5)
        });
        let percent = used.sum::<f64>() / 10.0;
        note(&format!("{bits_per_s} bit/s, up and down for 2 s in turn: {percent:.0} % of the up-time used"));
        assert!(percent >= 50.0, "{percent} % of {bits_per_s} bit/s");
    }
}

#[test]
fn an_incident_on_a_slow_link_waits_for_two_small_batches_at_most() {
    let mut world = world(64e3, None, 4, 3);
    world.run(s(20));
    for round in 1..=60 {
        world.put(Class::Incident, false);
        world.tell();
        world.run(s(20 + round * 3));
    }
    assert_eq!(world.checks.fault, None);
    note(&format!("longest wait of an incident at 64 kbit/s: {:?}", world.incident_wait_max));
    assert!(world.incident_wait_max < Duration::from_millis(3_500), "{:?}", world.incident_wait_max);
}

/// While all streams wait for more than there is, each gets its share in every minute.
#[test]
fn live_and_backlog_and_every_class_progress_in_every_minute() {
    for live_percent in [20, 50, 80] {
        let plan = Plan::new(
            Policy { drain_jitter: Duration::ZERO, live_percent, live_window: s(3600), ..Policy::default() },
            BATCH,
            4,
            Duration::from_millis(500),
            s(60),
        );
        let wire =
            Wire { bytes_per_s: 8e3, round_trip: ROUND_TRIP, flaps: None, timeout: s(10), compression: 4 };
        let classes = vec![Class::Status, Class::Reading, Class::Telemetry];
        let load = Load {
            classes: classes.clone(),
            devices: 87,
            record_bytes: 400,
            records_max: 300,
            pause_max: s(1),
            poison_percent: 0,
            until: s(3600),
        };
        let mut world = World::new(plan, wire, load, fastrand::Rng::with_seed(5));
        for class in &classes {
            world.stock(*class, 100_000);
        }
        world.tell();
        world.run(s(660));
        assert_eq!(world.checks.fault, None);
        let is_counted = |at: Duration| (60..660).contains(&at.as_secs());
        let counted: Vec<_> = world.log.iter().filter(|(at, ..)| is_counted(*at)).collect();
        let bytes_of = |is: &dyn Fn(Class, Side, u64) -> bool| -> f64 {
            let of =
                counted.iter().filter(|(at, stream, _)| is(stream.class, stream.side, at.as_secs() / 60));
            of.map(|(.., bytes)| *bytes as f64).sum()
        };
        let live = bytes_of(&|_, side, _| side == Side::Live) * 100.0 / bytes_of(&|_, _, _| true);
        assert!((live - f64::from(live_percent)).abs() < 5.0, "{live} % live, {live_percent} wanted");
        for (minute, class, side) in (1..11)
            .flat_map(|minute| classes.iter().map(move |class| (minute, *class)))
            .flat_map(|(minute, class)| [(minute, class, Side::Live), (minute, class, Side::Backlog)])
        {
            let got = bytes_of(&|each, of, at| (each, of, at) == (class, side, minute));
            assert!(got > 0.0, "nothing of {class} {side:?} in minute {minute} with {live_percent} % live");
        }
    }
}

fn note(words: &str) {
    let _ = writeln!(std::io::stderr(), "    {words}");
}
