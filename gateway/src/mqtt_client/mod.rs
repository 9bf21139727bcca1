//! A connection to somebody else's broker, MQTT 5 or 3.1.1: the one place that knows `rumqttc`.
//!
//! - A client lives exactly as long as its TCP connection. When that is gone, so is all that the library still held: its queue, what
//!   was in flight, its packet ids. Nothing is sent again behind the back of whoever asked, and an acknowledgement can't reach another
//!   message that has taken over a packet id. What is owed is in the store, and comes from there again.
//! - [`connect`] reads the files of secrets and certificates anew, so that what was renewed counts with the next connection.
//! - [`Requests`] never wait: they are queued at once or refused. [`Events::poll`] runs the connection, and must be polled to its end
//!   each time; it may be dropped only together with the connection.
//!
//! `docs/decisions/0027-mqtt-client.md` says why.

mod dial;
mod events;
mod requests;
mod session;
mod target;
mod v3;
mod v5;

pub use dial::TlsFiles;
pub use events::{Event, Events, Lost, Message};
pub use requests::{Ack, Fate, Notice, Publication, Requests, Subscribed};
pub use target::{Acks, Target, Version};

use std::time::Duration;

use tokio::time;

/// The seconds that brokers are asked to keep a session while nobody is connected: a week.
const SESSION_EXPIRY_S: u32 = 7 * 24 * 3600;
/// What else may be queued besides a full window: subscriptions and a DISCONNECT.
const EXTRA_REQUESTS: usize = 4;
/// Packets that go to the socket, or come from it, at once.
const PACKETS_AT_ONCE: usize = 64;

/// What a broker said when it took us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// It still had our session.
    pub session_present: bool,
    /// Publishes at QoS 1 that it takes before it has acknowledged the first of them.
    pub receive_maximum: u16,
    /// The largest packet that it takes, if it said so.
    pub packet_bytes_max: Option<u32>,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// A file that the configuration names can't be used.
    #[error("{0}")]
    Setup(String),
    /// The broker does not want us as we are: a person is needed.
    #[error("broker refuses the connection with {code}: {reason}")]
    Refused {
        /// Its return or reason code.
        code: u8,
        /// The same in words.
        reason: String,
    },
    /// It can't take us now.
    #[error("broker asks to come back later with {code}: {reason}")]
    Busy {
        /// Its return or reason code.
        code: u8,
        /// The same in words.
        reason: String,
    },
    /// Nobody there, or none that speaks MQTT.
    #[error("{0}")]
    NoAnswer(String),
}

/// Connects: name, TCP, TLS, CONNECT, CONNACK, all within `within`.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect(
    target: &Target,
    within: Duration,
) -> Result<(Requests, Events, Greeting), ConnectError> {
    let connecting = async {
        let secrets = target.secrets().await?;
        let (requests, mut events) = match target.version {
            Version::V5 => v5::open(target, secrets, within),
            Version::V3 => v3::open(target, secrets, within),
        };
        let greeting = events.greeted().await?;
        Ok((requests, events, greeting))
    };
    let too_late =
        |_| Err(ConnectError::NoAnswer(format!("no connection within {} s", within.as_secs_f32())));
    time::timeout(within, connecting).await.unwrap_or_else(too_late)
}
