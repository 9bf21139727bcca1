use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::*;
use crate::domain::civil::CityClock;
use crate::domain::clock_quality::{Distrust, TrustedTime, trusted};
use crate::domain::report::{CaseKind, ObservedAt, TimeQuality};
use crate::domain::verdict::StallVerdict;

const HEAD: &str = "card,lon,lat,radius_m,crs,open,days,valid_from,valid_until";
const PITCH: (f64, f64) = (104.398, 31.127);

fn register(lines: &str) -> StallRegister {
    StallRegister::from_csv(format!("{HEAD}\n{lines}").as_bytes()).unwrap()
}

fn evening() -> StallRegister {
    register("DY-2207,104.398,31.127,5,wgs84,17:00-21:00,1-7,,")
}

fn at(shown: DateTime) -> i64 {
    CityClock::default().unix_ms(shown).unwrap()
}

fn word(register: &StallRegister, time: Result<TrustedTime, Distrust>) -> StallVerdict {
    register.check("DY-2207", Some(PITCH), Some(4.0), &time, CityClock::default()).verdict
}

fn word_at(register: &StallRegister, shown: DateTime) -> StallVerdict {
    word(register, Ok(TrustedTime::vouched(at(shown))))
}

#[test]
fn an_evening_pitch_is_licensed_from_its_first_second_to_the_one_before_its_end() {
    let day = date(2026, 11, 27);
    let register = evening();
    assert_eq!(word_at(&register, day.at(16, 59, 59, 999_000_000)), StallVerdict::OutOfHours);
    assert_eq!(word_at(&register, day.at(16, 59, 59, 0)), StallVerdict::OutOfHours);
    assert_eq!(word_at(&register, day.at(17, 0, 0, 0)), StallVerdict::Licensed);
    assert_eq!(word_at(&register, day.at(20, 59, 59, 0)), StallVerdict::Licensed);
    assert_eq!(word_at(&register, day.at(20, 59, 59, 999_000_000)), StallVerdict::Licensed);
    assert_eq!(word_at(&register, day.at(21, 0, 0, 0)), StallVerdict::OutOfHours);
}

#[test]
fn hours_are_never_judged_by_a_clock_that_nobody_trusts() {
    let register = evening();
    for minute in 0..24 * 60 {
        let shown = date(2026, 11, 27).at(0, 0, 0, 0) + jiff::Span::new().minutes(minute);
        let received_at_ms = at(shown);
        let word_of = |ms: i64, quality| {
            word(
                &register,
                trusted(Some(ObservedAt { unix_ms: received_at_ms + ms, quality }), received_at_ms),
            )
        };
        // An hour ahead, whatever it claims to be; an hour behind with a clock that runs free; no clock.
        assert_eq!(word_of(3_600_000, TimeQuality::Gnss), StallVerdict::ClockUntrusted);
        assert_eq!(word_of(-3_600_000, TimeQuality::Rtc), StallVerdict::ClockUntrusted);
        assert_eq!(word_of(0, TimeQuality::Unknown), StallVerdict::ClockUntrusted);
        assert_eq!(word(&register, trusted(None, received_at_ms)), StallVerdict::ClockUntrusted);
    }
}

#[test]
fn hours_over_midnight_belong_to_the_day_they_begin_on_and_so_does_the_last_day_of_a_card() {
    let register = register("DY-2207,104.398,31.127,5,wgs84,20:00-02:00,5,2026-11-27,2026-11-27");
    let (friday, saturday) = (date(2026, 11, 27), date(2026, 11, 28));
    assert_eq!(word_at(&register, friday.at(19, 59, 59, 0)), StallVerdict::OutOfHours);
    assert_eq!(word_at(&register, friday.at(20, 0, 0, 0)), StallVerdict::Licensed);
    assert_eq!(word_at(&register, saturday.at(1, 59, 59, 0)), StallVerdict::Licensed);
    assert_eq!(
        word_at(&register, saturday.at(2, 0, 0, 0)),
        StallVerdict::UnknownCard,
        "its last day is over"
    );
    assert_eq!(word_at(&register, friday.at(1, 0, 0, 0)), StallVerdict::OutOfHours, "Thursday was no day");
    assert_eq!(word_at(&register, date(2026, 11, 26).at(21, 0, 0, 0)), StallVerdict::UnknownCard, "not yet");
}

#[test]
fn a_card_out_of_its_time_is_unknown_and_says_why_unless_the_clock_is_not_trusted() {
    let register = register("DY-2207,104.398,31.127,5,wgs84,17:00-21:00,1-7,2026-01-01,2026-06-30");
    let evening = |day: jiff::civil::Date| Ok(TrustedTime::vouched(at(day.at(18, 0, 0, 0))));
    let check = |time: &Result<TrustedTime, Distrust>| {
        let check = register.check("DY-2207", Some(PITCH), None, time, CityClock::default());
        (check.verdict, check.validity)
    };
    let unknown = |validity| (StallVerdict::UnknownCard, Some(validity));
    assert_eq!(check(&evening(date(2026, 6, 30))), (StallVerdict::Licensed, None));
    assert_eq!(check(&evening(date(2026, 7, 1))), unknown(Validity::Expired));
    assert_eq!(check(&evening(date(2025, 12, 31))), unknown(Validity::NotYetValid));
    assert_eq!(check(&Err(Distrust::Source)), (StallVerdict::ClockUntrusted, None));
}

#[test]
fn inexact_positions_speak_for_the_vendor() {
    let register = evening();
    let noon = Ok(TrustedTime::vouched(at(date(2026, 11, 27).at(18, 0, 0, 0))));
    let word = |at: Option<(f64, f64)>, accuracy_m: Option<f64>| {
        register.check("DY-2207", at, accuracy_m, &noon, CityClock::default()).verdict
    };
    // 22.2 m north of the middle of a pitch of 5 m: 17.2 m outside.
    let outside = Some((104.398, 31.1272));
    assert_eq!(word(outside, Some(10.0)), StallVerdict::OutOfPitch);
    assert_eq!(word(outside, Some(20.0)), StallVerdict::PlaceUnknown);
    assert_eq!(word(outside, None), StallVerdict::OutOfPitch, "taken for 10 m");
    assert_eq!(word(Some(PITCH), None), StallVerdict::Licensed);
    assert_eq!(word(Some(PITCH), Some(ACCURACY_MAX_M)), StallVerdict::Licensed);
    assert_eq!(word(Some(PITCH), Some(ACCURACY_MAX_M + 1.0)), StallVerdict::PlaceUnknown);
    assert_eq!(word(None, None), StallVerdict::PlaceUnknown);
    let other = register.check("DY-9999", Some(PITCH), None, &noon, CityClock::default());
    assert_eq!((other.verdict, other.validity), (StallVerdict::UnknownCard, None));
    let untrusted =
        register.check("DY-2207", outside, Some(1.0), &Err(Distrust::Ahead), CityClock::default());
    assert_eq!(untrusted.verdict, StallVerdict::OutOfPitch, "whatever the hour");
}

#[test]
fn a_pitch_may_be_a_polygon() {
    let text =
        "card,crs,open,area\nP-1,cgcs2000,00:00-24:00,\"104.398 31.127;104.399 31.127;104.399 31.128\"\n";
    let register = StallRegister::from_csv(text.as_bytes()).unwrap();
    let distance_m =
        |at| register.check("P-1", Some(at), None, &Err(Distrust::NoClock), CityClock::default()).distance_m;
    assert_eq!(distance_m((104.3988, 31.1272)), Some(0.0));
    assert!(distance_m((104.3985, 31.126)).is_some_and(|away| (away - 111.2).abs() < 0.2));
}

#[test]
fn everything_wrong_is_told_with_line_and_column() {
    let told =
        |lines: &str| StallRegister::from_csv(format!("{HEAD}\n{lines}").as_bytes()).unwrap_err().to_string();
    let text = told(
        "A,204.4,31.1,5,wgs84,17:00-21:00,,,\nB,104.4,31.1,0,gcj02,17-21,8,2026-1-1,\n\
         C,104.4,31.1,5,wgs84,17:00-21:00,,2026-02-01,2026-01-31\nC,104.4,31.1,5,wgs84,17:00-21:00,,,\n",
    );
    for part in [
        "line 2, column `lon`: expected degrees of longitude, -180 to 180; found \"204.4\"",
        "line 3, column `crs`: expected wgs84 or cgcs2000; convert other coordinates first; found \"gcj02\"",
        "line 3, column `radius_m`: expected metres",
        "line 3, column `open`: expected hours such as 17:00-21:00",
        "line 3, column `days`: expected days of the week",
        "line 3, column `valid_from`: expected a date",
        "line 4, column `valid_until`: expected a day that is not before valid_from",
        "line 5, column `card`: expected a card that no other line has; found \"C\"",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(told(&"D,,,,,,,,\n".repeat(100)).ends_with("more"));
    let head = StallRegister::from_csv(b"card,lon\n").unwrap_err().to_string();
    assert_eq!(head, "line 1: the head line has no column open, crs, lat, radius_m");
    let line = "X,104.4,31.1,5,wgs84,17:00-21:00,,,\n";
    assert_eq!(told(&line.repeat(STALLS_MAX + 1)), format!("more than {STALLS_MAX} stalls"));
    let large = StallRegister::from_csv(&vec![b'x'; REGISTER_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(large, StallRegisterError::TooLarge { found: REGISTER_BYTES_MAX + 1 });
    assert!(StallRegister::from_csv(b"\xff").is_err() && StallRegister::from_csv(b"").is_err());
}

#[test]
fn a_stored_word_reads_back_as_it_was() {
    let register = evening();
    for card in ["DY-2207", "DY-9999"] {
        let check = register.check(card, Some(PITCH), None, &Err(Distrust::NoClock), CityClock::default());
        let text = serde_json::to_string(&check).unwrap();
        assert_eq!(serde_json::from_str::<StallCheck<'_>>(&text).unwrap(), check, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_register_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), tail in "[0-9,;:\\-a-z\" .\n]{0,200}") {
        _ = StallRegister::from_csv(&bytes);
        _ = StallRegister::from_csv(format!("{HEAD}\n{tail}").as_bytes());
    }
}

#[test]
fn a_card_for_some_codes_does_not_cover_others() {
    let csv = "card,lon,lat,radius_m,crs,open,codes\nDY-1,104.398,31.127,5,wgs84,17:00-21:00,event:05*\n";
    let register = StallRegister::from_csv(csv.as_bytes()).unwrap();
    let evening = Ok(TrustedTime::vouched(at(date(2026, 11, 27).at(18, 0, 0, 0))));
    let check = |code: &str| {
        let place = (Some(PITCH), Some(4.0));
        let check =
            register.check_report((CaseKind::Event, code), "DY-1", place, &evening, CityClock::default());
        (check.verdict, check.validity)
    };
    assert_eq!(check("0501"), (StallVerdict::Licensed, None));
    assert_eq!(check("2101"), (StallVerdict::UnknownCard, Some(Validity::OtherCode)));
}
