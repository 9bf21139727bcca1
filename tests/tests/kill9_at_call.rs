//! G1 over SIGKILL in place of the n-th write and of the n-th sync, 1 to 200, each in turn: what was acknowledged before is at
//! the platform after the next start, by its own name.
//!
//! strace counts the calls of each thread by itself. The first ones are those of the start, on the main thread: they make the
//! database, or recover the one that the kill before has left. The later ones are the store's own, and among them is all
//! that it does: commits of messages and of receipts, and checkpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use patrol_simulator::platform::Platform;
use patrol_tests::{Gateway, RawDevice, Strace, World, note, reports, wait_until};

const SOON: Duration = Duration::from_secs(60);
/// The last number of a call that is a gateway's last.
const CALLS: u32 = 200;
/// Gateways that die beside each other.
const LANES: u32 = 2;
/// Rounds of messages within which a gateway must have made its n-th call.
const ROUNDS_MAX: u32 = 2 * CALLS;
const CLASSES: [&str; 4] = ["incident", "telemetry", "status", "reading"];

#[test]
fn kill9_at_the_nth_write_loses_nothing_that_was_acknowledged() {
    kill_at_each("pwrite64");
}

#[test]
fn kill9_at_the_nth_sync_loses_nothing_that_was_acknowledged() {
    kill_at_each("fdatasync");
}

#[tokio::test]
async fn kill9_at_any_call_of_the_first_start_leaves_what_the_next_one_opens() {
    let mut kills = BTreeMap::new();
    for call in ["pwrite64", "fdatasync", "fsync", "fallocate"] {
        let mut n = 1;
        while Bench::new().await.survive_start_killed_at(call, n).await {
            kills.insert(call, n);
            n += 1;
        }
    }
    note(&format!("kill9_at_call: kills at the calls of the first start, up to {kills:?}"));
    assert!(kills.len() == 4 && kills["pwrite64"] >= 20, "a first start makes all of these calls: {kills:?}");
}

/// Several gateways, each killed again and again on data of its own, share the numbers.
fn kill_at_each(call: &str) {
    let benches: Vec<Bench> = thread::scope(|scope| {
        let lanes = (1..=LANES).map(|first| scope.spawn(move || lane(call, first)));
        let lanes: Vec<_> = lanes.collect();
        lanes.into_iter().map(|lane| lane.join().expect("no lane fails")).collect()
    });
    let sum = |of: fn(&Bench) -> u32| benches.iter().map(of).sum::<u32>();
    let (at_start, at_work) = (sum(|bench| bench.killed_at_start), sum(|bench| bench.killed_at_work));
    let acknowledged = sum(|bench| bench.acknowledged.len() as u32);
    note(&format!(
        "kill9_at_call, {call}: {at_start} kills during a start, {at_work} after it; acknowledged {acknowledged}, lost 0"
    ));
    assert_eq!(at_start + at_work, CALLS);
    assert!(at_start > 0 && at_work > CALLS / 2, "{at_start} kills during a start, {at_work} after it");
    assert!(acknowledged > CALLS, "{acknowledged} acknowledgements");
}

/// One in [`LANES`] numbers, from `first` on.
#[tokio::main(flavor = "current_thread")]
async fn lane(call: &str, first: u32) -> Bench {
    let mut bench = Bench::new().await;
    for n in (first..=CALLS).step_by(LANES as usize) {
        bench.live_until(call, n).await;
    }
    bench
}

/// A gateway that is killed, started and killed again, a device and a platform.
struct Bench {
    world: World,
    platform: Platform,
    gateway: Gateway,
    lives: u32,
    /// Ids of everything that was ever published, and of what was acknowledged.
    published: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
    killed_at_start: u32,
    killed_at_work: u32,
}

impl Bench {
    async fn new() -> Bench {
        let world = World::new();
        let platform = world.platform().await;
        let mut plan = world.gateway().uplink(&platform.url());
        plan = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms");
        for class in ["status", "reading", "telemetry"] {
            plan = plan.set(&format!("store.{class}_linger"), "0ms");
        }
        Bench {
            gateway: plan.not_started(),
            world,
            platform,
            lives: 0,
            published: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            killed_at_start: 0,
            killed_at_work: 0,
        }
    }

    /// Lets the gateway work until it makes the n-th call of a kind, then starts it without the fault and looks for what was
    /// acknowledged.
    async fn live_until(&mut self, call: &str, n: u32) {
        self.lives += 1;
        if self.start_killed_at(call, n).await {
            self.killed_at_start += 1;
        } else {
            self.work_until_killed(n).await;
            self.killed_at_work += 1;
        }
        self.gateway.restart_untraced().await;
        self.look_for_everything(&format!("after {call} {n}")).await;
        // The next life begins with a log to recover.
        self.gateway.kill9().await;
    }

    /// The same for the start alone: false when the gateway became ready without making the n-th call.
    async fn survive_start_killed_at(mut self, call: &str, n: u32) -> bool {
        if !self.start_killed_at(call, n).await {
            return false;
        }
        self.gateway.restart_untraced().await;
        self.lives += 1;
        let mut device = RawDevice::connect(self.gateway.mqtt(), "car-01").await;
        self.round(&mut device, "incident", 1).await.expect("the gateway lives");
        self.look_for_everything(&format!("after {call} {n} of the first start")).await;
        true
    }

    /// True when it died before it was ready.
    async fn start_killed_at(&mut self, call: &str, n: u32) -> bool {
        let trace = self.world.dir().join("trace");
        match self.gateway.try_restart_traced(Strace::killing_at(call, n, &trace)).await {
            Ok(()) => false,
            Err(error) => {
                assert!(error.to_string().contains("signal: 9"), "{error}");
                true
            }
        }
    }

    async fn work_until_killed(&mut self, n: u32) {
        let mut device = RawDevice::connect(self.gateway.mqtt(), "car-01").await;
        for round in 0..ROUNDS_MAX {
            let class = CLASSES[round as usize % CLASSES.len()];
            if self.round(&mut device, class, round * 3 + 1).await.is_none() {
                break;
            }
        }
        let exit = self.gateway.exit(SOON).await;
        assert!(exit.status.contains("signal: 9"), "killed at call {n}: {}", exit.status);
    }

    /// Publishes one to three messages together and notes which are acknowledged; `None` when the gateway is gone.
    async fn round(&mut self, device: &mut RawDevice, class: &str, first_seq: u32) -> Option<()> {
        let seqs = first_seq..=first_seq + self.lives % 3;
        let id = |seq| format!("car-01/{}/{seq}", self.lives);
        let ids: Vec<String> = seqs.clone().map(id).collect();
        self.published.extend(ids.iter().cloned());
        let payloads: Vec<_> = seqs.map(|seq| payload(class, self.lives, seq)).collect();
        let packets = device.publish(class, &payloads).await;
        for (packet, id) in packets.into_iter().zip(ids) {
            assert_eq!(device.puback().await?, packet);
            self.acknowledged.insert(id);
        }
        Some(())
    }

    async fn look_for_everything(&mut self, when: &str) {
        wait_until("the backlog is empty", SOON, async || self.gateway.pending().await == 0).await;
        let ledger = self.platform.ledger();
        let arrived: BTreeSet<&str> = ledger.delivered.keys().map(AsRef::as_ref).collect();
        let lost: Vec<_> = self.acknowledged.iter().filter(|id| !arrived.contains(id.as_str())).collect();
        assert!(lost.is_empty(), "{when}: lost {lost:?}");
        let foreign: Vec<_> = arrived.iter().filter(|id| !self.published.contains(**id)).collect();
        assert!(foreign.is_empty() && ledger.conflicts.is_empty(), "{when}: {foreign:?}");
        assert!(ledger.rejected.is_empty(), "{when}: {:?}", ledger.rejected);
    }
}

fn payload(class: &str, boot: u32, seq: u32) -> String {
    match class {
        "incident" => reports::incident(boot, seq),
        "telemetry" => reports::telemetry(boot, seq),
        "status" => format!(r#"{{"boot":{boot},"seq":{seq},"queued":{seq},"firmware":"1.4.2"}}"#),
        _ => format!(
            r#"{{"boot":{boot},"seq":{seq},"readings":[{{"quantity":"water_level","value":0.4,"unit":"m"}}]}}"#
        ),
    }
}
