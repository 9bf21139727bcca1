//! The Rust MQTT clients behind one face: rumqttc 0.25 and its maintained fork, each for MQTT 3.1.1 and 5.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::gateway::Gateway;

/// Publishes that a client holds unacknowledged.
const WINDOW: u16 = 200;
/// Requests that wait in a client's queue.
const QUEUE: usize = 50;
/// Pause before a client connects again.
const RECONNECT_AFTER: Duration = Duration::from_millis(20);

/// Which client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "package and protocol version")]
pub enum Kind {
    RumqttcV4,
    RumqttcV5,
    ForkV4,
    ForkV5,
}

impl Kind {
    /// All four.
    pub const ALL: [Kind; 4] = [Kind::RumqttcV4, Kind::RumqttcV5, Kind::ForkV4, Kind::ForkV5];

    /// A device id of its own for each.
    pub fn device(self) -> &'static str {
        match self {
            Kind::RumqttcV4 => "rumqttc-v4",
            Kind::RumqttcV5 => "rumqttc-v5",
            Kind::ForkV4 => "fork-v4",
            Kind::ForkV5 => "fork-v5",
        }
    }

    /// The shortest keep-alive in seconds that the client takes.
    pub fn keep_alive_min_s(self) -> u16 {
        match self {
            Kind::RumqttcV5 => 5,
            Kind::RumqttcV4 | Kind::ForkV4 | Kind::ForkV5 => 1,
        }
    }
}

/// QoS of a publish or a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the standard's numbers")]
pub enum Qos {
    Zero,
    One,
}

/// What a client has heard so far.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// CONNACKs.
    pub connects: usize,
    /// Connections that broke.
    pub breaks: usize,
    /// PUBACKs.
    pub acks: usize,
    /// PINGRESPs.
    pub pongs: usize,
    /// SUBACKs.
    pub subscriptions: usize,
    /// Messages: topic and payload.
    pub messages: Vec<(String, Vec<u8>)>,
}

/// A client that runs, and connects again whenever its connection breaks; it ends when this is dropped.
#[derive(Debug)]
pub struct RustClient {
    requests: Requests,
    heard: Arc<Mutex<Heard>>,
    pump: JoinHandle<()>,
}

#[derive(Debug)]
enum Requests {
    RumqttcV4(rumqttc_classic::AsyncClient),
    RumqttcV5(rumqttc_classic::v5::AsyncClient),
    ForkV4(rumqttc_v4::AsyncClient),
    ForkV5(rumqttc::AsyncClient),
}

/// Polls an event loop for ever and notes what it says. The four have the same names in other crates.
macro_rules! pump {
    ($events:expr, $heard:expr, $($module:ident)::+, $packets:path) => {{
        use $packets as packets;
        let (mut events, heard): (_, Arc<Mutex<Heard>>) = ($events, $heard.clone());
        tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok($($module)::+::Event::Incoming(packet)) => note!(packet, lock(&heard), packets),
                    Ok(_) => {}
                    Err(_) => {
                        lock(&heard).breaks += 1;
                        sleep(RECONNECT_AFTER).await;
                    }
                }
            }
        })
    }};
}

macro_rules! note {
    ($packet:expr, $heard:expr, $packets:ident) => {{
        let mut heard = $heard;
        match $packet {
            $packets::ConnAck(_) => heard.connects += 1,
            $packets::PubAck(_) => heard.acks += 1,
            $packets::SubAck(_) => heard.subscriptions += 1,
            $packets::PingResp { .. } => heard.pongs += 1,
            $packets::Publish(message) => {
                let topic = String::from_utf8_lossy(message.topic.as_ref()).into_owned();
                heard.messages.push((topic, message.payload.to_vec()));
            }
            _ => {}
        }
    }};
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RustClient {
    /// Starts a client under its kind's device id.
    pub fn start(gateway: &Gateway, kind: Kind, keep_alive_s: u16) -> RustClient {
        let (host, port) = (gateway.mqtt().ip().to_string(), gateway.mqtt().port());
        let (id, keep_alive) = (kind.device(), Duration::from_secs(keep_alive_s.into()));
        let heard = Arc::<Mutex<Heard>>::default();
        let (requests, pump) = match kind {
            Kind::RumqttcV4 => {
                let mut options = rumqttc_classic::MqttOptions::new(id, host, port);
                options.set_keep_alive(keep_alive).set_clean_session(false).set_inflight(WINDOW);
                options.set_max_packet_size(1 << 20, 1 << 20);
                let (client, events) = rumqttc_classic::AsyncClient::new(options, QUEUE);
                (Requests::RumqttcV4(client), pump!(events, heard, rumqttc_classic, rumqttc_classic::Packet))
            }
            Kind::RumqttcV5 => {
                let mut options = rumqttc_classic::v5::MqttOptions::new(id, host, port);
                options.set_keep_alive(keep_alive).set_clean_start(false);
                options.set_outgoing_inflight_upper_limit(WINDOW);
                let (client, events) = rumqttc_classic::v5::AsyncClient::new(options, QUEUE);
                let pump =
                    pump!(events, heard, rumqttc_classic::v5, rumqttc_classic::v5::mqttbytes::v5::Packet);
                (Requests::RumqttcV5(client), pump)
            }
            Kind::ForkV4 => {
                let mut options = rumqttc_v4::MqttOptions::new(id, (host, port));
                options.set_keep_alive(keep_alive_s).set_inflight(WINDOW);
                options.set_session_mode(rumqttc_v4::SessionMode::Persistent);
                let (client, events) = rumqttc_v4::AsyncClient::builder(options).capacity(QUEUE).build();
                (Requests::ForkV4(client), pump!(events, heard, rumqttc_v4, rumqttc_v4::Packet))
            }
            Kind::ForkV5 => {
                let mut options = rumqttc::MqttOptions::new(id, (host, port));
                options.set_keep_alive(keep_alive_s).set_outgoing_inflight_upper_limit(WINDOW);
                options.set_session_mode(rumqttc::SessionMode::Persistent);
                let (client, events) = rumqttc::AsyncClient::builder(options).capacity(QUEUE).build();
                (Requests::ForkV5(client), pump!(events, heard, rumqttc, rumqttc::Packet))
            }
        };
        RustClient { requests, heard, pump }
    }

    /// What it has heard so far.
    pub fn heard(&self) -> Heard {
        lock(&self.heard).clone()
    }

    /// Publishes; waits while the client's own queue is full, and not for the acknowledgement.
    ///
    /// # Panics
    /// When the client has ended.
    pub async fn publish(&self, qos: Qos, topic: &str, payload: String) {
        let sent = match &self.requests {
            Requests::RumqttcV4(client) => client.publish(topic, qos.into(), false, payload).await.is_ok(),
            Requests::RumqttcV5(client) => client.publish(topic, qos.into(), false, payload).await.is_ok(),
            Requests::ForkV4(client) => {
                client.publish(topic, payload, rumqttc_v4::PublishOptions::new(qos.into())).await.is_ok()
            }
            Requests::ForkV5(client) => {
                client.publish(topic, payload, rumqttc::PublishOptions::new(qos.into())).await.is_ok()
            }
        };
        assert!(sent, "the client takes a publish");
    }

    /// Subscribes at QoS 1.
    ///
    /// # Panics
    /// When the client has ended.
    pub async fn subscribe(&self, filter: &str) {
        let sent = match &self.requests {
            Requests::RumqttcV4(client) => client.subscribe(filter, Qos::One.into()).await.is_ok(),
            Requests::RumqttcV5(client) => client.subscribe(filter, Qos::One.into()).await.is_ok(),
            Requests::ForkV4(client) => client.subscribe(filter, Qos::One.into()).await.is_ok(),
            Requests::ForkV5(client) => client.subscribe(filter, Qos::One.into()).await.is_ok(),
        };
        assert!(sent, "the client takes a subscription");
    }
}

impl Drop for RustClient {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Three types for the same thing; the fork has one for both versions.
macro_rules! qos_of {
    ($($module:path),*) => {$(
        impl From<Qos> for $module {
            fn from(qos: Qos) -> $module {
                match qos {
                    Qos::Zero => <$module>::AtMostOnce,
                    Qos::One => <$module>::AtLeastOnce,
                }
            }
        }
    )*};
}
qos_of!(rumqttc_classic::QoS, rumqttc_classic::v5::mqttbytes::QoS, rumqttc::QoS);
