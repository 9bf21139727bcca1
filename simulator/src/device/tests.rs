use firmware_protocol::body::{self, EvidenceChunk, EvidenceMeta, Quantity, TaskState};
use firmware_protocol::{
    DeviceSecret, DeviceTag, Direction, FrameKey, MessageType, Suite, TimeQuality, TimeSource, open,
};
use serde_json::{Value, json};

use super::*;

const NOW: Moment = Moment { uptime_ms: 5_000, unix_ms: 1_795_396_364_120 };
const PLACE: Position = Position { lon_deg: 104.398, lat_deg: 31.127, accuracy_m: 4.5 };

fn device(encoding: Encoding) -> Device {
    let name = "car-07";
    let identity = firmware::Identity::without_key(DeviceTag::of(name));
    Device::start(DeviceSetup { name, encoding, identity, boot: 7, outbox_max: 3 })
}

fn incident(photo: Option<RecordRef>) -> Message<'static> {
    Message::Incident(Incident {
        kind: CaseKind::Event,
        code: 501,
        severity: 2,
        position: PLACE,
        operator: "op-118",
        stall_card: "",
        description: "占道经营",
        photo,
    })
}

fn said(device: &mut Device) -> Bytes {
    let outgoing = device.next_to_send(10).unwrap();
    assert_eq!(device.acknowledged(NOW, outgoing.record), Settled::Record);
    outgoing.payload
}

fn said_in_json(device: &mut Device) -> Value {
    serde_json::from_slice(&said(device)).unwrap()
}

#[test]
fn a_frame_says_what_was_meant() {
    let mut device = device(Encoding::Frame);
    let photo = RecordRef { boot: 7, seq: 9 };
    device.make(NOW, &incident(Some(photo))).unwrap();
    let bytes = said(&mut device);
    let frame = open(&bytes, &FrameKey::CRC32C).unwrap();
    let header = frame.header;
    assert_eq!((header.device, header.boot, header.seq), (DeviceTag::of("car-07"), 7, 1));
    assert_eq!((header.unix_ms, header.time_quality.source), (NOW.unix_ms, TimeSource::GNSS));
    let body = frame.decode::<body::Incident<'_>>().unwrap();
    assert_eq!((body.category, body.lon_e7.get(), body.accuracy_dm), (501, 1_043_980_000, 45));
    assert_eq!((body.description.as_str(), &*body.evidence), ("占道经营", &[photo][..]));
}

#[test]
fn json_has_the_units_in_the_names() {
    let mut device = device(Encoding::Json);
    device.make(NOW, &incident(Some(RecordRef { boot: 7, seq: 9 }))).unwrap();
    assert_eq!(
        said_in_json(&mut device),
        json!({"boot": 7, "seq": 1, "time": "2026-11-23T01:12:44.120Z", "time_quality": "gnss", "kind": "event",
            "code": "0501", "severity": 2, "operator": "op-118", "description": "占道经营",
            "evidence": [{"boot": 7, "seq": 9}],
            "position": {"lon": 104.398, "lat": 31.127, "accuracy_m": 4.5, "fix_age_ms": 100, "crs": "wgs84"}})
    );
    device.make(NOW, &Message::Reading(Reading { quantity: Quantity::NOISE_LEVEL, value: 61.25 })).unwrap();
    let reading = json!([{"quantity": "noise_level", "value": 61.25, "unit": "dB", "channel": 0}]);
    assert_eq!(said_in_json(&mut device)["readings"], reading);
    let ack = TaskAck { task: 5, revision: 1, state: TaskState::EN_ROUTE, note: "" };
    device.make(NOW, &Message::TaskAck(ack)).unwrap();
    assert_eq!(said_in_json(&mut device)["state"], "en_route");
}

#[test]
fn a_reading_and_a_track_mean_the_same_in_a_frame() {
    let mut device = device(Encoding::Frame);
    device.make(NOW, &Message::Reading(Reading { quantity: Quantity::WATER_LEVEL, value: 0.42 })).unwrap();
    let bytes = said(&mut device);
    let report = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<body::SensorReport>().unwrap();
    let [reading] = &*report.readings else { panic!("{report:?}") };
    assert_eq!((reading.quantity, reading.value, reading.exponent), (Quantity::WATER_LEVEL, 420, -3));

    let at = |lon_deg| Telemetry { speed_kmh: 36.0, ..Telemetry::at(Position { lon_deg, ..PLACE }) };
    let points = vec![(3_000, at(104.398)), (4_000, at(104.399)), (5_000, at(104.4))];
    device.make(NOW, &Message::Track(Track { points })).unwrap();
    let bytes = said(&mut device);
    let batch = open(&bytes, &FrameKey::CRC32C).unwrap().decode::<body::TrackBatch>().unwrap();
    let points: Vec<_> = batch.points().map(|point| (point.elapsed_ms, point.lon_e7.get())).collect();
    assert_eq!(points, [(0, 1_043_980_000), (1_000, 1_043_990_000), (2_000, 1_044_000_000)]);
    assert_eq!(batch.age_ms, 2_000);
}

#[test]
fn a_clock_that_was_never_set_sends_no_time() {
    let never = Moment { uptime_ms: 1, unix_ms: 0 };
    let mut device = device(Encoding::Json);
    device.make(never, &incident(None)).unwrap();
    assert!(said_in_json(&mut device).get("time").is_none());
    let mut device = self::device(Encoding::Frame);
    device.make(never, &incident(None)).unwrap();
    let bytes = said(&mut device);
    assert_eq!(open(&bytes, &FrameKey::CRC32C).unwrap().header.time_quality, TimeQuality::default());
}

#[test]
fn what_does_not_fit_or_has_no_form_is_told_and_uses_no_number() {
    let mut device = device(Encoding::Json);
    let refused = device.make(NOW, &Message::Track(Track { points: Vec::new() }));
    assert_eq!(refused, Err(Unencodable::Track.into()));
    let numbers = [(); 3].map(|()| device.make(NOW, &incident(None)).unwrap().seq);
    assert_eq!((numbers, device.make(NOW, &incident(None))), ([1, 2, 3], Err(NotMade::Full)));
    said(&mut device);
    assert_eq!(device.make(NOW, &incident(None)).map(|record| record.seq), Ok(4));
}

#[test]
fn a_device_with_a_secret_seals_with_its_key() {
    let (secret, suite, tag) = (DeviceSecret::new([3; 32]), Suite::HMAC_SM3_128, DeviceTag::of("car-07"));
    let identity = firmware::Identity::new(tag, &secret, suite, 2).unwrap();
    let setup = DeviceSetup { name: "car-07", encoding: Encoding::Frame, identity, boot: 1, outbox_max: 3 };
    let mut device = Device::start(setup);
    device.make(NOW, &incident(None)).unwrap();
    let key = secret.frame_key(suite, 2, Direction::Up, tag).unwrap();
    assert!(open(&said(&mut device), &key).is_ok());
}

/// A gateway as far as photos go: it wants what it lacks.
fn want(evidence: RecordRef, state: body::TransferState, missing: &[u8], seq: u32) -> Vec<u8> {
    let missing = firmware_protocol::Bytes::new(missing).unwrap();
    let body = body::EvidenceWant { evidence, state, base_index: 0, missing };
    let header =
        Header { device: DeviceTag::of("car-07"), boot: 1, seq, ..Header::of::<body::EvidenceWant<'_>>() };
    let mut out = vec![0; 128];
    let len = firmware_protocol::seal(&header, &body, &FrameKey::CRC32C, &mut out).unwrap();
    out.truncate(len);
    out
}

#[test]
fn a_photo_is_described_sent_in_pieces_and_forgotten_when_it_is_complete() {
    let mut device = device(Encoding::Frame);
    let photo = Photo::take(&mut fastrand::Rng::with_seed(1));
    assert!((20_000..60_000).contains(&photo.bytes.len()) && photo.bytes.starts_with(&[0xFF, 0xD8]));
    let description = device.describe(NOW, photo.clone()).unwrap();
    let outgoing = device.next_to_send(10).unwrap();
    let frame = open(&outgoing.payload, &FrameKey::CRC32C).unwrap();
    assert_eq!((outgoing.class, frame.header.message_type), (Class::Evidence, MessageType::EVIDENCE_META));
    assert_eq!(frame.decode::<EvidenceMeta>().unwrap().evidence, description);
    assert_eq!(device.acknowledged(NOW, description), Settled::Description { first: true });
    assert_eq!(device.open_photos(), 1);

    let wanted = body::TransferState::WANTED;
    assert_eq!(device.next_chunk(NOW), None);
    assert_eq!(
        device.receive(NOW, &want(description, wanted, &[0xFF, 0xFF], 1)),
        Received::Photo(description, Transfer::Sending)
    );
    let mut received = Vec::new();
    while let Some(chunk) = device.next_chunk(NOW) {
        let frame = open(&chunk.payload, &FrameKey::CRC32C).unwrap();
        received.extend_from_slice(&frame.decode::<EvidenceChunk<'_>>().unwrap().data);
        assert_eq!(device.acknowledged(NOW, chunk.record), Settled::Chunk);
    }
    assert_eq!(received, photo.bytes);
    let complete = want(description, body::TransferState::COMPLETE, &[], 2);
    assert_eq!(device.receive(NOW, &complete), Received::Photo(description, Transfer::Complete));
    assert_eq!((device.open_photos(), device.unacknowledged_records()), (0, 0));
}

#[test]
fn a_gateway_that_knows_nothing_of_photos_is_asked_three_times_a_connection() {
    let mut device = device(Encoding::Frame);
    device.describe(NOW, Photo::take(&mut fastrand::Rng::with_seed(1))).unwrap();
    let asked = |device: &mut Device| {
        let mut asked = 0;
        for uptime_ms in (0..1_000_000).step_by(500) {
            let now = Moment { uptime_ms, ..NOW };
            assert_eq!(device.next_chunk(now), None);
            if let Some(description) = device.next_to_send(10) {
                asked += 1;
                device.acknowledged(now, description.record);
            }
        }
        asked
    };
    assert_eq!(asked(&mut device), 1 + 3, "described, and asked");
    assert_eq!((device.open_photos(), device.photo_due_ms()), (0, None));
    device.disconnected();
    assert_eq!(asked(&mut device), 3);
}
