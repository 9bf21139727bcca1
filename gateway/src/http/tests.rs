//! The API as a client on a socket sees it.

mod figures;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::status::StatusReport;
use super::token::Token;
use super::*;
use crate::app::store_options;
use crate::config::Config;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::{Class, DeviceId};
use crate::health::UplinkState;
use crate::store::losses::LossRow;
use crate::store::snapshot::ClassBacklog;
use crate::store::submission::{Content, Item};
use crate::store::writer;

/// A running API and the senders of what it shows.
struct Api {
    address: std::net::SocketAddr,
    store: watch::Sender<Snapshot>,
    uplink: watch::Sender<UplinkStatus>,
    readiness: watch::Sender<Readiness>,
    writer: watch::Sender<bool>,
    metrics: Arc<Metrics>,
    sightings: Sightings,
    stop: CancellationToken,
    served: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

async fn api() -> Api {
    api_with(None).await
}

/// An API over a store of its own.
async fn api_with(token: Option<Token>) -> Api {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.gateway.data_dir = dir.path().into();
    let running = writer::start(store_options(&config), Arc::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (store, store_seen) = watch::channel(Snapshot::default());
    let (uplink, uplink_seen) = watch::channel(UplinkStatus::default());
    let (readiness, readiness_seen) = watch::channel(Readiness::default());
    let (writer, writer_seen) = watch::channel(true);
    let (metrics, stop) = (Arc::new(Metrics::new()), CancellationToken::new());
    let sightings = Sightings::default();
    let view = View {
        gateway: "box-017".into(),
        store: store_seen,
        uplinks: vec![uplink_seen],
        readiness: readiness_seen,
        metrics: Arc::clone(&metrics),
        losses: LossList::new(|after, limit| async move { Some(rows(after, limit)) }),
        journal: figures::a_journal(writer_seen.clone()),
        // A writer that hangs never answers.
        writer: WriterProbe::new(move || {
            let mut seen = writer_seen.clone();
            async move { seen.wait_for(|answers| *answers).await.is_ok() }
        }),
        sightings: sightings.clone(),
        transfer: Transfer::new(running.store, token),
    };
    let served = tokio::spawn(serve(listener, view, stop.clone()));
    Api { address, store, uplink, readiness, writer, metrics, sightings, stop, served, _dir: dir }
}

/// A store with two hundred and fifty loss records.
fn rows(after: i64, limit: u32) -> Vec<LossRow> {
    let row = |id: i64| {
        let reported_at_ms = (id == 1).then_some(1_785_000_000_000);
        let loss = Loss::unknown(Some(Class::Reading), LossReason::Damaged, 7, 1_784_999_999_500);
        LossRow { id, uid: 0xAB00 + id as u64, loss, reported_at_ms }
    };
    (after.max(0) + 1..=250).map(row).take(limit as usize).collect()
}

impl Api {
    /// Sends `request` as it is and reads until the server closes.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// The status code and body of a GET.
    async fn get(&self, path: &str) -> (u16, String) {
        parts(&self.raw(&format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n")).await)
    }
}

fn parts(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn the_status_has_exactly_the_agreed_shape() {
    let api = api().await;
    let (code, body) = api.get("/api/v1/status").await;
    assert_eq!(code, 200);
    let backlog = Class::ALL
        .map(|class| json!({"class": class.as_str(), "records": 0, "bytes": 0, "oldest_received_at": null}));
    let uplink = json!({"name": "none", "kind": "none", "state": "none", "last_error": null, "last_accepted_at": null,
        "accepted_total": 0, "rejected_total": 0, "waiting": 0, "records_per_minute": 0, "wire_bytes_per_s": 0, "eta_s": null,
        "budget_left_bytes": null, "metered_budget_left_bytes": null, "held_back": [], "drain_starts_in_s": null,
        "silent_for_s": null, "platform_certificate_expires_at": null, "client_certificate_expires_at": null,
        "unusable_files": null});
    let expected = json!({
        "gateway": "box-017", "version": env!("CARGO_PKG_VERSION"), "safe_to_power_off": true,
        "pending": {"incident": 0, "task": 0, "evidence": 0, "status": 0, "reading": 0, "telemetry": 0},
        "pending_total": 0, "pending_bytes": 0, "oldest_received_at": null, "backlog": backlog, "accepted_kept": 0, "dead_letters": 0,
        "quarantined": 0, "down_waiting": 0,
        "losses": {"unreported_rows": 0, "lost": {"thinned": 0, "evicted": 0, "no_room": 0, "withheld": 0,
            "not_understood": 0, "damaged": 0, "log_damaged": 0}},
        "damage": {"alarm": false, "databases": 0, "unsalvaged": 0, "log_commits_missing": 0, "salvage": null},
        "evidence": {"waiting": 0, "receiving": 0, "complete": 0, "room_bytes": 0, "max_bytes": 0},
        "store": {"used_bytes": 0, "max_bytes": 0, "full": false, "commit_seq": 0, "room_bytes": 0, "kept_room_bytes": 0,
            "buffer_left_s": null, "ingest_bytes_per_hour": null, "flash_bytes_per_day": null,
            "flash_budget_bytes_per_day": 0, "unsynced": false},
        "uplink": uplink.clone(), "uplinks": [uplink],
        "devices_connected": 0, "certificate_expires_at": null,
        "counters": {"received": 0, "duplicates": 0, "quarantined": 0, "withheld": 0},
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
}

#[tokio::test]
async fn the_status_tells_what_the_parts_last_said() {
    let api = api().await;
    let backlog =
        |records, oldest| ClassBacklog { records, bytes: records * 100, oldest_received_at_ms: Some(oldest) };
    api.store.send_modify(|store| {
        store.backlog[Class::Incident as usize] = backlog(3, 1_785_000_000_000);
        store.backlog[Class::Telemetry as usize] = backlog(40, 1_784_999_999_500);
        store.full = true;
    });
    api.uplink.send_replace(UplinkStatus {
        kind: "https",
        state: UplinkState::BackingOff,
        last_error: Some("503".into()),
        last_accepted_at_ms: Some(1_784_000_000_000),
        accepted_total: 9,
        ..UplinkStatus::default()
    });
    api.metrics.received_messages[Class::Task].inc_by(5);
    api.metrics.quarantined.add("not_json", 2);
    let (_, body) = api.get("/api/v1/status").await;
    let status: StatusReport = serde_json::from_str(&body).unwrap();
    assert_eq!((status.pending.incident, status.pending.telemetry, status.pending_total), (3, 40, 43));
    assert_eq!((status.pending_bytes, status.store.full), (4300, true));
    assert_eq!(status.oldest_received_at.as_deref(), Some("2026-07-25T17:19:59.5Z"));
    assert_eq!((status.uplink.kind.as_str(), status.uplink.state.as_str()), ("https", "backing_off"));
    assert_eq!(status.uplink.last_error.as_deref(), Some("503"));
    assert_eq!((status.counters.received, status.counters.quarantined), (5, 2));
}

#[tokio::test]
async fn losses_come_page_by_page_as_the_platform_is_told_them() {
    let api = api().await;
    let page = async |query: &str| {
        let (code, body) = api.get(&format!("/api/v1/losses{query}")).await;
        assert_eq!(code, 200, "{query}: {body}");
        serde_json::from_str::<Value>(&body).unwrap()["losses"].as_array().unwrap().clone()
    };
    let first = page("").await;
    assert_eq!(first.len(), 100);
    assert_eq!(
        first[0],
        json!({"number": 1, "id": "000000000000ab01", "device": null, "class": "reading", "reason": "damaged",
            "count": 7, "first_noted_at": "2026-07-25T17:19:59.500Z", "last_noted_at": "2026-07-25T17:19:59.500Z",
            "reported_at": "2026-07-25T17:20:00Z"})
    );
    assert_eq!(first[1]["reported_at"], Value::Null);
    let second = page("?after=100&limit=1000").await;
    assert_eq!((second.len(), &second[0]["number"]), (150, &json!(101)));
    assert_eq!(page("?limit=1&after=250").await, [Value::Null; 0]);
    for wrong in
        ["?after=x", "?limit=0", "?limit=1001", "?limit=-1", "?befor=3", "?after=99999999999999999999"]
    {
        let (code, body) = api.get(&format!("/api/v1/losses{wrong}")).await;
        assert_eq!(code, 400, "{wrong}");
        assert!(serde_json::from_str::<Value>(&body).unwrap()["error"].is_string(), "{wrong}: {body}");
    }
}

#[tokio::test]
async fn ready_only_with_listener_and_store() {
    let api = api().await;
    assert_eq!(api.get("/readyz").await.0, 503);
    api.readiness.send_replace(Readiness { listener_bound: false, store_open: true });
    let (code, body) = api.get("/readyz").await;
    assert_eq!((code, body.contains(r#""listener_bound":false"#)), (503, true));
    api.readiness.send_replace(Readiness { listener_bound: true, store_open: true });
    assert_eq!(api.get("/readyz").await, (200, "ready\n".to_owned()));
}

#[tokio::test]
async fn healthy_only_while_the_writer_answers() {
    let api = api().await;
    assert_eq!(api.get("/healthz").await, (200, "ok\n".to_owned()));
    api.writer.send_replace(false);
    assert_eq!(api.get("/healthz").await.0, 503);
}

#[tokio::test]
async fn metrics_name_every_class_and_follow_the_store() {
    let api = api().await;
    api.store.send_modify(|store| store.backlog[Class::Incident as usize].records = 7);
    api.metrics.mqtt_refusals.add("bad_client_id", 1);
    let (code, page) = api.get("/metrics").await;
    assert_eq!(code, 200);
    assert!(page.contains(r#"patrol_backlog_records{class="incident"} 7"#), "{page}");
    assert!(page.contains(r#"patrol_mqtt_refusals_total{reason="bad_client_id"} 1"#), "{page}");
    for class in Class::ALL {
        assert!(page.contains(&format!(r#"patrol_received_messages_total{{class="{class}"}} 0"#)), "{page}");
    }
    assert!(page.ends_with("# EOF\n"));
}

#[tokio::test]
async fn whatever_is_not_a_plain_reading_request_is_refused_in_json() {
    let api = api().await;
    assert_eq!(api.get("/api/v2/status").await, (404, r#"{"error":"no such path"}"#.to_owned()));
    let post = api.raw("POST /api/v1/status HTTP/1.1\r\nhost: g\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(parts(&post).0, 405);
    assert!(post.contains("allow: GET, HEAD"), "{post}");
    let body = api.raw("GET / HTTP/1.1\r\nhost: g\r\ncontent-length: 5\r\n\r\nhello").await;
    assert_eq!(parts(&body).0, 413);
    let chunked = api.raw("GET / HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").await;
    assert_eq!(parts(&chunked).0, 413);
    let long = api.raw(&format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(HEAD_BYTES_MAX))).await;
    assert_eq!(parts(&long).0, 431);
    assert_eq!(api.get("/").await.0, 200);
}

#[tokio::test]
async fn silent_connections_give_their_places_back() {
    let api = api().await;
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        silent.push(TcpStream::connect(api.address).await.unwrap());
    }
    // All places are taken by peers that say nothing; the deadline for their headers frees them, not their end.
    assert_eq!(api.get("/healthz").await.0, 200);
    assert_eq!(silent.len(), CONNECTIONS_MAX);
}

#[tokio::test]
async fn stopping_ends_the_service_even_with_a_silent_peer() {
    let api = api().await;
    let _silent = TcpStream::connect(api.address).await.unwrap();
    assert_eq!(api.get("/healthz").await.0, 200);
    api.stop.cancel();
    tokio::time::timeout(STOP_TIME_MAX * 2, api.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(api.address).await.is_err());
}

#[tokio::test]
async fn what_a_device_sent_last_is_shown_redacted_and_an_unknown_one_is_not_found() {
    let api = api().await;
    let car = DeviceId::parse("cam-02").unwrap();
    let refused = Content::Quarantine {
        topic: "patrol/v1/up/cam-02/incident".into(),
        reason: "missing_field",
        detail: "kind is missing".into(),
    };
    let payload =
        r#"{"operator":"op-118","call":"13912345678","position":{"lon":104.398123,"lat":31.127345}}"#;
    let item = Item {
        received_at_ms: 1_785_000_000_000,
        payload: payload.into(),
        best_effort: false,
        beside: None,
        content: refused,
    };
    api.sightings.note(&car, &[item]);
    let (code, body) = api.get("/api/v1/devices/cam-02/last").await;
    let shown = r#"{"operator":"***","call":"***","position":{"lon":104.398,"lat":31.127}}"#;
    let line =
        json!({"device": "cam-02", "last_seen_at": "2026-07-25T17:20:00Z", "accepted": 0, "quarantined": 1});
    let mut expected = line.clone();
    expected["last"] = json!([{
        "class": "incident", "received_at": "2026-07-25T17:20:00Z", "topic": "patrol/v1/up/cam-02/incident",
        "bytes": payload.len(), "cut": false, "encoding": "json", "shown": shown,
        "verdict": "quarantined", "reason": "missing_field", "detail": "kind is missing",
    }]);
    assert_eq!((code, serde_json::from_str::<Value>(&body).unwrap()), (200, expected));
    let (code, body) = api.get("/api/v1/devices").await;
    assert_eq!((code, serde_json::from_str::<Value>(&body).unwrap()), (200, json!({"devices": [line]})));
    for unknown in ["cam-03", "Cam", "%00", "a%2Fb"] {
        assert_eq!(api.get(&format!("/api/v1/devices/{unknown}/last")).await.0, 404, "{unknown}");
    }
}

const SECRET: &str = "0123456789abcdef";

async fn api_with_token() -> Api {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    api_with(Some(Token::read(file.path()).unwrap())).await
}

/// A request of an export or import with this token.
fn transfer(method: &str, path: &str, token: Option<&str>, body: &str) -> String {
    let shown = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: g\r\n{shown}content-length: {length}\r\n\r\n{body}")
}

const EXPORT: &str = "/api/v1/export?export=000102030405060708090a0b0c0d0e0f&class=incident";
const IMPORT: &str = "/api/v1/import?export=000102030405060708090a0b0c0d0e0f&gateway=box-a";

#[tokio::test]
async fn without_a_token_nobody_writes_and_is_told_what_to_do_and_anybody_here_exports() {
    let api = api().await;
    for method in ["GET", "POST"] {
        for token in [None, Some(SECRET), Some("")] {
            let (code, answer) = parts(&api.raw(&transfer(method, IMPORT, token, "")).await);
            assert!(code == 403 && answer.contains("http.token_file"), "{method} {code} {answer}");
        }
    }
    let (code, answer) = parts(&api.raw(&transfer("GET", EXPORT, None, "")).await);
    assert!(code == 200 && answer.contains("LAST"), "{answer}");
}

#[tokio::test]
async fn with_a_token_only_who_shows_it_writes_or_exports() {
    let api = api_with_token().await;
    for (method, path) in [("GET", EXPORT), ("GET", IMPORT), ("POST", IMPORT)] {
        for wrong in [None, Some(""), Some("0123456789abcdeX"), Some("0123456789abcdef0")] {
            let answer = api.raw(&transfer(method, path, wrong, "")).await;
            assert!(parts(&answer).0 == 401 && answer.contains("www-authenticate: Bearer"), "{answer}");
        }
    }
    let answer = |method, path| transfer(method, path, Some(SECRET), "");
    assert_eq!(parts(&api.raw(&answer("GET", EXPORT)).await).0, 200);
    let (code, progress) = parts(&api.raw(&answer("GET", IMPORT)).await);
    assert_eq!((code, progress.as_str()), (200, r#"{"taken_up_to":0}"#));
}

#[tokio::test]
async fn what_is_no_chunk_or_no_question_is_refused() {
    let api = api_with_token().await;
    let code = async |method: &str, path: &str, body: &str| {
        parts(&api.raw(&transfer(method, path, Some(SECRET), body)).await).0
    };
    for body in ["", "CHNK", &"x".repeat(1000)] {
        assert_eq!(code("POST", IMPORT, body).await, 422, "{body}");
    }
    for query in ["", "?export=12&gateway=a", "?gateway=a", "?export=000102030405060708090a0b0c0d0e0f"] {
        assert_eq!(code("POST", &format!("/api/v1/import{query}"), "").await, 400, "{query}");
        assert_eq!(code("GET", &format!("/api/v1/import{query}"), "").await, 400, "{query}");
    }
    for more in ["&class=x", "&number=0", "&row=x", "&what=1"] {
        assert_eq!(code("GET", &format!("{EXPORT}{more}"), "").await, 400, "{more}");
    }
    assert_eq!(code("POST", EXPORT, "").await, 405);
    assert_eq!(code("PUT", IMPORT, "").await, 405);
}
