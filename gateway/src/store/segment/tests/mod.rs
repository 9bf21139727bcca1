mod damage;
mod golden;
mod hostile;

use std::ops::Range;

use bytes::Bytes;
use proptest::prelude::*;

use super::block::Header;
use super::directory::Directory;
use super::*;
use crate::domain::report::DeviceId;

fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).unwrap()
}

fn record(name: &str, identity: Identity, received_at_ms: i64, payload: impl Into<Bytes>) -> StoredRecord {
    StoredRecord {
        device: device(name),
        identity,
        class: Class::Telemetry,
        received_at_ms,
        payload: payload.into(),
        casework: None,
        gateway: None,
    }
}

/// Records that fill none, one or several blocks, of senders that repeat and of some that don't.
fn records() -> impl Strategy<Value = Vec<StoredRecord>> {
    let name = prop_oneof![Just("car-07".to_owned()), "[a-z]{1,2}", "[a-z0-9][a-z0-9-]{0,31}"];
    let gateway = proptest::option::weighted(0.3, prop_oneof![Just("box-1".to_owned()), "[a-z0-9-]{1,32}"]);
    let identity = prop_oneof![
        (0..3u32, 0..9u32).prop_map(|(boot, seq)| Identity::Device { boot, seq }),
        (any::<u32>(), any::<u32>()).prop_map(|(boot, seq)| Identity::Device { boot, seq }),
        (any::<u64>(), any::<u32>()).prop_map(|(run, number)| Identity::Minted { run, number }),
    ];
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        proptest::collection::vec(any::<u8>(), 0..4000),
        (any::<u8>(), 0..9000usize).prop_map(|(byte, len)| vec![byte; len]),
    ];
    let received_at_ms = prop_oneof![1_795_000_000_000..1_795_000_009_000i64, any::<i64>()];
    let parts = (name, gateway, identity, received_at_ms, payload);
    let records = parts.prop_map(|(name, gateway, identity, received_at_ms, payload)| StoredRecord {
        gateway: gateway.map(Into::into),
        ..record(&name, identity, received_at_ms, payload)
    });
    proptest::collection::vec(records, 1..60)
}

fn push_all(builder: &mut SegmentBuilder, records: &[StoredRecord]) {
    for record in records {
        let StoredRecord { device, gateway, identity, received_at_ms, payload, .. } = record;
        builder.push(device, gateway.as_ref(), *identity, *received_at_ms, payload);
    }
}

fn build(records: &[StoredRecord]) -> Segment {
    let mut builder = SegmentBuilder::default();
    push_all(&mut builder, records);
    builder.finish()
}

/// Where each block of an undamaged segment is, and which records it has.
fn blocks(blob: &[u8]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut at = MAGIC.len();
    let mut blocks = Vec::new();
    for entry in Directory::parse(blob).unwrap().entries {
        let (header, _) = Header::parse(&blob[at..]).unwrap();
        let first = usize::from(header.first);
        blocks.push((at..at + entry.len as usize, first..first + usize::from(header.records)));
        at += entry.len as usize;
    }
    blocks
}

/// As a car sends them: the same fields again and again, with other numbers.
fn json_telemetry(count: u32) -> Vec<StoredRecord> {
    let mut chance = fastrand::Rng::with_seed(7);
    let message = |seq: u32| {
        let received_at_ms = 1_795_396_364_000 + i64::from(seq) * 20;
        let payload = format!(
            "{{\"boot\":7,\"seq\":{seq},\"time\":\"2026-11-23T09:{:02}:{:02}.{:03}+08:00\",\"position\":{{\"lon\":104.{},\"lat\":31.{},\
             \"accuracy_m\":{}.5,\"crs\":\"wgs84\"}},\"speed_kmh\":{}.{},\"heading_deg\":{}.{},\"ignition\":true,\"odometer_m\":{}}}",
            seq / 3000 % 60,
            seq / 50 % 60,
            chance.u32(..1000),
            chance.u32(390_000..410_000),
            chance.u32(120_000..140_000),
            chance.u32(2..9),
            chance.u32(..60),
            chance.u32(..10),
            chance.u32(..360),
            chance.u32(..10),
            chance.u32(100_000..190_000),
        );
        let name = format!("car-{:02}", seq % 50);
        record(&name, Identity::Device { boot: 7, seq }, received_at_ms, payload)
    };
    (0..count).map(message).collect()
}

proptest! {
    #[test]
    fn records_come_back_in_order_and_unchanged(records in records(), before in records()) {
        let mut builder = SegmentBuilder::default();
        push_all(&mut builder, &before);
        builder.finish();
        prop_assert!(builder.is_empty());
        push_all(&mut builder, &records);
        let segment = builder.finish();
        prop_assert_eq!(segment.n as usize, records.len());
        prop_assert_eq!(segment.first_at_ms, records[0].received_at_ms);
        let payload_bytes: usize = records.iter().map(|record| record.payload.len()).sum();
        prop_assert_eq!(segment.payload_bytes, payload_bytes as u64);
        prop_assert_eq!(segment.stored_bytes, segment.blob.len() as u64);
        let blob = segment.blob.into();
        prop_assert_eq!(decode(Class::Telemetry, &blob).unwrap(), records.clone());
        let all = Salvaged {
            records: (0..).zip(records.clone()).collect(),
            expected: Some(records.len() as u32),
            damaged_blocks: 0,
        };
        prop_assert_eq!(salvage(Class::Telemetry, &blob), all);
    }
}

#[test]
fn a_segment_is_full_at_its_bounds_and_its_blocks_keep_theirs() {
    let (small, large) = (vec![0u8; 10], vec![0u8; 100_000]);
    for (payload, n) in [(&small, 2048), (&large, 6)] {
        let mut builder = SegmentBuilder::default();
        let mut pushed = 0;
        while !builder.is_full() {
            builder.push(&device("a"), None, Identity::Device { boot: 1, seq: pushed }, 0, payload);
            pushed += 1;
        }
        assert_eq!(pushed, n);
        let blob = builder.finish().blob;
        for (place, records) in blocks(&blob) {
            let (header, _) = Header::parse(&blob[place.start..]).unwrap();
            assert!(records.len() <= 512);
            assert!(header.raw_len <= 32 * 1024 + 8 || records.len() == 1, "{header:?}");
        }
        assert_eq!(decode(Class::Telemetry, &blob.into()).unwrap().len(), pushed as usize);
    }
}

#[test]
fn a_record_of_any_size_comes_back() {
    let largest = compress::INFLATED_BYTES_MAX;
    for len in [0, 1, 32 * 1024, largest - 40, largest, largest + 1, 16 << 20] {
        for payload in [vec![b' '; len], (0..len).map(|_| fastrand::u8(..)).collect()] {
            let identity = Identity::Device { boot: 1, seq: 1 };
            // As much as goes into a segment at all, and then this one.
            let before = record("a", identity, 0, vec![b' '; BYTES_MAX / 2 - 100]);
            let records = [before.clone(), before, record("a", identity, 0, payload)];
            let blob = build(&records).blob.into();
            assert!(decode(Class::Telemetry, &blob).unwrap() == records, "{len} bytes");
        }
    }
}

#[test]
fn json_telemetry_in_groups_of_1000_costs_less_than_a_third_of_its_own_bytes() {
    let segment = build(&json_telemetry(1000));
    assert!(segment.stored_bytes * 3 < segment.payload_bytes, "{} bytes", segment.stored_bytes);
}

#[test]
fn a_single_message_in_our_json_costs_less_than_its_own_bytes() {
    for payload in [
        r#"{"boot":7,"seq":901,"time":"2026-11-23T09:13:00.000+08:00","position":{"lon":104.398021,"lat":31.127034,"accuracy_m":4.5,"crs":"wgs84"},"speed_kmh":23.4,"heading_deg":87.5,"ignition":true,"odometer_m":120345}"#,
        r#"{"boot": 2, "seq": 5, "time": "2026-11-23T09:13:00.000+08:00", "readings": [{"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 0}, {"quantity": "noise_level", "value": 58.31, "unit": "dB", "channel": 1}]}"#,
        r#"{"boot":7,"seq":902,"time":"2026-11-23T09:13:00.000+08:00","firmware":"1.4.2","battery_percent":80,"supply_v":12.6,"temperature_c":31.5,"signal_dbm":-71,"storage_free_kib":51200,"queued":3,"dropped":0}"#,
    ] {
        let segment =
            build(&[record("car-07", Identity::Device { boot: 7, seq: 901 }, 1_795_396_364_120, payload)]);
        assert!(segment.stored_bytes * 4 < segment.payload_bytes * 3, "{}: {payload}", segment.stored_bytes);
    }
}

#[test]
fn what_can_not_be_compressed_is_stored_raw() {
    let payloads = (0..1000).map(|_| (0..200).map(|_| fastrand::u8(..)).collect::<Vec<_>>());
    let records: Vec<_> = (0..)
        .zip(payloads)
        .map(|(seq, payload)| record("a", Identity::Device { boot: 1, seq }, 0, payload))
        .collect();
    let segment = build(&records);
    assert!(segment.stored_bytes < segment.payload_bytes + 1000 * 8, "{} bytes", segment.stored_bytes);
}
