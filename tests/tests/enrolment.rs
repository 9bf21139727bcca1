//! A code lets new devices in, as many as it says, each once; and a device that lost its answer asks again.

use std::time::Duration;

use patrol_tests::accounts::{BAD_CREDENTIALS, NOT_AUTHORIZED};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{telemetry, up};
use patrol_tests::site::Site;
use patrol_tests::{World, wait_until};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(30);
const OPEN: [&str; 7] = ["device", "enrol", "--count", "2", "--kind", "camera", "--for=10m"];

/// A device that shows a code; its connection and the code of its CONNACK.
async fn enrol(site: &Site, device: &str, code: &str) -> (Connection, u8) {
    Connection::log_in(&site.gateway, Version::V5, device, "enrol", code).await
}

/// The password that a device is told.
async fn told(connection: &mut Connection, device: &str) -> String {
    connection.subscribe(&format!("patrol/v1/down/{device}/config")).await;
    let message: Value = serde_json::from_slice(&connection.message().await).expect("it is JSON");
    assert_eq!((&message["kind"], &message["user"]), (&"credentials".into(), &device.into()));
    message["password"].as_str().expect("a password").to_owned()
}

#[tokio::test]
async fn a_code_gives_each_device_a_password_of_its_own_and_is_used_up() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[]).await;
    let code = site.password(&OPEN).await;
    site.in_force(0, 0, 0, 1).await;
    assert_eq!(enrol(&site, "cam-02", "wrong").await.1, BAD_CREDENTIALS);
    let (_lost, code_1) = enrol(&site, "cam-01", &code).await;
    assert_eq!(code_1, 0);
    let (mut first, code_1) = enrol(&site, "cam-01", &code).await;
    assert_eq!(code_1, 0);
    let (mut second, code_2) = enrol(&site, "cam-02", &code).await;
    assert_eq!(code_2, 0);
    // The first one has asked more than once: the last password counts.
    let mut passwords = vec![told(&mut first, "cam-01").await];
    while site.log_in("cam-01", passwords.last().expect("one")).await.1 != 0 {
        let next: Value = serde_json::from_slice(&first.message().await).expect("it is JSON");
        passwords.push(next["password"].as_str().expect("a password").to_owned());
    }
    let other = told(&mut second, "cam-02").await;
    assert!(!passwords.contains(&other));
    let (mut camera, code_3) = site.log_in("cam-02", &other).await;
    assert_eq!(code_3, 0);
    camera.report(1, &up("cam-02", "telemetry"), telemetry(1, 1)).await;

    let over = async || enrol(&site, "cam-02", &code).await.1 != 0;
    wait_until("the code is used up for a device that uses its password", SOON, over).await;
    assert_ne!(enrol(&site, "cam-03", &code).await.1, 0, "and for everybody, after two");
    let list: Value = serde_json::from_str(&site.done(&["device", "list", "--json"]).await).expect("JSON");
    let devices = list["devices"].as_array().expect("devices");
    assert_eq!(devices.len(), 2);
    assert!(devices.iter().all(|device| device["kind"] == "camera"), "{devices:?}");
    assert!(site.audited_count("enrolled", |_| true).await >= 2);
    let written = std::fs::read_to_string(site.gateway.dir().join("data/audit/audit.jsonl")).expect("a log");
    assert!(!written.contains(&code) && !written.contains(&other));
}

#[tokio::test]
async fn a_code_takes_no_device_over_that_is_known() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[]).await;
    let password = site.password(&["device", "add", "car-07"]).await;
    let code = site.password(&OPEN).await;
    site.in_force(1, 0, 0, 1).await;
    assert_eq!(enrol(&site, "car-07", &code).await.1, NOT_AUTHORIZED);
    assert_eq!(site.log_in("car-07", &password).await.1, 0);
}

#[tokio::test]
async fn a_device_whose_gateway_died_before_it_had_its_password_comes_again_with_its_code() {
    let world = World::new();
    let mut site = Site::start(&world, "box-1", None, &[]).await;
    let code = site.password(&OPEN).await;
    site.in_force(0, 0, 0, 1).await;
    assert_eq!(enrol(&site, "cam-01", &code).await.1, 0);
    site.gateway.kill9().await;
    site.gateway.restart().await;
    let (mut camera, accepted) = enrol(&site, "cam-01", &code).await;
    assert_eq!(accepted, 0);
    camera.subscribe("patrol/v1/down/cam-01/config").await;
    let mut password = String::new();
    while site.log_in("cam-01", &password).await.1 != 0 {
        let message: Value = serde_json::from_slice(&camera.message().await).expect("it is JSON");
        password = message["password"].as_str().expect("a password").to_owned();
    }
}
