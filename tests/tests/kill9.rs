//! G1, G2 and G3 over SIGKILL: what was acknowledged to a device reaches the platform, once in effect, whenever the
//! gateway dies.
//!
//! A fleet (frames over MQTT 5, JSON over both versions, incidents and photos among them) sends as fast as it may, the platform
//! works, fails and drops answers by turns, and the gateway is killed fifty times, each time after a random number of
//! acknowledgements and a random moment. The moment is the only wait that is not for a condition: it decides nothing.

use std::time::Duration;

use patrol_simulator::fleet::{Fleet, FleetOptions};
use patrol_simulator::ledger::{DeviceLedger, Verdict};
use patrol_simulator::platform::Fault;
use patrol_tests::{Gateway, World, note, seeded, wait_until};

const KILLS: usize = 50;
/// Kills that must have met a gateway with reports on their way to the platform, and devices with unanswered publishes.
const KILLS_IN_MID_STREAM_MIN: usize = KILLS * 4 / 5;
/// Kills that must have come while photos were on their way.
const KILLS_IN_MID_PHOTO_MIN: usize = KILLS / 10;
/// Acknowledgements waited for before a kill, at most.
const ACKS_MAX: u64 = 1_000;
/// The random moment after them, at most.
const MOMENT_MS_MAX: u64 = 40;
/// Deadline for anything that must come.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_at_random_moments_lose_nothing_that_was_acknowledged() {
    let mut rng = seeded("kill9");
    let world = World::new();
    let platform = world.platform().await;
    // Short waits after failures: the test is about kills, not about patience.
    let plan = world.gateway().uplink(&platform.url());
    let plan =
        plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms").set("uplink.timeout", "1s");
    let mut gateway = plan.start().await;
    let ledger = DeviceLedger::new();
    let mut fleet = Fleet::spawn(&fleet_at(&gateway, rng.u64(..)), &ledger).expect("a fleet");

    let mut kills = Vec::with_capacity(KILLS);
    for _ in 0..KILLS {
        platform.set_fault(any_fault(&mut rng)).await.expect("the platform listens");
        kills.push(one_kill(&mut gateway, &fleet, &ledger, &mut rng).await);
    }

    platform.set_fault(Fault::Normal).await.expect("the platform listens");
    fleet.stop_producing();
    assert_eq!(fleet.drained(SOON).await, 0, "devices wait for acknowledgements: {:?}", ledger.counts());
    assert_eq!(fleet.photos_handed_over(SOON).await, 0, "devices still have photos: {:?}", ledger.counts());
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    let photos = gateway.status().await["evidence"]["complete"].as_u64();
    let verdict = || Verdict::reconcile(&ledger, &platform.ledger()).with_gateway_photos(photos);
    note(&figures(&kills, &verdict(), &ledger));
    assert_in_mid_stream(&kills);
    let reached = verdict();
    assert!(reached.holds(), "{reached}");
    assert_eq!((reached.lost, reached.conflicts.len(), reached.rejected, reached.refused), (0, 0, 0, 0));
    assert!(photos.is_some() && reached.photos_complete == reached.photos, "{reached}");
    assert!(reached.cases > 0 && reached.acknowledged > reached.cases, "incidents among others: {reached}");
    assert!(ledger.counts().resent > 0 && reached.duplicates_suppressed > 0, "kills cost resends: {reached}");

    let receipted = async || verdict().receipts_missing == 0;
    wait_until("every case number is back at its device", SOON, receipted).await;
    assert!(verdict().holds(), "{}", verdict());
    fleet.leave().await;
}

fn fleet_at(gateway: &Gateway, seed: u64) -> FleetOptions {
    let options = FleetOptions::new(&gateway.mqtt().ip().to_string(), gateway.mqtt().port());
    // Photos follow each other so closely that kills come between their pieces.
    let photo_period = Some(Duration::from_millis(200));
    FleetOptions { vehicles: 6, cameras: 3, sensors: 3, photo_period, seed, ..options }.with_rate(300.0)
}

/// Half of the time it works. Otherwise requests fail, before or after the platform has taken the events in, all of them
/// or some.
fn any_fault(rng: &mut fastrand::Rng) -> Fault {
    let one_in = rng.u32(1..4);
    match rng.u8(..12) {
        0 | 1 => Fault::DropAnswer { one_in },
        2 => Fault::Error {
            status: *rng.choice(&[500, 502, 503]).expect("three codes"),
            retry_after_s: None,
            one_in,
        },
        3 => Fault::Partial { ids: Default::default(), one_in: one_in + 1 },
        4 => Fault::Stall { seconds: None, one_in },
        5 => Fault::Down { seconds: None },
        _ => Fault::Normal,
    }
}

/// What a kill met, and what came after it.
struct Kill {
    /// Acknowledgements since the kill before.
    acks: u64,
    /// Reports that the gateway had not yet delivered; as it said just before its end.
    pending: u64,
    /// Records that devices had no answer for.
    unanswered: u64,
    /// Photos that were on their way.
    photos: usize,
    /// From the start of the next process until it took devices.
    ready_after: Duration,
}

impl Kill {
    fn was_in_mid_stream(&self) -> bool {
        self.pending > 0 && self.unanswered > 0
    }
}

async fn one_kill(
    gateway: &mut Gateway,
    fleet: &Fleet,
    ledger: &DeviceLedger,
    rng: &mut fastrand::Rng,
) -> Kill {
    let before = ledger.counts().acknowledged;
    let wanted = before + rng.u64(1..=ACKS_MAX);
    wait_until("acknowledgements grow", SOON, async || ledger.counts().acknowledged >= wanted).await;
    tokio::time::sleep(Duration::from_millis(rng.u64(..MOMENT_MS_MAX))).await;
    let pending = gateway.pending().await;
    gateway.kill9().await;
    let (acks, unanswered) = (ledger.counts().acknowledged - before, fleet.outstanding());
    let photos = fleet.photos_open();
    Kill { acks, pending, unanswered, photos, ready_after: gateway.restart().await }
}

/// Without this the test could pass because nothing happened.
fn assert_in_mid_stream(kills: &[Kill]) {
    assert_eq!(kills.len(), KILLS);
    assert!(kills.iter().all(|kill| kill.acks > 0), "acknowledgements grew between all kills");
    let in_mid_stream = kills.iter().filter(|kill| kill.was_in_mid_stream()).count();
    assert!(
        in_mid_stream >= KILLS_IN_MID_STREAM_MIN,
        "only {in_mid_stream} of {KILLS} kills hit in mid-stream"
    );
    let in_mid_photo = kills.iter().filter(|kill| kill.photos > 0).count();
    assert!(
        in_mid_photo >= KILLS_IN_MID_PHOTO_MIN,
        "only {in_mid_photo} kills hit while photos were on their way"
    );
}

fn figures(kills: &[Kill], verdict: &Verdict, ledger: &DeviceLedger) -> String {
    let mut ready_ms: Vec<_> = kills.iter().map(|kill| kill.ready_after.as_millis()).collect();
    ready_ms.sort_unstable();
    format!(
        "kill9: {} kills, {} in mid-stream, {} with photos on their way; acknowledged {}, lost {}, resent {}, \
         duplicates suppressed {}, photos complete {}; ready again after {} ms in the median, {} ms at most",
        kills.len(),
        kills.iter().filter(|kill| kill.was_in_mid_stream()).count(),
        kills.iter().filter(|kill| kill.photos > 0).count(),
        verdict.acknowledged,
        verdict.lost,
        ledger.counts().resent,
        verdict.duplicates_suppressed,
        verdict.photos_complete,
        ready_ms[ready_ms.len() / 2],
        ready_ms[ready_ms.len() - 1],
    )
}
