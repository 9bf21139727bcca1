//! What a client is owed beyond its connection: its session, what waits for it, its will, and what stays of a topic. Also when the
//! gateway is killed.

use std::collections::HashSet;
use std::time::Duration;

use patrol_tests::login::Login;
use patrol_tests::packets::{self, Version};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{telemetry, up};
use patrol_tests::site::Site;
use patrol_tests::{World, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// A gateway with a device and two applications: one may do everything, the other only look at what devices send.
struct Stage {
    _world: World,
    site: Site,
    device: String,
    bench: String,
    viewer: String,
}

impl Stage {
    async fn set() -> Stage {
        let world = World::new();
        let site = Site::start(&world, "box-1", None, &[]).await;
        let device = site.password(&["device", "add", "car-07"]).await;
        let bench =
            site.password(&["application", "add", "bench", "--subscribe", "#", "--publish", "#"]).await;
        let viewer = site.password(&["application", "add", "viewer", "--subscribe", "patrol/v1/up/#"]).await;
        site.in_force(1, 2, 0, 0).await;
        Stage { _world: world, site, device, bench, viewer }
    }

    fn bench<'a>(&'a self, client_id: &'a str) -> Login<'a> {
        let password = &self.bench;
        Login { client_id, user: "bench", password, clean_start: true, expiry_s: 0, will: None }
    }

    fn viewer<'a>(&'a self, client_id: &'a str) -> Login<'a> {
        Login { user: "viewer", password: &self.viewer, ..self.bench(client_id) }
    }

    fn device(&self) -> Login<'_> {
        Login { client_id: "car-07", user: "car-07", password: &self.device, ..self.bench("") }
    }
}

#[tokio::test]
async fn a_local_application_sees_what_devices_send_and_nothing_beyond_its_account() {
    let stage = Stage::set().await;
    let gateway = &stage.site.gateway;
    let (mut viewer, _) = stage.viewer("desk").connect(gateway).await;
    assert_eq!(viewer.subscribe_with("patrol/v1/up/+/telemetry", 1).await, 1);
    assert_eq!(viewer.subscribe_with("patrol/v1/down/#", 1).await, 0x87);
    assert_eq!(viewer.subscribe_with("#", 1).await, 0x87);
    viewer.send(&packets::publish(Version::V5, 1, &up("car-07", "incident"), "{}")).await;
    assert_eq!(viewer.packet().await, Packet::PubAck { id: 1, code: 0x87 });
    let is_viewer = |line: &serde_json::Value| line["client"] == "viewer@desk";
    let denied = async || stage.site.audited_count("denied", is_viewer).await == 3;
    wait_until("all three are audited", SOON, denied).await;
    let (mut car, _) = stage.device().connect(gateway).await;
    let report = telemetry(1, 1);
    car.report(1, &up("car-07", "telemetry"), &report).await;
    assert_eq!(viewer.take_message().await, (up("car-07", "telemetry"), report));
    assert_eq!(gateway.status().await["pending_total"], 1, "and it is a report all the same");
}

#[tokio::test]
async fn what_waits_for_a_session_survives_kill_9_in_its_order_and_comes_once() {
    let mut stage = Stage::set().await;
    let sleeper = Login { clean_start: false, expiry_s: 3600, ..stage.bench("sleeper") };
    let (mut subscriber, present) = sleeper.connect(&stage.site.gateway).await;
    assert!(!present);
    assert_eq!(subscriber.subscribe_with("city/+", 2).await, 2);
    subscriber.goodbye().await;
    let (mut publisher, _) = stage.bench("publisher").connect(&stage.site.gateway).await;
    for number in 1..=5u16 {
        publisher.publish_once(number, "city/2", &format!("twice {number}")).await;
        publisher.report(10 + number, "city/1", format!("once {number}")).await;
    }
    drop(publisher);
    stage.site.gateway.kill9().await;
    stage.site.gateway.restart().await;
    let sleeper = Login { clean_start: false, expiry_s: 3600, ..stage.bench("sleeper") };
    let (mut subscriber, present) = sleeper.connect(&stage.site.gateway).await;
    assert!(present, "the session is there");
    for number in 1..=5 {
        assert_eq!(subscriber.take_message().await, ("city/2".to_owned(), format!("twice {number}")));
        assert_eq!(subscriber.take_message().await, ("city/1".to_owned(), format!("once {number}")));
    }
    // Done with: after another kill nothing comes again.
    subscriber.let_go_of(5).await;
    subscriber.goodbye().await;
    stage.site.gateway.kill9().await;
    stage.site.gateway.restart().await;
    let sleeper = Login { clean_start: false, expiry_s: 3600, ..stage.bench("sleeper") };
    let (mut subscriber, _) = sleeper.connect(&stage.site.gateway).await;
    let (mut publisher, _) = stage.bench("publisher").connect(&stage.site.gateway).await;
    publisher.report(1, "city/1", "last").await;
    let mut twice = HashSet::new();
    loop {
        let (_, payload) = subscriber.take_message().await;
        if payload == "last" {
            break;
        }
        // What is done with is deleted a moment after: at QoS 1 something may come again, at QoS 2 nothing.
        assert!(payload.starts_with("once") && twice.insert(payload.clone()), "{payload}");
    }
}

#[tokio::test]
async fn a_message_at_qos_2_that_is_sent_again_after_kill_9_is_taken_once() {
    let mut stage = Stage::set().await;
    let login = Login { clean_start: false, expiry_s: 3600, ..stage.device() };
    let (mut car, _) = login.connect(&stage.site.gateway).await;
    // No number of the device's own: only the packet id says that it is the same.
    let publish = |first| packets::publish_with(first, &[0], 7, &up("car-07", "telemetry"), "{}");
    car.send(&publish(0x34)).await;
    assert_eq!(car.packet().await, Packet::PubRec { id: 7, code: 0 });
    stage.site.gateway.kill9().await;
    stage.site.gateway.restart().await;
    let login = Login { clean_start: false, expiry_s: 3600, ..stage.device() };
    let (mut car, present) = login.connect(&stage.site.gateway).await;
    assert!(present);
    car.send(&publish(0x3C)).await;
    assert_eq!(car.packet().await, Packet::PubRec { id: 7, code: 0 });
    car.send(&packets::packet(0x62, [0, 7])).await;
    assert_eq!(car.packet().await, Packet::PubComp { id: 7, code: 0 });
    assert_eq!(stage.site.gateway.status().await["pending_total"], 1);
    // Released, and the packet id stands for another message.
    car.send(&publish(0x34)).await;
    assert_eq!(car.packet().await, Packet::PubRec { id: 7, code: 0 });
    assert_eq!(stage.site.gateway.status().await["pending_total"], 2);
}

#[tokio::test]
async fn what_stays_of_a_topic_survives_kill_9_until_it_is_taken_away() {
    let mut stage = Stage::set().await;
    let (mut publisher, _) = stage.bench("publisher").connect(&stage.site.gateway).await;
    for topic in ["lamp/1", "lamp/2"] {
        publisher.send(&packets::publish_with(0x33, &[0], 1, topic, "on")).await;
        assert_eq!(publisher.packet().await, Packet::ack(1));
    }
    publisher.send(&packets::publish_with(0x33, &[0], 1, "lamp/1", "")).await;
    assert_eq!(publisher.packet().await, Packet::ack(1));
    stage.site.gateway.kill9().await;
    stage.site.gateway.restart().await;
    let (mut subscriber, _) = stage.bench("subscriber").connect(&stage.site.gateway).await;
    assert_eq!(subscriber.subscribe_with("lamp/+", 1).await, 1);
    assert_eq!(subscriber.take_message().await, ("lamp/2".to_owned(), "on".to_owned()));
    // Not wanted (retain handling 2): the next message is a new one.
    assert_eq!(subscriber.subscribe_with("lamp/#", 0x21).await, 1);
    let (mut publisher, _) = stage.bench("publisher").connect(&stage.site.gateway).await;
    publisher.report(1, "lamp/2", "off").await;
    assert_eq!(subscriber.take_message().await, ("lamp/2".to_owned(), "off".to_owned()));
}

#[tokio::test]
async fn a_will_is_published_when_its_client_is_gone_without_a_word_and_is_a_report_on_its_own_topic() {
    let stage = Stage::set().await;
    let gateway = &stage.site.gateway;
    let (mut viewer, _) = stage.viewer("desk").connect(gateway).await;
    viewer.subscribe_with("patrol/v1/up/#", 1).await;
    let (topic, gone) = (up("car-07", "status"), r#"{"boot":1,"seq":9}"#);
    let with_will = Login { will: Some((&topic, gone, 0)), ..stage.device() };
    let (car, _) = with_will.connect(gateway).await;
    car.goodbye().await;
    let (car, _) = with_will.connect(gateway).await;
    car.reset();
    assert_eq!(viewer.take_message().await, (topic.clone(), gone.to_owned()), "once, for the one that broke");
    wait_until("it is a report", SOON, async || gateway.status().await["pending_total"] == 1).await;
    // Held back, and void when the client is back in time.
    let held =
        Login { will: Some((&topic, "late", 3600)), expiry_s: 7200, clean_start: false, ..stage.device() };
    let (car, _) = held.connect(gateway).await;
    car.reset();
    let (mut car, _) = Login { will: None, ..held }.connect(gateway).await;
    car.report(1, &up("car-07", "telemetry"), telemetry(1, 10)).await;
    assert_eq!(viewer.take_message().await.1, telemetry(1, 10));
    // For a topic that is not its own, nobody gets in.
    let foreign = Login { will: Some(("patrol/v1/up/car-08/status", "{}", 0)), ..stage.device() };
    let refused = tokio::spawn({
        let (mqtt, bytes) = (gateway.mqtt(), foreign.to_bytes());
        async move {
            let mut connection = Connection::open_at(mqtt, Version::V5).await;
            connection.send(&bytes).await;
            connection.connack().await
        }
    });
    assert_eq!(refused.await.expect("it ends").0, 0x87);
}

#[tokio::test]
async fn those_who_share_a_subscription_get_each_message_once_among_them() {
    let stage = Stage::set().await;
    let gateway = &stage.site.gateway;
    let (mut one, _) = stage.bench("one").connect(gateway).await;
    let (mut other, _) = stage.bench("other").connect(gateway).await;
    for member in [&mut one, &mut other] {
        assert_eq!(member.subscribe_with("$share/desks/case/#", 1).await, 1);
    }
    let (mut publisher, _) = stage.bench("publisher").connect(gateway).await;
    for number in 1..=6u16 {
        publisher.report(number, "case/new", number.to_string()).await;
    }
    let mut seen = HashSet::new();
    for _ in 0..3 {
        seen.insert(one.take_message().await.1);
        seen.insert(other.take_message().await.1);
    }
    assert_eq!(seen.len(), 6);
}
