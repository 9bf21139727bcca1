//! MQTT clients that others wrote, from PyPI and npm, and the interoperability suite that comes with one of them. `tests/interop/setup`
//! fetches them once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use patrol_tests::site::Site;
use patrol_tests::{Ended, World, note, run_to_end};
use tokio::sync::OnceCell;

/// The suite waits for what must not come.
const SUITE_WITHIN: Duration = Duration::from_secs(300);
const CLIENT_WITHIN: Duration = Duration::from_secs(60);
const SETUP_WITHIN: Duration = Duration::from_secs(300);

static FETCHED: OnceCell<()> = OnceCell::const_new();

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop")
}

async fn run(program: &Path, words: &[&str], within: Duration) -> Ended {
    run_to_end(program, words, within).await
}

async fn fetched() {
    FETCHED
        .get_or_init(async || {
            let setup = run(&scripts().join("setup"), &[&folder().display().to_string()], SETUP_WITHIN).await;
            assert_eq!(setup.code, Some(0), "{}{}", setup.stdout, setup.stderr);
        })
        .await;
}

/// A gateway, its port, and the passwords of a device and of an application that may do everything.
async fn stage(world: &World) -> (Site, String, String, String) {
    fetched().await;
    let site = Site::start(world, "box-1", None, &[]).await;
    let device = site.password(&["device", "add", "car-07"]).await;
    let bench = site.password(&["application", "add", "bench", "--subscribe", "#", "--publish", "#"]).await;
    site.in_force(1, 1, 0, 0).await;
    let port = site.gateway.mqtt().port().to_string();
    (site, port, device, bench)
}

#[tokio::test]
async fn pythons_clients_report_at_every_qos_and_see_what_is_reported() {
    let python = folder().join("python/bin/python");
    for client in ["paho-3", "paho-5", "aiomqtt", "gmqtt"] {
        let world = World::new();
        let (site, port, device, bench) = stage(&world).await;
        let script = scripts().join("clients.py").display().to_string();
        let ended = run(&python, &[&script, client, &port, &device, &bench], CLIENT_WITHIN).await;
        assert_eq!(ended.code, Some(0), "{client}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(site.gateway.status().await["pending_total"], 3, "{client}");
    }
}

#[tokio::test]
async fn mqtt_js_reports_at_every_qos_and_sees_what_is_reported() {
    for version in ["4", "5"] {
        let world = World::new();
        let (site, port, device, bench) = stage(&world).await;
        let script = scripts().join("client.mjs").display().to_string();
        let modules = folder().display().to_string();
        let words = [&*script, &*modules, version, &*port, &*device, &*bench];
        let ended = run(Path::new("node"), &words, CLIENT_WITHIN).await;
        assert_eq!(ended.code, Some(0), "{version}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(site.gateway.status().await["pending_total"], 3, "{version}");
    }
}

#[tokio::test]
async fn the_interoperability_suite_of_paho_passes() {
    let world = World::new();
    let (_site, port, _, bench) = stage(&world).await;
    let unpacked = std::fs::read_dir(folder()).expect("what was fetched").flatten().map(|entry| entry.path());
    let suite = unpacked.filter(|path| path.is_dir()).map(|path| path.join("tests"));
    let suite = suite.filter(|tests| tests.join("test_mqttv5.py").exists()).last().expect("the suite");
    let script = scripts().join("paho_suite.py").display().to_string();
    let words = [&*script, &*suite.display().to_string(), &*port, "bench", &*bench].map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = run(&folder().join("python/bin/python"), &words, SUITE_WITHIN).await;
    let summary = ended.stdout.lines().last().unwrap_or_default();
    note(summary);
    assert_eq!(ended.code, Some(0), "{summary}\n{}", ended.stderr);
}
