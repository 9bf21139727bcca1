//! G5: what a device was acknowledged and the platform will not get is told to the platform as loss records, each once in effect,
//! whatever the platform does and whenever the gateway dies; and the gateway lists them. Counts are exact.

use std::time::Duration;

use patrol_simulator::platform::losses::ToldLoss;
use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::up;
use patrol_tests::{Ended, Gateway, GatewayPlan, World, program, run_to_end, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

/// Sends this many payloads that nobody understands; all are acknowledged.
async fn nonsense(gateway: &Gateway, class: &str, count: usize) {
    let mut device = Connection::connect(gateway, Version::V5, "car-07").await;
    device.report_all(&up("car-07", class), (0..count).map(|number| format!("nonsense {number}"))).await;
}

/// Short waits after failures: the tests are not about patience.
fn hasty(plan: GatewayPlan, platform: &Platform) -> GatewayPlan {
    let plan = plan.uplink(&platform.url()).set("uplink.timeout", "1s");
    plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms")
}

/// Waits until this many more reports of losses have come to the platform.
async fn more_reports(platform: &Platform, count: u64) {
    let enough = platform.loss_counts().requests + count;
    wait_until("losses are told again", SOON, async || platform.loss_counts().requests >= enough).await;
}

/// Waits until the gateway has no loss record that it has not told.
async fn all_told(gateway: &Gateway) {
    let told = async || gateway.status().await["losses"]["unreported_rows"] == 0;
    wait_until("the platform has every loss record", SOON, told).await;
}

/// How much of this class was told as not understood; everything told is of that reason and of `car-07`.
fn told_of(losses: &[ToldLoss], class: &str) -> u64 {
    let mut count = 0;
    for ToldLoss { gateway, loss } in losses {
        let told = serde_json::to_value(loss).expect("JSON");
        assert_eq!((gateway.as_str(), &told["reason"]), ("box-demo", &json!("not_understood")), "{told:#}");
        assert_eq!((&told["device"], told.get("boot")), (&json!("car-07"), None), "{told:#}");
        count += if told["class"] == class { loss.count } else { 0 };
    }
    count
}

/// Loss records that the platform has not been told, by the gateway's account.
async fn untold(gateway: &Gateway) -> u64 {
    gateway.status().await["losses"]["unreported_rows"].as_u64().expect("a number")
}

#[tokio::test]
async fn what_is_not_understood_is_told_exactly_once_over_failures_lost_answers_and_kills() {
    let world = World::new();
    let platform = world.platform().await;
    let fault = async |fault| platform.set_fault(fault).await.expect("the platform obeys");
    fault(Fault::Error { status: 500, retry_after_s: None, one_in: 1 }).await;
    let mut gateway = hasty(world.gateway(), &platform).start().await;
    nonsense(&gateway, "telemetry", 4).await;
    more_reports(&platform, 2).await;
    for _ in 0..4 {
        nonsense(&gateway, "telemetry", 2).await;
        more_reports(&platform, 1).await;
    }
    nonsense(&gateway, "incident", 3).await;
    assert_eq!(
        untold(&gateway).await,
        3,
        "what is being told, and a row for each kind since: failures make none"
    );
    assert_eq!(platform.loss_counts().taken, 0);
    gateway.kill9().await;

    // The second of them gets no result, and is not taken in.
    fault(Fault::Partial { ids: Default::default(), one_in: 2 }).await;
    gateway.restart().await;
    wait_until("two are told", SOON, async || untold(&gateway).await == 1).await;
    gateway.kill9().await;

    // The platform takes it in and says nothing; the gateway dies before it knows.
    fault(Fault::DropAnswer { one_in: 1 }).await;
    gateway.restart().await;
    wait_until("it is taken in", SOON, async || platform.loss_counts().taken == 3).await;
    more_reports(&platform, 2).await;
    assert_eq!(untold(&gateway).await, 1, "nobody said that it has arrived");
    gateway.kill9().await;

    fault(Fault::Normal).await;
    gateway.restart().await;
    all_told(&gateway).await;
    let (told, counts) = (platform.losses(), platform.loss_counts());
    assert_eq!((told_of(&told, "telemetry"), told_of(&told, "incident")), (12, 3), "{told:#?}");
    assert_eq!((counts.taken, counts.conflicts), (3, 0), "{counts:?}");
    assert!(counts.duplicates > 0, "lost answers cost resends, which the platform recognises: {counts:?}");
    assert_eq!(gateway.status().await["losses"]["lost"]["not_understood"], 15, "over all starts");
    gateway.kill9().await;
    gateway.restart().await;
    // What is new is told, and nothing that was told before.
    nonsense(&gateway, "reading", 1).await;
    wait_until("the next is told", SOON, async || platform.loss_counts().taken > counts.taken).await;
    all_told(&gateway).await;
    let after = platform.loss_counts();
    assert_eq!((after.taken, after.duplicates), (counts.taken + 1, counts.duplicates), "{after:?}");
    assert_eq!(told_of(&platform.losses(), "reading"), 1);
}

#[tokio::test]
async fn a_stream_of_small_losses_is_told_in_few_records() {
    const PAUSE_S: u64 = 10;
    const MORE: u64 = 20;
    let world = World::new();
    let platform = world.platform().await;
    let gateway = hasty(world.gateway(), &platform).start().await;
    nonsense(&gateway, "telemetry", 1).await;
    all_told(&gateway).await;
    let since = std::time::Instant::now();
    for _ in 0..MORE {
        nonsense(&gateway, "telemetry", 1).await;
    }
    let (counts, waiting) = (platform.loss_counts(), untold(&gateway).await);
    // However slow this machine is.
    let at_most = 1 + since.elapsed().as_secs() / PAUSE_S;
    assert!(
        counts.requests <= at_most && counts.taken + waiting <= at_most + 1,
        "{counts:?}, {waiting} wait"
    );
    assert_eq!(gateway.status().await["losses"]["lost"]["not_understood"], 1 + MORE);
}

#[tokio::test]
async fn a_platform_that_is_busy_is_told_of_losses_when_it_wants() {
    const ASKED: Duration = Duration::from_secs(1);
    let world = World::new();
    let platform = world.platform().await;
    let busy = Fault::Error { status: 429, retry_after_s: Some(ASKED.as_secs() as u32), one_in: 1 };
    platform.set_fault(busy).await.expect("it obeys");
    let gateway = hasty(world.gateway(), &platform).start().await;
    nonsense(&gateway, "telemetry", 1).await;
    more_reports(&platform, 1).await;
    platform.set_fault(Fault::Normal).await.expect("it obeys");
    all_told(&gateway).await;
    let times = platform.loss_request_times();
    assert!(times[1] - times[0] >= ASKED, "asked to come back after {ASKED:?}: {times:?}");
    assert_eq!(told_of(&platform.losses(), "telemetry"), 1);
}

/// Runs `patrol-gateway losses` against this gateway.
async fn losses(gateway: &Gateway, args: &[&str]) -> Ended {
    let program = program("patrol-gateway");
    let http = format!("PATROL_GATEWAY__HTTP__BIND={}", gateway.http_url().replace("http://", ""));
    let words = [http.as_str(), program.to_str().expect("a plain path"), "losses"];
    run_to_end("/usr/bin/env", words.into_iter().chain(args.iter().copied()), SOON).await
}

async fn listed(gateway: &Gateway, query: &str) -> Vec<Value> {
    let (code, body) = gateway.try_get(&format!("/api/v1/losses{query}")).await.expect("an answer");
    assert_eq!(code, 200, "{body}");
    let page: Value = serde_json::from_str(&body).expect("JSON");
    page["losses"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn losses_are_listed_by_command_and_api_before_and_after_the_platform_has_them() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    nonsense(&gateway, "telemetry", 5).await;
    nonsense(&gateway, "incident", 2).await;

    // Without a platform nothing closes the rows: one for each kind.
    let rows = listed(&gateway, "").await;
    let facts =
        |row: &Value| json!([row["device"], row["class"], row["reason"], row["count"], row["reported_at"]]);
    let expected = [
        json!(["car-07", "telemetry", "not_understood", 5, null]),
        json!(["car-07", "incident", "not_understood", 2, null]),
    ];
    assert_eq!(rows.iter().map(facts).collect::<Vec<_>>(), expected);
    let status = gateway.status().await;
    assert_eq!(status["losses"]["unreported_rows"], 2, "{status:#}");
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.get("patrol_losses_total{reason=\"not_understood\"}"), Some(7.0));
    assert_eq!(
        (metrics.sum("patrol_losses_total"), metrics.get("patrol_losses_unreported_rows")),
        (7.0, Some(2.0))
    );

    let json = losses(&gateway, &["--json"]).await;
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""), "{json:?}");
    assert_eq!(
        serde_json::from_str::<Value>(&json.stdout).expect("JSON and nothing else")["losses"],
        json!(rows)
    );
    let first = rows[0]["number"].to_string();
    assert_eq!(listed(&gateway, "?limit=1").await, rows[..1]);
    assert_eq!(listed(&gateway, &format!("?after={first}")).await, rows[1..]);
    let words = losses(&gateway, &["--after", &first]).await;
    assert_eq!(words.code, Some(0), "{words:?}");
    assert!(
        words.stdout.contains("案件 incident") && !words.stdout.contains("telemetry"),
        "{}",
        words.stdout
    );
    assert!(words.stdout.contains("1 loss records, 1 not told to the platform yet"), "{}", words.stdout);
    assert_eq!(losses(&gateway, &["--yaml"]).await.code, Some(2));

    gateway.terminate();
    gateway.exit(SOON).await;
    let gone = losses(&gateway, &["--json"]).await;
    assert_eq!((gone.code, gone.stdout.as_str()), (Some(3), ""), "{gone:?}");
    let platform = world.platform().await;
    let gateway = hasty(world.gateway(), &platform).start().await;
    all_told(&gateway).await;
    let now = listed(&gateway, "").await;
    assert!(now.iter().all(|row| row["reported_at"].is_string()), "{now:#?}");
    for (row, told) in now.iter().zip(platform.losses()) {
        let Value::Object(mut row) = row.clone() else { panic!("{row} is a row") };
        row.retain(|name, _| name != "number" && name != "reported_at");
        assert_eq!(Value::Object(row), serde_json::to_value(told.loss).expect("JSON"));
    }
    let (taken, told) = (platform.loss_counts().taken, platform.losses());
    assert_eq!((taken, told_of(&told, "telemetry"), told_of(&told, "incident")), (2, 5, 2));
}
