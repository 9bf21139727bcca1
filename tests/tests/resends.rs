//! A report is stored and delivered once, however often a device sends it, when the device numbers its reports; when it does
//! not, the event says that resends can't be recognised.

use std::time::Duration;

use patrol_simulator::platform::Platform;
use patrol_tests::packets::{Version, publish_with};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{down, incident, receipt, telemetry, up};
use patrol_tests::{Gateway, World, seeded, wait_until};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);

/// Everything sent before is at the platform, which got no copy of it.
async fn assert_delivered_once(platform: &Platform, gateway: &Gateway, owed: u64) {
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    let counts = platform.counts();
    assert_eq!((counts.delivered, counts.duplicates, counts.conflicts), (owed, 0, 0), "{counts:?}");
}

#[tokio::test]
async fn a_resend_is_acknowledged_and_delivered_once_over_connections_and_restarts() {
    let world = World::new();
    let platform = world.platform().await;
    let mut gateway = world.gateway().uplink(&platform.url()).start().await;
    let incidents = up("car-07", "incident");
    for life in 0..3 {
        for version in Version::BOTH {
            let mut device = Connection::connect(&gateway, version, "car-07").await;
            for class in ["incident", "telemetry", "status"] {
                let report = if class == "incident" { incident(7, 812) } else { telemetry(7, 813) };
                device.report(1, &up("car-07", class), &report).await;
                device.report(2, &up("car-07", class), &report).await;
            }
            // As the standard wants it: marked as sent before. The content does not matter any more, the number does.
            let properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
            device.send(&publish_with(0x3A, properties, 3, &incidents, incident(7, 812))).await;
            assert_eq!(device.packet().await, Packet::ack(3));
        }
        // One number, one record: the telemetry's and the status's number was the same.
        assert_delivered_once(&platform, &gateway, 2 + life).await;
        let duplicates = gateway.status().await["counters"]["duplicates"].as_u64().expect("a number");
        assert_eq!(
            duplicates,
            if life == 0 { 12 } else { 14 },
            "of 14, all that are not the first of their number"
        );
        gateway.kill9().await;
        gateway.restart().await;
        // What is new flows, in each life.
        let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
        device.report(1, &incidents, incident(8, life as u32)).await;
        wait_until("the new one is there", SOON, async || platform.counts().delivered == 3 + life).await;
    }
}

#[tokio::test]
async fn a_resend_of_what_waits_is_stored_once_also_after_a_kill() {
    let world = World::new();
    let platform = world.platform().await;
    let mut gateway = world.gateway().start().await;
    for _ in 0..3 {
        let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
        device.report_all(&up("car-07", "incident"), (0..20).map(|seq| incident(7, seq))).await;
        device.report_all(&up("car-07", "telemetry"), (20..40).map(|seq| telemetry(7, seq))).await;
        assert_eq!(gateway.pending().await, 40);
        gateway.kill9().await;
        gateway.restart().await;
        assert_eq!(gateway.pending().await, 40);
    }
    gateway.terminate();
    gateway.exit(SOON).await;
    drop(gateway);
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    assert_delivered_once(&platform, &gateway, 40).await;
}

#[tokio::test]
async fn reports_sent_three_times_in_any_order_are_delivered_once_each() {
    let mut chance = seeded("reports_sent_three_times_in_any_order_are_delivered_once_each");
    const REPORTS: u32 = 300;
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    // Two devices use the same numbers, and a number runs over within a boot.
    for device_id in ["car-07", "car-08"] {
        let number = |at: u32| (1 + at % 2, (u32::MAX - REPORTS / 4).wrapping_add(at / 2));
        let mut reports: Vec<_> = (0..REPORTS).chain(0..REPORTS).chain(0..REPORTS).map(number).collect();
        chance.shuffle(&mut reports);
        let mut device = Connection::connect(&gateway, Version::V5, device_id).await;
        let reports = reports.into_iter().map(|(boot, seq)| telemetry(boot, seq));
        device.report_all(&up(device_id, "telemetry"), reports).await;
    }
    assert_delivered_once(&platform, &gateway, 2 * u64::from(REPORTS)).await;
    assert_eq!(gateway.status().await["counters"]["duplicates"], 2 * 2 * REPORTS);
}

#[tokio::test]
async fn without_numbers_an_id_is_minted_and_the_event_says_that_resends_are_not_recognised() {
    let world = World::new();
    let platform = world.platform().await;
    let mut gateway = world.gateway().uplink(&platform.url()).start().await;
    let report = json!({"kind": "event", "code": "0501"}).to_string();
    for life in 1..=2 {
        let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
        device.report_all(&up("car-07", "incident"), [report.clone(), report.clone()]).await;
        device.subscribe(&down("car-07", "receipt")).await;
        for _ in 0..2 {
            let receipt = receipt(device.message().await);
            let case = receipt["case"].as_str().expect("a case number");
            assert!(receipt.get("boot").is_none() && receipt.get("seq").is_none(), "{receipt}");
            let id = receipt["id"].as_str().expect("an id");
            assert_eq!(platform.ledger().delivered[id].as_deref(), Some(case));
            let properties = &platform.event(id).expect("it arrived")["data"]["properties"];
            assert_eq!(properties["resends_recognised"], false);
            assert!(properties.get("boot").is_none() && properties.get("seq").is_none(), "{properties:#}");
        }
        // Minted ids never repeat, not over a kill either: the same words are another report each time.
        assert_delivered_once(&platform, &gateway, 2 * life).await;
        gateway.kill9().await;
        gateway.restart().await;
    }
}
