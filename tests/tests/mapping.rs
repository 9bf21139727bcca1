//! Third-party devices on the bench: `patrol-gateway mapping` says what becomes of a sample, and a gateway runs on its rules.

use std::path::Path;
use std::time::Duration;

use patrol_simulator::platform::Fault;
use patrol_tests::login::Login;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::{Ended, Gateway, World, program, run_to_end, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const RULES: &str = "[[mapping]]\ntopic = \"application/+/device/+/event/up\"\npreset = \"lorawan\"\n";
const TOPIC: &str = "application/17c8/device/a840/event/up";
const CAMERA: &str = include_str!("../../gateway/tests/mapping/ga1400-event.json");
const UPLINK: &str = include_str!("../../gateway/tests/mapping/lorawan.json");

async fn mapping(config: &Path, args: &[&str]) -> Ended {
    let all = [&["mapping", "--config", config.to_str().expect("a plain path")], args].concat();
    run_to_end(program("patrol-gateway"), all, SOON).await
}

#[tokio::test]
async fn the_bench_says_what_becomes_of_a_sample_by_its_words_and_its_exit_code() {
    let world = World::new();
    let config = world.file("p.toml", RULES);
    let path = |name, content: &str| world.file(name, content).to_string_lossy().into_owned();
    let sample = path("uplink.json", UPLINK);

    let tried = mapping(&config, &["test", &sample, "--topic", TOPIC]).await;
    assert_eq!((tried.code, tried.stderr.as_str()), (Some(0), ""), "{tried:?}");
    for part in ["lora-a84041000181bc01", "water_level", "接收 accepted: reading"] {
        assert!(tried.stdout.contains(part), "{part}: {}", tried.stdout);
    }
    let as_json = mapping(&config, &["test", &sample, "--topic", TOPIC, "--json"]).await;
    let told: Value = serde_json::from_str(&as_json.stdout).expect("JSON");
    assert_eq!(
        (&told["rule"], &told["verdict"], &told["report"]["readings"][0]["value"]),
        (&json!(1), &json!("accepted"), &json!(0.42))
    );

    let wrong = path("wrong.json", &UPLINK.replace("devEui", "eui"));
    let refused = mapping(&config, &["test", &wrong, "--topic", TOPIC]).await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stdout.contains("mapping_failed: device: nothing at /deviceInfo/devEui"),
        "{}",
        refused.stdout
    );
    let elsewhere = mapping(&config, &["test", &sample, "--topic", "other"]).await;
    assert!(
        elsewhere.code == Some(1) && elsewhere.stdout.contains("No rule is for this topic"),
        "{elsewhere:?}"
    );
    assert_eq!(mapping(&config, &["test", "/nowhere", "--topic", TOPIC]).await.code, Some(2));

    let list = mapping(&config, &["list"]).await;
    assert!(list.code == Some(0) && list.stdout.contains("(lorawan)"), "{list:?}");
    let bad = world.file("bad.toml", RULES.replace("lorawan", "lorawam"));
    let refused = mapping(&bad, &["list"]).await;
    assert!(
        refused.code == Some(2) && refused.stderr.contains("bad.toml:3:10: mapping.preset"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_gateway_with_rules_starts_and_says_so_in_its_check() {
    let world = World::new();
    let gateway = world.gateway().entries(RULES).start().await;
    let config = gateway.dir().join("patrol-gateway.toml");
    let args = ["check", "--config", config.to_str().expect("a plain path")];
    let checked = run_to_end(program("patrol-gateway"), args, SOON).await;
    assert!(checked.stdout.contains("1 条规则 rules"), "{checked:?}");
}

/// The connection of an application that may publish there.
async fn bridge(gateway: &Gateway, filter: &str) -> Connection {
    let config = gateway.dir().join("patrol-gateway.toml");
    let words = ["application", "add", "bridge", "--publish", filter, "--config"];
    let words = [&words[..], &[config.to_str().expect("plain")]].concat();
    let added = run_to_end(program("patrol-gateway"), words, SOON).await;
    let password =
        added.stdout.split_once(" password  ").and_then(|(_, rest)| rest.trim_start().split(' ').next());
    let password = password.unwrap_or_else(|| panic!("{added:?}"));
    wait_until("it is in force", SOON, async || gateway.log().contains("applications=1")).await;
    let login =
        Login { client_id: "bridge", user: "bridge", password, clean_start: true, expiry_s: 0, will: None };
    login.connect(gateway).await.0
}

#[tokio::test]
async fn a_cameras_finding_arrives_as_an_incident_with_the_code_of_the_citys_table() {
    let world = World::new();
    let platform = world.platform().await;
    let table = "ga1400_event_sort,kind,case_code\n661,event,0501\n640,component,0305\n";
    let table = world.file("camera-events.csv", table).to_string_lossy().into_owned();
    let rules = "[[mapping]]\ntopic = \"viid/+/event\"\npreset = \"ga1400-event\"\ncrs = \"wgs84\"\n";
    let plan = world.gateway().entries(rules).uplink(&platform.url());
    let gateway = plan.set("geography.camera_events", &table).start().await;
    let mut bridge = bridge(&gateway, "viid/#").await;
    bridge.report(1, "viid/7/event", CAMERA).await;
    bridge.report(2, "viid/7/event", CAMERA.replace("661", "640")).await;
    bridge.report(3, "viid/7/event", CAMERA.replace("661", "699")).await;
    wait_until("both have left", SOON, async || platform.arrivals().len() == 2).await;
    let cases = platform.arrivals().into_iter().map(|arrival| {
        let event = platform.event(&arrival.id).expect("it has arrived");
        assert!(arrival.id.starts_with("cam-51060300001190000001/"), "{event:#}");
        assert_eq!(event["data"]["geometry"]["coordinates"], json!([104.398, 31.127]), "{event:#}");
        let properties = &event["data"]["properties"];
        (properties["kind"].clone(), properties["code"].clone())
    });
    let mut cases: Vec<_> = cases.map(|(kind, code)| format!("{kind} {code}")).collect();
    cases.sort();
    assert_eq!(cases, ["\"component\" \"0305\"", "\"event\" \"0501\""]);
    // A number that the city's table lacks is kept, though the built-in one has it.
    assert_eq!(gateway.status().await["quarantined"], 1);
}

#[tokio::test]
async fn what_a_bridge_publishes_is_a_report_of_its_device_also_after_kill_9() {
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform listens");
    let plan = world.gateway().entries(RULES).uplink(&platform.url());
    let plan = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms");
    let mut gateway = plan.start().await;
    let mut bridge = bridge(&gateway, "application/#").await;
    bridge.report(1, TOPIC, UPLINK).await;
    bridge.report(2, TOPIC, UPLINK.replace("devEui", "eui")).await;
    let status = gateway.status().await;
    assert_eq!((&status["pending"]["reading"], &status["quarantined"]), (&json!(1), &json!(1)), "{status:#}");
    gateway.kill9().await;
    gateway.restart().await;
    platform.set_fault(Fault::Normal).await.expect("the platform listens");
    wait_until("it has left", SOON, async || gateway.pending().await == 0).await;
    let arrivals = platform.arrivals();
    assert_eq!(arrivals.len(), 1, "{arrivals:?}");
    let event = platform.event(&arrivals[0].id).expect("it has arrived");
    assert!(arrivals[0].id.starts_with("lora-a84041000181bc01/"), "{event:#}");
    assert_eq!(event["data"]["properties"]["readings"][0]["value"], 0.42, "{event:#}");
}
