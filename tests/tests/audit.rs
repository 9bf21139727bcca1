//! The audit log says who came and what was changed, over restarts, and whether anybody has touched it since.

use std::time::Duration;

use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::site::Site;
use patrol_tests::{World, wait_until};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_chain_goes_on_over_restarts_and_commands_and_a_changed_line_is_found() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[]).await;
    let _device = Connection::connect(&site.gateway, Version::V311, "car-07").await;
    let came = async || site.audited_count("authenticated", |line| line["account"] == "car-07").await == 1;
    wait_until("it is noted", SOON, came).await;
    site.done(&["application", "add", "console", "--subscribe", "#"]).await;
    let mut gateway = site.gateway;
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0));
    drop(gateway);

    let site = Site::start(&world, "box-1", None, &[]).await;
    wait_until("it is noted", SOON, async || site.audited("started").await.len() == 2).await;
    let started = site.audited("started").await;
    assert!(started.iter().all(|line| line["config_sha256"].as_str().is_some_and(|hash| hash.len() == 64)));
    assert_eq!(site.audited("stopped").await.len(), 1);
    assert_eq!(site.audited("registry_changed").await[0]["account"], "console");
    assert_eq!(site.run(&["audit", "--verify"]).await.code, Some(0));

    let path = site.gateway.dir().join("data/audit/audit.jsonl");
    let text = std::fs::read_to_string(&path).expect("a log");
    std::fs::write(&path, text.replacen("car-07", "car-08", 1)).expect("it can be written");
    let verified = site.run(&["audit", "--verify"]).await;
    assert_eq!(verified.code, Some(1), "{}", verified.stdout);
    assert!(verified.stdout.contains("audit.jsonl:"), "{}", verified.stdout);
    let without: Vec<_> = text.lines().filter(|line| !line.contains("car-07")).collect();
    std::fs::write(&path, without.join("\n") + "\n").expect("it can be written");
    assert_eq!(site.run(&["audit", "--verify"]).await.code, Some(1));
}
