//! Thousands of runs, each with a plan, a link, a platform and a load of its own; and the mistakes that they must find.

use std::io::Write;
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{Link, Plan, Policy, Room};

use super::platform::Faults;
use super::reached::Reached;
use super::world::{Load, Plant, Wire, World};

/// Repeats a run.
const SEED_VARIABLE: &str = "PATROL_TEST_SEED";
const RUNS: u64 = 3_000;
/// Each mistake is found within so many runs.
const PLANT_RUNS: u64 = 100;

const SHARING: [Class; 3] = [Class::Status, Class::Reading, Class::Telemetry];

fn some(rng: &mut fastrand::Rng) -> Vec<Class> {
    SHARING.into_iter().filter(|_| rng.u8(0..4) == 0).collect()
}

fn plan(rng: &mut fastrand::Rng) -> Plan {
    let ms = |rng: &mut fastrand::Rng, most| Duration::from_millis(rng.u64(1..=most));
    let budget = |rng: &mut fastrand::Rng| (rng.u8(0..4) == 0).then(|| rng.u64(5_000..300_000));
    let policy = Policy {
        budget_bytes_per_day: budget(rng),
        metered_budget_bytes_per_day: budget(rng),
        live_percent: rng.u8(1..=99),
        live_window: ms(rng, 30_000),
        newest_first: some(rng),
        unmetered_only: some(rng),
        depot_only: some(rng),
        drain_jitter: ms(rng, 30_000),
    };
    let room = Room { records: rng.usize(1..=40), bytes: rng.usize(200..=20_000) };
    Plan::new(policy, room, rng.usize(1..=4), ms(rng, 500), ms(rng, 60_000))
}

fn world(seed: u64) -> World {
    let mut rng = fastrand::Rng::with_seed(seed);
    let plan = plan(&mut rng);
    let Policy { budget_bytes_per_day, metered_budget_bytes_per_day, .. } = plan.policy;
    let has_budget = budget_bytes_per_day.or(metered_budget_bytes_per_day).is_some();
    let flap = |rng: &mut fastrand::Rng| Duration::from_millis(rng.u64(100..6_000));
    let wire = Wire {
        bytes_per_s: f64::from(1 << rng.u32(9..24)),
        round_trip: Duration::from_millis(rng.u64(1..800)),
        flaps: (rng.u8(0..4) == 0).then(|| (flap(&mut rng), flap(&mut rng))),
        timeout: Duration::from_millis(rng.u64(1_000..10_000)),
        compression: rng.usize(1..=20),
    };
    let mut classes = vec![Class::Incident, Class::Task, Class::Status, Class::Reading, Class::Telemetry];
    classes.retain(|_| rng.u8(0..4) > 0);
    if classes.is_empty() {
        classes.push(Class::Telemetry);
    }
    let load = Load {
        classes,
        devices: rng.u64(1..=12),
        record_bytes: 1 << rng.u32(4..11),
        records_max: rng.usize(1..=12),
        pause_max: Duration::from_millis(1 << rng.u32(8..13)),
        poison_percent: if has_budget || rng.bool() { 0 } else { rng.u8(1..4) },
        until: Duration::from_secs(rng.u64(5..40)),
    };
    let mut world = World::new(plan, wire, load, rng);
    world.faults = Faults::any(&mut world.rng);
    for class in world.load.classes.clone() {
        let most = 1 << world.rng.u32(0..7);
        let records = world.rng.usize(0..most);
        world.stock(class, records);
    }
    world.tell();
    if world.rng.bool() {
        world.roam();
    }
    world
}

/// One run: a time in which anything happens, then one in which all is well. What was wrong, if something was.
fn run(seed: u64, plant: Option<Plant>) -> (Option<String>, Reached) {
    let mut world = world(seed);
    world.plant = plant;
    let troubled = world.load.until;
    world.run(troubled);
    // All is well from now on: the link stays, in the depot, and the platform answers.
    world.faults = Faults::default();
    world.heal();
    world.around.link = Link { metered: false, depot: true };
    world.wire.bytes_per_s = world.wire.bytes_per_s.max(4096.0);
    // Long enough for the longest Retry-After, and for many days of a small budget. What is poison comes back for ever when
    // nothing else is accepted any more.
    let end = troubled + Duration::from_secs(1000 * 24 * 3600);
    let is_idle = world.run_while(end, |world| world.store.sound_waiting > 0 || world.store.waiting() == 0);
    let sound = world.store.sound_waiting;
    let is_done = sound == 0 && (is_idle || world.store.waiting() > 0);
    let (why, now) = (world.why, world.now);
    world.checks.require(is_done, || format!("{sound} records are left at {now:?}, waiting: {why:?}"));
    (world.checks.fault, world.checks.reached)
}

#[test]
fn nothing_is_lost_or_settled_twice_and_order_budget_and_retry_after_hold() {
    let first = match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a number, not {text:?}")),
        Err(_) => fastrand::u64(..u64::MAX - RUNS),
    };
    let mut reached = Reached::default();
    for seed in first..first + RUNS {
        let (fault, met) = run(seed, None);
        assert!(fault.is_none(), "{SEED_VARIABLE}={seed}: {}", fault.unwrap());
        reached.add(&met);
    }
    let _ = writeln!(std::io::stderr(), "    schedule: {RUNS} runs, {reached:?}, {SEED_VARIABLE}={first}");
    reached.assert_everything_was_met();
}

#[test]
fn each_planted_mistake_is_found() {
    for plant in [Plant::EarlyDelete, Plant::LostWakeup, Plant::DoubleAck, Plant::NoRequeue] {
        let first = fastrand::u64(..u64::MAX - PLANT_RUNS);
        let found = (0..PLANT_RUNS).find_map(|run_of| Some((run_of, run(first + run_of, Some(plant)).0?)));
        let (runs, fault) = found.unwrap_or_else(|| panic!("{plant:?} is not found, from seed {first} on"));
        let _ = writeln!(std::io::stderr(), "    {plant:?} found in run {}: {fault}", runs + 1);
    }
}
