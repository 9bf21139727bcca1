//! What the fields of bodies mean together: absent values, times, units, chunks.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

use firmware_protocol::body::{
    EvidenceMeta, EvidenceWant, Quantity, Setting, Status, Telemetry, VehicleState, WANT_CHUNKS_MAX,
};
use firmware_protocol::{Bytes, Header, List, MessageType};
use proptest::prelude::*;

#[test]
fn a_state_bit_the_device_does_not_know_is_absent() {
    let telemetry = Telemetry {
        valid: VehicleState::IGNITION | VehicleState::PANIC,
        state: VehicleState::IGNITION | VehicleState::TAMPER,
        ..Telemetry::default()
    };
    assert_eq!(telemetry.state_of(VehicleState::IGNITION), Some(true));
    assert_eq!(telemetry.state_of(VehicleState::PANIC), Some(false));
    assert_eq!(telemetry.state_of(VehicleState::TAMPER), None);
}

#[test]
fn standing_still_is_told_from_an_unknown_speed() {
    let unknown = Telemetry::default();
    let standing = Telemetry { valid: VehicleState::MOVING, ..unknown };
    let moving = Telemetry { state: VehicleState::MOVING, speed_cm_s: 650, ..standing };
    let moving_unmeasured = Telemetry { speed_cm_s: 0, ..moving };
    assert_eq!(unknown.measured_speed_cm_s(), None);
    assert_eq!(standing.measured_speed_cm_s(), Some(0));
    assert_eq!(moving.measured_speed_cm_s(), Some(650));
    assert_eq!(moving_unmeasured.measured_speed_cm_s(), None);
}

#[test]
fn an_event_is_dated_by_the_frames_clock_less_its_age_and_only_when_the_clock_was_set() {
    let set = Header { unix_ms: 10_000, ..Header::of::<Telemetry>() };
    assert_eq!(set.event_unix_ms(0), Some(10_000));
    assert_eq!(set.event_unix_ms(1500), Some(8500));
    assert_eq!(set.event_unix_ms(10_001), None);
    assert_eq!(Header::of::<Telemetry>().event_unix_ms(0), None);
}

#[test]
fn a_message_type_that_is_not_listed_is_not_understood() {
    let status = Status { revisions: List::from_slice(&[2, 0, 1]).unwrap(), ..Status::default() };
    assert_eq!(status.revision_of(MessageType::TELEMETRY), 2);
    assert_eq!(status.revision_of(MessageType::SENSOR_REPORT), 0);
    assert_eq!(status.revision_of(MessageType::STATUS), 0);
    assert_eq!(status.revision_of(MessageType(0)), 0);
    assert_eq!(status.revision_of(MessageType(255)), 0);
}

#[test]
fn every_known_quantity_has_a_unit_and_no_other() {
    for number in 0..=u16::MAX {
        let quantity = Quantity(number);
        let known = quantity.name().is_some() && quantity != Quantity::UNKNOWN;
        assert_eq!(quantity.unit().is_some(), known, "{quantity}");
    }
    let unit = |quantity: Quantity| quantity.unit().unwrap();
    assert_eq!(unit(Quantity::TEMPERATURE), "°C");
    assert_eq!(unit(Quantity::PM2_5), "µg/m³");
    assert_eq!(unit(Quantity::AIR_PRESSURE), "Pa");
    assert_eq!(unit(Quantity::PEOPLE), "");
}

/// The page tells devices the units; "people" and other plain numbers have none there either.
#[test]
fn the_units_are_those_of_the_documentation() {
    let page = include_str!("../../docs/wire-format.md");
    let listed = page.split("Quantities: 1 ").nth(1).unwrap().split(".\n").next().unwrap().replace('\n', " ");
    let listed = format!("1 {listed}").split(", ").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(listed.len(), 30);
    for (number, entry) in (1..).zip(listed) {
        let quantity = Quantity(number);
        assert!(entry.starts_with(&format!("{number} ")), "{entry}");
        assert!(
            entry.replace("(A)", "").ends_with(quantity.unit().unwrap()),
            "{entry}: {:?}",
            quantity.unit()
        );
    }
}

proptest! {
    #[test]
    fn a_setting_of_four_bytes_is_a_number(number: u32, bytes in prop::collection::vec(any::<u8>(), 0..=24)) {
        let of = |bytes: &[u8]| Setting { value: Bytes::new(bytes).unwrap(), ..Setting::default() }.number();
        prop_assert_eq!(of(&number.to_le_bytes()), Some(number));
        prop_assert_eq!(of(&bytes).is_some(), bytes.len() == 4);
    }

    #[test]
    fn the_chunks_of_a_file_cover_it_and_no_more(size_bytes in 1_u32.., chunk_size_log2 in 6..=15_u8) {
        let meta = EvidenceMeta { size_bytes, chunk_size_log2, ..EvidenceMeta::default() };
        let (len, chunks) = (u64::from(meta.chunk_len().unwrap()), u64::from(meta.chunks().unwrap()));
        prop_assert_eq!(len, 2_u64.pow(chunk_size_log2.into()));
        prop_assert!((chunks - 1) * len < size_bytes.into() && u64::from(size_bytes) <= chunks * len);
    }

    #[test]
    fn the_chunks_a_gateway_lacks_are_the_bits_of_its_bitmap(
        base_index: u32,
        missing in prop::collection::vec(any::<u8>(), 0..=32),
    ) {
        let want = EvidenceWant { base_index, missing: Bytes::new(&missing).unwrap(), ..EvidenceWant::default() };
        let lacking = |index: &u32| {
            let bit = (index - base_index) as usize;
            missing.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
        };
        let last = base_index.saturating_add(WANT_CHUNKS_MAX as u32);
        let expected = (base_index..=last).filter(lacking).collect::<Vec<_>>();
        prop_assert_eq!(want.missing_chunks().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_chunk_size_that_is_not_allowed_has_no_chunks() {
    for chunk_size_log2 in (0..6).chain(16..=u8::MAX) {
        let meta = EvidenceMeta { size_bytes: 1, chunk_size_log2, ..EvidenceMeta::default() };
        assert_eq!((meta.chunk_len(), meta.chunks()), (None, None));
    }
}

#[test]
fn chunks_behind_the_last_number_are_left_out() {
    let missing = Bytes::new(&[0xFF; 32]).unwrap();
    let want = EvidenceWant { base_index: u32::MAX - 1, missing, ..EvidenceWant::default() };
    assert_eq!(want.missing_chunks().collect::<Vec<_>>(), [u32::MAX - 1, u32::MAX]);
}
