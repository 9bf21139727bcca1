//! What a device does with values around the frames: ids, texts, lists, times, tracks, missing chunks.

use firmware_protocol::body::{
    EvidenceMeta, EvidenceWant, RecordRef, Setting, Status, Telemetry, TrackBatch, VehicleState,
};
use firmware_protocol::track::{TrackBuilder, TrackPoint};
use firmware_protocol::{DegreesE7, DeviceTag, ErrorBound, List, MessageType, Text, TimeQuality};

#[unsafe(no_mangle)]
extern "C" fn device_tag(id: &&str, out: &mut DeviceTag) {
    *out = DeviceTag::of(id);
}

#[unsafe(no_mangle)]
extern "C" fn device_id(tag: &'static DeviceTag, out: &mut Option<&'static str>) {
    *out = tag.id();
}

#[unsafe(no_mangle)]
extern "C" fn text(text: &&'static str, whole: &mut Option<Text<'static, 24>>, cut: &mut Text<'static, 24>) {
    *whole = Text::new(text).ok();
    *cut = Text::truncated(text);
}

#[unsafe(no_mangle)]
extern "C" fn list(
    elements: &&'static [RecordRef],
    one_more: &RecordRef,
    out: &mut List<RecordRef, 8>,
) -> bool {
    *out = List::from_slice(elements).unwrap_or_default();
    out.push(*one_more).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn degrees(degrees: f64, out: &mut Option<DegreesE7>) -> f64 {
    *out = DegreesE7::from_degrees(degrees);
    out.unwrap_or_default().degrees()
}

#[unsafe(no_mangle)]
extern "C" fn time_quality(byte: u8, error_ms: u32, out: &mut TimeQuality) -> u32 {
    *out = TimeQuality::from_byte(byte);
    let worse = TimeQuality { error_bound: ErrorBound::within_ms(error_ms), ..*out };
    u32::from(worse.to_byte()) + out.error_bound.max_ms().unwrap_or_default()
}

#[unsafe(no_mangle)]
extern "C" fn status_revision(status: &Status<'_>, message_type: &MessageType) -> u8 {
    status.revision_of(*message_type)
}

#[unsafe(no_mangle)]
extern "C" fn telemetry_speed(telemetry: &Telemetry, bit: &VehicleState, known: &mut Option<bool>) -> u16 {
    *known = telemetry.state_of(*bit);
    telemetry.measured_speed_cm_s().unwrap_or_default()
}

#[unsafe(no_mangle)]
extern "C" fn setting_number(setting: &Setting<'_>) -> u32 {
    setting.number().unwrap_or_default()
}

#[unsafe(no_mangle)]
extern "C" fn evidence_chunks(meta: &EvidenceMeta, len: &mut u32) -> u32 {
    *len = meta.chunk_len().unwrap_or_default();
    meta.chunks().unwrap_or_default()
}

#[unsafe(no_mangle)]
extern "C" fn evidence_missing(want: &EvidenceWant<'_>, each: extern "C" fn(u32)) {
    want.missing_chunks().for_each(|chunk| each(chunk));
}

#[unsafe(no_mangle)]
extern "C" fn track_push(track: &mut TrackBuilder, uptime_ms: u64, point: &Telemetry) -> bool {
    !track.is_empty() && track.push(uptime_ms, point)
}

#[unsafe(no_mangle)]
extern "C" fn track_take(track: &mut TrackBuilder, uptime_ms: u64, out: &mut TrackBatch) -> bool {
    let batch = track.take(uptime_ms);
    *track = TrackBuilder::new(400);
    batch.is_some_and(|batch| {
        *out = batch;
        true
    })
}

#[unsafe(no_mangle)]
extern "C" fn track_points(batch: &TrackBatch, each: extern "C" fn(&TrackPoint)) {
    batch.points().for_each(|point| each(&point));
}
