//! Values on their own: what they hold, what they refuse, how they are rounded.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

use firmware_protocol::{Bytes, DegreesE7, ErrorBound, List, Text, TooLong};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_text_is_taken_whole_or_refused(text in ".{0,20}") {
        let whole = if text.len() <= 10 { Ok(&text[..]) } else { Err(TooLong { len: text.len(), max: 10 }) };
        prop_assert_eq!(Text::<10>::new(&text).map(|text| text.as_str()), whole);
        prop_assert_eq!(Text::<10>::try_from(&text[..]).map(|text| text.as_str()), whole);
    }

    #[test]
    fn a_truncated_text_is_the_longest_start_that_fits(text in ".{0,20}") {
        let kept = Text::<10>::truncated(&text);
        prop_assert!(text.starts_with(kept.as_str()) && kept.len() <= 10);
        let next = text[kept.len()..].chars().next();
        prop_assert!(next.is_none_or(|next| kept.len() + next.len_utf8() > 10));
    }

    #[test]
    fn bytes_are_taken_whole_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let whole = if bytes.len() <= 10 { Ok(&bytes[..]) } else { Err(TooLong { len: bytes.len(), max: 10 }) };
        prop_assert_eq!(Bytes::<10>::new(&bytes).map(|bytes| bytes.as_slice()), whole);
        prop_assert_eq!(Bytes::<10>::try_from(&bytes[..]).map(|bytes| bytes.as_slice()), whole);
    }

    #[test]
    fn a_list_is_taken_whole_or_refused(elements in prop::collection::vec(any::<u32>(), 0..20)) {
        let list = List::<u32, 10>::from_slice(&elements);
        let whole = if elements.len() <= 10 { Ok(&elements[..]) } else { Err(TooLong { len: elements.len(), max: 10 }) };
        prop_assert_eq!(list.as_deref().map_err(|refused| *refused), whole);
    }

    #[test]
    fn a_list_pushed_to_is_the_list_made_at_once(elements in prop::collection::vec(any::<u32>(), 0..20)) {
        let mut list = List::<u32, 10>::new();
        for (at, element) in elements.iter().enumerate() {
            let pushed = list.push(*element);
            prop_assert_eq!(pushed, if at < 10 { Ok(()) } else { Err(TooLong { len: 11, max: 10 }) });
            prop_assert_eq!(&*list, &elements[..list.len()]);
        }
        prop_assert_eq!(List::from_slice(&elements[..list.len()]), Ok(list));
    }
}

#[test]
fn texts_of_chinese_are_cut_between_characters() {
    assert_eq!(Text::<10>::truncated("德阳市旌阳区").as_str(), "德阳市");
    assert_eq!(Text::<2>::truncated("德").as_str(), "");
    assert_eq!(Text::<0>::truncated("d").as_str(), "");
    assert_eq!(Text::<9>::new("德阳市").map(|text| text.to_string()), Ok("德阳市".to_owned()));
    assert_eq!(format!("{:>5}", Text::<9>::truncated("德阳市")), "  德阳市");
}

#[test]
fn what_does_not_fit_is_refused_with_both_lengths() {
    assert_eq!(Text::<8>::new("德阳市").unwrap_err().to_string(), "9 where at most 8 fit");
    assert_eq!(Bytes::<1>::new(&[1, 2]).unwrap_err().to_string(), "2 where at most 1 fit");
    assert_eq!(List::<u8, 2>::from_slice(&[1, 2, 3]).unwrap_err().to_string(), "3 where at most 2 fit");
}

#[test]
fn lists_differ_by_their_elements_only() {
    let mut one = List::<u8, 3>::from_slice(&[1, 2]).unwrap();
    assert_ne!(one, List::from_slice(&[1, 2, 0]).unwrap());
    assert_ne!(one, List::from_slice(&[1]).unwrap());
    one.push(3).unwrap();
    assert_eq!(one, List::from_slice(&[1, 2, 3]).unwrap());
    assert_eq!(format!("{one:?} {:?}", List::<u8, 3>::default()), "[1, 2, 3] []");
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
    fn any_number_of_1e_7_degrees_is_kept(degrees_e7: i32) {
        prop_assert_eq!(DegreesE7::new(degrees_e7).get(), degrees_e7);
    }
}

#[test]
fn the_ends_of_the_globe_are_coordinates_and_nothing_beyond() {
    assert_eq!(DegreesE7::from_degrees(180.0), Some(DegreesE7::new(1_800_000_000)));
    assert_eq!(DegreesE7::from_degrees(-180.0), Some(DegreesE7::new(-1_800_000_000)));
    assert_eq!(DegreesE7::from_degrees(-0.0), Some(DegreesE7::default()));
    for degrees in [180.000_000_1, -180.000_000_1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(DegreesE7::from_degrees(degrees), None);
    }
}

#[test]
fn coordinates_are_rounded_to_the_nearest_on_both_sides_of_zero() {
    for (degrees, degrees_e7) in
        [(0.4e-7, 0), (0.6e-7, 1), (-0.4e-7, 0), (-0.6e-7, -1), (104.398, 1_043_980_000)]
    {
        assert_eq!(DegreesE7::from_degrees(degrees), Some(DegreesE7::new(degrees_e7)), "{degrees}");
    }
}

proptest! {
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
}

#[test]
fn each_power_of_four_milliseconds_is_a_bound_of_its_own() {
    for step in 0..15 {
        let error_ms = 4_u32.pow(step);
        assert_eq!(ErrorBound::within_ms(error_ms).max_ms(), Some(error_ms));
        assert_eq!(
            ErrorBound::within_ms(error_ms + 1).max_ms(),
            error_ms.checked_mul(4).filter(|_| step < 14)
        );
    }
    assert_eq!(ErrorBound::within_ms(0).max_ms(), Some(1));
    assert_eq!(ErrorBound::UNKNOWN.max_ms(), None);
}
