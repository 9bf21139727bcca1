//! The stand-in platform over real HTTP: what it promises to those who test against it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use patrol_simulator::ledger::PlatformView;
use patrol_simulator::local_http;
use patrol_simulator::platform::{Fault, Platform};
use serde_json::{Value, json};

const MEDIA: &str = "application/cloudevents-batch+json";

fn event(id: &str, class: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "urn:patrol-gateway:box-1", "type": format!("cn.patrol.{class}.v1"),
        "data": {"type": "Feature", "properties": {"code": "0501"}}})
}

async fn platform() -> (Platform, reqwest::Client) {
    let platform = Platform::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    (platform, local_http::client().unwrap())
}

async fn send(
    platform: &Platform,
    http: &reqwest::Client,
    batch: &[Value],
) -> reqwest::Result<reqwest::Response> {
    let body = serde_json::to_vec(batch).unwrap();
    http.post(format!("{}/v1/events", platform.url())).header("content-type", MEDIA).body(body).send().await
}

async fn results(platform: &Platform, http: &reqwest::Client, batch: &[Value]) -> Value {
    let response = send(platform, http, batch).await.unwrap();
    assert_eq!(response.status(), 200);
    response.json::<Value>().await.unwrap()["results"].clone()
}

fn year() -> i16 {
    jiff::Zoned::now().year()
}

#[tokio::test]
async fn each_event_gets_its_result_and_a_resend_gets_the_same_case_number() {
    let (platform, http) = platform().await;
    let batch = [event("cam-1/1/1", "incident"), event("car-1/1/1", "telemetry")];
    let case = format!("AJ-{}-000001", year());
    assert_eq!(
        results(&platform, &http, &batch).await,
        json!([{"id": "cam-1/1/1", "status": "accepted", "case": case}, {"id": "car-1/1/1", "status": "accepted"}])
    );
    assert_eq!(
        results(&platform, &http, &batch).await,
        json!([{"id": "cam-1/1/1", "status": "duplicate", "case": case}, {"id": "car-1/1/1", "status": "duplicate"}])
    );
    let order: Vec<String> = platform.arrivals().iter().map(|delivery| delivery.id.to_string()).collect();
    assert_eq!(order, ["cam-1/1/1", "car-1/1/1"], "arrivals keep their order");
    assert_eq!(platform.event("cam-1/1/1").unwrap()["data"]["properties"]["code"], "0501");
    assert_eq!(platform.event("car-1/1/1").unwrap()["type"], "cn.patrol.telemetry.v1");
    let times = platform.request_times();
    assert!(times.len() == 2 && times[0] <= times[1], "{times:?}");
}

#[tokio::test]
async fn batches_are_understood_plain_gzip_and_zstd() {
    let (platform, http) = platform().await;
    let body = |id: &str| serde_json::to_vec(&[event(id, "telemetry")]).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&body("a/1/2")).unwrap();
    let bodies = [
        ("identity", body("a/1/1")),
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(body("a/1/3").as_slice(), 3).unwrap()),
    ];
    for (encoding, body) in bodies {
        let request = http.post(format!("{}/v1/events", platform.url())).header("content-type", MEDIA);
        let response = request.header("content-encoding", encoding).body(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{encoding}");
    }
    assert_eq!(platform.counts().delivered, 3);
}

#[tokio::test]
async fn what_is_no_batch_is_refused_and_nothing_is_taken_in() {
    let (platform, http) = platform().await;
    let post = |media: &'static str, encoding: &'static str, body: Vec<u8>| {
        let request = http.post(format!("{}/v1/events", platform.url())).header("content-type", media);
        request.header("content-encoding", encoding).body(body).send()
    };
    let good = serde_json::to_vec(&[event("a/1/1", "telemetry")]).unwrap();
    assert_eq!(post("application/json", "identity", good.clone()).await.unwrap().status(), 415);
    assert_eq!(post(MEDIA, "br", good.clone()).await.unwrap().status(), 415);
    assert_eq!(post(MEDIA, "zstd", good).await.unwrap().status(), 400);
    assert_eq!(post(MEDIA, "identity", b"{}".to_vec()).await.unwrap().status(), 400);
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 80 << 20), 3).unwrap();
    assert_eq!(post(MEDIA, "zstd", bomb).await.unwrap().status(), 413);
    let nameless = vec![event("a/1/1", "telemetry"), json!({"specversion": "1.0"})];
    assert_eq!(send(&platform, &http, &nameless).await.unwrap().status(), 400);
    assert_eq!(platform.counts().delivered, 0);
}

#[tokio::test]
async fn an_error_takes_nothing_in_and_names_when_to_come_back() {
    let (platform, http) = platform().await;
    platform.set_fault(Fault::Error { status: 503, retry_after_s: Some(7), one_in: 2 }).await.unwrap();
    let batch = [event("a/1/1", "telemetry")];
    assert_eq!(send(&platform, &http, &batch).await.unwrap().status(), 200, "the first of two is served");
    let batch = [event("a/1/2", "telemetry")];
    let response = send(&platform, &http, &batch).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "7"));
    assert_eq!((platform.counts().requests, platform.counts().delivered), (2, 1));
}

#[tokio::test]
async fn a_dropped_answer_took_the_batch_in_and_sent_no_byte() {
    let (platform, http) = platform().await;
    platform.set_fault(Fault::DropAnswer { one_in: 1 }).await.unwrap();
    let error = send(&platform, &http, &[event("a/1/1", "incident")]).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(platform.counts().delivered, 1);
    platform.set_fault(Fault::Normal).await.unwrap();
    let results = results(&platform, &http, &[event("a/1/1", "incident")]).await;
    assert_eq!(results[0]["status"], "duplicate");
    assert_eq!(results[0]["case"], format!("AJ-{}-000001", year()));
}

#[tokio::test]
async fn a_stalled_request_gets_no_answer_and_leaves_no_trace() {
    let (platform, http) = platform().await;
    platform.set_fault(Fault::Stall { seconds: None, one_in: 1 }).await.unwrap();
    let body = serde_json::to_vec(&[event("a/1/1", "telemetry")]).unwrap();
    let request = http.post(format!("{}/v1/events", platform.url())).header("content-type", MEDIA).body(body);
    let error = request.timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!((platform.counts().requests, platform.counts().delivered), (1, 0));
}

#[tokio::test]
async fn a_platform_that_is_down_refuses_connections_cuts_open_ones_and_returns_on_its_port() {
    let (platform, http) = platform().await;
    platform.set_fault(Fault::Stall { seconds: None, one_in: 1 }).await.unwrap();
    let waiting = [event("a/1/1", "telemetry")];
    let open = send(&platform, &http, &waiting);
    let close = async {
        while platform.counts().requests == 0 {
            tokio::task::yield_now().await;
        }
        platform.set_fault(Fault::Down { seconds: None }).await.unwrap();
    };
    let (cut, ()) = tokio::join!(open, close);
    assert!(!cut.unwrap_err().is_timeout(), "the open request was cut, not timed out");
    let refused = tokio::net::TcpStream::connect(platform.addr()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    platform.set_fault(Fault::Normal).await.unwrap();
    assert_eq!(results(&platform, &http, &waiting).await[0]["status"], "accepted");
}

#[tokio::test]
async fn rejected_and_left_out_events_are_not_delivered() {
    let (platform, http) = platform().await;
    let ids = ["a/1/2".to_owned()].into();
    platform.set_fault(Fault::Reject { ids, one_in: 1 }).await.unwrap();
    let batch = [event("a/1/1", "telemetry"), event("a/1/2", "telemetry")];
    let answer = results(&platform, &http, &batch).await;
    assert_eq!((&answer[0]["status"], &answer[1]["status"]), (&json!("accepted"), &json!("rejected")));
    assert!(answer[1]["reason"].is_string());
    platform.set_fault(Fault::Partial { ids: Default::default(), one_in: 2 }).await.unwrap();
    let batch = [event("a/1/3", "telemetry"), event("a/1/4", "telemetry")];
    let answer = results(&platform, &http, &batch).await;
    assert_eq!(answer.as_array().unwrap().len(), 1);
    let view = platform.ledger();
    assert_eq!(view.delivered.keys().map(ToString::to_string).collect::<Vec<_>>(), ["a/1/1", "a/1/3"]);
    assert!(view.rejected.contains("a/1/2"));
}

#[tokio::test]
async fn a_poisoned_batch_is_refused_whole_and_the_others_are_taken_in() {
    let (platform, http) = platform().await;
    let ids = ["a/1/2".to_owned()].into();
    platform.set_fault(Fault::Poison { ids, status: 422 }).await.unwrap();
    let batch = [event("a/1/1", "telemetry"), event("a/1/2", "telemetry")];
    let response = send(&platform, &http, &batch).await.unwrap();
    assert_eq!(response.status(), 422);
    assert!(!response.text().await.unwrap().contains("a/1/2"), "the poison is not named");
    assert_eq!(platform.counts().delivered, 0);
    assert_eq!(results(&platform, &http, &batch[..1]).await[0]["status"], "accepted");
}

#[tokio::test]
async fn faults_are_told_over_http_too_and_a_closed_port_opens_by_itself() {
    let (platform, http) = platform().await;
    let control = |fault: Value| http.post(format!("{}/control", platform.url())).json(&fault).send();
    assert_eq!(control(json!({"mode": "error", "status": 429})).await.unwrap().status(), 200);
    assert_eq!(send(&platform, &http, &[]).await.unwrap().status(), 429);
    assert_eq!(control(json!({"mode": "down"})).await.unwrap().status(), 400, "nobody could open it again");
    assert_eq!(control(json!({"mode": "eror"})).await.unwrap().status(), 422);
    assert_eq!(control(json!({"mode": "down", "seconds": 0})).await.unwrap().status(), 200);
    let served = async { while send(&platform, &http, &[]).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(10), served).await.unwrap();
}

#[tokio::test]
async fn a_ledger_file_carries_duplicates_and_case_numbers_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("platform.jsonl");
    let http = local_http::client().unwrap();
    let bind = "127.0.0.1:0".parse().unwrap();
    let first = Platform::start_with_ledger(bind, &ledger).await.unwrap();
    results(&first, &http, &[event("a/1/1", "incident")]).await;
    drop(first);
    let second = Platform::start_with_ledger(bind, &ledger).await.unwrap();
    let answer = results(&second, &http, &[event("a/1/1", "incident"), event("a/1/2", "incident")]).await;
    assert_eq!((&answer[0]["status"], &answer[1]["status"]), (&json!("duplicate"), &json!("accepted")));
    assert_eq!(answer[1]["case"], format!("AJ-{}-000002", year()));
    assert!(second.ledger().conflicts.is_empty(), "unchanged content is no conflict after a restart");
}

#[tokio::test]
async fn the_port_closes_and_opens_although_other_programs_are_being_started() {
    let (platform, _http) = platform().await;
    let busy = Arc::new(AtomicBool::new(true));
    // Each start copies this process's sockets for a moment.
    let starters = [(); 2].map(|()| {
        let busy = busy.clone();
        std::thread::spawn(move || {
            while busy.load(Ordering::Relaxed) {
                std::process::Command::new("/bin/true").status().unwrap();
            }
        })
    });
    for fault in [Fault::Down { seconds: None }, Fault::Normal].iter().cycle().take(60) {
        platform.set_fault(fault.clone()).await.unwrap();
    }
    busy.store(false, Ordering::Relaxed);
    starters.into_iter().for_each(|starter| starter.join().unwrap());
}

fn loss(id: &str, count: u64) -> Value {
    json!({"id": id, "device": "car-1", "boot": 7, "first_seq": 812, "last_seq": 840, "class": "telemetry",
        "reason": "thinned", "count": count, "first_noted_at": "2026-11-23T01:12:44.120Z",
        "last_noted_at": "2026-11-23T01:12:45.000Z"})
}

const LOSS_IDS: [&str; 2] = ["00000000000000aa", "00000000000000bb"];

async fn tell(
    platform: &Platform,
    http: &reqwest::Client,
    losses: &[Value],
) -> reqwest::Result<reqwest::Response> {
    let report = json!({"gateway": "box-1", "losses": losses});
    http.post(format!("{}/v1/losses", platform.url())).json(&report).send().await
}

async fn told(platform: &Platform, http: &reqwest::Client, losses: &[Value]) -> Value {
    let response = tell(platform, http, losses).await.unwrap();
    assert_eq!(response.status(), 200);
    response.json::<Value>().await.unwrap()["results"].clone()
}

#[tokio::test]
async fn a_loss_is_taken_in_once_and_one_with_other_content_is_a_conflict() {
    let (platform, http) = platform().await;
    let [one, two] = LOSS_IDS;
    let results = told(&platform, &http, &[loss(one, 14), loss(two, 1)]).await;
    assert_eq!(results, json!([{"id": one, "status": "accepted"}, {"id": two, "status": "accepted"}]));
    let results = told(&platform, &http, &[loss(one, 14), loss(two, 2)]).await;
    assert_eq!(results, json!([{"id": one, "status": "duplicate"}, {"id": two, "status": "duplicate"}]));
    let counts = platform.loss_counts();
    assert_eq!((counts.requests, counts.taken, counts.duplicates, counts.conflicts), (2, 2, 2, 1));
    let view = platform.ledger();
    assert_eq!(view.losses.iter().map(|loss| loss.count).collect::<Vec<_>>(), [14, 1], "the first stands");
    let conflicts: Vec<_> = view.conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(conflicts, [format!("loss box-1/{two}")]);
    assert_eq!(platform.counts(), Default::default(), "losses are no events");
}

#[tokio::test]
async fn losses_meet_the_same_faults_as_events() {
    let (platform, http) = platform().await;
    let [one, two] = LOSS_IDS;
    platform.set_fault(Fault::Error { status: 429, retry_after_s: Some(7), one_in: 1 }).await.unwrap();
    let response = tell(&platform, &http, &[loss(one, 1)]).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(platform.loss_counts().taken, 0);
    platform.set_fault(Fault::Partial { ids: [one.to_owned()].into(), one_in: 1 }).await.unwrap();
    let results = told(&platform, &http, &[loss(one, 1), loss(two, 1)]).await;
    assert_eq!(results, json!([{"id": two, "status": "accepted"}]));
    platform.set_fault(Fault::Poison { ids: [one.to_owned()].into(), status: 422 }).await.unwrap();
    assert_eq!(tell(&platform, &http, &[loss(one, 1)]).await.unwrap().status(), 422);
    platform.set_fault(Fault::DropAnswer { one_in: 1 }).await.unwrap();
    assert!(tell(&platform, &http, &[loss(one, 1)]).await.unwrap_err().is_request());
    platform.set_fault(Fault::Normal).await.unwrap();
    assert_eq!(told(&platform, &http, &[loss(one, 1)]).await[0]["status"], "duplicate");
    assert_eq!((platform.loss_counts().requests, platform.loss_request_times().len()), (5, 5));
}

#[tokio::test]
async fn what_is_no_loss_record_is_refused_with_its_report() {
    let (platform, http) = platform().await;
    let changed = |name: &str, value: Value| {
        let mut changed = loss(LOSS_IDS[0], 1);
        match value {
            Value::Null => _ = changed.as_object_mut().unwrap().remove(name),
            value => changed[name] = value,
        }
        changed
    };
    let wrong = [
        changed("id", json!("c0ffee")),
        changed("first_seq", json!(841)),
        changed("boot", Value::Null),
        changed("run", json!("g1")),
        changed("count", json!(0)),
        changed("reason", json!("bored")),
        changed("class", json!("selfie")),
        changed("first_noted_at", json!("yesterday")),
        changed("why", json!("because")),
    ];
    for wrong in wrong {
        let good = loss(LOSS_IDS[1], 1);
        let response = tell(&platform, &http, &[good, wrong.clone()]).await.unwrap();
        assert!(matches!(response.status().as_u16(), 400 | 422), "{}: {wrong}", response.status());
    }
    assert_eq!(platform.loss_counts().taken, 0);
    let mut unknown = loss(LOSS_IDS[0], 3);
    for name in ["boot", "first_seq", "last_seq"] {
        unknown.as_object_mut().unwrap().remove(name);
    }
    (unknown["device"], unknown["class"]) = (Value::Null, Value::Null);
    assert_eq!(told(&platform, &http, &[unknown]).await[0]["status"], "accepted");
}

#[tokio::test]
async fn a_ledger_file_carries_losses_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("platform.jsonl");
    let http = local_http::client().unwrap();
    let bind = "127.0.0.1:0".parse().unwrap();
    let first = Platform::start_with_ledger(bind, &ledger).await.unwrap();
    told(&first, &http, &[loss(LOSS_IDS[0], 1)]).await;
    drop(first);
    let second = Platform::start_with_ledger(bind, &ledger).await.unwrap();
    assert_eq!(told(&second, &http, &[loss(LOSS_IDS[0], 1)]).await[0]["status"], "duplicate");
    assert_eq!(told(&second, &http, &[loss(LOSS_IDS[0], 2)]).await[0]["status"], "duplicate");
    let (memory, file) = (second.ledger(), PlatformView::from_file(&ledger).unwrap());
    assert_eq!((memory.losses.len(), &memory.losses), (1, &file.losses));
    assert_eq!((memory.conflicts.len(), &memory.conflicts), (1, &file.conflicts));
}
