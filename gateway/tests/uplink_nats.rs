//! The way into a stream of NATS JetStream, against real servers: what is acknowledged is in the stream, once, whatever happens to
//! the servers meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use patrol_gateway::config::{ClientCertificate, Nats, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Decision, Pending, RecordKey};
use patrol_gateway::uplink::carrier::{Answer, Carrier, Room, Trouble};
use patrol_gateway::uplink::nats::carrier::NatsCarrier;
use patrol_tests::nats::{Config, Servers, Stream, leader, message_ids, step_down};
use patrol_tests::tls_front::Authority;
use patrol_tests::wait_until;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
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
async fn a_server_killed_fifty_times_in_mid_stream_loses_nothing() {
    let mut servers = Servers::alone("").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| {}).await;
    let carrier = carrier(&uplink(&servers));
    let (records, rounds) = (100, 50);
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

#[tokio::test]
async fn only_a_server_of_the_right_authority_is_met_and_only_with_a_certificate_when_it_asks_for_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let ca_file = authority.file(dir.path());
    let (certificate, key) = authority.issue("localhost", 30).files(dir.path(), "server");
    let servers = Servers::alone(&format!(
        "tls {{ cert_file: {certificate:?}, key_file: {key:?}, ca_file: {ca_file:?}, verify: true }}"
    ))
    .await;
    let (certificate, key) = authority.issue("box-017", 30).files(dir.path(), "box");
    let own = Some(ClientCertificate { certificate, key });
    let with = |ca_file: &Path, client: Option<ClientCertificate>| {
        let url = format!("tls://localhost:{}", servers.addr(0).port()).parse().expect("a URL");
        let ca_file = Some(ca_file.to_owned());
        carrier(&Uplink { url, ca_file, client, ..uplink(&servers) })
    };
    let text = trouble(&with(&ca_file, own.clone())).await;
    assert!(text.contains("no stream takes"), "let in: {text}");
    let text = trouble(&with(&ca_file, None)).await;
    assert!(!text.contains("no stream"), "{text}");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let text = trouble(&with(&Authority::new().file(elsewhere.path()), own)).await;
    assert!(text.to_lowercase().contains("certificate"), "{text}");
}

#[tokio::test]
async fn a_connection_that_is_dead_without_a_word_is_given_up_for_another() {
    let servers = Servers::alone("").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| {}).await;
    let door = Door::to(servers.addr(0)).await;
    let url = format!("nats://{}", door.addr).parse().expect("a URL");
    let carrier = carrier(&Uplink { url, timeout: Duration::from_millis(1500), ..uplink(&servers) });
    deliver(&carrier, &batch(0..10)).await;
    door.deaden();
    assert_eq!(send(&carrier, &batch(10..20)).await, Err(Trouble::Deadline));
    deliver(&carrier, &batch(10..20)).await;
    // So much that it does not even get as far as the socket.
    door.deaden();
    let large: Vec<Pending> = (20..220).map(|seq| pending(seq, vec![b'x'; 65_536])).collect();
    deliver(&carrier, &large).await;
    assert_eq!(message_ids(&stream).await, once(0..220));
}

#[tokio::test]
async fn a_city_splits_its_stream_without_touching_a_box() {
    let mappings =
        "mappings = { \"patrol.*.*\": \"part.{{partition(2,1)}}.{{wildcard(1)}}.{{wildcard(2)}}\" }";
    let servers = Servers::alone(mappings).await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |config| config.subjects = vec!["part.0.*.*".into()]).await;
    let other = |config: &mut Config| {
        config.name = "PATROL_1".into();
        config.subjects = vec!["part.1.*.*".into()];
    };
    let mut config = stream.cached_info().config.clone();
    other(&mut config);
    let second = context.create_stream(config).await.expect("a second stream");
    for number in 0..16 {
        let random = fastrand::Rng::with_seed(7);
        let gateway = format!("box-{number:03}");
        let carrier = NatsCarrier::new(&uplink(&servers), gateway, Coordinates::default(), random);
        let carrier = carrier.expect("a configuration that works");
        deliver(&carrier, &batch(0..5)).await;
        deliver(&carrier, &batch(0..5)).await;
    }
    let stored = async |stream: &Stream| stream.get_info().await.expect("its figures").state.messages;
    let (first, second) = (stored(&stream).await, stored(&second).await);
    assert_eq!(first + second, 80, "each record once, resends included");
    assert!(first > 0 && second > 0 && first % 5 == 0, "boxes are spread, each whole: {first} and {second}");
}

/// A door to a server whose open connections can be deadened: they stay open, and nothing goes through any more.
struct Door {
    addr: SocketAddr,
    deaden: watch::Sender<()>,
    _keeper: tokio::task::JoinHandle<()>,
}

impl Door {
    async fn to(server: SocketAddr) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let deaden = watch::Sender::new(());
        let told = deaden.clone();
        let keeper = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut inside, _)) = listener.accept().await {
                let mut told = told.subscribe();
                connections.spawn(async move {
                    let mut outside = TcpStream::connect(server).await.expect("the server runs");
                    tokio::select! {
                        _ = copy_bidirectional(&mut inside, &mut outside) => {}
                        _ = told.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Door { addr, deaden, _keeper: keeper }
    }

    fn deaden(&self) {
        self.deaden.send_replace(());
    }
}
