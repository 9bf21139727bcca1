//! Events of what only frames carry: tracks, and photos and clips.

use firmware_protocol::body::{self, EvidenceChunk, EvidenceMeta, TrackBatch};
use firmware_protocol::track::TrackBuilder;
use firmware_protocol::{DegreesE7, DeviceSecret, DeviceTag, Direction, Header, MAX_FRAME_LEN, Suite, seal};

use super::*;

/// A record whose payload is a frame, sealed with a key that nobody here knows.
fn framed<B: body::Body>(class: Class, unix_ms: u64, body: &B) -> StoredRecord {
    let device = DeviceTag::of("car-07");
    let header = Header { device, boot: 7, seq: 812, uptime_ms: 9_000, unix_ms, ..Header::of::<B>() };
    let secret = DeviceSecret::new([7; 32]);
    let key = secret.frame_key(Suite::HMAC_SHA256_128, 1, Direction::Up, device).expect("a key");
    let mut out = vec![0; MAX_FRAME_LEN];
    let len = seal(&header, body, &key, &mut out).expect("a frame");
    out.truncate(len);
    StoredRecord { payload: out.into(), ..by_device(class, "{}") }
}

fn at(lat_e7: i32, lon_e7: i32, speed_cm_s: u16) -> body::Telemetry {
    body::Telemetry {
        fix: body::FixType::GNSS_3D,
        lat_e7: DegreesE7::new(lat_e7),
        lon_e7: DegreesE7::new(lon_e7),
        speed_cm_s,
        fix_age_ms: 200,
        battery_percent: 88,
        ..body::Telemetry::default()
    }
}

fn drive(points: &[(u64, body::Telemetry)]) -> TrackBatch {
    let mut builder = TrackBuilder::new(1_000);
    for (at_ms, point) in points {
        assert!(builder.push(*at_ms, point));
    }
    builder.take(6_000).expect("a batch")
}

/// 2026-11-23T01:12:44.120Z.
const MADE_MS: u64 = 1_795_396_364_120;

#[test]
fn a_track_is_a_line_with_the_values_along_it() {
    let north = body::Telemetry { heading_cdeg: 36_000, ..at(311_280_000, 1_043_990_000, 0) };
    let batch = drive(&[(0, at(311_270_000, 1_043_980_000, 650)), (2_500, north)]);
    let event = written(&framed(Class::Telemetry, MADE_MS, &batch));
    let expected = json!({
        "specversion": "1.0", "id": "car-07/7/812", "source": "urn:patrol-gateway:box-017",
        "type": "cn.patrol.telemetry.v1", "time": "2026-11-23T01:12:38.120Z",
        "datacontenttype": "application/geo+json",
        "data": {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [[104.398, 31.127], [104.399, 31.128]]},
            "properties": {
                "device": "car-07", "boot": 7, "seq": 812, "time_from": "device", "time_quality": "unknown",
                "received_at": "2026-11-23T01:12:46.007Z", "position_source": "device",
                "position_freshness": "live", "crs": "wgs84", "fix_type": "gnss_3d", "fix_age_ms": 200,
                "speed_kmh": 23.4, "battery_percent": 88,
                "coordinateProperties": {
                    "times": ["2026-11-23T01:12:38.120Z", "2026-11-23T01:12:40.620Z"],
                    "elapsed_ms": [0, 2500], "speed_kmh": [23.4, null], "heading_deg": [null, 360.0],
                },
            },
        },
    });
    assert_eq!(event, expected);
}

#[test]
fn a_track_of_one_point_is_a_point_and_without_a_clock_it_has_no_times() {
    let batch = drive(&[(0, at(311_270_000, 1_043_980_000, 0))]);
    let event = written(&framed(Class::Telemetry, 0, &batch));
    assert_eq!(event["time"], "2026-11-23T01:12:46.007Z", "when the gateway received it");
    let data = &event["data"];
    assert_eq!(data["geometry"], json!({"type": "Point", "coordinates": [104.398, 31.127]}));
    assert_eq!(data["properties"]["coordinateProperties"], json!({"elapsed_ms": [0]}));
}

#[test]
fn the_description_of_a_photo_says_what_it_shows_where_and_which_file_it_is() {
    let meta = EvidenceMeta {
        evidence: body::RecordRef { boot: 7, seq: 801 },
        incident: body::RecordRef { boot: 7, seq: 800 },
        media: body::MediaType::JPEG,
        usage: body::EvidenceUsage(9),
        size_bytes: 412_345,
        chunk_size_log2: 12,
        sha256: [0xAB; 32],
        age_ms: 120,
        width_px: 1_920,
        height_px: 1_080,
        fix: body::FixType::GNSS_3D,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        ..EvidenceMeta::default()
    };
    let event = written(&framed(Class::Evidence, MADE_MS, &meta));
    assert_eq!(
        (&event["type"], &event["time"]),
        (&json!("cn.patrol.evidence.v1"), &json!("2026-11-23T01:12:44.000Z"))
    );
    assert_eq!(event["data"]["geometry"]["coordinates"], json!([104.398, 31.127]));
    let expected = json!({
        "evidence": {"boot": 7, "seq": 801}, "incident": {"boot": 7, "seq": 800}, "media": "jpeg",
        "usage": "usage_9", "size_bytes": 412_345, "sha256": "ab".repeat(32), "width_px": 1_920,
        "height_px": 1_080,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&event["data"]["properties"][name], value, "{name}");
    }
}

#[test]
fn a_piece_of_a_photo_is_no_event_of_its_own_and_passed_on_as_it_is() {
    let chunk = EvidenceChunk {
        evidence: body::RecordRef { boot: 7, seq: 801 },
        index: 0,
        data: firmware_protocol::Bytes::new(&[1, 2, 3]).expect("fits"),
    };
    let event = written(&framed(Class::Evidence, MADE_MS, &chunk));
    assert_eq!(event["type"], "cn.patrol.evidence.raw.v1");
    assert!(event.get("data").is_none() && event["data_base64"].is_string(), "{event:#}");
}
