//! A device's secret can be exchanged without a gap: old and new are taken side by side, and what was taken under the old one is
//! forwarded after it is gone.

use std::time::Duration;

use firmware_protocol::Suite;
use firmware_protocol::body::Telemetry;
use patrol_tests::device_keys::{DeviceKey, key_file};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{sealed, up};
use patrol_tests::{World, wait_until};

const SOON: Duration = Duration::from_secs(30);
const OLD: DeviceKey = DeviceKey { device: "car-07", suite: Suite::HMAC_SHA256_128, key_id: 1, fill: 1 };
const NEW: DeviceKey = DeviceKey { device: "car-07", suite: Suite::HMAC_SM3_128, key_id: 2, fill: 2 };

fn report(key: &DeviceKey, seq: u32) -> Vec<u8> {
    sealed(&key.up(), key.device, 7, seq, 0, &Telemetry { speed_cm_s: 650, ..Telemetry::default() })
}

#[tokio::test]
async fn old_and_new_work_side_by_side_and_what_the_old_one_sealed_outlives_it() {
    let world = World::new();
    let platform = world.platform().await;
    let topic = up("car-07", "telemetry");

    let keys = key_file(&world, &[OLD, NEW]);
    let mut gateway = world.gateway().set("devices.keys", &keys.to_string_lossy()).start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    for (seq, key) in [(1, OLD), (2, NEW), (3, OLD)] {
        device.report(1, &topic, report(&key, seq)).await;
    }
    let status = gateway.status().await;
    assert_eq!((&status["pending_total"], &status["quarantined"]), (&3.into(), &0.into()), "{status:#}");
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0));
    drop(gateway);

    let keys = key_file(&world, &[NEW]);
    let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &keys.to_string_lossy());
    let gateway = plan.start().await;
    wait_until("what was stored is forwarded", SOON, async || platform.counts().delivered == 3).await;
    for seq in 1..=3 {
        let event = platform.event(&format!("car-07/7/{seq}")).expect("it arrived");
        assert_eq!(event["type"], "cn.patrol.telemetry.v1", "it is still read: {event:#}");
        assert_eq!(event["data"]["properties"]["speed_kmh"], 23.4);
    }
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    device.report(1, &topic, report(&OLD, 4)).await;
    device.report(2, &topic, report(&NEW, 5)).await;
    wait_until("the new one still works", SOON, async || platform.counts().delivered == 4).await;
    let refused = gateway.metrics().await.get("patrol_received_quarantined_total{reason=\"frame_key\"}");
    assert_eq!(refused, Some(1.0), "the old one is gone");
    assert!(platform.event("car-07/7/4").is_none());
}
