//! The local HTTP interface of a running gateway: for supervisors, Prometheus, scripts and a look with the browser.

use std::collections::BTreeSet;
use std::time::Duration;

use patrol_simulator::local_http;
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{incident, up};
use patrol_tests::{World, wait_until};
use serde_json::{Map, Value, json};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_gateway_that_serves_is_healthy_and_ready_and_answers_nobody_once_it_is_gone() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    for path in ["/healthz", "/readyz"] {
        let (code, body) = gateway.try_get(path).await.expect("an answer");
        assert_eq!(code, 200, "{path}: {body}");
    }
    let (code, page) = gateway.try_get("/").await.expect("an answer");
    assert!(code == 200 && page.contains("<html"), "{page}");
    gateway.kill9().await;
    assert_eq!(gateway.try_get("/healthz").await, None);
    gateway.restart().await;
    assert_eq!(gateway.try_get("/readyz").await.map(|(code, _)| code), Some(200));
}

#[tokio::test]
async fn the_status_has_every_field_it_promises_with_its_type() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let number = || json!(0);
    let text = || json!("");
    let optional = |value: Value| json!({ OPTIONAL: value });
    let classes = ["incident", "task", "evidence", "status", "reading", "telemetry"];
    let backlog = classes
        .map(|_| json!({"class": text(), "records": 0, "bytes": 0, "oldest_received_at": optional(text())}));
    let uplink = json!({"name": "https", "kind": text(), "state": text(), "last_error": optional(text()),
        "last_accepted_at": optional(text()), "accepted_total": number(), "rejected_total": number(), "waiting": number(),
        "records_per_minute": number(), "wire_bytes_per_s": number(), "eta_s": optional(number()),
        "budget_left_bytes": null, "metered_budget_left_bytes": null, "held_back": [],
        "drain_starts_in_s": optional(number()), "silent_for_s": optional(number()),
        "platform_certificate_expires_at": null, "client_certificate_expires_at": null, "unusable_files": null});
    let promised = json!({
        "gateway": text(), "version": text(), "safe_to_power_off": true,
        "pending": {"incident": number(), "task": number(), "evidence": number(), "status": number(),
            "reading": number(), "telemetry": number()},
        "pending_total": number(), "pending_bytes": number(), "oldest_received_at": optional(text()),
        "backlog": backlog, "accepted_kept": number(), "dead_letters": number(), "quarantined": number(), "down_waiting": number(),
        "losses": {"unreported_rows": number(), "lost": {"thinned": number(), "evicted": number(),
            "no_room": number(), "withheld": number(), "not_understood": number(), "damaged": number(),
            "log_damaged": number()}},
        "damage": {"alarm": false, "databases": number(), "unsalvaged": number(), "log_commits_missing": number(),
            "salvage": null},
        "evidence": {"waiting": number(), "receiving": number(), "complete": number(), "room_bytes": number(),
            "max_bytes": number()},
        "store": {"used_bytes": number(), "max_bytes": number(), "full": false, "commit_seq": number(),
            "room_bytes": number(), "kept_room_bytes": number(), "buffer_left_s": optional(number()),
            "ingest_bytes_per_hour": optional(number()), "flash_bytes_per_day": optional(number()), "flash_budget_bytes_per_day": number(), "unsynced": false},
        "uplink": uplink.clone(),
        "uplinks": [uplink],
        "devices_connected": number(),
        "certificate_expires_at": null,
        "counters": {"received": number(), "duplicates": number(), "quarantined": number(), "withheld": number()},
    });
    let status = gateway.status().await;
    assert_same_form(&status, &promised, "");
    assert_eq!((&status["gateway"], &status["uplink"]["kind"]), (&json!("box-demo"), &json!("https")));

    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    device.report(1, &up("car-07", "incident"), incident(1, 1)).await;
    wait_until("it is accepted", SOON, async || gateway.status().await["uplink"]["accepted_total"] == 1)
        .await;
    let status = gateway.status().await;
    let accepted_at = status["uplink"]["last_accepted_at"].as_str().expect("a time");
    assert!(accepted_at.ends_with('Z') && accepted_at.contains('T'), "{accepted_at}");
    let counts = [&status["counters"]["received"], &status["accepted_kept"], &status["devices_connected"]];
    assert_eq!(counts, [1, 1, 1], "{status:#}");
    assert_eq!(status["pending_total"], 0, "{status:#}");
}

/// Marks a value that is null while there is nothing to say.
const OPTIONAL: &str = "optional";

/// The same fields, no more and no less, and the same types.
fn assert_same_form(value: &Value, promised: &Value, path: &str) {
    match (value, promised) {
        (_, Value::Object(only)) if only.contains_key(OPTIONAL) => {
            if !value.is_null() {
                assert_same_form(value, &only[OPTIONAL], path);
            }
        }
        (Value::Object(value), Value::Object(promised)) => {
            // In whatever order: a JSON object has none.
            let names = |object: &Map<String, Value>| object.keys().cloned().collect::<BTreeSet<String>>();
            assert_eq!(names(value), names(promised), "in {path}");
            promised.iter().for_each(|(name, promised)| {
                assert_same_form(&value[name], promised, &format!("{path}.{name}"))
            });
        }
        (Value::Array(values), Value::Array(promised)) => {
            assert_eq!(values.len(), promised.len(), "{path}: {values:?}");
            for (at, (value, promised)) in values.iter().zip(promised).enumerate() {
                assert_same_form(value, promised, &format!("{path}[{at}]"));
            }
        }
        _ => assert_eq!(std::mem::discriminant(value), std::mem::discriminant(promised), "{path}: {value}"),
    }
}

#[tokio::test]
async fn the_metrics_are_openmetrics_with_each_name_described_once() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let http = local_http::client().expect("a client");
    let response = http.get(format!("{}/metrics", gateway.http_url())).send().await.expect("an answer");
    let media = response.headers()["content-type"].to_str().expect("text").to_owned();
    assert!(media.starts_with("application/openmetrics-text"), "{media}");
    let page = response.text().await.expect("text");
    assert!(page.ends_with("# EOF\n"));
    let types: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let distinct: BTreeSet<_> = types.iter().collect();
    assert!(types.len() > 20 && distinct.len() == types.len(), "{types:?}");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok() && types.iter().any(|known| name.starts_with(known)), "{line}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_nothing_can_be_written() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let http = local_http::client().expect("a client");
    for path in ["/nothing", "/api/v1/nothing", "/../etc/passwd", "/api/v2/status"] {
        assert_eq!(gateway.try_get(path).await.map(|(code, _)| code), Some(404), "{path}");
    }
    let url = format!("{}/api/v1/status", gateway.http_url());
    for request in [http.post(&url), http.put(&url), http.delete(&url), http.patch(&url)] {
        assert_eq!(request.send().await.expect("an answer").status(), 405);
    }
    let head = http.head(&url).send().await.expect("an answer");
    assert_eq!(head.status(), 200);
}
