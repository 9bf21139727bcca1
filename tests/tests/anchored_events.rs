//! What a device found before its clock was set is dated by what it says of the time later in the same boot, or has said earlier.

use std::time::Duration;

use firmware_protocol::body::Body;
use firmware_protocol::body::{CaseKind, Incident, Telemetry};
use firmware_protocol::{DeviceTag, FrameKey, Header, TimeQuality, TimeSource};
use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{sealed_as, up};
use patrol_tests::{World, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
/// 2026-11-23T01:12:44.120Z: when `car-07` was switched on for its seventh time.
const BOOTED_AT_MS: u64 = 1_795_396_364_120;

/// A report of `car-07` at an uptime; `clock` is where it has the time from, if it knows it.
fn report<B: Body>(boot: u32, seq: u32, uptime_ms: u64, clock: Option<TimeSource>, body: &B) -> Vec<u8> {
    let header = Header {
        device: DeviceTag::of("car-07"),
        boot,
        seq,
        uptime_ms,
        unix_ms: clock.map_or(0, |_| BOOTED_AT_MS + uptime_ms),
        time_quality: clock
            .map_or(TimeQuality::default(), |source| TimeQuality { source, ..TimeQuality::default() }),
        ..Header::of::<B>()
    };
    sealed_as(&header, body, &FrameKey::CRC32C)
}

fn incident(boot: u32, seq: u32, uptime_ms: u64, age_ms: u32) -> Vec<u8> {
    let incident = Incident { category: 501, kind: CaseKind::EVENT, age_ms, ..Incident::default() };
    report(boot, seq, uptime_ms, None, &incident)
}

fn telemetry(boot: u32, seq: u32, uptime_ms: u64, clock: TimeSource) -> Vec<u8> {
    report(boot, seq, uptime_ms, Some(clock), &Telemetry::default())
}

/// When an event says that it happened, and how it knows.
fn told(platform: &Platform, id: &str) -> Value {
    let event = platform.event(id).unwrap_or_else(|| panic!("{id} is at the platform"));
    let properties = &event["data"]["properties"];
    json!([event["time"], properties["time_from"], properties["time_quality"], properties["anchor_quality"]])
}

async fn delivered(platform: &Platform, count: u64) {
    wait_until("the platform has them", SOON, async || platform.counts().delivered == count).await;
    assert_eq!(platform.counts().conflicts, 0);
}

#[tokio::test]
async fn a_clockless_incident_is_dated_whether_the_time_came_later_or_earlier_and_over_a_kill() {
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform obeys");
    let plan = world.gateway().uplink(&platform.url());
    let mut gateway = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms").start().await;
    let (incidents, telemetries) = (up("car-07", "incident"), up("car-07", "telemetry"));
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    // Found 4 s after the boot and told 6 s later; then the clock is set; and one more, found before the boot.
    device.report(1, &incidents, incident(7, 1, 10_000, 6_000)).await;
    device.report(2, &telemetries, telemetry(7, 2, 60_000, TimeSource::GNSS)).await;
    device.report(3, &incidents, incident(7, 3, 70_000, 80_000)).await;
    // Of another boot nobody has told the time.
    device.report(4, &incidents, incident(8, 1, 10_000, 0)).await;
    gateway.kill9().await;
    gateway.restart().await;
    let mut device = Connection::connect(&gateway, Version::V311, "car-07").await;
    device.report(1, &incidents, incident(7, 4, 3_600_000, 0)).await;
    platform.set_fault(Fault::Normal).await.expect("the platform obeys");
    delivered(&platform, 5).await;
    let anchored = |time: &str| json!([time, "device", "anchored", "gnss"]);
    assert_eq!(told(&platform, "car-07/7/1"), anchored("2026-11-23T01:12:48.120Z"));
    assert_eq!(told(&platform, "car-07/7/3"), anchored("2026-11-23T01:12:34.120Z"));
    assert_eq!(told(&platform, "car-07/7/4"), anchored("2026-11-23T02:12:44.120Z"));
    assert_eq!(told(&platform, "car-07/7/2"), json!(["2026-11-23T01:13:44.120Z", "device", "gnss", null]));
    let other = told(&platform, "car-07/8/1");
    assert_eq!((&other[1], &other[2]), (&json!("gateway"), &json!(null)), "an incident waits for no clock");
}

#[tokio::test]
async fn the_better_clock_dates_and_a_refused_frame_or_an_impossible_time_never_does() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let (incidents, telemetries) = (up("car-07", "incident"), up("car-07", "telemetry"));
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    let mut forged = telemetry(7, 1, 5_000, TimeSource::GNSS);
    forged[29] ^= 0xFF; // the time, and so the tag does not fit
    device.report(1, &telemetries, forged).await;
    let header = Header {
        unix_ms: 86_400_000,
        uptime_ms: 5_000,
        boot: 7,
        seq: 2,
        device: DeviceTag::of("car-07"),
        ..Header::of::<Telemetry>()
    };
    device.report(2, &telemetries, sealed_as(&header, &Telemetry::default(), &FrameKey::CRC32C)).await;
    device.report(3, &incidents, incident(7, 3, 5_000, 0)).await;
    delivered(&platform, 2).await;
    assert_eq!(told(&platform, "car-07/7/3")[1], "gateway");
    for (seq, clock, quality) in
        [(10, TimeSource::RTC, "rtc"), (20, TimeSource::GNSS, "gnss"), (30, TimeSource::NETWORK, "gnss")]
    {
        device.report(4, &telemetries, telemetry(7, seq, 9_000, clock)).await;
        device.report(5, &incidents, incident(7, seq + 1, 10_000, 0)).await;
        delivered(&platform, u64::from(2 + seq / 10 * 2)).await;
        let expected = json!(["2026-11-23T01:12:54.120Z", "device", "anchored", quality]);
        assert_eq!(told(&platform, &format!("car-07/7/{}", seq + 1)), expected);
    }
}
