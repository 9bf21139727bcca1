//! Hours of days of the week: when something is open, by the city's clock.
//!
//! A span is half-open: `17:00-21:00` holds 17:00:00 and no longer 21:00:00. One that ends before it begins runs over
//! midnight and belongs to the day on which it begins: `20:00-02:00` on Fridays ends on Saturday at two. Days are those of
//! ISO 8601: 1 is Monday, 7 is Sunday.

use std::fmt;

use jiff::civil::{Date, DateTime, Weekday};

use super::civil::CityClock;
use super::clock_quality::TrustedTime;

/// Minutes of a day.
pub const DAY_MIN: u16 = 24 * 60;
/// Spans of one timetable.
pub const SPANS_MAX: usize = 8;

/// A part of a day, in minutes from midnight, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    from_min: u16,
    until_min: u16,
}

impl Span {
    /// The whole day.
    pub const DAY: Span = Span { from_min: 0, until_min: DAY_MIN };

    /// Reads `17:00-21:00`; `None` for anything else, and for a span without length.
    pub fn parse(text: &str) -> Option<Span> {
        let (from, until) = text.split_once('-')?;
        let (from_min, until_min) = (minute_of_day(from)?, minute_of_day(until)?);
        (from_min < DAY_MIN && until_min > 0 && from_min != until_min).then_some(Span { from_min, until_min })
    }

    /// Where it begins, in minutes from midnight.
    pub const fn from_min(self) -> u16 {
        self.from_min
    }

    /// Where it ends, in minutes from midnight: on the next day if that is not after its beginning.
    pub const fn until_min(self) -> u16 {
        self.until_min
    }

    /// It ends on the day after.
    pub const fn is_over_midnight(self) -> bool {
        self.until_min <= self.from_min
    }

    /// Whether it holds a minute of the day on which it begins.
    const fn holds(self, minute: u16) -> bool {
        self.from_min <= minute && (minute < self.until_min || self.is_over_midnight())
    }

    /// Whether it holds a minute of the day after that on which it begins.
    const fn holds_next_day(self, minute: u16) -> bool {
        self.is_over_midnight() && minute < self.until_min
    }
}

/// Minutes from midnight of `HH:MM`, up to `24:00`.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MIN).then_some(minute)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from_min, self.until_min);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays {
    /// Bit 0 is Monday.
    bits: u8,
}

impl Weekdays {
    /// Every day.
    pub const ALL: Weekdays = Weekdays { bits: 0b111_1111 };
    /// Monday to Friday.
    pub const WORKING: Weekdays = Weekdays { bits: 0b001_1111 };

    /// Reads `1-5`, `6,7` or `1-4,7`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Weekdays> {
        let day = |text: &str| text.trim().parse::<u8>().ok().filter(|day| (1..=7).contains(day));
        let mut bits = 0;
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to) = (day(from)?, day(to)?);
            if from > to {
                return None;
            }
            bits |= (from..=to).fold(0, |bits, day| bits | 1 << (day - 1));
        }
        Some(Weekdays { bits })
    }

    /// Whether a day is one of them.
    pub fn holds(self, day: Weekday) -> bool {
        self.bits & (1 << day.to_monday_zero_offset()) != 0
    }
}

impl fmt::Display for Weekdays {
    /// In the form that `parse` takes, runs of days with a dash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = |day: u8| day <= 7 && self.bits & (1 << (day - 1)) != 0;
        let mut comma = "";
        for first in (1..=7).filter(|day| holds(*day) && (*day == 1 || !holds(day - 1))) {
            let last = (first..=7).take_while(|day| holds(*day)).last().unwrap_or(first);
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

/// Spans on days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    /// The days on which the spans begin.
    pub days: Weekdays,
    /// The spans, at most [`SPANS_MAX`].
    pub spans: Vec<Span>,
}

impl Timetable {
    /// Always.
    pub fn always() -> Timetable {
        Timetable { days: Weekdays::ALL, spans: vec![Span::DAY] }
    }

    /// It rules nothing out.
    pub fn is_always(&self) -> bool {
        self.days == Weekdays::ALL && self.spans.contains(&Span::DAY)
    }

    /// Whether it is open at a time that can be trusted.
    pub fn is_open(&self, clock: CityClock, time: TrustedTime) -> bool {
        self.opened_on(clock.shows(time.unix_ms())).is_some()
    }

    /// The day on which the span began that holds what the clock shows, if one does.
    pub fn opened_on(&self, shown: DateTime) -> Option<Date> {
        let minute = u16::from(shown.hour().unsigned_abs()) * 60 + u16::from(shown.minute().unsigned_abs());
        let today = shown.date();
        if self.days.holds(today.weekday()) && self.spans.iter().any(|span| span.holds(minute)) {
            return Some(today);
        }
        let yesterday = today.yesterday().ok()?;
        let still_open = self.spans.iter().any(|span| span.holds_next_day(minute));
        (still_open && self.days.holds(yesterday.weekday())).then_some(yesterday)
    }
}

impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spans: Vec<String> = self.spans.iter().map(Span::to_string).collect();
        write!(f, "{} ({})", spans.join(";"), self.days)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn table(days: &str, spans: &[&str]) -> Timetable {
        let spans = spans.iter().map(|span| Span::parse(span).unwrap()).collect();
        Timetable { days: Weekdays::parse(days).unwrap(), spans }
    }

    #[test]
    fn an_evening_begins_at_its_first_second_and_is_over_at_its_last() {
        let evening = table("1-7", &["17:00-21:00"]);
        let open = |hour, minute, second, nanos| {
            evening.opened_on(date(2026, 11, 27).at(hour, minute, second, nanos)).is_some()
        };
        assert!(!open(16, 59, 59, 999_999_999) && open(17, 0, 0, 0));
        assert!(open(20, 59, 59, 999_999_999) && !open(21, 0, 0, 0));
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        let fridays = table("5", &["20:00-02:00"]);
        let friday = date(2026, 11, 27);
        assert_eq!(fridays.opened_on(friday.at(20, 0, 0, 0)), Some(friday));
        assert_eq!(fridays.opened_on(date(2026, 11, 28).at(1, 59, 59, 0)), Some(friday));
        assert_eq!(fridays.opened_on(date(2026, 11, 28).at(2, 0, 0, 0)), None);
        assert_eq!(fridays.opened_on(friday.at(1, 0, 0, 0)), None, "Thursday was none of the days");
        assert_eq!(fridays.opened_on(date(2026, 11, 28).at(21, 0, 0, 0)), None);
    }

    #[test]
    fn what_is_no_span_and_no_day_is_refused() {
        for text in
            ["", "17:00", "17:00-17:00", "24:00-25:00", "9:00-10:00", "08:60-09:00", "a-b", "24:00-02:00"]
        {
            assert_eq!(Span::parse(text), None, "{text}");
        }
        for text in ["", "0", "8", "5-1", "1,,2", "Mon"] {
            assert_eq!(Weekdays::parse(text), None, "{text}");
        }
        assert_eq!(Span::parse("00:00-24:00"), Some(Span::DAY));
        assert!(Timetable::always().is_always() && !table("1-5", &["00:00-24:00"]).is_always());
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_the_same(bits in 1_u8..128, from in 0_u16..1440, until in 1_u16..=1440) {
            let days = Weekdays { bits };
            prop_assert_eq!(Weekdays::parse(&days.to_string()), Some(days));
            prop_assume!(from != until);
            let span = Span { from_min: from, until_min: until };
            prop_assert_eq!(Span::parse(&span.to_string()), Some(span));
        }

        /// A week as a line of minutes on which each span is laid, modulo the week.
        #[test]
        fn it_is_open_as_on_a_line_of_minutes(
            bits in 1_u8..128,
            spans in prop::collection::vec((0_u16..1440, 1_u16..=1440), 1..4),
            minute in 0..7 * 1440_i64,
        ) {
            let spans: Vec<Span> =
                spans.iter().filter(|(a, b)| a != b).map(|&(from_min, until_min)| Span { from_min, until_min }).collect();
            let table = Timetable { days: Weekdays { bits }, spans };
            let mut line = vec![false; 7 * 1440];
            for day in (0..7).filter(|day| bits & (1 << day) != 0) {
                for span in &table.spans {
                    let (from, mut until) = (i64::from(span.from_min), i64::from(span.until_min));
                    if until <= from {
                        until += 1440;
                    }
                    for minute in from..until {
                        line[(day * 1440 + minute) as usize % (7 * 1440)] = true;
                    }
                }
            }
            let shown = date(2026, 11, 23).at(0, 0, 0, 0) + jiff::Span::new().minutes(minute);
            prop_assert_eq!(table.opened_on(shown).is_some(), line[minute as usize]);
        }
    }
}
