//! `GET /api/v1/devices`: which devices sent something since the start, and `GET /api/v1/devices/{id}/last`: what each sent
//! last, redacted. The command line reads the same types back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::routes::failure;
use super::{View, status};
use crate::domain::redaction::{redacted_detail, redacted_text};
use crate::domain::report::{Class, DeviceId};
use crate::sightings::{Seen, Shown, Sighting, Verdict};

/// Where it is.
pub const PATH: &str = "/api/v1/devices";

/// The devices that are remembered, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// Each of them.
    pub devices: Vec<DeviceLine>,
}

/// A device, and how much it sent since the gateway's start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLine {
    /// Its id.
    pub device: String,
    /// When its last message came: RFC 3339, by the gateway's clock.
    pub last_seen_at: Option<String>,
    /// Messages that were taken.
    pub accepted: u64,
    /// Messages that were quarantined.
    pub quarantined: u64,
}

/// What a device sent last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLast {
    /// Which device, and how much it sent.
    #[serde(flatten)]
    pub line: DeviceLine,
    /// Its last message of each class, newest first.
    pub last: Vec<LastMessage>,
}

/// A message, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// Its class; `None` when its topic names none.
    pub class: Option<String>,
    /// When it came: RFC 3339, by the gateway's clock.
    pub received_at: Option<String>,
    /// The topic it came on.
    pub topic: String,
    /// Bytes of its payload.
    pub bytes: u64,
    /// The payload is longer than what is shown of it.
    pub cut: bool,
    /// `frame` (its header is shown, in hexadecimal), `json` (the text is shown) or `unknown` (the first bytes, in
    /// hexadecimal).
    pub encoding: String,
    /// What may be seen of the payload.
    pub shown: String,
    /// `accepted` or `quarantined`.
    pub verdict: String,
    /// Why it was quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl LastMessage {
    fn new(class: Option<Class>, sighting: &Sighting) -> LastMessage {
        let (encoding, shown) = match sighting.shown() {
            Shown::Frame(hex) => ("frame", hex),
            Shown::Text(text) => ("json", text),
            Shown::Unknown(hex) => ("unknown", hex),
        };
        let (verdict, reason, detail) = match &sighting.verdict {
            Verdict::Accepted => ("accepted", None, None),
            Verdict::Quarantined { reason, detail } => {
                ("quarantined", Some((*reason).to_owned()), Some(redacted_detail(detail)))
            }
        };
        LastMessage {
            class: class.map(|class| class.as_str().to_owned()),
            received_at: status::rfc3339(sighting.received_at_ms),
            topic: redacted_text(&sighting.topic),
            bytes: sighting.bytes as u64,
            cut: sighting.is_cut(),
            encoding: encoding.to_owned(),
            shown,
            verdict: verdict.to_owned(),
            reason,
            detail,
        }
    }
}

impl DeviceLine {
    fn new(device: &DeviceId, last_seen_ms: i64, accepted: u64, quarantined: u64) -> DeviceLine {
        let last_seen_at = status::rfc3339(last_seen_ms);
        DeviceLine { device: device.to_string(), last_seen_at, accepted, quarantined }
    }
}

impl DeviceLast {
    fn new(device: &DeviceId, seen: &Seen) -> DeviceLast {
        let last = seen.last().into_iter().map(|(class, sighting)| LastMessage::new(class, sighting));
        let line = DeviceLine::new(device, seen.last_seen_ms, seen.accepted, seen.quarantined);
        DeviceLast { line, last: last.collect() }
    }
}

pub(super) async fn list(State(view): State<View>) -> Json<DeviceList> {
    let devices = view.sightings.devices();
    let line = |(device, at, accepted, quarantined): &(DeviceId, i64, u64, u64)| {
        DeviceLine::new(device, *at, *accepted, *quarantined)
    };
    Json(DeviceList { devices: devices.iter().map(line).collect() })
}

pub(super) async fn last(State(view): State<View>, Path(id): Path<String>) -> Response {
    let seen = DeviceId::parse(&id).and_then(|device| Some((view.sightings.of(&device)?, device)));
    match seen {
        Some((seen, device)) => Json(DeviceLast::new(&device, &seen)).into_response(),
        None => {
            failure(StatusCode::NOT_FOUND, "no device of this id has sent anything since the gateway's start")
        }
    }
}
