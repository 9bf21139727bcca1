//! The ways in which MQTT clients are known to lose messages or to stand still, each shown not to be ours.

use std::time::Duration;

use patrol_gateway::config::MqttVersion;
use patrol_gateway::mqtt_client::Version;
use patrol_gateway::store::settlement::Decision;
use patrol_gateway::uplink::carrier::Trouble;

use crate::mqtt_support::mosquitto::{IN_MEMORY, Mosquitto};
use crate::mqtt_support::raw::{Hello, Packet, RawBroker, RawLink};
use crate::world::{Plan, Platform, record, records};

/// A while in which something that must not happen would have happened.
const A_WHILE: Duration = Duration::from_millis(300);

fn accepted() -> Option<Decision> {
    Some(Decision::Accepted { case_number: None })
}

/// Acknowledges the next `count` publishes, each as it comes.
async fn acknowledge(link: &mut RawLink, count: usize) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for _ in 0..count {
        let (packet_id, body) = link.published().await;
        link.acknowledge(packet_id, 0).await;
        bodies.push(body);
    }
    bodies
}

#[tokio::test]
async fn events_reach_the_platform_once_and_in_order_in_both_versions() {
    for (version, client) in [(MqttVersion::V5, Version::V5), (MqttVersion::V3, Version::V3)] {
        let broker = Mosquitto::started(IN_MEMORY);
        let platform = Platform::start(broker.addr(), client, false).await;
        let mut plan = Plan::to(broker.addr());
        plan.mqtt.version = version;
        let drained = plan.start().drain(records(1000)).await;
        assert_eq!((drained.accepted, drained.troubles.len()), (1000, 0), "{:?}", drained.troubles);
        platform.has(1000).await;
        assert!(platform.seen().values().all(|times| *times == 1));
    }
}

#[tokio::test]
async fn what_was_in_flight_when_the_session_was_lost_is_sent_again_within_the_batch() {
    for session_present in [false, true] {
        let broker = RawBroker::open().await;
        let running = Plan::to(broker.addr()).start();
        let all = records(30);
        let (sent, ()) = tokio::join!(running.send(&all), async {
            let mut first = broker.accept(Hello::default()).await;
            for _ in 0..30 {
                first.published().await;
            }
            drop(first);
            let mut second = broker.accept(Hello { session_present, ..Hello::default() }).await;
            let bodies = acknowledge(&mut second, 30).await;
            let in_order = bodies
                .iter()
                .zip(1..)
                .all(|(body, seq)| String::from_utf8_lossy(body).contains(&format!("\"seq\":{seq},")));
            assert!(in_order, "a device's events keep their order");
        });
        assert_eq!(sent, Ok(vec![accepted(); 30]), "session present: {session_present}");
    }
}

#[tokio::test]
async fn late_acknowledgements_and_a_resumed_session_never_exceed_the_brokers_receive_maximum() {
    let broker = RawBroker::open().await;
    let running = Plan::to(broker.addr()).start();
    let all = records(100);
    let hello = Hello { session_present: true, receive_maximum: Some(10) };
    let (sent, ()) = tokio::join!(running.send(&all), async {
        let mut first = broker.accept(hello).await;
        for _ in 0..10 {
            first.published().await;
        }
        assert!(first.is_quiet_for(A_WHILE).await, "the eleventh waits");
        drop(first);
        let mut second = broker.accept(hello).await;
        let mut answered = 0;
        while answered < 100 {
            let mut held = Vec::new();
            for _ in 0..10 {
                held.push(second.published().await.0);
            }
            assert!(second.is_quiet_for(Duration::from_millis(30)).await);
            for packet_id in held {
                second.acknowledge(packet_id, 0).await;
                answered += 1;
            }
        }
    });
    assert_eq!(sent, Ok(vec![accepted(); 100]));
}

#[tokio::test]
async fn a_broker_without_a_receive_maximum_still_gets_one_window_at_a_time() {
    let broker = RawBroker::open().await;
    let running = Plan::to(broker.addr()).start();
    let all = records(200);
    let (sent, ()) = tokio::join!(running.send(&all), async {
        let mut link = broker.accept(Hello::default()).await;
        let mut held = Vec::new();
        for _ in 0..patrol_gateway::uplink::mqtt::WINDOW {
            held.push(link.published().await.0);
        }
        assert!(link.is_quiet_for(A_WHILE).await, "the window is full");
        for packet_id in &held {
            link.acknowledge(*packet_id, 0).await;
        }
        acknowledge(&mut link, 200 - held.len()).await;
    });
    assert_eq!(sent, Ok(vec![accepted(); 200]));
}

#[tokio::test]
async fn a_batch_that_was_given_up_still_counts_against_the_window() {
    let broker = RawBroker::open().await;
    let running = Plan::to(broker.addr()).start();
    let hello = Hello { receive_maximum: Some(5), ..Hello::default() };
    let (first, second) = (records(5), [record(6, 10)]);
    let mut link = {
        let send = running.send(&first);
        tokio::pin!(send);
        let mut link = tokio::select! {
            _ = &mut send => unreachable!("nothing is acknowledged"),
            link = broker.accept(hello) => link,
        };
        for _ in 0..5 {
            tokio::select! {
                _ = &mut send => unreachable!("nothing is acknowledged"),
                _ = link.published() => {}
            }
        }
        link
    };
    let (sent, ()) = tokio::join!(running.send(&second), async {
        assert!(link.is_quiet_for(A_WHILE).await, "five are in flight, whoever waits for them");
        link.acknowledge(1, 0).await;
        acknowledge(&mut link, 1).await;
    });
    assert_eq!(sent, Ok(vec![accepted()]));
}

#[tokio::test]
async fn receipts_are_taken_and_acknowledged_while_the_window_is_full() {
    let broker = RawBroker::open().await;
    let mut plan = Plan::to(broker.addr());
    plan.mqtt.receipts = true;
    let running = plan.start();
    let all = records(5);
    let hello = Hello { receive_maximum: Some(5), ..Hello::default() };
    let (sent, ()) = tokio::join!(running.send(&all), async {
        let mut link = broker.accept(hello).await;
        assert!(matches!(link.packet().await, Some(Packet::Subscribe(_))));
        for _ in 0..5 {
            link.published().await;
        }
        for seq in 1..=5 {
            let receipt = format!(
                r#"{{"results":[{{"id":"car-07/1/{seq}","status":"duplicate","case":"AJ-{seq}"}}]}}"#
            );
            link.publish(seq, "city/box-017/down/receipt", receipt.as_bytes()).await;
            assert_eq!(link.packet().await, Some(Packet::PubAck(seq)));
        }
    });
    let case = |seq| Some(Decision::Accepted { case_number: Some(format!("AJ-{seq}")) });
    assert_eq!(sent, Ok((1..=5).map(case).collect()), "the platform's word is enough");
}

#[tokio::test]
async fn an_acknowledgement_is_no_receipt() {
    let broker = RawBroker::open().await;
    let mut plan = Plan::to(broker.addr());
    plan.mqtt.receipts = true;
    plan.uplink.timeout = Duration::from_secs(1);
    let running = plan.start();
    let all = records(3);
    let (sent, ()) = tokio::join!(running.send(&all), async {
        let mut link = broker.accept(Hello::default()).await;
        acknowledge(&mut link, 3).await;
        link.publish(
            1,
            "city/box-017/down/receipt",
            br#"{"results":[{"id":"car-07/1/2","status":"rejected","reason":"no such code"}]}"#,
        )
        .await;
        link.publish(2, "city/box-017/down/receipt", b"<html>").await;
        while link.packet().await.is_some_and(|packet| packet != Packet::PubAck(2)) {}
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    let rejected = Some(Decision::Rejected { reason: "no such code".into() });
    assert_eq!(sent, Ok(vec![None, rejected, None]), "what has a word has it, the rest stays");
}

#[tokio::test]
async fn an_event_above_the_brokers_maximum_packet_size_is_rejected_and_the_rest_goes_on() {
    let broker = Mosquitto::started(&format!("{IN_MEMORY}max_packet_size 8000\n"));
    let platform = Platform::start(broker.addr(), Version::V5, false).await;
    let mut running = Plan::to(broker.addr()).start();
    running.up().await;
    let mut all = records(20);
    all.insert(10, record(21, 9000));
    let drained = running.drain(all).await;
    assert_eq!((drained.accepted, drained.troubles), (20, vec![]));
    let reason = &drained.rejected["1/21"];
    assert!(reason.contains("8000"), "{reason}");
    platform.has(20).await;
    let one_connection = patrol_gateway::uplink::mqtt::link::State::Up { connection: 1 };
    assert_eq!(*running.state.borrow(), one_connection, "no reconnect for it");
}

#[tokio::test]
async fn an_event_for_which_the_broker_closes_the_connection_is_put_aside_and_the_rest_goes_on() {
    // In MQTT 3.1.1 the broker can't say what it takes at most.
    let broker = Mosquitto::started(&format!("{IN_MEMORY}max_packet_size 8000\n"));
    let platform = Platform::start(broker.addr(), Version::V3, false).await;
    let mut plan = Plan::to(broker.addr());
    plan.mqtt.version = MqttVersion::V3;
    let running = plan.start();
    let mut all = records(40);
    all.insert(10, record(41, 9000));
    let decisions = running.send(&all).await.expect("the others have a word");
    let undecided: Vec<usize> = (0..41).filter(|place| decisions[*place].is_none()).collect();
    assert_eq!(undecided, [10], "it stays in the store");
    platform.has(40).await;
    let alone = running.send(&all[10..11]).await;
    assert_eq!(alone, Ok(vec![None]), "never buried, and no trouble of the link");
}

#[tokio::test]
async fn a_refusal_counts_as_what_it_says() {
    let broker = RawBroker::open().await;
    let running = Plan::to(broker.addr()).start();
    let all = records(3);
    let mut link = None;
    let mut answer = async |reasons: [u8; 3]| {
        let (sent, taken) = tokio::join!(running.send(&all), async {
            let mut link = match link.take() {
                Some(link) => link,
                None => broker.accept(Hello::default()).await,
            };
            for reason in reasons {
                let (packet_id, _) = link.published().await;
                link.acknowledge(packet_id, reason).await;
            }
            link
        });
        link = Some(taken);
        sent
    };
    let sent = answer([0x00, 0x99, 0x10]).await.expect("each has a word");
    assert!(matches!(&sent[1], Some(Decision::Rejected { reason }) if reason.contains("0x99")), "{sent:?}");
    assert_eq!((&sent[0], &sent[2]), (&accepted(), &accepted()), "nobody listening is taken all the same");
    let sent = answer([0x00, 0x97, 0x97]).await.expect("one has a word");
    assert_eq!(sent, [accepted(), None, None], "beyond the quota they stay");
    let sent = answer([0x97; 3]).await;
    assert_eq!(sent, Err(Trouble::Unavailable { status: 0x97, retry_after: None }));
    let sent = answer([0x87; 3]).await;
    assert_eq!(sent, Err(Trouble::Denied { status: 0x87 }));
    assert_eq!(answer([0; 3]).await, Ok(vec![accepted(); 3]), "on the same connection");
}

#[tokio::test]
async fn a_broker_that_answers_pings_and_nothing_else_is_left_for_a_new_connection() {
    let broker = RawBroker::open().await;
    let mut plan = Plan::to(broker.addr());
    plan.keep_alive_s = 1;
    let running = plan.start();
    let all = records(5);
    let (sent, ()) = tokio::join!(running.send(&all), async {
        let mut first = broker.accept(Hello::default()).await;
        let mut published = 0;
        while let Some(packet) = first.packet().await {
            published += usize::from(matches!(packet, Packet::Publish { .. }));
        }
        assert_eq!(published, 5, "and none of them twice by the same connection");
        let mut second = broker.accept(Hello { session_present: true, ..Hello::default() }).await;
        acknowledge(&mut second, 5).await;
    });
    assert_eq!(sent, Ok(vec![accepted(); 5]));
}

#[tokio::test]
async fn a_broker_that_closes_at_once_is_asked_again_with_growing_pauses() {
    let broker = RawBroker::open().await;
    let mut plan = Plan::to(broker.addr());
    (plan.uplink.retry_min, plan.uplink.retry_max) = (Duration::from_millis(100), Duration::from_secs(60));
    let running = plan.start();
    let begun = std::time::Instant::now();
    for _ in 0..4 {
        drop(broker.knock().await);
    }
    assert!(begun.elapsed() >= Duration::from_millis(300), "three pauses of at least 100 ms");
    running.stopping.cancel();
    running.running.await.expect("it stops when told to");
}

#[tokio::test]
async fn four_large_batches_at_once_neither_block_each_other_nor_the_client() {
    let broker = Mosquitto::started(IN_MEMORY);
    let platform = Platform::start(broker.addr(), Version::V5, false).await;
    let running = Plan::to(broker.addr()).start();
    let batches: Vec<Vec<_>> =
        (0..4).map(|lane| (1..=1000).map(|seq| record(lane * 1000 + seq, 20)).collect()).collect();
    let (first, second, third, fourth) = tokio::join!(
        running.send(&batches[0]),
        running.send(&batches[1]),
        running.send(&batches[2]),
        running.send(&batches[3])
    );
    for sent in [first, second, third, fourth] {
        assert_eq!(sent, Ok(vec![accepted(); 1000]));
    }
    platform.has(4000).await;
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such_and_a_right_one_counts_without_a_restart() {
    let broker = Mosquitto::new(IN_MEMORY);
    let file = |name: &str| broker.path(name);
    std::fs::write(file("token"), "wrong\n").expect("it is there");
    let hashed = std::process::Command::new("/usr/bin/mosquitto_passwd")
        .args(["-b", "-c", &file("users").display().to_string(), "box", "right"])
        .status();
    assert!(hashed.expect("mosquitto_passwd").success());
    let conf = std::fs::read_to_string(file("mosquitto.conf"))
        .expect("it is there")
        .replace("allow_anonymous true", "");
    let conf = format!("{conf}password_file {}\n", file("users").display());
    std::fs::write(file("mosquitto.conf"), conf).expect("it is there");
    let mut broker = broker;
    broker.start();
    let mut plan = Plan::to(broker.addr());
    plan.mqtt.username = Some("box".into());
    plan.uplink.token_file = Some(broker.path("token"));
    let mut running = plan.start();
    let is_denied = |state: &patrol_gateway::uplink::mqtt::link::State| {
        matches!(state, patrol_gateway::uplink::mqtt::link::State::Down(Trouble::Denied { .. }))
    };
    running.state.wait_for(is_denied).await.expect("it runs");
    let sent = running.send(&records(1)).await;
    assert!(matches!(sent, Err(Trouble::Denied { .. })), "{sent:?}");
    std::fs::write(broker.path("token"), "right\n").expect("it is there");
    running.up().await;
    assert_eq!(running.send(&records(1)).await, Ok(vec![accepted()]));
}
