//! Damage at rest, as an operator meets it: the gateway takes reports at once, forwards nothing wrong, brings back what is not
//! hurt, says what is lost, and `fsck` sees it without a gateway.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::reports::incident;
use patrol_tests::{
    Ended, Gateway, GatewayPlan, RawDevice, World, note, program, run_to_end, seeded, wait_until,
};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);
const SERVING_WITHIN: Duration = Duration::from_secs(10);
const PAGE: u64 = 4096;
const GARBAGE_PAGES: usize = 30;
const INCIDENTS: u32 = 600;
const TELEMETRY: u32 = 4000;

/// A position nobody else reports: what it says is its own number, so that nothing wrong passes for it.
fn telemetry(seq: u32) -> String {
    let noise = fastrand::Rng::with_seed(seq.into()).u64(..);
    format!(r#"{{"boot":1,"seq":{seq},"odometer_m":{seq},"note":"{noise:x}"}}"#)
}

async fn acknowledged(device: &mut RawDevice, class: &str, payloads: Vec<String>) {
    for payloads in payloads.chunks(200) {
        for _ in device.publish(class, payloads).await {
            assert!(device.puback().await.is_some(), "acknowledged");
        }
    }
}

/// A gateway with a backlog of both kinds.
async fn stocked(plan: GatewayPlan) -> Gateway {
    let gateway = plan.start().await;
    let mut device = RawDevice::connect(gateway.mqtt(), "car-07").await;
    acknowledged(&mut device, "incident", (0..INCIDENTS).map(|seq| incident(1, seq)).collect()).await;
    acknowledged(&mut device, "telemetry", (10_000..10_000 + TELEMETRY).map(telemetry).collect()).await;
    gateway
}

async fn stop(gateway: &mut Gateway) {
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0), "{}", gateway.log());
}

/// Stops it when all that it holds is in the database itself: a start brings over what the log has, and begins the log anew.
async fn stop_with_all_in_the_database(gateway: &mut Gateway) {
    stop(gateway).await;
    gateway.restart().await;
    stop(gateway).await;
}

/// Fills pages of the database with garbage; how many it has.
fn garble(gateway: &Gateway, rng: &mut fastrand::Rng, pages: usize) -> u64 {
    let path = gateway.dir().join("data/patrol.db");
    let file = OpenOptions::new().read(true).write(true).open(path).expect("the database");
    let count = file.metadata().expect("a file").len() / PAGE;
    for _ in 0..pages {
        let garbage: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(PAGE as usize).collect();
        file.write_all_at(&garbage, rng.u64(..count) * PAGE).expect("written");
    }
    count
}

/// Runs a command of the program on the gateway's configuration.
async fn command(gateway: &Gateway, words: &[&str]) -> Ended {
    let config = gateway.dir().join("patrol-gateway.toml");
    let words = [words, &["--config", config.to_str().expect("a plain path")]].concat();
    run_to_end(program("patrol-gateway"), words, SOON).await
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What the platform has whole is as it was sent, and nothing is there that was not; how much of it there is.
fn arrived_as_sent(platform: &Platform) -> u64 {
    let ids: HashSet<_> = platform.arrivals().into_iter().map(|arrival| arrival.id).collect();
    let mut arrived = 0;
    for seq in (10_000..10_000 + TELEMETRY).chain(0..INCIDENTS) {
        let id = format!("car-07/1/{seq}");
        arrived += u64::from(ids.contains(id.as_str()));
        let Some(event) = platform.event(&id) else { continue };
        let properties = &event["data"]["properties"];
        match seq {
            0..INCIDENTS => assert_eq!(properties["code"], "0501", "{event:#}"),
            _ => assert_eq!(properties["odometer_m"], seq, "{event:#}"),
        }
    }
    // The one that came after the damage.
    assert!(ids.contains("car-08/1/1"));
    assert_eq!(arrived + 1, ids.len() as u64, "and nothing else is there");
    arrived
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_costs_what_is_on_the_damaged_pages_and_the_operator_sees_it() {
    let mut rng = seeded("damage");
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform listens");
    let plan = world.gateway().uplink(&platform.url());
    let plan = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms");
    let mut gateway = stocked(plan).await;
    let running = command(&gateway, &["fsck"]).await;
    assert_eq!(running.code, Some(4), "not while it runs: {running:?}");
    stop_with_all_in_the_database(&mut gateway).await;

    let sound = command(&gateway, &["fsck"]).await;
    assert_eq!((sound.code, sound.stdout.contains("FAIL")), (Some(0), false), "{sound:?}");
    let pages = garble(&gateway, &mut rng, GARBAGE_PAGES);
    let damaged = command(&gateway, &["fsck"]).await;
    assert_eq!((damaged.code, damaged.stdout.contains("FAIL")), (Some(1), true), "{damaged:?}");
    let told = command(&gateway, &["fsck", "--json"]).await;
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(told["damaged"], true, "{told:#}");

    let ready_after = gateway.restart().await;
    let mut device = RawDevice::connect(gateway.mqtt(), "car-08").await;
    acknowledged(&mut device, "status", vec![r#"{"boot":1,"seq":1}"#.to_owned()]).await;
    assert!(ready_after < SERVING_WITHIN, "served after {ready_after:?}");
    let salvaged = async || {
        // Damage that the start did not meet is met by reading what is to be sent.
        let status = gateway.status().await;
        status["damage"]["unsalvaged"] == 0
    };
    platform.set_fault(Fault::Normal).await.expect("the platform listens");
    wait_until("what can be read is back", SOON, salvaged).await;
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;

    let status = gateway.status().await;
    let lost = number(&status["losses"]["lost"]["damaged"]);
    let arrived = arrived_as_sent(&platform);
    let owed = u64::from(INCIDENTS + TELEMETRY);
    note(&format!(
        "damage: {GARBAGE_PAGES} of {pages} pages garbage; ready after {ready_after:?}; {arrived} of {owed} arrived, {lost} \
         told as lost"
    ));
    // What is missing between two segments their running totals tell; of the first and the last nobody can say how many
    // they held: such a one counts once.
    assert!(
        arrived >= owed / 2 && (arrived == owed || lost > 0),
        "{arrived} arrived, {lost} told: {status:#}"
    );
    let alarm = status["damage"]["alarm"] == true;
    assert!(alarm || number(&status["quarantined"]) > 0, "{status:#}");
    if alarm {
        assert_eq!(gateway.metrics().await.get("patrol_store_damage_alarm"), Some(1.0));
        let words = command(&gateway, &["status"]).await;
        assert!(words.stdout.contains("DAMAGE"), "{words:?}");
    }
    stop(&mut gateway).await;
    let after = command(&gateway, &["fsck"]).await;
    assert_eq!((after.code, after.stdout.contains("FAIL")), (Some(0), false), "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fsck_salvages_without_a_gateway_and_the_next_start_has_it_all() {
    let mut rng = seeded("fsck");
    let world = World::new();
    let mut gateway = stocked(world.gateway()).await;
    stop_with_all_in_the_database(&mut gateway).await;
    garble(&gateway, &mut rng, 3);
    // The first page, so that nothing can be read but page by page.
    let path = gateway.dir().join("data/patrol.db");
    let file = OpenOptions::new().write(true).open(path).expect("the database");
    file.write_all_at(&[0xA5; PAGE as usize], 0).expect("written");
    drop(file);

    let salvaged = command(&gateway, &["fsck", "--salvage", "--json"]).await;
    assert_eq!(salvaged.code, Some(1), "there was damage: {salvaged:?}");
    let told: Value = serde_json::from_str(&salvaged.stdout).expect("JSON");
    assert_eq!((&told["salvage"]["done"], &told["salvage"]["folder"]), (&true.into(), &"damaged-1".into()));
    let records = told["salvage"]["records"].as_object().expect("by class");
    let sum = |of: &str| records.values().map(|class| number(&class[of])).sum::<u64>();
    let owed = u64::from(INCIDENTS + TELEMETRY);
    // What is missing between two segments their running totals tell; of the first and the last nobody can say how many
    // they held: such a one counts once.
    assert!(sum("taken") >= owed / 2 && (sum("taken") >= owed || sum("lost") > 0), "{told:#}");

    let again = command(&gateway, &["fsck"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    gateway.restart().await;
    let status = gateway.status().await;
    assert_eq!((&status["damage"]["databases"], &status["damage"]["unsalvaged"]), (&1.into(), &0.into()));
    let back = number(&records["incident"]["taken"]) + number(&records["telemetry"]["taken"]);
    assert_eq!(number(&status["pending_total"]), back);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_while_the_gateway_was_down_is_told() {
    let world = World::new();
    let mut gateway = stocked(world.gateway()).await;
    let mut device = RawDevice::connect(gateway.mqtt(), "car-08").await;
    for seq in 0..30 {
        acknowledged(&mut device, "incident", vec![incident(1, seq)]).await;
    }
    let commits = number(&gateway.status().await["store"]["commit_seq"]);
    gateway.kill9().await;
    let log = OpenOptions::new().write(true).open(gateway.dir().join("data/patrol.db-wal")).expect("the log");
    log.set_len(32 + 24 + PAGE).expect("cut");
    drop(log);
    gateway.restart().await;
    let status = gateway.status().await;
    let missing = number(&status["damage"]["log_commits_missing"]);
    assert!((1..=commits).contains(&missing), "{missing} of {commits}: {status:#}");
    assert_eq!(number(&status["losses"]["lost"]["log_damaged"]), missing);
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.get("patrol_store_log_commits_missing"), Some(missing as f64));
    assert_eq!(metrics.get("patrol_store_damage_alarm"), Some(1.0));
    let words = command(&gateway, &["status"]).await;
    assert!(words.stdout.contains(&format!("had lost its last {missing} commits")), "{words:?}");
}
