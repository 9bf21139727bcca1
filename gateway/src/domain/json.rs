//! Our own JSON bodies, one per class.
//!
//! - Telemetry comes by the hundred thousand a second, so bodies are read into structs that borrow from the
//!   payload: a usual telemetry costs no allocation. Text is copied only where JSON escapes it.
//! - Unknown fields are passed over (the stored payload keeps them), however deep they nest; `null` is the
//!   same as absent.
//! - Whole numbers may be written with a fraction (`88.0`) and are rounded; `boot`, `seq`, `task` and
//!   `revision` may not.
//! - A position must declare its coordinate system, and is brought into WGS-84.

mod head;
mod position;
mod trouble;
mod values;

use serde::Deserialize;

use self::head::{claimed, observed_at};
use self::position::PositionText;
use self::values::{Text, at_most, code, known, needed, whole, within};
use super::admission::{Reason, Rejection};
use super::coordinates::Coordinates;
use super::report::{
    Body, CaseKind, Class, Incident, Reading, RecordRef, Report, Status, TaskAck, Telemetry,
};

/// Readings in one message.
const READINGS_MAX: usize = 256;
/// Evidence references of one incident or answer to a task.
const EVIDENCE_MAX: usize = 64;
/// The status of a reading that is like any other, and the same as none.
const GOOD: &str = "good";

/// Reads a JSON payload of a class, with the coordinate systems of this city.
pub(super) fn read(coordinates: Coordinates, class: Class, payload: &[u8]) -> Result<Report<'_>, Rejection> {
    match class {
        Class::Telemetry => text::<TelemetryText<'_>>(payload)?.report(coordinates),
        Class::Reading => text::<ReadingsText<'_>>(payload)?.report(coordinates),
        Class::Incident => text::<IncidentText<'_>>(payload)?.report(coordinates),
        Class::Status => text::<StatusText<'_>>(payload)?.report(coordinates),
        Class::Task => text::<TaskText<'_>>(payload)?.report(coordinates),
        Class::Evidence => {
            let detail = "evidence is taken as frames only; the payload is kept";
            Err(Rejection::new(Reason::UnsupportedClass, detail))
        }
    }
}

fn text<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Rejection> {
    serde_json::from_slice(payload).map_err(|error| trouble::rejection(&error, payload))
}

/// A message as it is written: the head that all classes share, and its own fields. (`serde(flatten)` would
/// say the same and copy every field through a buffer.)
macro_rules! message {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Deserialize)]
        struct $name<'a> {
            boot: Option<u32>,
            seq: Option<u32>,
            #[serde(borrow)]
            time: Option<Text<'a>>,
            #[serde(borrow)]
            time_quality: Option<Text<'a>>,
            age_ms: Option<f64>,
            $($(#[$meta])* $field: $type,)*
        }

        impl<'a> $name<'a> {
            fn report(self, coordinates: Coordinates) -> Result<Report<'a>, Rejection> {
                Ok(Report {
                    claimed: claimed(self.boot, self.seq)?,
                    observed_at: observed_at(self.time.as_ref(), self.time_quality.as_ref(), self.age_ms)?,
                    uptime_ms: None,
                    body: self.body(coordinates)?,
                })
            }
        }
    };
}

message!(TelemetryText {
    #[serde(borrow)]
    position: Option<PositionText<'a>>,
    altitude_m: Option<f64>,
    satellites: Option<f64>,
    speed_kmh: Option<f64>,
    heading_deg: Option<f64>,
    ignition: Option<bool>,
    panic: Option<bool>,
    battery_percent: Option<f64>,
    supply_v: Option<f64>,
    odometer_m: Option<f64>,
});

message!(ReadingsText {
    #[serde(borrow, default)]
    readings: Vec<ReadingText<'a>>,
});

message!(IncidentText {
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Text<'a>>,
    severity: Option<f64>,
    #[serde(borrow)]
    position: Option<PositionText<'a>>,
    #[serde(borrow)]
    operator: Option<Text<'a>>,
    #[serde(borrow)]
    stall_card: Option<Text<'a>>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    evidence: Option<Vec<ReferenceText>>,
});

message!(StatusText {
    #[serde(borrow)]
    firmware: Option<Text<'a>>,
    battery_percent: Option<f64>,
    supply_v: Option<f64>,
    temperature_c: Option<f64>,
    signal_dbm: Option<f64>,
    storage_free_kib: Option<f64>,
    queued: Option<f64>,
    dropped: Option<f64>,
});

message!(TaskText {
    task: Option<u64>,
    revision: Option<u32>,
    #[serde(borrow)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    #[serde(borrow)]
    note: Option<Text<'a>>,
    evidence: Option<Vec<ReferenceText>>,
});

#[derive(Deserialize)]
struct ReadingText<'a> {
    #[serde(borrow)]
    quantity: Option<Text<'a>>,
    value: Option<f64>,
    #[serde(borrow)]
    unit: Option<Text<'a>>,
    channel: Option<f64>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ReferenceText {
    boot: Option<u32>,
    seq: Option<u32>,
}

impl<'a> TelemetryText<'a> {
    fn body(self, coordinates: Coordinates) -> Result<Body<'a>, Rejection> {
        Ok(Body::Telemetry(Telemetry {
            fix: self.position.map(|position| position.fix(coordinates)).transpose()?,
            altitude_m: within("altitude_m", self.altitude_m, -1_000.0..=50_000.0)?,
            satellites: whole("satellites", self.satellites, 0..=255)?,
            speed_kmh: within("speed_kmh", self.speed_kmh, 0.0..=2_000.0)?,
            heading_deg: within("heading_deg", self.heading_deg, 0.0..=360.0)?,
            ignition: self.ignition,
            panic: self.panic,
            battery_percent: whole("battery_percent", self.battery_percent, 0..=100)?,
            supply_v: within("supply_v", self.supply_v, 0.0..=1_000.0)?,
            odometer_m: whole("odometer_m", self.odometer_m, 0..=values::WHOLE_MAX)?,
        }))
    }
}

impl<'a> ReadingsText<'a> {
    fn body(self, _: Coordinates) -> Result<Body<'a>, Rejection> {
        at_most("readings", self.readings.len(), READINGS_MAX)?;
        self.readings.into_iter().map(ReadingText::reading).collect::<Result<_, _>>().map(Body::Reading)
    }
}

impl<'a> ReadingText<'a> {
    fn reading(self) -> Result<Reading<'a>, Rejection> {
        Ok(Reading {
            quantity: needed("readings.quantity", self.quantity)?.0,
            value: needed("readings.value", self.value)?,
            unit: self.unit.map(|unit| unit.0),
            channel: whole("readings.channel", self.channel, 0..=255)?.unwrap_or(0),
            status: self.status.map(|status| status.0).filter(|status| status != GOOD),
        })
    }
}

impl<'a> IncidentText<'a> {
    fn body(self, coordinates: Coordinates) -> Result<Body<'a>, Rejection> {
        let severity: Option<u8> = whole("severity", self.severity, 0..=255)?;
        Ok(Body::Incident(Incident {
            kind: known(
                "kind",
                &needed("kind", self.kind)?,
                &[CaseKind::Event, CaseKind::Component],
                CaseKind::as_str,
            )?,
            code: code(needed("code", self.code)?)?,
            severity: severity.filter(|severity| *severity > 0),
            fix: self.position.map(|position| position.fix(coordinates)).transpose()?,
            operator: self.operator.map(|text| text.0),
            stall_card: self.stall_card.map(|text| text.0),
            description: self.description.map(|text| text.0),
            evidence: references(self.evidence)?,
        }))
    }
}

/// The photos and clips that are referred to.
fn references(written: Option<Vec<ReferenceText>>) -> Result<Vec<RecordRef>, Rejection> {
    let written = written.unwrap_or_default();
    at_most("evidence", written.len(), EVIDENCE_MAX)?;
    written.into_iter().map(ReferenceText::reference).collect()
}

impl ReferenceText {
    fn reference(self) -> Result<RecordRef, Rejection> {
        Ok(RecordRef { boot: needed("evidence.boot", self.boot)?, seq: needed("evidence.seq", self.seq)? })
    }
}

impl<'a> StatusText<'a> {
    fn body(self, _: Coordinates) -> Result<Body<'a>, Rejection> {
        Ok(Body::Status(Status {
            firmware: self.firmware.map(|text| text.0),
            battery_percent: whole("battery_percent", self.battery_percent, 0..=100)?,
            supply_v: within("supply_v", self.supply_v, 0.0..=1_000.0)?,
            temperature_c: within("temperature_c", self.temperature_c, -273.15..=1_000.0)?,
            signal_dbm: whole("signal_dbm", self.signal_dbm, -32_768..=32_767)?,
            storage_free_kib: whole("storage_free_kib", self.storage_free_kib, 0..=values::WHOLE_MAX)?,
            queued: whole("queued", self.queued, 0..=i64::from(u32::MAX))?,
            dropped: whole("dropped", self.dropped, 0..=i64::from(u32::MAX))?,
        }))
    }
}

impl<'a> TaskText<'a> {
    fn body(self, _: Coordinates) -> Result<Body<'a>, Rejection> {
        Ok(Body::Task(TaskAck {
            task: needed("task", self.task)?,
            revision: self.revision.unwrap_or(0),
            state: needed("state", self.state)?.0,
            reason: self.reason.map(|text| text.0),
            note: self.note.map(|text| text.0),
            evidence: references(self.evidence)?,
        }))
    }
}

#[cfg(test)]
mod tests;
