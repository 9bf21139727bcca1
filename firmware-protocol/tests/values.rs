//! What values mean where 0 is absent, and how they are rounded.

use firmware_protocol::body::{FixType, Status, Telemetry, VehicleState};
use firmware_protocol::{DegreesE7, ErrorBound, Header, List, MessageType, Text, TimeQuality, TooLong};
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
fn unknown_values_of_open_sets_survive_and_are_shown_as_numbers() {
    assert_eq!(FixType(200).name(), None);
    assert_eq!(FixType(200).to_string(), "200");
    assert_eq!(FixType::RTK_FIXED.to_string(), "rtk_fixed");
    for byte in 0..=u8::MAX {
        assert_eq!(TimeQuality::from_byte(byte).to_byte(), byte);
    }
}

#[test]
fn lists_take_what_fits_and_refuse_the_rest() {
    let mut list = List::<u8, 2>::new();
    assert_eq!((list.push(1), list.push(2)), (Ok(()), Ok(())));
    assert_eq!(list.push(3), Err(TooLong { len: 3, max: 2 }));
    assert_eq!(*list, [1, 2]);
    assert_eq!(List::<u8, 2>::from_slice(&[1, 2, 3]), Err(TooLong { len: 3, max: 2 }));
}

proptest! {
    #[test]
    fn coordinates_keep_a_centimetre(degrees in -180.0..=180.0_f64) {
        let kept = DegreesE7::from_degrees(degrees).unwrap().degrees();
        prop_assert!((kept - degrees).abs() <= 0.5e-7 + 1e-12);
    }

    #[test]
    fn coordinates_survive_the_way_through_degrees(degrees_e7 in -1_800_000_000..=1_800_000_000) {
        let coordinate = DegreesE7::new(degrees_e7);
        prop_assert_eq!(DegreesE7::from_degrees(coordinate.degrees()), Some(coordinate));
    }

    #[test]
    fn an_error_bound_is_never_below_the_error_and_less_than_four_times_it(error_ms in any::<u32>()) {
        match ErrorBound::within_ms(error_ms).max_ms() {
            Some(bound_ms) => {
                prop_assert!(bound_ms >= error_ms);
                prop_assert!(bound_ms == 1 || bound_ms / 4 < error_ms);
            }
            None => prop_assert!(error_ms > 4_u32.pow(14)),
        }
    }

    #[test]
    fn a_truncated_text_is_the_longest_start_that_fits(text in ".{0,20}") {
        let kept = Text::<10>::truncated(&text);
        prop_assert!(text.starts_with(kept.as_str()) && kept.len() <= 10);
        let next = text[kept.len()..].chars().next();
        prop_assert!(next.is_none_or(|next| kept.len() + next.len_utf8() > 10));
        prop_assert_eq!(Text::<10>::new(&text).is_ok(), text.len() <= 10);
    }
}

#[test]
fn places_off_the_globe_are_no_coordinates() {
    for degrees in [180.000_000_1, -180.000_000_1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(DegreesE7::from_degrees(degrees), None);
    }
}
