//! The way into a stream of NATS JetStream, against real servers: what is acknowledged is in the stream, once, whatever happens to
//! the servers meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use patrol_gateway::config::{Nats, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Decision, Pending, RecordKey};
use patrol_gateway::uplink::carrier::{Answer, Carrier, Room, Trouble};
use patrol_gateway::uplink::nats::carrier::NatsCarrier;
use patrol_tests::nats::{Servers, leader, message_ids, step_down};
use patrol_tests::wait_until;
use tokio::time::{Instant, sleep};

/// Whatever is awaited comes within this time. Generous: nothing is measured by it.
const SOON: Duration = Duration::from_secs(60);
/// A batch that fails is sent again after this time.
const AGAIN: Duration = Duration::from_millis(100);
const ROOM: Room = Room { records: 5000, bytes: 16 << 20 };

fn uplink(servers: &Servers) -> Uplink {
    let mut urls = servers.urls().into_iter().map(|url| url.parse().expect("a URL"));
    let url = urls.next().expect("a server");
    let way = Way::Nats(Nats { servers: urls.collect(), username: None });
    Uplink { way, timeout: Duration::from_secs(5), ..Uplink::to(url) }
}

fn carrier(uplink: &Uplink) -> NatsCarrier {
    let random = fastrand::Rng::with_seed(7);
    NatsCarrier::new(uplink, "box-017".into(), Coordinates::default(), random)
        .expect("a configuration that works")
}

fn pending(seq: u32, payload: impl Into<Bytes>) -> Pending {
    let record = StoredRecord {
        device: DeviceId::parse("car-07").expect("an id"),
        identity: Identity::Device { boot: 7, seq },
        class: Class::Telemetry,
        received_at_ms: 1_795_396_366_007,
        payload: payload.into(),
        casework: None,
        gateway: None,
    };
    Pending { key: RecordKey::Row(seq.into()), record, anchor: None }
}

fn batch(numbers: std::ops::Range<u32>) -> Vec<Pending> {
    numbers.map(|seq| pending(seq, format!(r#"{{"boot": 7, "seq": {seq}, "speed_kmh": 23.5}}"#))).collect()
}

async fn send(carrier: &NatsCarrier, batch: &[Pending]) -> Result<Answer, Trouble> {
    let packed = carrier.pack(&batch.iter().collect::<Vec<_>>(), ROOM);
    assert_eq!(packed.records, batch.len());
    carrier.send(packed.parcel).await
}

/// Sends a batch until all of it is accepted.
async fn deliver(carrier: &NatsCarrier, batch: &[Pending]) {
    let accepted = vec![Some(Decision::Accepted { case_number: None }); batch.len()];
    let taken = async || send(carrier, batch).await.is_ok_and(|answer| answer.decisions == accepted);
    let start = Instant::now();
    while !taken().await {
        assert!(start.elapsed() < SOON, "not accepted within {SOON:?}");
        sleep(AGAIN).await;
    }
}

/// What must be in the stream: each of these numbers once.
fn once(numbers: std::ops::Range<u32>) -> BTreeMap<String, u64> {
    numbers.map(|seq| (format!("urn:patrol-gateway:box-017 car-07/7/{seq}"), 1)).collect()
}

async fn trouble(carrier: &NatsCarrier) -> String {
    send(carrier, &batch(0..3)).await.expect_err("it can't be delivered").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_leader_and_a_killed_server_in_mid_stream_lose_nothing_and_store_nothing_twice() {
    let mut servers = Servers::three().await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| {}).await;
    let carrier = carrier(&uplink(&servers));
    let (records, batches) = (50, 60);
    let mut killed = None;
    for number in 0..batches {
        match number {
            10 | 20 | 50 => step_down(&context).await,
            30 => {
                let name = leader(&stream).await.expect("a leader");
                let leading = servers.number_of(&name).expect("one of ours");
                servers.kill9(leading).await;
                // The figure counts from the moment at which the stream has a leader again.
                let other = async || leader(&stream).await.is_some_and(|other| other != name);
                wait_until("another leader", SOON, other).await;
                let since = Instant::now();
                deliver(&carrier, &batch(number * records..(number + 1) * records)).await;
                let flow = since.elapsed();
                println!("flow again {flow:?} after the stream had a leader again");
                assert!(flow <= Duration::from_secs(5), "flow again only after {flow:?}");
                killed = Some(leading);
            }
            40 => servers.restart(killed.expect("one was killed")).await,
            _ => {}
        }
        deliver(&carrier, &batch(number * records..(number + 1) * records)).await;
    }
    assert_eq!(message_ids(&stream).await, once(0..records * batches));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_ten_times_in_mid_stream_loses_nothing() {
    let mut servers = Servers::alone("").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| {}).await;
    let carrier = carrier(&uplink(&servers));
    let (records, rounds) = (200, 10);
    for round in 0..rounds {
        let all = batch(round * records..(round + 1) * records);
        tokio::join!(deliver(&carrier, &all), async {
            servers.kill9(0).await;
            servers.restart(0).await;
        });
    }
    let stored = async || stream.get_info().await.is_ok();
    wait_until("the test's own client is back", SOON, stored).await;
    assert_eq!(message_ids(&stream).await, once(0..records * rounds));
}

#[tokio::test]
async fn while_the_server_is_away_nothing_waits_in_the_client() {
    let mut servers = Servers::alone("").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| {}).await;
    let carrier = carrier(&uplink(&servers));
    deliver(&carrier, &batch(0..3)).await;
    servers.kill9(0).await;
    let down = async || send(&carrier, &batch(3..6)).await.is_err();
    wait_until("the loss is noticed", SOON, down).await;
    for _ in 0..50 {
        let refused = send(&carrier, &batch(6..9)).await.expect_err("nobody is there");
        assert!(matches!(refused, Trouble::NoAnswer(_)), "{refused:?}");
    }
    servers.restart(0).await;
    deliver(&carrier, &batch(9..12)).await;
    let back = async || stream.get_info().await.is_ok();
    wait_until("the test's own client is back", SOON, back).await;
    let ids = message_ids(&stream).await;
    let leaked = once(6..9).into_keys().filter(|id| ids.contains_key(id)).count();
    assert_eq!(leaked, 0, "{ids:?}");
}

#[tokio::test]
async fn a_record_that_can_never_fit_is_refused_alone() {
    let servers = Servers::alone("max_payload: 4096").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |config| config.max_message_size = 2048).await;
    let carrier = carrier(&uplink(&servers));
    let mut all = batch(0..5);
    all[1] = pending(1, vec![b'x'; 5000]);
    all[3] = pending(3, vec![b'x'; 2500]);
    let answer = send(&carrier, &all).await.expect("it is answered");
    let reason = |index: usize| match &answer.decisions[index] {
        Some(Decision::Rejected { reason }) => reason.clone(),
        other => panic!("{other:?}"),
    };
    assert!(reason(1).contains("max_payload"), "{}", reason(1));
    assert!(reason(3).contains("exceeds maximum"), "{}", reason(3));
    for index in [0, 2, 4] {
        assert_eq!(answer.decisions[index], Some(Decision::Accepted { case_number: None }));
    }
    assert_eq!(message_ids(&stream).await.len(), 3);
}

#[tokio::test]
async fn a_full_stream_refuses_and_takes_again_once_there_is_room() {
    let servers = Servers::alone("").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |config| config.max_messages = 4).await;
    let carrier = carrier(&uplink(&servers));
    deliver(&carrier, &batch(0..3)).await;
    let decided = send(&carrier, &batch(3..6)).await.expect("one of them fits").decisions;
    assert_eq!(decided, [Some(Decision::Accepted { case_number: None }), None, None]);
    let refused = send(&carrier, &batch(4..6)).await.expect_err("it is full");
    assert!(matches!(&refused, Trouble::Setup(text) if text.contains("full")), "{refused:?}");
    stream.purge().await.expect("it is emptied");
    deliver(&carrier, &batch(4..6)).await;
    assert_eq!(message_ids(&stream).await, once(4..6));
}

#[tokio::test]
async fn a_technician_is_told_what_is_missing() {
    let servers = Servers::alone("").await;
    let text = trouble(&carrier(&uplink(&servers))).await;
    assert!(text.contains("no stream takes patrol.box-017.telemetry"), "{text}");

    let open = uplink(&servers);
    let nobody = Uplink {
        url: "nats://127.0.0.1:1".parse().expect("a URL"),
        way: Way::Nats(Nats { servers: Vec::new(), username: None }),
        ..open
    };
    let text = trouble(&carrier(&nobody)).await;
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn passwords_are_read_from_the_file_and_what_a_user_may_not_publish_is_said() {
    let users = "authorization { users: [\n\
        {user: box, password: \"s3cret\", permissions: {publish: [\"patrol.box-017.incident\"], subscribe: [\"_INBOX.>\"]}}\n\
        {user: admin, password: \"admin\"}\n] }";
    let servers = Servers::alone(users).await;
    let dir = tempfile::tempdir().expect("a directory");
    let token_file = dir.path().join("password");
    let with = |username: &str, password: &str| {
        std::fs::write(&token_file, password).expect("a file");
        let way = Way::Nats(Nats { servers: Vec::new(), username: Some(username.into()) });
        Uplink { way, token_file: Some(token_file.clone()), ..uplink(&servers) }
    };
    let refused = carrier(&with("box", "wrong"));
    let text = trouble(&refused).await;
    assert!(text.contains("does not let us in") && !text.contains("wrong"), "{text}");
    std::fs::write(&token_file, "s3cret").expect("a file");
    let text = trouble(&refused).await;
    assert!(text.to_lowercase().contains("permissions violation"), "let in by now, but: {text}");
    let text = trouble(&carrier(&with("admin", "admin"))).await;
    assert!(text.contains("no stream"), "{text}");
}
