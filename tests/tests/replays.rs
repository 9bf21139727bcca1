//! A frame that is sent again, by its device or by somebody who recorded it, is acknowledged and not taken twice.

use std::time::Duration;

use firmware_protocol::Suite;
use firmware_protocol::body::{CaseKind, Incident, Telemetry};
use patrol_tests::device_keys::{DeviceKey, key_file};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{sealed, up};
use patrol_tests::{World, wait_until};

const SOON: Duration = Duration::from_secs(30);
const CAR: DeviceKey = DeviceKey { device: "car-07", suite: Suite::HMAC_SHA256_128, key_id: 1, fill: 7 };

#[tokio::test]
async fn a_replayed_frame_is_acknowledged_and_forwarded_once_also_over_a_restart() {
    let world = World::new();
    let platform = world.platform().await;
    let keys = key_file(&world, &[CAR]);
    let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &keys.to_string_lossy());
    let mut gateway = plan.start().await;
    let stall = Incident { category: 501, kind: CaseKind::EVENT, ..Incident::default() };
    let recorded = [
        ("incident", sealed(&CAR.up(), CAR.device, 7, 1, 0, &stall)),
        ("telemetry", sealed(&CAR.up(), CAR.device, 7, 2, 0, &Telemetry::default())),
    ];
    for life in 0..2 {
        for session in 0..2 {
            let mut device = Connection::connect(&gateway, Version::BOTH[session], CAR.device).await;
            for (class, frame) in &recorded {
                device.report(1, &up(CAR.device, class), frame).await;
                device.report(2, &up(CAR.device, class), frame).await;
            }
        }
        wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
        let counts = platform.counts();
        assert_eq!((counts.delivered, counts.duplicates, counts.conflicts), (2, 0, 0), "{counts:?}");
        let status = gateway.status().await;
        assert_eq!(status["counters"]["duplicates"], if life == 0 { 6 } else { 8 }, "{status:#}");
        assert_eq!(status["quarantined"], 0, "a resend is no offence");
        gateway.kill9().await;
        gateway.restart().await;
    }
}
