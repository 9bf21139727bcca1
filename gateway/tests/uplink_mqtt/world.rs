//! Records, a carrier with its link, a small lane, and the platform behind the broker.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use patrol_gateway::config::{Mqtt, MqttVersion, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::mqtt_client::{self, Acks, Event, Publication, Requests, Target, Version};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Decision, Pending, RecordKey};
use patrol_gateway::uplink::carrier::{Carrier, Room, Trouble};
use patrol_gateway::uplink::mqtt::carrier::MqttCarrier;
use patrol_gateway::uplink::mqtt::{self, link::State};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const ROOM: Room = Room { records: 100, bytes: 1 << 20 };
const GATEWAY: &str = "box-017";

/// Record number `seq`, about `bytes` long.
pub(crate) fn record(seq: u32, bytes: usize) -> Pending {
    let note = "x".repeat(bytes);
    let payload = format!(r#"{{"boot": 1, "seq": {seq}, "task": 1, "state": "accepted", "note": "{note}"}}"#);
    let record = StoredRecord {
        device: DeviceId::parse("car-07").expect("a device id"),
        identity: Identity::Device { boot: 1, seq },
        class: Class::Task,
        received_at_ms: 1_795_396_366_007,
        payload: Bytes::from(payload),
        casework: None,
        gateway: None,
    };
    Pending { key: RecordKey::Row(seq.into()), record, anchor: None }
}

/// Records number 1 to `count`.
pub(crate) fn records(count: u32) -> Vec<Pending> {
    (1..=count).map(|seq| record(seq, 20)).collect()
}

/// How a test's uplink is set up.
pub(crate) struct Plan {
    pub(crate) uplink: Uplink,
    pub(crate) mqtt: Mqtt,
    pub(crate) keep_alive_s: u16,
}

impl Plan {
    pub(crate) fn to(addr: SocketAddr) -> Plan {
        let mqtt = Mqtt { version: MqttVersion::V5, client_id: None, username: None, receipts: false };
        let mut uplink = Uplink::to(format!("mqtt://{addr}").parse().expect("a URL"));
        uplink.way = Way::Mqtt(mqtt.clone());
        (uplink.retry_min, uplink.retry_max) = (Duration::from_millis(20), Duration::from_millis(200));
        uplink.timeout = Duration::from_secs(20);
        Plan { uplink, mqtt, keep_alive_s: 20 }
    }

    pub(crate) fn start(self) -> Running {
        let random = fastrand::Rng::with_seed(7);
        let (carrier, link) = mqtt::open(&self.uplink, &self.mqtt, GATEWAY, Coordinates::default(), random);
        let state = link.state();
        let stopping = CancellationToken::new();
        let running = tokio::spawn(link.with_keep_alive_s(self.keep_alive_s).run(stopping.clone()));
        Running { carrier: Arc::new(carrier), state, stopping, running }
    }
}

/// A carrier and its running link.
pub(crate) struct Running {
    pub(crate) carrier: Arc<MqttCarrier>,
    pub(crate) state: watch::Receiver<State>,
    pub(crate) stopping: CancellationToken,
    pub(crate) running: JoinHandle<()>,
}

/// What became of a drain.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    pub(crate) accepted: usize,
    pub(crate) rejected: BTreeMap<String, String>,
    pub(crate) cases: usize,
    pub(crate) troubles: Vec<Trouble>,
}

impl Running {
    /// Sends records as the lane would: batch by batch, again on trouble, until all have a decision.
    pub(crate) async fn drain(&self, mut held: Vec<Pending>) -> Drained {
        let mut drained = Drained::default();
        while !held.is_empty() {
            let batch: Vec<&Pending> = held.iter().collect();
            let packed = self.carrier.pack(&batch, ROOM);
            let count = packed.records;
            match self.carrier.send(packed.parcel).await {
                Ok(answer) => {
                    let rest = held.split_off(count);
                    assert_eq!(answer.decisions.len(), count);
                    for (pending, decision) in held.drain(..).zip(answer.decisions).collect::<Vec<_>>() {
                        match decision {
                            Some(Decision::Accepted { case_number }) => {
                                drained.accepted += 1;
                                drained.cases += usize::from(case_number.is_some());
                            }
                            Some(Decision::Rejected { reason }) => {
                                drained.rejected.insert(pending.record.identity.to_string(), reason);
                            }
                            None => held.push(pending),
                        }
                    }
                    held.extend(rest);
                }
                Err(trouble) => {
                    drained.troubles.push(trouble);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        drained
    }

    /// Sends these as one batch, once.
    pub(crate) async fn send(&self, records: &[Pending]) -> Result<Vec<Option<Decision>>, Trouble> {
        let batch: Vec<&Pending> = records.iter().collect();
        let packed = self.carrier.pack(&batch, Room { records: records.len(), bytes: 1 << 24 });
        assert_eq!(packed.records, records.len());
        self.carrier.send(packed.parcel).await.map(|answer| answer.decisions)
    }

    /// Waits until there is a connection.
    pub(crate) async fn up(&mut self) {
        let is_up = |state: &State| matches!(state, State::Up { .. });
        let up = tokio::time::timeout(Duration::from_secs(20), self.state.wait_for(is_up)).await;
        up.expect("the link comes up").expect("the link runs");
    }
}

/// The platform behind the broker, with a session that the broker keeps; answers with receipts when asked to.
pub(crate) struct Platform {
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
    running: JoinHandle<()>,
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Platform {
    pub(crate) async fn start(addr: SocketAddr, version: Version, receipts: bool) -> Platform {
        let seen = Arc::<Mutex<BTreeMap<String, usize>>>::default();
        let target = platform_target(addr, version);
        let (told, mut ready) = watch::channel(false);
        let running = tokio::spawn(serve(target, seen.clone(), receipts, told));
        ready.wait_for(|ready| *ready).await.expect("the platform subscribes");
        Platform { seen, running }
    }

    /// How often each event came.
    pub(crate) fn seen(&self) -> BTreeMap<String, usize> {
        self.seen.lock().expect("nobody panics while holding it").clone()
    }

    /// Waits until this many different events have come.
    pub(crate) async fn has(&self, count: usize) {
        for _ in 0..2000 {
            if self.seen().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} events have come", self.seen().len());
    }
}

fn platform_target(addr: SocketAddr, version: Version) -> Target {
    Target {
        host: addr.ip().to_string(),
        port: addr.port(),
        tls: None,
        version,
        client_id: "platform".into(),
        username: None,
        password_file: None,
        window: 100,
        receive_maximum: 1000,
        packet_bytes_max: 1 << 20,
        acks: Acks::Automatic,
        keep_alive_s: 20,
    }
}

async fn serve(
    target: Target,
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
    receipts: bool,
    told: watch::Sender<bool>,
) {
    loop {
        let connected = mqtt_client::connect(&target, Duration::from_secs(5)).await;
        if let Ok((requests, mut events, _)) = connected {
            let mut subscribing = requests.subscribe(&["city/+/up/#".to_owned()]).expect("room");
            loop {
                tokio::select! {
                    event = events.poll() => match event {
                        Ok(Event::Message(message)) => {
                            let id = id_of(&message.payload);
                            if receipts {
                                receipt(&requests, &id);
                            }
                            *seen.lock().expect("nobody panics while holding it").entry(id).or_default() += 1;
                        }
                        Ok(_) => {}
                        Err(_) => break,
                    },
                    _ = &mut subscribing, if !*told.borrow() => { told.send_replace(true); }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn receipt(requests: &Requests, id: &str) {
    let payload = format!(r#"{{"results":[{{"id":"{id}","status":"accepted","case":"AJ-{id}"}}]}}"#);
    let topic = format!("city/{GATEWAY}/down/receipt");
    let publication =
        Publication { topic, payload: payload.into(), content_type: None, properties: Vec::new() };
    // One that finds no room is missing at the gateway, which asks again.
    drop(requests.publish(publication));
}

/// The id of an event, from its data in binary mode, or from the event itself.
fn id_of(payload: &[u8]) -> String {
    let event: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
    match event["id"].as_str() {
        Some(id) => id.to_owned(),
        None => {
            let it = &event["properties"];
            format!("{}/{}/{}", it["device"].as_str().expect("a device"), it["boot"], it["seq"])
        }
    }
}
