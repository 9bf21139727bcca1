//! A store, the way in, and devices at the broker.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use patrol_gateway::city;
use patrol_gateway::config::{Broker as Section, Geography, MqttVersion};
use patrol_gateway::domain::mapping::Rules;
use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::retention::Policies;
use patrol_gateway::downlink::answers::Answers;
use patrol_gateway::external::{Broker, Uses};
use patrol_gateway::intake::Intake;
use patrol_gateway::metrics::Metrics;
use patrol_gateway::mqtt_client::{
    self, Acks, Event, Events, Fate, Publication, Requests, Subscribed, Target, Version,
};
use patrol_gateway::sightings::Sightings;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::medium::Medium;
use patrol_gateway::store::settlement::Limit;
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const WITHIN: Duration = Duration::from_secs(30);

/// The section of a broker there.
pub(crate) fn section(addr: SocketAddr, version: Version) -> Section {
    Section {
        url: format!("mqtt://{addr}").parse().expect("a URL"),
        version: match version {
            Version::V5 => MqttVersion::V5,
            Version::V3 => MqttVersion::V3,
        },
        client_id: None,
        username: None,
        password_file: None,
        ca_file: None,
        topics: None,
        allow_plain: false,
    }
}

/// A gateway's store and its way in.
pub(crate) struct Gateway {
    addr: SocketAddr,
    version: Version,
    running: Option<Running>,
    pub(crate) stopping: CancellationToken,
    taking: JoinHandle<()>,
    sightings: Sightings,
    folder: Option<TempDir>,
}

impl Gateway {
    pub(crate) fn start(section: &Section) -> Gateway {
        let folder = tempfile::tempdir().expect("a folder");
        let mut gateway = Gateway::start_in(section, folder.path());
        gateway.folder = Some(folder);
        gateway
    }

    pub(crate) fn start_in(section: &Section, folder: &Path) -> Gateway {
        let metrics = Arc::new(Metrics::new());
        let running = writer::start(options(folder), metrics.clone()).expect("the store opens");
        let store = running.store.clone();
        let city = Arc::new(city::load(&Geography::default()).expect("no map is a city too"));
        let sightings = Sightings::default();
        let uses = Uses {
            intake: Intake::new(Arc::default(), city, metrics.clone()),
            answers: Answers::new(store.clone(), Arc::default(), 1, metrics.clone()),
            store,
            sightings: sightings.clone(),
            metrics,
        };
        let random = fastrand::Rng::with_seed(7);
        let broker = Broker::new(section, "box-017", &Rules::default(), uses, random);
        let stopping = CancellationToken::new();
        let taking = tokio::spawn(broker.run(stopping.clone()));
        let port = section.url.port().expect("a port");
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        let version = if section.version == MqttVersion::V5 { Version::V5 } else { Version::V3 };
        Gateway { addr, version, running: Some(running), stopping, taking, folder: None, sightings }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.running.as_ref().expect("it lives").store
    }

    /// Waits until what is published reaches the store, by readings of a device of its own.
    pub(crate) async fn subscribed(&self) {
        let mut device = Device::connect_as(self.addr, self.version, "first").await;
        let (before, boot) = (self.count(Class::Reading), fastrand::u32(1..));
        for seq in 0..1000 {
            let readings = r#"[{"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 0}]"#;
            let reading = format!(r#"{{"boot": {boot}, "seq": {seq}, "readings": {readings}}}"#);
            device.publish("patrol/v1/up/first/reading", &reading).await;
            if self.count(Class::Reading) > before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the gateway does not subscribe");
    }

    /// Waits until the store was handed so many messages of one device, whether they are committed or not.
    pub(crate) async fn handed_over(&self, count: u64) {
        for _ in 0..30_000 {
            if self.sightings.devices().iter().any(|(.., accepted, _)| *accepted >= count) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("the store is handed nothing");
    }

    pub(crate) fn count(&self, class: Class) -> usize {
        self.store().snapshot().borrow().class(class).records as usize
    }

    /// Waits until there are this many of a class.
    pub(crate) async fn has(&self, class: Class, count: usize) {
        let mut snapshot = self.store().snapshot();
        let enough = snapshot.wait_for(|snapshot| snapshot.class(class).records as usize >= count);
        let waited = tokio::time::timeout(WITHIN, enough).await.map(drop);
        assert!(waited.is_ok(), "{} of {count}", self.count(class));
        assert_eq!(self.count(class), count);
    }

    /// Waits until there is one of a class.
    pub(crate) async fn some(&self, class: Class) {
        let mut snapshot = self.store().snapshot();
        let some = snapshot.wait_for(|snapshot| snapshot.class(class).records > 0);
        tokio::time::timeout(WITHIN, some).await.expect("one comes").expect("the store lives");
    }

    /// Who has sent those of a class, oldest first.
    pub(crate) async fn senders(&self, class: Class) -> Vec<String> {
        let limit = Limit { records: 100, bytes: 1 << 20 };
        let no_skip = Arc::new(HashSet::new());
        let head = self.store().head(class, limit, &no_skip).await.expect("the store lives");
        head.iter().map(|pending| pending.record.device.to_string()).collect()
    }

    /// Ends as if its process had been killed: no acknowledgement leaves any more, nothing is said to the broker.
    pub(crate) async fn drop_dead(&mut self) {
        self.taking.abort();
        let _ = (&mut self.taking).await;
        if let Some(running) = self.running.take() {
            // The lock on the folder must be free for the next one.
            running.store.close().await;
            let _ = running.ended.await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.taking.abort();
    }
}

fn options(data_dir: &Path) -> StoreOptions {
    let mut policies = Policies::default();
    // As long as it may: a commit comes some time after its message.
    policies[Class::Incident].linger = Duration::from_millis(20);
    for class in [Class::Status, Class::Reading] {
        policies[class].linger = Duration::ZERO;
    }
    StoreOptions {
        data_dir: data_dir.into(),
        medium: Medium::Files,
        max_bytes: 1 << 30,
        policies,
        uplinks: Vec::new(),
        sync_within: Duration::from_secs(1),
        flash_budget_bytes_per_day: 20 << 30,
        evidence_max_bytes: 8 << 20,
        keep_accepted: 5,
        keep_quarantined: 5000,
        keep_journal: 10_000,
        session_limits: Default::default(),
        started_at_ms: 0,
        chance: fastrand::Rng::new(),
    }
}

/// A device, or several, at the broker.
pub(crate) struct Device {
    requests: Requests,
    events: Events,
    messages: Vec<(String, Vec<u8>)>,
}

impl Device {
    pub(crate) async fn connect(addr: SocketAddr, version: Version) -> Device {
        Device::connect_as(addr, version, "devices").await
    }

    pub(crate) async fn connect_as(addr: SocketAddr, version: Version, client_id: &str) -> Device {
        let target = Target {
            host: addr.ip().to_string(),
            port: addr.port(),
            tls: None,
            version,
            client_id: client_id.into(),
            username: None,
            password_file: None,
            window: 10,
            receive_maximum: 10,
            packet_bytes_max: 1 << 20,
            acks: Acks::Automatic,
            keep_alive_s: 20,
        };
        let (requests, events, _) = mqtt_client::connect(&target, WITHIN).await.expect("the broker is there");
        Device { requests, events, messages: Vec::new() }
    }

    /// Publishes and waits for the broker's acknowledgement.
    pub(crate) async fn publish(&mut self, topic: &str, payload: &str) {
        let publication = Publication {
            topic: topic.into(),
            payload: payload.to_owned().into(),
            content_type: None,
            properties: Vec::new(),
        };
        let mut notice = self.requests.publish(publication).expect("room");
        let fate = loop {
            tokio::select! {
                fate = &mut notice => break fate,
                event = self.events.poll() => self.note(event.expect("the connection stands")),
            }
        };
        assert!(matches!(fate, Fate::Acknowledged { .. }), "{fate:?}");
    }

    pub(crate) async fn subscribe(&mut self, filter: &str) {
        let mut granted = self.requests.subscribe(&[filter.to_owned()]).expect("room");
        loop {
            tokio::select! {
                granted = &mut granted => return assert_eq!(granted, Subscribed::Granted),
                event = self.events.poll() => self.note(event.expect("the connection stands")),
            }
        }
    }

    /// The next message: topic and payload.
    pub(crate) async fn message(&mut self) -> (String, Vec<u8>) {
        while self.messages.is_empty() {
            let event = tokio::time::timeout(WITHIN, self.events.poll()).await.expect("a message comes");
            self.note(event.expect("the connection stands"));
        }
        self.messages.remove(0)
    }

    fn note(&mut self, event: Event) {
        if let Event::Message(message) = event {
            self.messages.push((message.topic, message.payload.to_vec()));
        }
    }
}
