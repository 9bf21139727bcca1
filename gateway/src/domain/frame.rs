//! Frames of the firmware protocol become reports.
//!
//! 0 means absent on the wire and becomes `None`; fixed-point numbers become metres, degrees, volts and km/h.
//! The wire format checks the form only, so ranges are checked here. A clock that is beyond what RFC 3339 can
//! write counts as unset: a report is not refused for its clock. Frames are WGS-84. Named values that this version
//! does not know become their number, `quantity_77`, where somebody else may know them.
//!
//! One file a body.

mod clock;
mod evidence;
mod incident;
mod sensor;
mod status;
mod task;
mod telemetry;
mod time_question;
mod track;
mod values;

use firmware_protocol::{DecodeError, DeviceTag, Frame, FrameKey, Header, MessageType, body};
use serde::Deserialize;

use super::admission::{Admission, Reason, Rejection};
use super::report::{Body, Class, DeviceId, RecordRef, Report};

/// Reads a frame that `device` published on its topic of `class`; one of its `keys` must have made the tag.
pub(super) fn admit<'a>(
    keys: &[FrameKey],
    class: Class,
    device: &DeviceId,
    payload: &'a [u8],
) -> Result<Admission<'a>, Rejection> {
    let (header, _) = Header::read(payload).map_err(refused)?;
    // Before the tag, which another device's key made: a mix-up is not a forgery.
    if header.device != DeviceTag::of(device.as_str()) {
        let detail = format!("a frame of {} published by {device}", header.device);
        return Err(Rejection::new(Reason::FrameDevice, detail));
    }
    let frame = firmware_protocol::open(payload, keys).map_err(refused)?;
    let message_type = header.message_type;
    let own = class_of(message_type)?;
    if own != class {
        let detail = format!("message type {message_type} on the topic {class}, its own is {own}");
        return Err(Rejection::new(Reason::FrameClass, detail));
    }
    if message_type == MessageType::TIME_SYNC {
        return time_question::read(&decoded(&frame)?).map(Admission::TimeQuestion);
    }
    match report(&frame) {
        Err(rejection) if message_type == MessageType::EVIDENCE_META => {
            let evidence =
                decoded(&frame).and_then(|wire| evidence::name(&wire)).map_err(|_| rejection.clone())?;
            Ok(Admission::EvidenceRefused { evidence, rejection })
        }
        report => report.map(Admission::Report),
    }
}

/// Reads a frame that was admitted before and kept safe since. Its key may be gone by now.
pub(super) fn reread(payload: &[u8]) -> Result<Report<'_>, Rejection> {
    report(&Frame::unchecked(payload).map_err(refused)?)
}

/// The topic a message type belongs on.
fn class_of(message_type: MessageType) -> Result<Class, Rejection> {
    match message_type {
        MessageType::TELEMETRY | MessageType::TRACK_BATCH => Ok(Class::Telemetry),
        MessageType::SENSOR_REPORT => Ok(Class::Reading),
        MessageType::INCIDENT => Ok(Class::Incident),
        MessageType::EVIDENCE_META | MessageType::EVIDENCE_CHUNK => Ok(Class::Evidence),
        MessageType::STATUS | MessageType::TIME_SYNC => Ok(Class::Status),
        MessageType::TASK_ACK => Ok(Class::Task),
        MessageType::EVIDENCE_WANT | MessageType::TASK | MessageType::CONFIG | MessageType::ACK => {
            let detail = format!("message type {message_type} goes from the gateway to devices only");
            Err(Rejection::new(Reason::FrameDirection, detail))
        }
        unknown => {
            let detail = format!("message type {unknown} is not known to this version; the payload is kept");
            Err(Rejection::new(Reason::FrameType, detail))
        }
    }
}

fn report<'a>(frame: &Frame<'a>) -> Result<Report<'a>, Rejection> {
    let header = &frame.header;
    let (body, age_ms) = body(frame)?;
    Ok(Report {
        claimed: Some(RecordRef { boot: header.boot, seq: header.seq }),
        observed_at: clock::observed_at(header, age_ms),
        uptime_ms: clock::uptime_ms(header, age_ms),
        body,
    })
}

/// The body, and the event's age at the frame's time in milliseconds.
fn body<'a>(frame: &Frame<'a>) -> Result<(Body<'a>, u32), Rejection> {
    match frame.header.message_type {
        MessageType::TELEMETRY => Ok((Body::Telemetry(telemetry::read(&decoded(frame)?)?), 0)),
        MessageType::SENSOR_REPORT => {
            let wire: body::SensorReport = decoded(frame)?;
            Ok((Body::Reading(sensor::read(&wire)), wire.age_ms))
        }
        MessageType::INCIDENT => {
            let wire: body::Incident<'a> = decoded(frame)?;
            Ok((Body::Incident(incident::read(&wire)?), wire.age_ms))
        }
        MessageType::EVIDENCE_META => {
            let wire: body::EvidenceMeta = decoded(frame)?;
            Ok((Body::EvidenceMeta(evidence::read_meta(&wire)?), wire.age_ms))
        }
        MessageType::EVIDENCE_CHUNK => Ok((Body::EvidenceChunk(evidence::read_chunk(&decoded(frame)?)?), 0)),
        MessageType::STATUS => Ok((Body::Status(status::read(&decoded(frame)?)?), 0)),
        MessageType::TASK_ACK => {
            let wire: body::TaskAck<'a> = decoded(frame)?;
            Ok((Body::Task(task::read(&wire)?), wire.age_ms))
        }
        MessageType::TRACK_BATCH => {
            let wire: body::TrackBatch = decoded(frame)?;
            Ok((Body::Track(track::read(&wire)?), wire.age_ms))
        }
        other => {
            let detail = format!("message type {other} is no report");
            Err(Rejection::new(Reason::FrameType, detail))
        }
    }
}

fn decoded<'a, B: body::Body + Deserialize<'a>>(frame: &Frame<'a>) -> Result<B, Rejection> {
    frame.decode().map_err(refused)
}

fn refused(error: DecodeError) -> Rejection {
    let reason = match error {
        DecodeError::Short { .. } | DecodeError::Magic { .. } | DecodeError::Length { .. } => {
            Reason::FrameMalformed
        }
        DecodeError::Version { .. } | DecodeError::Flags { .. } => Reason::FrameVersion,
        DecodeError::Suite { .. } => Reason::FrameSuite,
        DecodeError::Key { .. } => Reason::FrameKey,
        DecodeError::Tag { .. } => Reason::FrameTag,
        DecodeError::MessageType { .. } => Reason::FrameClass,
        DecodeError::Revision { .. }
        | DecodeError::BodyShort { .. }
        | DecodeError::BodyLong { .. }
        | DecodeError::Body { .. } => Reason::FrameBody,
    };
    Rejection::new(reason, error.to_string())
}

#[cfg(test)]
mod tests;
