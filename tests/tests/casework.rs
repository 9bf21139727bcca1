//! A report becomes a case: what stands on the event that the platform gets, through the real gateway.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{sealed_as, up};
use patrol_tests::{Gateway, GatewayPlan, World, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
/// On 华山路, where the example's rules of joint enforcement hold.
const ON_THE_ROAD: (f64, f64) = (104.4028, 31.127);

/// Yesterday in the city: whatever happened then is no surprise to any clock.
fn yesterday() -> Date {
    // The same for all tests, also when one runs over midnight.
    static YESTERDAY: OnceLock<Date> = OnceLock::new();
    *YESTERDAY.get_or_init(|| {
        let today = Offset::constant(8).to_datetime(Timestamp::now()).date();
        today.yesterday().expect("there was one")
    })
}

/// Yesterday at this time of the city, as devices write it.
fn at(hour: i8, minute: i8, second: i8) -> String {
    let time = Time::constant(hour, minute, second, 0);
    format!("{}+08:00", yesterday().to_datetime(time))
}

fn plan(world: &World, platform: &Platform) -> GatewayPlan {
    let plan = world.gateway().uplink(&platform.url());
    plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms")
}

fn position((lon, lat): (f64, f64)) -> Value {
    json!({"lon": lon, "lat": lat, "accuracy_m": 4.0, "fix_age_ms": 300, "crs": "wgs84"})
}

/// An incident of code 0501, with these fields besides or instead.
fn incident(seq: u32, time: &str, more: Value) -> String {
    let mut incident = json!({
        "boot": 1, "seq": seq, "time": time, "time_quality": "gnss", "kind": "event", "code": "0501",
        "position": position((104.398, 31.127)),
    });
    for (name, value) in more.as_object().expect("fields") {
        incident[name] = value.clone();
    }
    incident.to_string()
}

/// The properties of a report at the platform.
async fn properties(platform: &Platform, id: &str) -> Value {
    wait_until("the platform has it", SOON, async || platform.event(id).is_some()).await;
    platform.event(id).expect("it is there")["data"]["properties"].clone()
}

async fn device(gateway: &Gateway, name: &str) -> Connection {
    Connection::connect(gateway, Version::V5, name).await
}

#[tokio::test]
async fn a_handheld_without_a_fix_is_where_its_vehicle_was_then_and_away_from_home_it_crosses() {
    let world = World::new();
    let platform = world.platform().await;
    let registry =
        "[[device]]\nid = \"pad-01\"\nkind = \"handheld\"\nvehicle = \"car-07\"\ngrid = \"510603004\"\n";
    let registry = world.file("devices.toml", registry);
    let plan = plan(&world, &platform).set("devices.registry", &registry.display().to_string());
    let gateway = plan.start().await;
    let mut car = device(&gateway, "car-07").await;
    for (seq, second, lon) in [(1, 0, 104.398), (2, 10, 104.399)] {
        let (time, mut position) = (at(9, 0, second), position((lon, 31.127)));
        position["fix_age_ms"] = json!(0);
        let telemetry =
            json!({"boot": 1, "seq": seq, "time": time, "time_quality": "gnss", "position": position});
        car.report(seq as u16, &up("car-07", "telemetry"), telemetry.to_string()).await;
    }
    let mut pad = device(&gateway, "pad-01").await;
    let incidents = up("pad-01", "incident");
    pad.report(1, &incidents, incident(1, &at(9, 0, 5), json!({"position": null}))).await;
    pad.report(2, &incidents, incident(2, &at(8, 0, 0), json!({"position": null}))).await;
    let clockless = json!({"boot": 1, "seq": 3, "kind": "event", "code": "0506"});
    pad.report(3, &incidents, clockless.to_string()).await;

    let told = properties(&platform, "pad-01/1/1").await;
    assert_eq!(
        json!([
            told["position_source"],
            told["position_vehicle"],
            told["position_interpolated"],
            told["position_freshness"]
        ]),
        json!(["vehicle", "car-07", true, "live"])
    );
    let place = platform.event("pad-01/1/1").unwrap()["data"]["geometry"]["coordinates"].clone();
    assert!((place[0].as_f64().unwrap() - 104.3985).abs() < 1e-6, "half-way: {place}");
    assert_eq!(told["cross_boundary"]["because"], "other_grid", "{told}");
    assert_eq!(told["cross_boundary"]["units"][0], told["owner"]);
    assert_eq!(told["cross_boundary"]["units"].as_array().map(Vec::len), Some(2), "{told}");
    let told = properties(&platform, "pad-01/1/2").await;
    assert_eq!(
        json!([told["position_source"], told["unassigned_because"]]),
        json!([null, "no_fix"]),
        "an hour before"
    );
    // Kept back, and sent all at once: without a clock nobody can tell how long the way took.
    let mut kept_back = device(&gateway, "pad-02").await;
    for (seq, lat) in [(1, 31.127), (2, 31.132)] {
        let report = incident(seq, "", json!({"time": null, "position": position((104.398, lat))}));
        kept_back.report(seq as u16, &up("pad-02", "incident"), report).await;
        let told = properties(&platform, &format!("pad-02/1/{seq}")).await;
        assert_eq!(
            json!([told["position_source"], told["position_jump"]]),
            json!(["device", null]),
            "{told}"
        );
    }
    let told = properties(&platform, "pad-01/1/3").await;
    assert_eq!(told["clock_untrusted"], "no_clock");
    assert_ne!(told["position_freshness"], "live", "nobody knows when it was: {told}");
}

#[tokio::test]
async fn a_stall_is_judged_by_the_citys_clock_to_the_second_and_never_by_one_that_nobody_trusts() {
    let world = World::new();
    let platform = world.platform().await;
    let register = "card,lon,lat,radius_m,crs,open\nDY-2207,104.398,31.127,20,wgs84,17:00-21:00\n";
    let register = world.file("stalls.csv", register);
    let plan = plan(&world, &platform).set("geography.stalls", &register.display().to_string());
    let gateway = plan.start().await;
    let mut pad = device(&gateway, "pad-01").await;
    let in_an_hour = (Timestamp::now() + 1.hour()).to_string();
    let card = |more: Value| {
        let mut fields = json!({"stall_card": "DY-2207"});
        more.as_object().expect("fields").iter().for_each(|(name, value)| fields[name] = value.clone());
        fields
    };
    let plan = [
        (at(16, 59, 59), card(json!({})), "out_of_hours"),
        (at(17, 0, 0), card(json!({})), "licensed"),
        (at(20, 59, 59), card(json!({})), "licensed"),
        (at(21, 0, 0), card(json!({})), "out_of_hours"),
        (at(18, 0, 0), card(json!({"position": position((104.399, 31.127))})), "out_of_pitch"),
        (at(18, 0, 0), card(json!({"stall_card": "DY-9"})), "unknown_card"),
        (at(18, 0, 0), card(json!({"time_quality": "rtc"})), "clock_untrusted"),
        (at(18, 0, 0), card(json!({"time": null})), "clock_untrusted"),
        (in_an_hour, card(json!({})), "clock_untrusted"),
    ];
    for (seq, (time, fields, _)) in (1..).zip(&plan) {
        pad.report(seq as u16, &up("pad-01", "incident"), incident(seq, time, fields.clone())).await;
    }
    for (seq, (time, fields, verdict)) in (1..).zip(&plan) {
        let told = properties(&platform, &format!("pad-01/1/{seq}")).await;
        assert_eq!(told["stall"]["verdict"], *verdict, "{time} {fields}: {told}");
    }
}

#[tokio::test]
async fn reports_of_one_thing_are_one_matter_for_all_authorities_and_the_police_learn_no_more_than_they_need()
{
    let world = World::new();
    let platform = world.platform().await;
    let gateway = plan(&world, &platform).start().await;
    for (name, minute) in [("pad-01", 0), ("pad-02", 4)] {
        let more = json!({"position": position(ON_THE_ROAD), "operator": "op-118", "description": "占道"});
        let report = incident(1, &at(18, minute, 0), more);
        device(&gateway, name).await.report(1, &up(name, "incident"), report).await;
    }
    let first = properties(&platform, "pad-01/1/1").await;
    let second = properties(&platform, "pad-02/1/1").await;
    assert_eq!(json!([first["finding"], second["finding"]]), json!(["pad-01/1/1", "pad-01/1/1"]));
    for told in [&first, &second] {
        let joint = &told["joint"];
        assert_eq!(joint["joint_id"], first["joint"]["joint_id"]);
        let parties: Vec<_> = joint["recipients"].as_array().unwrap().iter().map(|to| &to["party"]).collect();
        assert_eq!(parties, ["urban_management", "police", "comprehensive_governance"]);
        let copy = joint["minimal_copy"].as_object().unwrap();
        assert_eq!((&copy["code"], &copy["owner"]), (&json!("0501"), &told["owner"]));
        assert!(
            !joint["minimal_copy"].to_string().contains("pad-"),
            "who reported it is nobody's business: {copy:?}"
        );
        for private in ["operator", "description", "device", "stall_card", "evidence"] {
            assert!(!copy.contains_key(private), "{copy:?}");
        }
        assert_eq!(told["copies"].as_array().map(Vec::len), Some(2), "line and block authority: {told}");
        assert_eq!(json!([told["owner_role"], told["time_limit"]]), json!(["responsible_unit", "3WD"]));
        assert!(told["due_at"].is_string() && told["decided_by"]["owner"].is_string(), "{told}");
    }
}

#[tokio::test]
async fn an_urgent_report_overtakes_hundreds_that_wait_for_the_uplink() {
    let world = World::new();
    let platform = world.platform().await;
    let busy = Fault::Error { status: 503, retry_after_s: None, one_in: 1 };
    platform.set_fault(busy).await.expect("the platform obeys");
    let gateway = plan(&world, &platform).set("uplink.batch_events", "20").start().await;
    let mut pad = device(&gateway, "pad-01").await;
    let incidents = up("pad-01", "incident");
    pad.report_all(&incidents, (1..=300).map(|seq| incident(seq, &at(9, 0, 0), json!({"code": "0506"}))))
        .await;
    wait_until("it has tried", SOON, async || platform.counts().requests > 2).await;
    pad.report(1, &incidents, incident(301, &at(9, 1, 0), json!({"code": "0401"}))).await;
    platform.set_fault(Fault::Normal).await.expect("the platform obeys");
    wait_until("all is there", SOON, async || platform.counts().delivered == 301).await;
    let arrived: Vec<String> =
        platform.arrivals().into_iter().map(|delivery| delivery.id.to_string()).collect();
    let place = arrived.iter().position(|id| id == "pad-01/1/301").expect("it arrived");
    // What was under way when it came may arrive before it: one batch at most.
    assert!(place <= 20, "the urgent one came as number {place}");
}

#[tokio::test]
async fn what_was_found_before_the_clock_was_set_counts_on_its_day_and_photos_show_that_it_was_handled() {
    use firmware_protocol::body::{
        Body, CaseKind, EvidenceMeta, EvidenceUsage, Incident, RecordRef, Telemetry,
    };
    use firmware_protocol::{DeviceTag, FrameKey, Header, TimeQuality, TimeSource};
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let noon = yesterday().to_datetime(Time::constant(12, 0, 0, 0));
    let booted_at_ms = Offset::constant(8).to_timestamp(noon).unwrap().as_millisecond() as u64;
    fn frame<B: Body>(seq: u32, uptime_ms: u64, unix_ms: u64, body: &B) -> Vec<u8> {
        let source = if unix_ms == 0 { TimeSource::default() } else { TimeSource::GNSS };
        let header = Header {
            device: DeviceTag::of("cam-01"),
            boot: 7,
            seq,
            uptime_ms,
            unix_ms,
            time_quality: TimeQuality { source, ..TimeQuality::default() },
            ..Header::of::<B>()
        };
        sealed_as(&header, body, &FrameKey::CRC32C)
    }
    let photo = |seq, usage| EvidenceMeta {
        evidence: RecordRef { boot: 7, seq },
        incident: RecordRef { boot: 7, seq: 1 },
        usage,
        size_bytes: 100,
        chunk_size_log2: 12,
        sha256: [seq as u8; 32],
        ..EvidenceMeta::default()
    };
    let found = Incident { category: 501, kind: CaseKind::EVENT, ..Incident::default() };
    let mut cam = device(&gateway, "cam-01").await;
    cam.report(1, &up("cam-01", "incident"), frame(1, 5_000, 0, &found)).await;
    cam.report(2, &up("cam-01", "evidence"), frame(2, 6_000, 0, &photo(2, EvidenceUsage::BEFORE))).await;
    cam.report(3, &up("cam-01", "evidence"), frame(3, 60_000, 0, &photo(3, EvidenceUsage::AFTER))).await;
    gateway.kill9().await;
    gateway.restart().await;
    let mut cam = device(&gateway, "cam-01").await;
    let clock = frame(4, 90_000, booted_at_ms + 90_000, &Telemetry::default());
    cam.report(4, &up("cam-01", "telemetry"), clock).await;

    let (code, body) = gateway.try_get("/api/v1/indicators?by=day").await.expect("the gateway answers");
    let sheet: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((code, sheet["rows"].as_array().map(Vec::len)), (200, Some(1)), "{sheet}");
    let row = &sheet["rows"][0];
    assert_eq!(row["day"], yesterday().to_string(), "{sheet}");
    let figures = &row["figures"];
    assert_eq!(
        json!([figures["reports"], figures["back_stamped"], figures["self_handled"]]),
        json!([1, 1, 1]),
        "{sheet}"
    );
}
