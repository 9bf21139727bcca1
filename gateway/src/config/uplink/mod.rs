//! `[uplink]`, or `[[uplink]]` for each of several: where reports go. Without a kind the gateway buffers.

mod keys;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

pub(super) use self::keys::UplinkKeys;
use super::read::Checks;
use crate::domain::report::Class;

/// Uplinks side by side at most.
const UPLINKS_MAX: usize = 8;

/// An uplink: what is the same whatever the platform speaks, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// Its name in the status, in metrics and dead letters.
    pub name: String,
    /// What the platform speaks.
    pub way: Way,
    /// Where it is; plain text only to loopback or with `allow_plain`.
    pub url: Url,
    /// The classes it gets.
    pub classes: Vec<Class>,
    /// A record waits for this platform's word before it is deleted; another one gets what it can.
    pub required: bool,
    /// Total time for one batch, from the look-up of the name to the last byte of the answer.
    pub timeout: Duration,
    /// Most events in one batch, 1..=5000.
    pub batch_events: usize,
    /// Most bytes in one batch, before compression.
    pub batch_bytes: usize,
    /// Most batches under way at the same time, 1..=4.
    pub in_flight: usize,
    /// First wait after a failure.
    pub retry_min: Duration,
    /// Longest wait after failures.
    pub retry_max: Duration,
    /// File whose content is the platform's token.
    pub token_file: Option<PathBuf>,
    /// PEM file of the authority that the platform's certificate must come from, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM files of the gateway's own certificate and its private key.
    pub client: Option<ClientCertificate>,
    /// The operator allows plain text beyond loopback.
    pub allow_plain: bool,
}

/// The gateway's own certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM file of the certificate and the authorities between.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
}

/// What the platform speaks, and what only matters there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// CloudEvents batches, `POST {url}/v1/events`.
    Https(Https),
    /// CloudEvents in binary mode at an MQTT broker.
    Mqtt(Mqtt),
    /// CloudEvents in a stream of NATS JetStream.
    Nats(Nats),
    /// Incidents as requests of Open311 GeoReport v2.
    Open311(Open311),
    /// Incidents in the style of the city platform's third-party interface.
    City(Open311),
}

/// What matters for `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Https {
    /// How request bodies are compressed.
    pub compression: Compression,
    /// Telemetry goes as columns, many points in one body, once the platform says that it reads them.
    pub compact: bool,
}

/// What matters for `mqtt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mqtt {
    /// Its version.
    pub version: MqttVersion,
    /// Client id; the broker keeps the session under it.
    pub client_id: Option<String>,
    /// User name; the password is the content of `token_file`.
    pub username: Option<String>,
    /// A record is released on the platform's receipt, not on the broker's PUBACK.
    pub receipts: bool,
}

/// Version of MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MqttVersion {
    /// 5.
    V5,
    /// 3.1.1.
    V3,
}

/// What matters for `nats`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nats {
    /// More servers of the same cluster, for when the first one is down.
    pub servers: Vec<Url>,
    /// User name; the password is the content of `token_file`, which is a token without one.
    pub username: Option<String>,
}

/// What matters for `open311` and `city`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open311 {
    /// The jurisdiction that a server of several cities asks for.
    pub jurisdiction: Option<String>,
    /// CSV file of case codes and the platform's own codes for them.
    pub services: Option<PathBuf>,
}

/// Checks all uplinks, each alone and side by side.
pub(super) fn check(uplinks: &[UplinkKeys], checks: &mut Checks) {
    for (index, uplink) in uplinks.iter().enumerate() {
        checks.within("uplink", index);
        uplink.check(checks, uplinks.len() == 1);
        let is_new = uplinks[..index].iter().all(|other| other.name() != uplink.name());
        checks.require(is_new, &["uplink.name", "uplink.kind"], "a name that no other uplink has");
        checks.require(
            index < UPLINKS_MAX,
            &["uplink.name", "uplink.kind"],
            &format!("at most {UPLINKS_MAX} uplinks"),
        );
    }
}

impl Uplink {
    /// An uplink by HTTPS to `url` with the defaults of everything else; does not check `url`.
    pub fn to(url: Url) -> Uplink {
        UplinkKeys::https().with(url)
    }
}

impl Way {
    /// The name in the configuration and in the status.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Way::Https(_) => "https",
            Way::Mqtt(_) => "mqtt",
            Way::Nats(_) => "nats",
            Way::Open311(_) => "open311",
            Way::City(_) => "city",
        }
    }
}

/// Compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard.
    Zstd,
    /// gzip.
    Gzip,
    /// None.
    None,
}
