//! What can't be understood is acknowledged, kept with its reason within a bound, counted, and in nobody's way.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_protocol::{MessageType, body};
use patrol_tests::golden::framed;
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{frame, incident, telemetry, up};
use patrol_tests::{Gateway, World, seeded, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// Class, payload, and the reason it is counted under.
type Case = (&'static str, Vec<u8>, &'static str);

fn json_cases() -> Vec<Case> {
    let position =
        |rest: &str| format!(r#"{{"position": {{"lon": 104.4, "lat": 31.1{rest}}}}}"#).into_bytes();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("telemetry", vec![], "not_a_frame_nor_json"),
        ("telemetry", text("hello"), "not_a_frame_nor_json"),
        ("telemetry", text(r#"[{"boot": 1}]"#), "not_a_frame_nor_json"),
        ("telemetry", vec![0xC3, 0x28], "not_a_frame_nor_json"),
        ("telemetry", text("{"), "malformed_json"),
        ("telemetry", text("{} {}"), "malformed_json"),
        ("telemetry", text(r#"{"odometer_m": 1e999}"#), "malformed_json"),
        ("telemetry", text(r#"{"odometer_m": NaN}"#), "malformed_json"),
        ("telemetry", text("{\"a\": \"\0\"}"), "malformed_json"),
        ("status", b"{\"firmware\": \"\xFF\"}".to_vec(), "malformed_json"),
        ("telemetry", text(r#"{"battery_percent": "full"}"#), "wrong_type"),
        ("telemetry", text(r#"{"boot": 1, "boot": 2, "seq": 3}"#), "wrong_type"),
        ("telemetry", text(r#"{"boot": 1, "seq": 99999999999999999999}"#), "wrong_type"),
        ("telemetry", text(r#"{"boot": -1, "seq": 1}"#), "wrong_type"),
        ("incident", text("{}"), "missing_field"),
        ("task", text(r#"{"task": 1}"#), "missing_field"),
        ("telemetry", text(r#"{"battery_percent": 101}"#), "out_of_range"),
        ("telemetry", text(r#"{"odometer_m": 1e300}"#), "out_of_range"),
        ("incident", text(r#"{"kind": "event", "code": "05-01; DROP"}"#), "out_of_range"),
        ("incident", text(r#"{"kind": "evnt", "code": "0501"}"#), "unknown_value"),
        ("telemetry", text(r#"{"time": "2026-11-23T09:12:44"}"#), "invalid_time"),
        ("telemetry", text(r#"{"seq": 1}"#), "half_identity"),
        ("telemetry", position(""), "undeclared_crs"),
        ("telemetry", position(r#", "crs": "mars""#), "unsupported_crs"),
        ("evidence", text("{}"), "unsupported_class"),
        ("selfie", text(r#"{"boot": 1, "seq": 1}"#), "unknown_class"),
        ("incident/more", text(r#"{"boot": 1, "seq": 1}"#), "unknown_class"),
    ]
}

fn frame_cases() -> Vec<Case> {
    let good = frame("car-07", 1, 1, 0, &body::Telemetry::default());
    let with = |at: usize, byte: u8| {
        let mut damaged = good.clone();
        damaged[at] = byte;
        damaged
    };
    let foreign = frame("car-08", 1, 1, 0, &body::Telemetry::default());
    vec![
        ("telemetry", good[..1].to_vec(), "frame_malformed"),
        ("telemetry", good[..good.len() - 1].to_vec(), "frame_malformed"),
        ("telemetry", [&good[..], &[0]].concat(), "frame_malformed"),
        ("telemetry", with(1, 0xF0), "frame_version"),
        ("telemetry", with(2, 0x77), "frame_suite"),
        ("telemetry", with(20, 0xFF), "frame_tag"),
        ("telemetry", foreign, "frame_device"),
        ("incident", good.clone(), "frame_class"),
        ("task", framed(MessageType::TASK, &[0; 19]), "frame_direction"),
        ("telemetry", framed(MessageType(77), &[]), "frame_type"),
        ("telemetry", framed(MessageType::TELEMETRY, &[0; 19]), "frame_body"),
    ]
}

/// Bombs and noise, each on the topic where it has most effect.
fn heavy_cases(chance: &mut fastrand::Rng) -> Vec<(&'static str, Vec<u8>)> {
    let mut noise = |first: u8| {
        let mut bytes = vec![first];
        bytes.extend(std::iter::repeat_with(|| chance.u8(..)).take(64 << 10));
        bytes
    };
    let nested = |open: &str, times: usize| [b"{\"position\":", open.repeat(times).as_bytes()].concat();
    let numbered = |number: String| format!("{{\"odometer_m\": {number}}}").into_bytes();
    let readings = vec![r#"{"quantity":"a","value":1}"#; 5_000].join(",");
    vec![
        ("telemetry", noise(0x00)),
        ("reading", noise(0xFF)),
        ("incident", noise(0xC1)),
        ("status", noise(b'{')),
        ("telemetry", vec![b' '; 200 << 10]),
        ("telemetry", vec![0xC1; 200 << 10]),
        ("telemetry", nested("[", 100_000)),
        ("incident", nested("{\"lon\":", 20_000)),
        ("task", nested("[{\"a\":", 20_000)),
        ("telemetry", numbered("9".repeat(100_000))),
        ("telemetry", numbered(format!("0.{}1e-", "0".repeat(100_000)))),
        ("telemetry", numbered(format!("1e{}", "9".repeat(100_000)))),
        ("incident", format!("{{\"time\": \"{}\"}}", "1".repeat(100_000)).into_bytes()),
        ("reading", format!("{{\"readings\": [{readings}]}}").into_bytes()),
    ]
}

/// Sends each as a report of its class; each is acknowledged.
async fn send(gateway: &Gateway, reports: impl IntoIterator<Item = (&'static str, Vec<u8>)>) {
    let mut device = Connection::connect(gateway, Version::V5, "car-07").await;
    for (class, payload) in reports {
        device.report(1, &up("car-07", class), payload).await;
    }
}

#[tokio::test]
async fn each_reason_is_counted_and_later_reports_flow() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let cases = [json_cases(), frame_cases()].concat();
    let mut expected = BTreeMap::<&str, f64>::new();
    cases.iter().for_each(|(.., reason)| *expected.entry(reason).or_default() += 1.0);
    send(&gateway, cases.iter().map(|(class, payload, _)| (*class, payload.clone()))).await;
    let (metrics, status) = (gateway.metrics().await, gateway.status().await);
    for (reason, count) in expected {
        let name = format!("patrol_received_quarantined_total{{reason=\"{reason}\"}}");
        assert_eq!(metrics.get(&name), Some(count), "{reason}");
    }
    assert_eq!(metrics.sum("patrol_received_quarantined_total"), cases.len() as f64, "and none besides");
    let quarantined = [&status["quarantined"], &status["counters"]["quarantined"]];
    assert_eq!(quarantined, [cases.len(), cases.len()], "{status:#}");
    assert_eq!(status["pending_total"], 0, "none of it is a report");
    send(&gateway, [("incident", incident(1, 1).into_bytes())]).await;
    wait_until("the platform has it", SOON, async || platform.counts().cases == 1).await;
    assert_eq!(platform.counts().delivered, 1, "and nothing else");
}

#[tokio::test]
async fn bombs_and_noise_are_acknowledged_kept_and_harmless() {
    let mut chance = seeded("bombs_and_noise_are_acknowledged_kept_and_harmless");
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let before_kib = resident_kib(gateway.pid());
    let cases = heavy_cases(&mut chance);
    let sent = cases.len();
    for _ in 0..5 {
        send(&gateway, cases.clone()).await;
    }
    let status = gateway.status().await;
    assert_eq!(
        (&status["quarantined"], &status["pending_total"]),
        (&(5 * sent).into(), &0.into()),
        "{status:#}"
    );
    let grown_kib = resident_kib(gateway.pid()).saturating_sub(before_kib);
    assert!(grown_kib < 24 << 10, "grown by {grown_kib} KiB for payloads of at most 200 KiB");
    send(&gateway, [("telemetry", telemetry(1, 1).into_bytes())]).await;
    assert_eq!(gateway.pending().await, 1);
}

/// Memory of a process that is in RAM, in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the gateway runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

#[tokio::test]
async fn the_quarantine_keeps_as_many_as_it_may_and_counts_them_all() {
    let world = World::new();
    let gateway = world.gateway().set("store.keep_quarantined", "5").start().await;
    send(&gateway, (0..40).map(|number| ("telemetry", format!("nonsense {number}").into_bytes()))).await;
    let status = gateway.status().await;
    assert_eq!(
        (&status["quarantined"], &status["counters"]["quarantined"]),
        (&5.into(), &40.into()),
        "{status:#}"
    );
}
