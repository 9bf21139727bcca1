//! A fleet in which every device has a secret, against a gateway that takes nobody without one: each report, sealed with any
//! suite, is understood and arrives; photos are handed over, and clocks are set, by frames sealed for the device.

use std::time::Duration;

use patrol_simulator::fleet::{Fleet, FleetOptions};
use patrol_simulator::keys::Keys;
use patrol_simulator::ledger::{DeviceLedger, Verdict};
use patrol_tests::{World, wait_until};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_devices_seal_with_their_secrets_arrives_and_nothing_is_refused() {
    let ids: Vec<String> = ["car", "cam", "sen"]
        .into_iter()
        .flat_map(|kind| (1..=3).map(move |number| format!("{kind}-0{number}")))
        .collect();
    let keys = Keys::generate(ids.iter().map(String::as_str), &mut fastrand::Rng::new());
    let world = World::new();
    let file = world.dir().join("device-keys.toml");
    keys.write(&file).expect("a file of keys");
    let platform = world.platform().await;
    let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &file.to_string_lossy());
    let gateway = plan.set("devices.unlisted", "refuse").start().await;

    let options = FleetOptions::new(&gateway.mqtt().ip().to_string(), gateway.mqtt().port());
    let options = FleetOptions { vehicles: 3, cameras: 3, sensors: 3, keys, ..options }.with_rate(50.0);
    let ledger = DeviceLedger::new();
    let mut fleet = Fleet::spawn(&options, &ledger).expect("a fleet");
    // Long enough for each vehicle's tracks, task acks and photos.
    wait_until("the fleet has reported", SOON, async || ledger.counts().acknowledged >= 1_000).await;
    fleet.stop_producing();
    assert_eq!(fleet.drained(SOON).await, 0);
    assert_eq!(fleet.photos_handed_over(SOON).await, 0);
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    fleet.leave().await;

    assert_eq!(gateway.status().await["quarantined"], 0, "{}", gateway.status().await);
    let verdict = Verdict::reconcile(&ledger, &platform.ledger());
    assert!(verdict.holds() && verdict.photos > 0 && verdict.photos_complete == verdict.photos, "{verdict}");
    let clocks_set = ledger.counts().time_set;
    assert!(clocks_set >= ids.len() as u64, "{clocks_set} answers about the time");
    for id in ids {
        let reported = ledger.acknowledged_ids().iter().any(|record| record.starts_with(&format!("{id}/")));
        assert!(reported, "{id} is not in the ledger");
    }
}
