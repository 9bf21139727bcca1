//! Incidents to a server of Open311, a stand-in that makes a case of every POST: one incident is one case, whatever gets lost.

use std::time::Duration;

use patrol_gateway::config::{Open311, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Decision, Pending, RecordKey};
use patrol_gateway::uplink::carrier::{Carrier, Room, Trouble};
use patrol_gateway::uplink::open311::carrier::Open311Carrier;
use patrol_simulator::open311::{API_KEY, Open311Server, Quirk, field};
use tempfile::TempDir;

const ROOM: Room = Room { records: 500, bytes: 1 << 20 };
/// Everything that a server may do and a test waits out.
const PATIENCE: Duration = Duration::from_millis(300);

/// A server and a gateway's data directory, which outlives its carriers.
struct Scene {
    server: Open311Server,
    dir: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scene = Scene {
            server: Open311Server::start().await.expect("a free port"),
            dir: tempfile::tempdir().expect("a directory"),
        };
        std::fs::write(scene.dir.path().join("key"), API_KEY).expect("a file");
        scene
    }

    /// A carrier as after a start of the gateway.
    fn carrier(&self) -> Open311Carrier {
        self.carrier_to(&self.server.url(), None)
    }

    fn carrier_to(&self, url: &str, services: Option<&str>) -> Open311Carrier {
        let services = services.map(|text| {
            let path = self.dir.path().join("services.csv");
            std::fs::write(&path, text).expect("a file");
            path
        });
        let uplink = Uplink {
            way: Way::Open311(Open311 { jurisdiction: Some("deyang.example".into()), services }),
            token_file: Some(self.dir.path().join("key")),
            timeout: PATIENCE,
            ..Uplink::to(url.parse().expect("a URL"))
        };
        Open311Carrier::new(&uplink, "box-017".into(), Coordinates::default(), self.dir.path())
            .expect("a configuration that works")
    }
}

fn incident(seq: u32) -> Pending {
    incident_of("0501", seq)
}

fn incident_of(code: &str, seq: u32) -> Pending {
    let payload = format!(
        r#"{{"boot": 7, "seq": {seq}, "time": "2026-11-23T09:12:44.120+08:00", "kind": "event", "code": "{code}",
            "position": {{"lon": 104.398, "lat": 31.127, "crs": "wgs84"}}, "description": "占道 & 经营"}}"#
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
    Pending { key: RecordKey::Row(seq.into()), record, anchor: None }
}

async fn send(carrier: &Open311Carrier, pending: &Pending) -> Result<Option<Decision>, Trouble> {
    let packed = carrier.pack(&[pending], ROOM);
    assert_eq!(packed.records, 1);
    carrier.send(packed.parcel).await.map(|mut answer| answer.decisions.remove(0))
}

fn case(number: u32) -> Result<Option<Decision>, Trouble> {
    Ok(Some(Decision::Accepted { case_number: Some(number.to_string()) }))
}

#[tokio::test]
async fn an_incident_becomes_a_case_however_the_server_words_its_answer() {
    let scene = Scene::new().await;
    let carrier = scene.carrier();
    for (seq, quirk) in [(1, Quirk::None), (2, Quirk::Objects), (3, Quirk::Xml)] {
        scene.server.set(quirk);
        assert_eq!(send(&carrier, &incident(seq)).await, case(1000 + seq), "{quirk:?}");
    }
    let cases = scene.server.cases();
    for (name, value) in [
        ("service_code", "event-0501"),
        ("lat", "31.127"),
        ("long", "104.398"),
        ("jurisdiction_id", "deyang.example"),
        ("description", "占道 & 经营 [patrol:box-017/car-07/7/1]"),
        ("device_id", "car-07"),
    ] {
        assert_eq!(field(&cases[0], name), value, "{name}");
    }
    assert_eq!(scene.server.look_ups(), 0, "nothing was in doubt");
}

#[tokio::test]
async fn a_token_is_asked_after_until_it_has_a_number_and_makes_one_case() {
    let scene = Scene::new().await;
    scene.server.set(Quirk::Tokens);
    assert_eq!(send(&scene.carrier(), &incident(1)).await, case(1001), "with the second question");
    scene.server.set(Quirk::TokensForEver);
    let by_token = Ok(Some(Decision::Accepted { case_number: Some("token t1002".into()) }));
    assert_eq!(send(&scene.carrier(), &incident(2)).await, by_token, "what a person can look up");
    assert_eq!(send(&scene.carrier(), &incident(2)).await, by_token, "after a restart too");
    assert_eq!(scene.server.cases().len(), 2);
}

#[tokio::test]
async fn what_is_taken_without_a_number_is_looked_up_and_never_sent_again() {
    let scene = Scene::new().await;
    scene.server.set(Quirk::NoNumbers);
    assert_eq!(send(&scene.carrier(), &incident(1)).await, case(1001), "found by its marker");
    scene.server.set(Quirk::NoNumbersNoList);
    let without = Ok(Some(Decision::Accepted { case_number: None }));
    assert_eq!(send(&scene.carrier(), &incident(2)).await, without);
    assert_eq!(send(&scene.carrier(), &incident(2)).await, without, "after a restart too");
    scene.server.set(Quirk::None);
    assert_eq!(send(&scene.carrier(), &incident(2)).await, case(1002), "told in the end");
    assert_eq!(scene.server.cases().len(), 2);
}

#[tokio::test]
async fn a_page_for_people_before_the_server_takes_no_record() {
    let scene = Scene::new().await;
    scene.server.set(Quirk::Page);
    for _ in 0..3 {
        let trouble = send(&scene.carrier(), &incident(1)).await.expect_err("nobody has it");
        assert_eq!(trouble.label(), "garbled");
    }
    scene.server.set(Quirk::None);
    assert_eq!(send(&scene.carrier(), &incident(1)).await, case(1001));
    assert_eq!(scene.server.cases().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_case_over_a_restart() {
    let scene = Scene::new().await;
    scene.server.set(Quirk::LoseAnswers);
    assert_eq!(send(&scene.carrier(), &incident(1)).await, Err(Trouble::Deadline));
    scene.server.set(Quirk::None);
    let carrier = scene.carrier();
    assert_eq!(send(&carrier, &incident(1)).await, case(1001), "found, and adopted");
    assert_eq!(send(&carrier, &incident(1)).await, case(1001), "asked again before it was settled");
    assert_eq!((scene.server.cases().len(), scene.server.look_ups()), (1, 1));
    assert_eq!(
        send(&carrier, &incident(2)).await,
        case(1002),
        "another one at the same place is another one"
    );
}

#[tokio::test]
async fn what_did_not_arrive_goes_again_without_a_mark_and_what_may_have_with_one() {
    let scene = Scene::new().await;
    let nobody = scene.carrier_to("http://127.0.0.1:1", None);
    assert!(matches!(send(&nobody, &incident(1)).await, Err(Trouble::NoAnswer(_))));
    assert_eq!(send(&scene.carrier(), &incident(1)).await, case(1001));
    assert_eq!(scene.server.look_ups(), 0, "it can't have left");

    // Taken in and unanswered by a server that does not list: nobody can tell.
    scene.server.set(Quirk::LoseAnswersAndList);
    assert_eq!(send(&scene.carrier(), &incident(2)).await, Err(Trouble::Deadline));
    assert_eq!(send(&scene.carrier(), &incident(2)).await, Err(Trouble::Deadline));
    // Listed without descriptions: what is at the same place may be ours.
    scene.server.set(Quirk::HideDescriptions);
    assert_eq!(send(&scene.carrier(), &incident(2)).await, case(1004));
    let is_marked: Vec<bool> = scene
        .server
        .cases()
        .iter()
        .map(|fields| field(fields, "description").contains("[possible_duplicate]"))
        .collect();
    assert_eq!(is_marked, [false, false, true, true]);
}

#[tokio::test]
async fn a_server_in_trouble_is_waited_for_and_a_record_it_chokes_on_is_told_apart() {
    let scene = Scene::new().await;
    let carrier = scene.carrier();
    scene.server.set(Quirk::Status(503));
    for _ in 0..10 {
        let trouble = send(&carrier, &incident(1)).await.expect_err("it is in trouble");
        assert!(matches!(trouble, Trouble::Unavailable { status: 503, .. }), "{trouble:?}");
    }
    scene.server.set(Quirk::None);
    assert_eq!(send(&carrier, &incident(1)).await, case(1001));

    let table = "kind,code,service_code\nevent,0501,unknown\nevent,0502,STALL\n";
    let choking = scene.carrier_to(&scene.server.url(), Some(table));
    let failed = |answer: Result<Option<Decision>, Trouble>| match answer {
        Err(trouble) => trouble.label(),
        Ok(None) => "put off",
        Ok(Some(_)) => "decided",
    };
    let mut ends = Vec::new();
    for seq in 3..6 {
        ends.push(failed(send(&choking, &incident(2)).await));
        ends.push(failed(send(&choking, &incident(2)).await));
        assert_eq!(send(&choking, &incident_of("0502", seq)).await, case(999 + seq));
    }
    assert_eq!(ends, ["unavailable", "put off", "unavailable", "put off", "refused", "put off"]);
    scene.server.set(Quirk::Status(500));
    for _ in 0..10 {
        assert_ne!(failed(send(&choking, &incident_of("0502", 9)).await), "refused", "it takes nobody's");
    }
    assert_eq!(scene.server.cases().len(), 4);
}

#[tokio::test]
async fn complaints_name_the_record_or_the_set_up() {
    let scene = Scene::new().await;
    let carrier = scene.carrier();
    scene.server.set(Quirk::ComplaintWith200);
    let refused = send(&carrier, &incident(1)).await.expect_err("a complaint");
    assert_eq!(refused, Trouble::BatchRefused { status: 400, reason: "told to complain".into() });
    scene.server.set(Quirk::None);
    std::fs::write(scene.dir.path().join("key"), "wrong").expect("a file");
    assert_eq!(send(&carrier, &incident(1)).await, Err(Trouble::Denied { status: 403 }));
    std::fs::write(scene.dir.path().join("key"), API_KEY).expect("a file");
    assert_eq!(send(&carrier, &incident(1)).await, case(1001));
    assert_eq!(scene.server.look_ups(), 0, "a refusal leaves no doubt");

    let other = scene.carrier_to(&scene.server.url(), Some("kind,code,service_code\ncomponent,0501,LAMP\n"));
    let decision = send(&other, &incident(2)).await.expect("decided here");
    assert!(
        matches!(&decision, Some(Decision::Rejected { reason }) if reason.contains("event 0501")),
        "{decision:?}"
    );
}
