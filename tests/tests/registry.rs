//! Once somebody has credentials, nobody comes in without: not as another, not by a wrong password, not after a revocation. Changes take
//! effect while the gateway runs and devices are connected.

use std::time::{Duration, Instant};

use patrol_tests::accounts::{BAD_CLIENT_ID, BAD_CREDENTIALS, NOT_AUTHORIZED};
use patrol_tests::packets::{self, Version};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{telemetry, up};
use patrol_tests::site::Site;
use patrol_tests::{World, note, wait_until};

/// A change of the registry has taken effect.
const IN_FORCE: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(30);

/// Waits until the gateway has ended this session because its credentials are no longer good.
async fn ends(mut session: Connection) {
    let start = Instant::now();
    assert_eq!(session.until_closed().await, [Packet::Disconnect { code: NOT_AUTHORIZED }]);
    assert!(start.elapsed() < IN_FORCE, "after {:?}", start.elapsed());
}

#[tokio::test]
async fn adding_rotating_and_revoking_take_effect_while_devices_are_connected() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[]).await;
    let on_its_word = Connection::connect(&site.gateway, Version::V5, "car-07").await;
    let first = site.password(&["device", "add", "car-07", "--kind", "vehicle"]).await;
    ends(on_its_word).await;

    let (mut car, code) = site.log_in("car-07", &first).await;
    assert_eq!(code, 0);
    car.report(1, &up("car-07", "telemetry"), telemetry(1, 1)).await;
    // Another account concerns nobody else.
    let other = site.password(&["device", "add", "car-08"]).await;
    site.in_force(2, 0, 0, 0).await;
    assert_eq!(site.log_in("car-08", &other).await.1, 0);
    car.report(2, &up("car-07", "telemetry"), telemetry(1, 2)).await;

    let second = site.password(&["device", "rotate", "car-07"]).await;
    ends(car).await;
    assert_eq!(site.log_in("car-07", &first).await.1, BAD_CREDENTIALS);
    let (car, code) = site.log_in("car-07", &second).await;
    assert_eq!(code, 0);

    site.done(&["device", "revoke", "car-07"]).await;
    ends(car).await;
    assert_eq!(site.log_in("car-07", &second).await.1, NOT_AUTHORIZED);
    let changes = site.audited("registry_changed").await;
    let changes: Vec<_> = changes.iter().map(|line| line["change"].as_str().unwrap_or("?")).collect();
    assert_eq!(changes, ["add", "add", "rotate", "revoke"]);
}

#[tokio::test]
async fn a_broken_file_is_told_and_the_registry_before_stays_in_force() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[]).await;
    let password = site.password(&["device", "add", "car-07"]).await;
    site.in_force(1, 0, 0, 0).await;
    let file = site.gateway.dir().join("data/registry.toml");
    std::fs::write(&file, "[[device]]\nid = \"car-07\"\npasword = \"hunter2\"\n").expect("it can be written");
    let told = "unknown device.pasword; the nearest known name is password";
    wait_until("it is told", SOON, async || site.gateway.log().contains(told)).await;
    assert_eq!(site.log_in("car-07", &password).await.1, 0);
    std::fs::remove_file(&file).expect("it can be removed");
    wait_until("it is told", SOON, async || site.gateway.log().contains("the file is gone")).await;
    assert_eq!(site.log_in("car-07", &password).await.1, 0, "a file that is gone opens nothing");
    assert_eq!(site.log_in("car-99", "anything").await.1, BAD_CREDENTIALS);
}

#[tokio::test]
async fn nobody_comes_in_as_another_and_every_attempt_is_audited_without_its_secret() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[]).await;
    let own = site.password(&["device", "add", "car-07"]).await;
    let victim = site.password(&["device", "add", "car-08"]).await;
    let gone = site.password(&["device", "add", "car-66"]).await;
    site.done(&["device", "revoke", "car-66"]).await;
    let console = site.password(&["application", "add", "console", "--subscribe", "patrol/v1/up/#"]).await;
    site.in_force(3, 1, 1, 0).await;
    let attempts = [
        ("car-08", "car-07", own.as_str(), BAD_CLIENT_ID),
        ("car-08", "car-08", &own, BAD_CREDENTIALS),
        ("car-08", "console", &own, BAD_CREDENTIALS),
        ("car-07", "car-08", &victim, BAD_CLIENT_ID),
        ("car-07", "car-07", "", BAD_CREDENTIALS),
        ("car-66", "car-66", &gone, NOT_AUTHORIZED),
        ("car-99", "car-99", &own, BAD_CREDENTIALS),
        ("car-07", "Car 07", &own, BAD_CREDENTIALS),
        ("car-09", "enrol", &own, BAD_CREDENTIALS),
    ];
    let before = site.audited_count("authentication_failed", |_| true).await;
    for version in Version::BOTH {
        for (client_id, user, password, code) in attempts {
            let got = Connection::log_in(&site.gateway, version, client_id, user, password).await.1;
            match version {
                Version::V5 => assert_eq!(got, code, "{client_id} {user}"),
                Version::V311 => assert!(got == 2 || got == 4 || got == 5, "{client_id} {user}: {got}"),
            }
        }
        let mut silent = Connection::open(&site.gateway, version).await;
        silent.send(&packets::connect(version, "car-07", 60)).await;
        let refused = [Packet::ConnAck { code: BAD_CREDENTIALS }, Packet::ConnAck { code: 4 }];
        assert!(refused.contains(&silent.packet().await), "nobody is taken on its word");
    }
    let tried = 2 * (attempts.len() as u64 + 1);
    let counted = async || site.audited_count("authentication_failed", |_| true).await - before == tried;
    wait_until("every attempt is audited", SOON, counted).await;
    let written = std::fs::read_to_string(site.gateway.dir().join("data/audit/audit.jsonl")).expect("a log");
    for secret in [&own, &victim, &gone, &console] {
        assert!(!written.contains(secret.as_str()), "no secret is in the audit log");
        assert!(!site.gateway.log().contains(secret.as_str()), "nor in the log");
    }
    assert!(!written.contains("argon2id") && !site.gateway.log().contains("argon2id"));
}

#[tokio::test]
async fn a_flood_of_wrong_passwords_holds_no_good_device_up() {
    let world = World::new();
    let site = Site::start(&world, "box-1", None, &[("store.telemetry_linger", "0ms")]).await;
    let password = site.password(&["device", "add", "car-07"]).await;
    site.in_force(1, 0, 0, 0).await;
    let (mut car, code) = site.log_in("car-07", &password).await;
    assert_eq!(code, 0);
    let address = site.gateway.mqtt();
    let flood: Vec<_> = (0..8)
        .map(|thrower| {
            tokio::spawn(async move {
                for attempt in 0_u64.. {
                    let mut connection = Connection::open_at(address, Version::V5).await;
                    let user = format!("car-{}", 1000 * thrower + attempt % 500);
                    connection.send(&packets::connect_as(Version::V5, &user, &user, "wrong")).await;
                    let answer = connection.next().await;
                    assert_ne!(answer, Some(Packet::ConnAck { code: 0 }));
                }
            })
        })
        .collect();
    let refused = async || site.gateway.metrics().await.sum("patrol_mqtt_refusals_total") > 500.0;
    wait_until("the flood is there", SOON, refused).await;
    let mut slowest = Duration::ZERO;
    for seq in 1..=50 {
        let start = Instant::now();
        car.report(1, &up("car-07", "telemetry"), telemetry(1, seq)).await;
        slowest = slowest.max(start.elapsed());
    }
    // A password that was right before costs nothing, flood or not.
    let start = Instant::now();
    assert_eq!(site.log_in("car-07", &password).await.1, 0);
    let login = start.elapsed();
    flood.iter().for_each(tokio::task::JoinHandle::abort);
    note(&format!("slowest acknowledgement {slowest:?}, log-in {login:?}"));
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(login < Duration::from_secs(1), "{login:?}");
}

#[tokio::test]
async fn beyond_this_machine_the_listener_listens_only_once_somebody_has_credentials() {
    let world = World::new();
    let keys = [("listener.bind", "0.0.0.0:0")];
    let site = Site::start(&world, "box-1", None, &keys).await;
    assert!(site.gateway.mqtt().ip().is_loopback(), "{}", site.gateway.mqtt());
    let checked = site.run(&["check"]).await;
    assert_eq!(checked.code, Some(1), "{}", checked.stdout);
    assert!(
        checked.stdout.contains("listener.bind = 0.0.0.0:0 is not used without credentials"),
        "{}",
        checked.stdout
    );
    site.done(&["device", "add", "car-07"]).await;
    drop(site);
    let site = Site::start(&world, "box-1", None, &keys).await;
    assert!(site.gateway.mqtt().ip().is_unspecified(), "{}", site.gateway.mqtt());
    assert_eq!(site.run(&["check"]).await.code, Some(0));
}
