//! Any points through a track and back: each batch gives the points it was made of, and fits where it was to fit.
//!
//! Input: two bytes of the longest body, then 17 bytes a point.
#![no_main]

use firmware_protocol::body::TrackBatch;
use firmware_protocol::body::{FixType, Telemetry, VehicleState};
use firmware_protocol::track::TrackBuilder;
use firmware_protocol::{DegreesE7, FrameKey, Header, Suite, frame_len_max, open, seal};
use libfuzzer_sys::fuzz_target;

/// Bytes of a point in the input.
const POINT_LEN: usize = 17;

fuzz_target!(|bytes: &[u8]| {
    let Some((&body_len_max, points)) = bytes.split_first_chunk() else { return };
    let body_len_max = usize::from(u16::from_le_bytes(body_len_max));
    let (points, _) = points.as_chunks::<POINT_LEN>();
    let mut track = TrackBuilder::new(body_len_max);
    let mut uptime_ms = 0;
    let mut taken = Vec::new();
    for point in points {
        let point = point_of(point, &mut uptime_ms);
        if track.push(uptime_ms, &point) {
            taken.push((uptime_ms, point));
            continue;
        }
        check(&mut track, &mut taken, uptime_ms, body_len_max);
        if track.push(uptime_ms, &point) {
            taken.push((uptime_ms, point));
        } else {
            assert_eq!(point.fix, FixType::NONE, "an empty track takes every point with a fix");
        }
    }
    check(&mut track, &mut taken, uptime_ms, body_len_max);
});

fn point_of(&bytes: &[u8; POINT_LEN], uptime_ms: &mut u64) -> Telemetry {
    let [e0, e1, e2, a0, a1, a2, a3, o0, o1, o2, o3, s0, s1, h0, h1, c, f] = bytes;
    *uptime_ms += u64::from(u32::from_le_bytes([e0, e1, e2, 0])) << ((f >> 6 & 1) * 8);
    Telemetry {
        fix: FixType(f & 3),
        state: VehicleState(u16::from(f >> 2 & 1)),
        lat_e7: DegreesE7::new(i32::from_le_bytes([a0, a1, a2, a3])),
        lon_e7: DegreesE7::new(i32::from_le_bytes([o0, o1, o2, o3])),
        speed_cm_s: u16::from_le_bytes([s0, s1]),
        heading_cdeg: u16::from_le_bytes([h0, h1]),
        accuracy_dm: u16::from(c) * 257,
        ..Telemetry::default()
    }
}

/// Takes the batch and compares it, sent as a frame, with the points it was made of.
fn check(track: &mut TrackBuilder, taken: &mut Vec<(u64, Telemetry)>, uptime_ms: u64, body_len_max: usize) {
    let Some(batch) = track.take(uptime_ms) else {
        assert!(taken.is_empty());
        return;
    };
    let mut out = vec![0; frame_len_max::<TrackBatch>(Suite::CRC32C)];
    let len = seal(&Header::of::<TrackBatch>(), &batch, &FrameKey::CRC32C, &mut out).expect("there is room");
    let frame = open(&out[..len], &FrameKey::CRC32C).expect("what was sealed can be opened");
    assert!(
        frame.body.len() <= body_len_max || taken.len() == 1,
        "{} bytes of {body_len_max}",
        frame.body.len()
    );
    let batch: TrackBatch = frame.decode().expect("what was sealed can be decoded");

    let first_uptime_ms = taken.first().expect("a batch has a point").0;
    assert_eq!(u64::from(batch.age_ms), (uptime_ms - first_uptime_ms).min(u32::MAX.into()));
    assert_eq!(batch.points().count(), taken.len());
    for (found, (uptime_ms, sent)) in batch.points().zip(taken.drain(..)) {
        assert_eq!(u64::from(found.elapsed_ms), uptime_ms - first_uptime_ms);
        assert_eq!((found.lat_e7, found.lon_e7), (sent.lat_e7, sent.lon_e7));
        assert_eq!((found.speed_cm_s, found.accuracy_dm), (sent.speed_cm_s, sent.accuracy_dm));
        let heading_cdeg = if sent.heading_cdeg > 36_000 { 0 } else { sent.heading_cdeg };
        assert_eq!(found.heading_cdeg, heading_cdeg);
    }
}
