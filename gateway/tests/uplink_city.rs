//! Incidents in the style of a city platform's third-party interface, against a stand-in of ours: both keep to the same reading of a
//! style, and that is all that this shows.

use std::time::Duration;

use patrol_gateway::config::{Open311, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Decision, Pending, RecordKey};
use patrol_gateway::uplink::carrier::{Carrier, Room, Trouble};
use patrol_gateway::uplink::city::carrier::CityCarrier;
use patrol_simulator::open311::city::{CityPlatform, CityQuirk, SECRET};
use tempfile::TempDir;

const ROOM: Room = Room { records: 500, bytes: 1 << 20 };

fn carrier(platform: &CityPlatform, dir: &TempDir) -> CityCarrier {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token_file = dir.path().join("key");
    std::fs::write(&token_file, SECRET).expect("a file");
    let uplink = Uplink {
        way: Way::City(Open311 { jurisdiction: Some("510603".into()), services: None }),
        token_file: Some(token_file),
        timeout: Duration::from_millis(300),
        ..Uplink::to(platform.url().parse().expect("a URL"))
    };
    CityCarrier::new(&uplink, "box-017".into(), Coordinates::default(), dir.path())
        .expect("a configuration that works")
}

async fn send(carrier: &CityCarrier, seq: u32) -> Result<Option<Decision>, Trouble> {
    let payload = format!(
        r#"{{"boot": 7, "seq": {seq}, "time": "2026-11-23T09:12:44.120+08:00", "kind": "component", "code": "0101",
            "position": {{"lon": 104.398, "lat": 31.127, "crs": "wgs84"}}, "description": "井盖缺失"}}"#
    );
    let record = StoredRecord {
        device: DeviceId::parse("car-07").expect("an id"),
        identity: Identity::Device { boot: 7, seq },
        class: Class::Incident,
        received_at_ms: 1_795_396_366_007,
        payload: payload.into(),
        casework: None,
        gateway: None,
    };
    let pending = Pending { key: RecordKey::Row(seq.into()), record, anchor: None };
    let packed = carrier.pack(&[&pending], ROOM);
    carrier.send(packed.parcel).await.map(|mut answer| answer.decisions.remove(0))
}

fn case(number: u32) -> Result<Option<Decision>, Trouble> {
    Ok(Some(Decision::Accepted { case_number: Some(number.to_string()) }))
}

#[tokio::test]
async fn a_case_is_pushed_after_a_log_in_and_again_after_the_log_in_ran_out() {
    let platform = CityPlatform::start().await.expect("a free port");
    let dir = tempfile::tempdir().expect("a directory");
    let carrier = carrier(&platform, &dir);
    assert_eq!(send(&carrier, 1).await, case(1001));
    platform.forget_logins();
    assert_eq!(send(&carrier, 2).await, case(1002));
    let pushed = &platform.cases()[0];
    assert_eq!(pushed["caseId"], "box-017/car-07/7/1");
    assert_eq!((&pushed["recTypeId"], &pushed["eventTypeCode"]), (&2.into(), &"component-0101".into()));
    assert_eq!(
        (&pushed["reportTime"], &pushed["coordType"]),
        (&"2026-11-23 09:12:44".into(), &"CGCS2000".into())
    );
    assert_eq!((&pushed["lng"], &pushed["eventDesc"]), (&104.398.into(), &"井盖缺失".into()));
}

#[tokio::test]
async fn a_lost_answer_goes_again_under_the_same_id_with_a_mark_and_a_refusal_blames_the_record() {
    let platform = CityPlatform::start().await.expect("a free port");
    let dir = tempfile::tempdir().expect("a directory");
    platform.set(CityQuirk::LoseAnswers);
    assert_eq!(send(&carrier(&platform, &dir), 1).await, Err(Trouble::Deadline));
    platform.set(CityQuirk::None);
    assert_eq!(send(&carrier(&platform, &dir), 1).await, case(1001));
    assert_eq!(platform.cases().len(), 1);
    platform.set(CityQuirk::Code(503));
    for _ in 0..10 {
        let trouble = send(&carrier(&platform, &dir), 2).await;
        assert_eq!(trouble, Err(Trouble::Unavailable { status: 503, retry_after: None }), "its own trouble");
    }
    platform.set(CityQuirk::Code(422));
    let refused = send(&carrier(&platform, &dir), 2).await;
    assert_eq!(refused, Err(Trouble::BatchRefused { status: 422, reason: "told to answer so".into() }));
}
