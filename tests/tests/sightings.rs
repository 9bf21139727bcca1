//! What each device sent last is shown to the technician, with what became of it, and never with who or exactly where.

use std::time::Duration;

use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::up;
use patrol_tests::{Ended, Gateway, World, program, run_to_end};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// What nobody may see, wherever it stands in a payload.
const SECRETS: [&str; 4] = ["op-118", "13912345678", "F12345", "104.3981"];

async fn sightings(gateway: &Gateway, args: &[&str]) -> Ended {
    let address = gateway.http_url().replace("http://", "");
    let config = gateway.dir().join("asking.toml");
    std::fs::write(&config, format!("[http]\nbind = \"{address}\"\n")).expect("our own file");
    let all = [&["sightings", "--config", config.to_str().expect("a plain path")], args].concat();
    run_to_end(program("patrol-gateway"), all, SOON).await
}

#[tokio::test]
async fn a_technician_sees_what_a_device_sent_last_and_nobody_sees_who_or_exactly_where() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let none = sightings(&gateway, &[]).await;
    assert!(none.code == Some(0) && none.stdout.contains("nothing has come"), "{none:?}");

    let mut device = Connection::connect(&gateway, Version::V5, "cam-02").await;
    let place = r#""position": {"lon": 104.398123, "lat": 31.127345, "crs": "wgs84"}"#;
    let who = r#""operator": "op-118", "description": "call 13912345678 about 川F12345""#;
    let payloads = [
        ("incident", format!(r#"{{"kind": "event", "code": "0501", {who}, {place}}}"#)),
        (
            "telemetry",
            format!(
                r#"{{"operator": "op-118", "seen": "川F12345", "call": 13912345678, {place}, "panic": 7}}"#
            ),
        ),
        ("status", "{'operator': 'op-118'}".to_owned()),
        ("task", "op-118 13912345678".to_owned()),
    ];
    for (packet_id, (class, payload)) in (1..).zip(&payloads) {
        device.report(packet_id, &up("cam-02", class), payload).await;
    }

    let (code, body) = gateway.try_get("/api/v1/devices/cam-02/last").await.expect("an answer");
    let last: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((code, &last["accepted"], &last["quarantined"]), (200, &json!(1), &json!(3)), "{last:#}");
    let messages = last["last"].as_array().expect("messages");
    assert_eq!(messages.len(), payloads.len(), "{last:#}");
    let incident = messages.iter().find(|message| message["class"] == "incident").expect("the incident");
    assert_eq!((&incident["verdict"], &incident["encoding"]), (&json!("accepted"), &json!("json")));
    assert!(
        incident["shown"].as_str().is_some_and(|shown| shown.contains(r#""lon": 104.398, "#)),
        "{incident}"
    );

    let words = sightings(&gateway, &["cam-02"]).await;
    let list = sightings(&gateway, &["--json"]).await;
    assert_eq!((words.code, list.code), (Some(0), Some(0)));
    assert!(words.stdout.contains("wrong_type") && list.stdout.contains("cam-02"), "{words:?} {list:?}");
    for text in [&body, &words.stdout, &list.stdout] {
        let told: Vec<&&str> = SECRETS.iter().filter(|secret| text.contains(**secret)).collect();
        assert!(told.is_empty(), "{told:?} in {text}");
    }

    let unknown = sightings(&gateway, &["cam-03"]).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(1), ""), "{unknown:?}");
    assert_eq!(gateway.try_get("/api/v1/devices/cam-03/last").await.map(|answer| answer.0), Some(404));
}
