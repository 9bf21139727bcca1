//! What the reporters' handhelds and the cars send in a day, byte by byte.

use std::collections::HashMap;

use bytes::Bytes;
use firmware_protocol::body::{self, Body, EvidenceUsage, FixType, RecordRef};
use firmware_protocol::{
    DegreesE7, DeviceTag, ErrorBound, FrameKey, Header, List, Text, TimeQuality, TimeSource, seal,
};
use patrol_gateway::domain::report::{Class, DeviceId};
use serde_json::json;

use crate::ground::{Ground, METRE_DEG};
use crate::plan::{DAY_MS, HOUR_MS, MINUTE_MS, MONDAY_MS, REPORTERS, Role, Slot, car, slots};
use crate::staff::{car_unit, handheld};

/// How long after it was found a report is sent.
const WRITING_MS: i64 = 12_000;
/// How long after the report the photo of after is taken.
const HANDLING_MS: i64 = 20 * MINUTE_MS;
const HANDLING_LATE_MS: i64 = 3 * HOUR_MS;
/// A car passes the place of its reporter's report: 50 m before it 5 s earlier, 50 m behind it 5 s later.
const PASSING: [(i64, f64); 2] = [(-5_000, -50.0), (5_000, 50.0)];

/// A message on its way to the gateway.
pub(crate) struct Message {
    /// When it comes, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) device: DeviceId,
    pub(crate) class: Class,
    pub(crate) payload: Bytes,
    /// The report that it is, and which of its device's records.
    pub(crate) report: Option<(Slot, RecordRef)>,
}

/// Everything that is sent on a day, in the order in which it comes. All devices are switched on at 07:30.
pub(crate) fn day(ground: &Ground, day: usize) -> Vec<Message> {
    let eight_ms = MONDAY_MS + day as i64 * DAY_MS;
    let mut senders =
        Senders { boot: day as u32 + 1, booted_at_ms: eight_ms - HOUR_MS / 2, last_seq: HashMap::new() };
    let mut messages = Vec::new();
    for slot in slots().filter(|slot| slot.day == day) {
        messages.extend(senders.report(slot, ground.place(slot)));
        // The clock comes at 12:30.
        if slot.role() == Role::NoClockYet {
            messages.push(senders.status(slot, eight_ms + 9 * HOUR_MS / 2));
        }
    }
    messages.sort_by_key(|message| message.at_ms);
    messages
}

/// The devices in one boot.
struct Senders {
    boot: u32,
    booted_at_ms: i64,
    last_seq: HashMap<DeviceId, u32>,
}

impl Senders {
    fn next(&mut self, device: &DeviceId) -> RecordRef {
        let seq = self.last_seq.entry(device.clone()).or_default();
        *seq += 1;
        RecordRef { boot: self.boot, seq: *seq }
    }

    /// What belongs to a report: the car's positions before it, its photos, and the report itself, perhaps twice.
    fn report(&mut self, slot: Slot, at: (f64, f64)) -> Vec<Message> {
        let mut messages = Vec::new();
        if let (Role::InACar, Some(car)) = (slot.role(), car(slot.reporter())) {
            messages.extend(PASSING.map(|(after_ms, east_m)| {
                self.position(
                    &car_unit(car),
                    slot.found_at_ms() + after_ms,
                    (at.0 + east_m * METRE_DEG.0, at.1),
                )
            }));
        }
        let device = handheld(slot.reporter());
        let (own, before) = (self.next(&device), self.next(&device));
        let photos = match slot.role() {
            Role::SelfHandled => Some((0, HANDLING_MS)),
            Role::Disproved => Some((HANDLING_MS, 0)),
            Role::UrgentHandledLate => Some((0, HANDLING_LATE_MS)),
            _ => None,
        };
        if let Some((before_ms, after_ms)) = photos {
            // The report names the first photo; the second one names the report.
            let found_ms = slot.found_at_ms();
            messages.push(self.photo(&device, before, found_ms + before_ms, (EvidenceUsage::BEFORE, None)));
            let after = self.next(&device);
            messages.push(self.photo(&device, after, found_ms + after_ms, (EvidenceUsage::AFTER, Some(own))));
        }
        let sent_ms = slot.found_at_ms() + WRITING_MS;
        let payload = match slot.is_json() {
            true => self.text(slot, own, at, sent_ms),
            false => self.incident(slot, own, at, (sent_ms, photos.map(|_| before))),
        };
        let message = |at_ms| Message {
            at_ms,
            device: device.clone(),
            class: Class::Incident,
            payload: payload.clone(),
            report: Some((slot, own)),
        };
        messages.push(message(sent_ms));
        if slot.is_sent_twice() {
            messages.push(message(resent_at_ms(slot, sent_ms)));
        }
        messages
    }

    fn frame<B: Body>(
        &self,
        device: &DeviceId,
        record: RecordRef,
        at_ms: i64,
        (clock, body): (TimeSource, &B),
    ) -> Bytes {
        let unset = clock == TimeSource::NONE;
        let header = Header {
            device: DeviceTag::of(device.as_str()),
            boot: record.boot,
            seq: record.seq,
            uptime_ms: (at_ms - self.booted_at_ms) as u64,
            unix_ms: if unset { 0 } else { at_ms as u64 },
            time_quality: TimeQuality { source: clock, error_bound: ErrorBound::UNKNOWN },
            ..Header::of::<B>()
        };
        let mut out = vec![0; firmware_protocol::MAX_FRAME_LEN];
        let len = seal(&header, body, &FrameKey::CRC32C, &mut out).unwrap();
        out.truncate(len);
        out.into()
    }

    fn incident(
        &self,
        slot: Slot,
        record: RecordRef,
        (lon_deg, lat_deg): (f64, f64),
        (sent_ms, photo): (i64, Option<RecordRef>),
    ) -> Bytes {
        let role = slot.role();
        let fix = match role {
            Role::InACar | Role::AtTheOffice => FixType::NONE,
            _ => FixType::GNSS_3D,
        };
        let card = if let Role::Stall { card, .. } = role { card } else { "" };
        let operator = format!("op-{:03}", slot.reporter());
        let body = body::Incident {
            category: slot.code().parse().unwrap(),
            kind: body::CaseKind::EVENT,
            age_ms: WRITING_MS as u32,
            fix,
            lat_e7: DegreesE7::from_degrees(lat_deg).unwrap(),
            lon_e7: DegreesE7::from_degrees(lon_deg).unwrap(),
            accuracy_dm: if role == Role::Ambiguous { 800 } else { 50 },
            fix_age_ms: WRITING_MS as u32 + 500,
            operator: Text::new(&operator).unwrap(),
            stall_card: Text::new(card).unwrap(),
            evidence: List::from_slice(photo.as_slice()).unwrap(),
            ..body::Incident::default()
        };
        let clock = match role {
            Role::NoClockYet | Role::NeverAClock => TimeSource::NONE,
            Role::FreeRunningClock => TimeSource::RTC,
            _ => TimeSource::GNSS,
        };
        self.frame(&handheld(slot.reporter()), record, sent_ms, (clock, &body))
    }

    fn text(&self, slot: Slot, record: RecordRef, (lon, lat): (f64, f64), sent_ms: i64) -> Bytes {
        let sent = jiff::Timestamp::from_millisecond(sent_ms).unwrap();
        let report = json!({
            "boot": record.boot, "seq": record.seq,
            "time": sent.to_string(), "time_quality": "gnss", "age_ms": WRITING_MS,
            "kind": "event", "code": slot.code(), "operator": format!("op-{:03}", slot.reporter()),
            "position": {"lon": lon, "lat": lat, "accuracy_m": 5.0, "fix_age_ms": WRITING_MS + 500, "crs": "wgs84"},
        });
        report.to_string().into()
    }

    fn position(&mut self, car: &DeviceId, at_ms: i64, (lon_deg, lat_deg): (f64, f64)) -> Message {
        let body = body::Telemetry {
            fix: FixType::GNSS_3D,
            lat_e7: DegreesE7::from_degrees(lat_deg).unwrap(),
            lon_e7: DegreesE7::from_degrees(lon_deg).unwrap(),
            accuracy_dm: 80,
            speed_cm_s: 1000,
            fix_age_ms: 1,
            ..body::Telemetry::default()
        };
        let record = self.next(car);
        let payload = self.frame(car, record, at_ms, (TimeSource::GNSS, &body));
        Message { at_ms, device: car.clone(), class: Class::Telemetry, payload, report: None }
    }

    /// The description of a photo, sent as it is taken.
    fn photo(
        &self,
        device: &DeviceId,
        record: RecordRef,
        at_ms: i64,
        (usage, incident): (EvidenceUsage, Option<RecordRef>),
    ) -> Message {
        let mut sha256 = [0; 32];
        sha256[..8].copy_from_slice(&at_ms.to_le_bytes());
        let body = body::EvidenceMeta {
            evidence: record,
            incident: incident.unwrap_or_default(),
            media: body::MediaType::JPEG,
            usage,
            size_bytes: 300_000,
            chunk_size_log2: 12,
            sha256,
            ..body::EvidenceMeta::default()
        };
        let payload = self.frame(device, record, at_ms, (TimeSource::GNSS, &body));
        Message { at_ms, device: device.clone(), class: Class::Evidence, payload, report: None }
    }

    /// A status by which the gateway learns when its device was switched on.
    fn status(&mut self, slot: Slot, at_ms: i64) -> Message {
        let device = handheld(slot.reporter());
        let record = self.next(&device);
        let payload = self.frame(&device, record, at_ms, (TimeSource::GNSS, &body::Status::default()));
        Message { at_ms, device, class: Class::Status, payload, report: None }
    }
}

/// When the gateway ends on a day: at 14:00:12, as the first report of the afternoon comes, and at 18:20.
pub(crate) fn ends_ms(day: usize) -> [i64; 2] {
    let eight_ms = MONDAY_MS + day as i64 * DAY_MS;
    [eight_ms + 6 * HOUR_MS + WRITING_MS, eight_ms + 10 * HOUR_MS + 20 * MINUTE_MS]
}

/// Half of the reports that are sent twice are at once; the others after the next end of the gateway.
fn resent_at_ms(slot: Slot, sent_ms: i64) -> i64 {
    let [noon_ms, evening_ms] = ends_ms(slot.day);
    match (slot.number.is_multiple_of(14), slot.number < REPORTERS) {
        (true, _) => sent_ms + 3_000,
        (false, true) => noon_ms + 8_000,
        (false, false) => evening_ms,
    }
}
