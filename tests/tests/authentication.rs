//! A device that has a key is held to it: whatever nobody but a stranger could have sent is acknowledged, kept with its
//! reason, counted, and never forwarded.

use std::time::Duration;

use firmware_protocol::body::{Task, Telemetry};
use firmware_protocol::{FrameKey, Suite};
use patrol_tests::device_keys::{DeviceKey, key_file};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{frame, incident, sealed, telemetry, up};
use patrol_tests::{Gateway, World, wait_until};

const SOON: Duration = Duration::from_secs(30);

const OWN: DeviceKey = DeviceKey { device: "car-07", suite: Suite::HMAC_SHA256_128, key_id: 1, fill: 7 };
const OTHER: DeviceKey = DeviceKey { device: "car-08", suite: Suite::HMAC_SHA256_128, key_id: 1, fill: 8 };

/// A telemetry of `car-07` under this number, sealed with a key.
fn report(key: &FrameKey, seq: u32) -> Vec<u8> {
    sealed(key, OWN.device, 7, seq, 0, &Telemetry::default())
}

/// What strangers may try, each with the reason it is refused for.
fn attempts() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let with = |key: DeviceKey| report(&key.up(), 1);
    let mut altered = with(OWN);
    altered[20] ^= 1; // its number
    let own_of_another = sealed(&OTHER.up(), OTHER.device, 7, 1, 0, &Telemetry::default());
    let downward = sealed(&OWN.up(), OWN.device, 7, 1, 0, &Task { task: 1, ..Task::default() });
    vec![
        ("telemetry", with(DeviceKey { fill: 9, ..OWN }), "frame_tag"),
        ("telemetry", altered, "frame_tag"),
        ("telemetry", report(&OWN.down(), 1), "frame_tag"),
        ("telemetry", report(&OTHER.up(), 1), "frame_tag"),
        ("telemetry", with(DeviceKey { key_id: 2, ..OWN }), "frame_key"),
        ("telemetry", with(DeviceKey { suite: Suite::HMAC_SHA256_64, ..OWN }), "frame_key"),
        ("telemetry", with(DeviceKey { suite: Suite::HMAC_SM3_128, ..OWN }), "frame_key"),
        ("telemetry", report(&FrameKey::CRC32C, 1), "frame_key"),
        ("telemetry", own_of_another, "frame_device"),
        ("task", downward, "frame_direction"),
        ("incident", incident(7, 1).into_bytes(), "json_unauthenticated"),
        ("telemetry", telemetry(7, 1).into_bytes(), "json_unauthenticated"),
    ]
}

async fn refusals(gateway: &Gateway, reason: &str) -> Option<f64> {
    gateway.metrics().await.get(&format!("patrol_received_quarantined_total{{reason=\"{reason}\"}}"))
}

#[tokio::test]
async fn what_a_stranger_could_have_sent_is_acknowledged_kept_under_its_reason_and_not_forwarded() {
    let world = World::new();
    let platform = world.platform().await;
    let keys = key_file(&world, &[OWN, OTHER]);
    let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &keys.to_string_lossy());
    let gateway = plan.start().await;
    let mut device = Connection::connect(&gateway, Version::V5, OWN.device).await;
    let attempts = attempts();
    for (class, payload, reason) in &attempts {
        let before = refusals(&gateway, reason).await.unwrap_or(0.0);
        device.report(1, &up(OWN.device, class), payload).await;
        assert_eq!(refusals(&gateway, reason).await, Some(before + 1.0), "{reason}");
    }
    let status = gateway.status().await;
    assert_eq!(status["quarantined"], attempts.len(), "{status:#}");
    assert_eq!(status["pending_total"], 0, "none of it is a report");
    // The number that they all claimed is still the device's to use.
    device.report(1, &up(OWN.device, "telemetry"), report(&OWN.up(), 1)).await;
    wait_until("the platform has it", SOON, async || platform.counts().delivered == 1).await;
    assert!(platform.event("car-07/7/1").is_some());
    assert_eq!(platform.counts().delivered, 1, "and nothing else");
}

#[tokio::test]
async fn an_unlisted_device_is_taken_without_a_key_or_refused_altogether_as_configured() {
    for unlisted in ["accept", "refuse"] {
        let world = World::new();
        let platform = world.platform().await;
        let keys = key_file(&world, &[OWN]);
        let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &keys.to_string_lossy());
        let gateway = plan.set("devices.unlisted", unlisted).start().await;
        let mut listed = Connection::connect(&gateway, Version::V5, OWN.device).await;
        let mut stranger = Connection::connect(&gateway, Version::V5, "sen-01").await;
        let topic = up("sen-01", "telemetry");
        stranger.report(1, &topic, telemetry(1, 1)).await;
        stranger.report(2, &topic, frame("sen-01", 1, 2, 0, &Telemetry::default())).await;
        listed.report(1, &up(OWN.device, "telemetry"), report(&OWN.up(), 1)).await;
        let (taken, refused) = if unlisted == "accept" { (3, None) } else { (1, Some(2.0)) };
        wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
        assert_eq!(platform.counts().delivered, taken, "{unlisted}");
        assert_eq!(refusals(&gateway, "device_unlisted").await, refused, "{unlisted}");
    }
}

#[tokio::test]
async fn a_wrong_file_of_keys_ends_the_start_and_names_the_place() {
    let world = World::new();
    let file = world.file("device-keys.toml", OWN.entry().replace("secret", "secrt"));
    let path = file.to_string_lossy().into_owned();
    let started = world.gateway().set("devices.keys", &path).try_start().await;
    let error = started.expect_err("it does not start").to_string();
    assert!(
        error.contains(&format!("{path}:5:1: unknown device.secrt; the nearest known name is secret")),
        "{error}"
    );
    assert!(!error.contains("0707"), "no secret is repeated: {error}");
}
