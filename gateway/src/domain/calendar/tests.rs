use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::*;

/// The calendar of an autumn: National Day with the days worked for it.
fn autumn() -> Calendar {
    let mut calendar = Calendar::default();
    calendar.add_holiday("国庆节", date(2026, 10, 1), date(2026, 10, 7)).unwrap();
    calendar.add_workday("国庆节调休", date(2026, 9, 20)).unwrap();
    calendar.add_workday("国庆节调休", date(2026, 10, 10)).unwrap();
    calendar
}

fn at(shown: DateTime) -> TrustedTime {
    TrustedTime::vouched(CityClock::default().unix_ms(shown).unwrap())
}

fn due(start: DateTime, limit: &str) -> String {
    let end = autumn().due(at(start), TimeLimit::parse(limit).unwrap()).unwrap();
    CityClock::default().shows(end).to_string()
}

#[test]
fn four_working_hours_pass_over_lunch_the_evening_weekends_holidays_and_worked_saturdays() {
    let cases = [
        (date(2026, 11, 27).at(8, 0, 0, 0), "2026-11-27T12:00:00"),
        (date(2026, 11, 27).at(8, 0, 1, 0), "2026-11-27T14:00:01"),
        (date(2026, 11, 27).at(12, 30, 0, 0), "2026-11-27T18:00:00"),
        (date(2026, 11, 27).at(16, 30, 0, 0), "2026-11-30T10:30:00"),
        (date(2026, 11, 28).at(10, 0, 0, 0), "2026-11-30T12:00:00"),
        (date(2026, 11, 26).at(23, 59, 59, 0), "2026-11-27T12:00:00"),
        (date(2026, 9, 30).at(16, 0, 0, 0), "2026-10-08T10:00:00"),
        (date(2026, 10, 9).at(16, 0, 0, 0), "2026-10-10T10:00:00"),
        (date(2026, 9, 18).at(17, 0, 0, 0), "2026-09-20T11:00:00"),
    ];
    for (start, end) in cases {
        assert_eq!(due(start, "4WH"), end, "from {start}");
    }
}

#[test]
fn a_working_day_is_as_much_working_time_as_a_day_has() {
    assert_eq!(due(date(2026, 11, 23).at(10, 0, 0, 0), "1WD"), "2026-11-24T10:00:00");
    assert_eq!(due(date(2026, 11, 23).at(8, 0, 0, 0), "1WD"), "2026-11-23T18:00:00");
    assert_eq!(due(date(2026, 11, 27).at(20, 0, 0, 0), "1WD"), "2026-11-30T18:00:00");
    assert_eq!(due(date(2026, 11, 23).at(10, 0, 0, 0), "15WD"), "2026-12-14T10:00:00");
}

#[test]
fn running_time_knows_no_night() {
    assert_eq!(due(date(2026, 10, 1).at(23, 0, 0, 0), "2H"), "2026-10-02T01:00:00");
    assert_eq!(due(date(2026, 10, 1).at(23, 0, 0, 0), "3D"), "2026-10-04T23:00:00");
}

#[test]
fn a_calendar_without_working_days_ends_nothing_and_does_not_loop() {
    let mut idle =
        Calendar::new(CityClock::default(), Weekdays::parse("1").unwrap(), vec![Span::DAY]).unwrap();
    let mut monday = date(2026, 11, 23);
    for _ in 0..600 {
        idle.add_holiday("closed", monday, monday).unwrap();
        monday += jiff::Span::new().weeks(1);
    }
    let start = at(date(2026, 11, 23).at(9, 0, 0, 0));
    assert_eq!(idle.due(start, TimeLimit::parse("1WH").unwrap()), None);
    assert_eq!(
        Calendar::default().due(TrustedTime::vouched(i64::MAX), TimeLimit::parse("1WH").unwrap()),
        None
    );
    assert_eq!(
        Calendar::default().due(TrustedTime::vouched(i64::MAX), TimeLimit::parse("1H").unwrap()),
        None
    );
}

#[test]
fn a_calendar_that_contradicts_itself_is_refused() {
    let hours = |texts: &[&str]| {
        let spans = texts.iter().map(|text| Span::parse(text).unwrap()).collect();
        Calendar::new(CityClock::default(), Weekdays::ALL, spans).err()
    };
    for spans in [&["08:00-12:00", "11:00-18:00"][..], &["14:00-18:00", "08:00-12:00"], &["20:00-02:00"], &[]]
    {
        assert_eq!(hours(spans), Some(CalendarFault::Hours), "{spans:?}");
    }
    let mut calendar = autumn();
    let day = date(2026, 10, 7);
    assert_eq!(calendar.add_workday("both", day), Err(CalendarFault::Twice(day)));
    let backwards = calendar.add_holiday("b", date(2026, 12, 2), date(2026, 12, 1));
    assert_eq!(backwards, Err(CalendarFault::Backwards));
    let endless = calendar.add_holiday("c", date(2027, 1, 1), date(9999, 12, 31));
    assert_eq!(endless, Err(CalendarFault::TooMany));
}

/// The same by going through the minutes one by one.
fn slow(calendar: &Calendar, start_ms: i64, mut left_ms: i64) -> i64 {
    let mut now_ms = start_ms;
    loop {
        let next_ms = (now_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS;
        let shown = calendar.clock().shows(now_ms);
        let minute = u16::from(shown.hour() as u8) * 60 + u16::from(shown.minute() as u8);
        let worked = calendar.is_worked(shown.date())
            && calendar.hours().iter().any(|span| span.from_min() <= minute && minute < span.until_min());
        if worked {
            let here_ms = next_ms - now_ms;
            if left_ms <= here_ms {
                return now_ms + left_ms;
            }
            left_ms -= here_ms;
        }
        now_ms = next_ms;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_limit_ends_where_counting_minutes_ends(
        start_s in 0..40 * 86_400_i64,
        ms in 0..1000_i64,
        amount in 1..30_u16,
        days in any::<bool>(),
        spans in prop::sample::select(vec![
            vec!["08:00-12:00", "14:00-18:00"],
            vec!["00:00-24:00"],
            vec!["09:00-09:01"],
            vec!["00:00-01:30", "07:00-07:30", "23:59-24:00"],
        ]),
        week in prop::sample::select(vec!["1-5", "1-7", "6,7", "3"]),
    ) {
        let hours: Vec<Span> = spans.iter().map(|span| Span::parse(span).unwrap()).collect();
        let mut calendar = Calendar::new(CityClock::default(), Weekdays::parse(week).unwrap(), hours).unwrap();
        calendar.add_holiday("国庆节", date(2026, 10, 1), date(2026, 10, 7)).unwrap();
        calendar.add_workday("调休", date(2026, 9, 20)).unwrap();
        calendar.add_workday("调休", date(2026, 10, 10)).unwrap();
        let start_ms = at(date(2026, 9, 1).at(0, 0, 0, 0)).unix_ms() + start_s * 1000 + ms;
        let unit = if days { "WD" } else { "WH" };
        // An hour of a calendar that works a minute a day takes weeks to count: few of them do.
        let amount = if calendar.day_ms() < 3_600_000 && !days { 1 } else { amount };
        let each_ms = if days { calendar.day_ms() } else { 3_600_000 };
        let limit = TimeLimit::parse(&format!("{amount}{unit}")).unwrap();
        let expected = slow(&calendar, start_ms, i64::from(amount) * each_ms);
        prop_assert_eq!(calendar.due(TrustedTime::vouched(start_ms), limit), Some(expected));
    }
}
