//! The platform at an MQTT broker: each event is a message, and its PUBACK or the platform's receipt is the word on it.
//!
//! ```text
//! city/{gateway}/up/{class}      events; MQTT 5 in CloudEvents' binary mode, MQTT 3.1.1 in its structured mode
//! city/{gateway}/down/receipt    the platform's receipts, when `receipts = true`
//! ```
//!
//! - [`carrier::MqttCarrier`] packs and waits, [`link::MqttLink`] owns the connection: it publishes in the order in which it is
//!   asked, at most [`WINDOW`] at a time and never more than the broker's receive maximum, and gives each event its word.
//! - What was in flight when a connection ends has no word, whether the broker kept the session or not: the carrier asks again by the
//!   next connection, within the time of its batch, and then the lane does. The platform recognises it by (source, id).
//! - An event above the broker's maximum packet size never leaves: it is rejected with both numbers.
//! - A connection on which nothing is acknowledged for three keep-alives while something is in flight is given up for a new one.
//! - An event with which the connection always ends is [suspected](suspicion), tried alone, and then put aside for a while.

pub mod carrier;
mod flights;
pub mod link;
mod message;
mod suspicion;
mod word;

use reqwest::Url;

use self::carrier::MqttCarrier;
use self::link::MqttLink;
use crate::config::{Mqtt, MqttVersion, Uplink};
use crate::domain::coordinates::Coordinates;
use crate::mqtt_client::{Acks, Target, TlsFiles, Version};

/// Publishes in flight at most, of all batches together.
pub const WINDOW: u16 = 64;
/// Seconds of silence before a ping.
const KEEP_ALIVE_S: u16 = 20;
/// Receipts that the broker may send before the first of them is acknowledged.
const RECEIPTS_MAX: u16 = 64;
/// A packet of receipts is taken up to here.
const RECEIPT_BYTES_MAX: u32 = 1 << 20;

/// The way to the platform of `uplink`: what packs and waits, and what is to run beside it.
///
/// Connects to nobody yet, and reads no file: what is wrong with one is told when it is tried.
pub fn open(
    uplink: &Uplink,
    mqtt: &Mqtt,
    gateway_id: &str,
    coordinates: Coordinates,
    random: fastrand::Rng,
) -> (MqttCarrier, MqttLink) {
    let receipts = mqtt.receipts.then(|| format!("city/{gateway_id}/down/receipt"));
    let (link, orders, state) = MqttLink::new(target(uplink, mqtt, gateway_id), receipts, uplink, random);
    let form = message::Form { gateway_id: gateway_id.to_owned(), coordinates, version: mqtt.version };
    (MqttCarrier::new(form, orders, state, uplink.timeout), link)
}

fn target(uplink: &Uplink, mqtt: &Mqtt, gateway_id: &str) -> Target {
    let (host, port, has_tls) = place(&uplink.url);
    let client = uplink.client.as_ref().map(|client| (client.certificate.clone(), client.key.clone()));
    Target {
        host,
        port,
        tls: has_tls.then(|| TlsFiles { ca: uplink.ca_file.clone(), client }),
        version: match mqtt.version {
            MqttVersion::V5 => Version::V5,
            MqttVersion::V3 => Version::V3,
        },
        client_id: mqtt.client_id.clone().unwrap_or_else(|| gateway_id.to_owned()),
        username: mqtt.username.clone(),
        password_file: uplink.token_file.clone(),
        window: WINDOW,
        receive_maximum: RECEIPTS_MAX,
        packet_bytes_max: RECEIPT_BYTES_MAX,
        acks: Acks::Automatic,
        keep_alive_s: KEEP_ALIVE_S,
    }
}

/// Host, port and whether TLS is spoken there.
fn place(url: &Url) -> (String, u16, bool) {
    let has_tls = url.scheme() == "mqtts";
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    (host.to_owned(), url.port().unwrap_or(if has_tls { 8883 } else { 1883 }), has_tls)
}
