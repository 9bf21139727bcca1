//! The other way in: somebody else's broker, where devices already publish.
//!
//! ```text
//! device ──▶ broker ──▶ [taking] ──▶ intake ──▶ store        acknowledged to the broker after the commit
//! device ◀── broker ◀── [down]   ◀── store, answers          a second connection
//! ```
//!
//! - The gateway subscribes with a session that the broker keeps, at QoS 1, and acknowledges a message when the store has committed it
//!   and all before it. What the broker is not told of it sends again: to the next connection, to the next start.
//! - A connection has a [`DeviceLine`](crate::store::line::DeviceLine) and acknowledgements of its own: what was committed for one can't
//!   be acknowledged on another, where the packet id may stand for something else.
//! - The broker has authenticated the device, or nobody has: a report is of the device that its topic names. What a device with a key
//!   must prove, it must prove here too.
//! - The PUBACK that a device gets is the broker's, and worth what the broker keeps: `docs/operations.md` says how much that is.
//! - A second connection takes receipts and answers to devices, so that a full window there never holds an acknowledgement up here.
//!   A receipt is done with when the broker has it.
//!
//! Bounds: [`IN_FLIGHT_MAX`] messages without an acknowledgement at MQTT 5 (a broker that speaks 3.1.1 has a bound of its own),
//! [`WAITING_BYTES_MAX`] that wait for the store; then the connection is not read, and the broker keeps the rest.

mod attended;
mod custody;
mod down;
mod errands;
mod taking;
mod topic;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::down::Down;
use self::taking::Taking;
use crate::config::{Broker as Section, MqttVersion};
use crate::domain::mapping::Rules;
use crate::downlink::answers::Answers;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::mqtt_client::{Acks, Target, TlsFiles, Version};
use crate::sightings::Sightings;
use crate::store::handle::Store;

/// Messages that the broker may send before the first of them is acknowledged.
pub const IN_FLIGHT_MAX: u16 = 1000;
/// Payload bytes that may wait for the store's queue.
pub const WAITING_BYTES_MAX: usize = 8 << 20;
/// The largest packet that is taken.
const PACKET_BYTES_MAX: u32 = 16 << 20;
/// Messages to devices in flight.
const DOWN_WINDOW: u16 = 32;
/// Errands between the two connections that may wait.
const ERRANDS_MAX: usize = 256;
/// Seconds of silence before a ping.
const KEEP_ALIVE_S: u16 = 20;
/// Time for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// First and longest wait before the next connection.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// What devices publish to.
const OWN_TOPICS: &str = "patrol/v1/up/#";

/// What the way in makes use of.
#[derive(Clone)]
pub struct Uses {
    /// Where messages are kept, and those for devices come from.
    pub store: Store,
    /// What messages come to.
    pub intake: Intake,
    /// Answers to what devices ask.
    pub answers: Answers,
    /// What devices sent last.
    pub sightings: Sightings,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// The way in from a broker; [`Broker::run`] keeps it open.
pub struct Broker {
    taking: Taking,
    down: Down,
}

impl Broker {
    /// The way in from the broker of `section` for the gateway of this id; `rules` are those of the mapping, whose topics are
    /// subscribed to unless the section says which. Connects to nobody yet, and reads no file.
    pub fn new(
        section: &Section,
        gateway_id: &str,
        rules: &Rules,
        uses: Uses,
        mut random: fastrand::Rng,
    ) -> Broker {
        let client_id = section.client_id.clone().unwrap_or_else(|| format!("{gateway_id}-in"));
        let (errand, errands) = mpsc::channel(ERRANDS_MAX);
        let down_target = Target {
            client_id: format!("{client_id}-down"),
            acks: Acks::Automatic,
            ..target(section, client_id.clone())
        };
        let down = Down::new(down_target, uses.clone(), errands, random.fork());
        let filters = section.topics.clone().unwrap_or_else(|| usual_topics(rules));
        Broker { taking: Taking::new(target(section, client_id), filters, uses, errand, random), down }
    }

    /// Takes messages until told to stop; then waits for what was handed to the store, so that it is acknowledged.
    pub async fn run(self, stopping: CancellationToken) {
        let Broker { taking, down } = self;
        tokio::join!(taking.run(stopping.clone()), down.run(stopping));
    }
}

/// The gateway's own topics, and those of the mapping, each once.
fn usual_topics(rules: &Rules) -> Vec<String> {
    let mut topics = vec![OWN_TOPICS.to_owned()];
    for rule in rules.iter() {
        let topic = rule.topic.as_str().to_owned();
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    topics
}

fn target(section: &Section, client_id: String) -> Target {
    let url = &section.url;
    let has_tls = url.scheme() == "mqtts";
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    Target {
        host: host.to_owned(),
        port: url.port().unwrap_or(if has_tls { 8883 } else { 1883 }),
        tls: has_tls.then(|| TlsFiles { ca: section.ca_file.clone(), client: None }),
        version: match section.version {
            MqttVersion::V5 => Version::V5,
            MqttVersion::V3 => Version::V3,
        },
        client_id,
        username: section.username.clone(),
        password_file: section.password_file.clone(),
        window: DOWN_WINDOW,
        receive_maximum: IN_FLIGHT_MAX,
        packet_bytes_max: PACKET_BYTES_MAX,
        acks: Acks::Manual,
        keep_alive_s: KEEP_ALIVE_S,
    }
}
