//! Clients that others wrote work with the gateway as they are: Debian's mosquitto_pub, mosquitto_sub and mosquitto_rr,
//! rumqttc 0.25 and its maintained fork, each in MQTT 3.1.1 and 5.

use std::time::Duration;

use patrol_simulator::platform::Fault;
use patrol_tests::reports::{down, incident, receipt, telemetry, up};
use patrol_tests::rust_clients::{Kind, Qos, RustClient};
use patrol_tests::{Subscriber, World, mosquitto_pub, run_to_end, wait_until};
use serde_json::json;

const SOON: Duration = Duration::from_secs(60);
const MOSQUITTO_VERSIONS: [&str; 2] = ["311", "5"];

#[tokio::test]
async fn a_case_number_reaches_mosquitto_sub_that_is_already_there_and_one_that_comes_later() {
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform obeys");
    let gateway = world.gateway().uplink(&platform.url()).set("uplink.retry_max", "500ms").start().await;
    let mut there = Vec::new();
    for version in MOSQUITTO_VERSIONS {
        for device in [format!("there-{version}"), format!("later-{version}")] {
            let (topic, report) = (up(&device, "incident"), incident(7, 812));
            let args = ["-V", version, "-i", &device, "-q", "1", "-t", &topic, "-m", &report];
            let published = mosquitto_pub(&gateway, &args).await;
            assert_eq!((published.code, published.stderr.as_str()), (Some(0), ""), "{version}");
        }
        there.push(subscribe(&gateway, version, &format!("there-{version}")).await);
    }
    assert_eq!(gateway.status().await["pending"]["incident"], 4);
    platform.set_fault(Fault::Normal).await.expect("the platform obeys");
    wait_until("all receipts are there", SOON, async || gateway.pending().await == 0).await;
    for (version, mut there) in MOSQUITTO_VERSIONS.into_iter().zip(there) {
        let mut later = subscribe(&gateway, version, &format!("later-{version}")).await;
        for (device, subscriber) in [("there", &mut there), ("later", &mut later)] {
            let id = format!("{device}-{version}/7/812");
            let case = platform.ledger().delivered[id.as_str()].clone();
            let expected = json!({"id": id, "boot": 7, "seq": 812, "result": "accepted", "case": case});
            assert_eq!(receipt(subscriber.message(SOON).await), expected);
        }
    }
    wait_until("read receipts are gone", SOON, async || gateway.status().await["down_waiting"] == 0).await;
}

async fn subscribe(gateway: &patrol_tests::Gateway, version: &str, device: &str) -> Subscriber {
    Subscriber::start(gateway, &["-V", version, "-i", device, "-q", "1", "-t", &down(device, "receipt")])
        .await
}

#[tokio::test]
async fn mosquitto_rr_reports_and_waits_for_its_case_number_on_one_connection() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let (host, port) = (gateway.mqtt().ip().to_string(), gateway.mqtt().port().to_string());
    for version in MOSQUITTO_VERSIONS {
        let device = format!("rr-{version}");
        let (topic, answer, report) = (up(&device, "incident"), down(&device, "receipt"), incident(1, 1));
        let args = ["-h", &host, "-p", &port, "-V", version, "-i", &device, "-q", "1"];
        let args = [&args[..], &["-t", &topic, "-e", &answer, "-m", &report]].concat();
        let asked = run_to_end("/usr/bin/mosquitto_rr", args, SOON).await;
        assert_eq!(asked.code, Some(0), "{asked:?}");
        assert!(receipt(asked.stdout)["case"].as_str().is_some_and(|case| case.starts_with("AJ-")));
    }
}

#[tokio::test]
async fn mosquitto_pub_may_use_qos_0_the_retain_flag_and_almost_the_whole_packet() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway =
        world.gateway().uplink(&platform.url()).set("listener.max_packet_bytes", "64KiB").start().await;
    let room = (64 << 10) - 300;
    let text = "占道经营".chars().cycle().take(room / 3).collect::<String>();
    let large = json!({"boot": 1, "seq": 3, "kind": "event", "code": "0501", "description": text});
    let large = world.file("large.json", large.to_string());
    let large = large.to_str().expect("a plain path");
    for version in MOSQUITTO_VERSIONS {
        let publish = async |device: &str, more: &[&str]| {
            let args = [&["-V", version, "-i", device][..], more].concat();
            let published = mosquitto_pub(&gateway, &args).await;
            assert_eq!((published.code, published.stderr.as_str()), (Some(0), ""), "{more:?}");
        };
        // The next connection of the same device would end this one, and QoS 0 waits for nobody to read it.
        let unconfirmed = format!("zero-{version}");
        publish(&unconfirmed, &["-q", "0", "-t", &up(&unconfirmed, "telemetry"), "-m", &telemetry(1, 1)])
            .await;
        let device = format!("pub-{version}");
        let (telemetry_topic, incident_topic) = (up(&device, "telemetry"), up(&device, "incident"));
        publish(&device, &["-q", "1", "-r", "-t", &telemetry_topic, "-m", &telemetry(1, 2)]).await;
        publish(&device, &["-q", "1", "-t", &incident_topic, "-f", large]).await;
    }
    wait_until("the platform has them all", SOON, async || platform.counts().delivered == 6).await;
    let event = platform.event("pub-5/1/3").expect("the large one");
    assert_eq!(event["data"]["properties"]["description"], text);
    assert_eq!(gateway.metrics().await.get("patrol_received_qos0_messages_total"), Some(2.0));
}

#[tokio::test]
async fn mosquitto_sub_stays_connected_by_its_pings() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let stays = async |version: &str| {
        let (device, topic) = (format!("sub-{version}"), down(&format!("sub-{version}"), "#"));
        let args = ["-V", version, "-i", &device, "-k", "5", "-q", "1", "-t", &topic];
        let mut subscriber = Subscriber::start(&gateway, &args).await;
        subscriber.said("received PINGRESP", SOON).await;
        subscriber.said("received PINGRESP", SOON).await;
    };
    tokio::join!(stays("311"), stays("5"));
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.get("patrol_mqtt_connects_total"), Some(2.0), "nobody had to come again");
}

#[tokio::test]
async fn each_rust_client_reports_with_many_in_flight_and_gets_every_receipt() {
    const TELEMETRY: u32 = 600;
    const INCIDENTS: u32 = 40;
    const UNCONFIRMED: u32 = 100;
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let report = async |kind: Kind| {
        let client = RustClient::start(&gateway, kind, 30);
        client.subscribe(&down(kind.device(), "receipt")).await;
        for seq in 0..TELEMETRY {
            client.publish(Qos::One, &up(kind.device(), "telemetry"), telemetry(1, seq)).await;
        }
        for seq in 0..INCIDENTS {
            client.publish(Qos::One, &up(kind.device(), "incident"), incident(2, seq)).await;
        }
        for seq in 0..UNCONFIRMED {
            client.publish(Qos::Zero, &up(kind.device(), "telemetry"), telemetry(3, seq)).await;
        }
        let owed = (TELEMETRY + INCIDENTS) as usize;
        wait_until("every report is acknowledged", SOON, async || client.heard().acks == owed).await;
        let receipts = async || client.heard().messages.len() == INCIDENTS as usize;
        wait_until("every receipt is there", SOON, receipts).await;
        let heard = client.heard();
        assert_eq!((heard.connects, heard.breaks), (1, 0), "{kind:?}");
        let cases = platform.ledger().delivered;
        for (topic, payload) in heard.messages {
            let receipt = receipt(payload);
            let id = receipt["id"].as_str().expect("an id");
            assert_eq!((topic, &receipt["case"]), (down(kind.device(), "receipt"), &json!(cases[id])));
        }
    };
    tokio::join!(
        report(Kind::RumqttcV4),
        report(Kind::RumqttcV5),
        report(Kind::ForkV4),
        report(Kind::ForkV5)
    );
    let each = u64::from(TELEMETRY + INCIDENTS + UNCONFIRMED);
    wait_until("the platform has them all", SOON, async || platform.counts().delivered == 4 * each).await;
    assert_eq!(platform.counts().duplicates, 0);
}

#[tokio::test]
async fn pings_keep_each_rust_client_connected_over_its_keep_alive() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let stay = async |kind: Kind| {
        let client = RustClient::start(&gateway, kind, kind.keep_alive_min_s());
        wait_until("its pings are answered", SOON, async || client.heard().pongs >= 2).await;
        let heard = client.heard();
        assert_eq!((heard.connects, heard.breaks), (1, 0), "{kind:?}");
    };
    tokio::join!(stay(Kind::RumqttcV4), stay(Kind::RumqttcV5), stay(Kind::ForkV4), stay(Kind::ForkV5));
}

#[tokio::test]
async fn each_rust_client_comes_back_when_the_gateway_was_killed() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let clients = Kind::ALL.map(|kind| (kind, RustClient::start(&gateway, kind, 30)));
    for life in 1..=2 {
        for (kind, client) in &clients {
            wait_until("it is connected", SOON, async || client.heard().connects >= life).await;
            let topic = up(kind.device(), "telemetry");
            for seq in 0..20 {
                client.publish(Qos::One, &topic, telemetry(life as u32, seq)).await;
            }
            let acks = 20 * life;
            wait_until("its reports are acknowledged", SOON, async || client.heard().acks == acks).await;
        }
        if life == 1 {
            gateway.kill9().await;
            gateway.restart().await;
        }
    }
    assert_eq!(gateway.pending().await, 4 * 2 * 20);
}
