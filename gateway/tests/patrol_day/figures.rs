//! The gateway's figures, asked as its pages ask, and held against the fixture.

use std::collections::BTreeMap;

use jiff::civil::date;
use patrol_gateway::domain::city::City;
use patrol_gateway::domain::indicators::{By, Figure, Figures, Query, Question, Row};
use patrol_gateway::domain::journal::Entry;
use patrol_gateway::domain::points::{Ledger, Period, PointsSheet};

use crate::fixture::{BY_CODE, BY_STREET, COUNTS, DAYS_OF_DY_2208, RANKS, RATES};
use crate::plan::{DAY_MS, HOUR_MS, MONDAY_MS};

/// Friday, 13:00: some limits have passed, others not.
const AS_OF_MS: i64 = MONDAY_MS + 4 * DAY_MS + 5 * HOUR_MS;

/// Everything that is worked out of the journal is what was worked out by hand.
pub(crate) fn check(city: &City, journal: &[Entry], when: &str) {
    let by_day = rows(city, journal, "day");
    let days: Vec<_> = by_day.iter().map(|row| row.day.as_deref().unwrap()).collect();
    assert_eq!(days, ["2026-11-23", "2026-11-24", "2026-11-25"], "{when}");
    for (day, row) in by_day.iter().enumerate() {
        assert_eq!(row.figures, expected(day), "{when}, {}", days[day]);
    }
    let reports = |row: &Row| match row.figures["reports"] {
        Figure::Count(count) => count,
        Figure::Rate { .. } => panic!("a number of reports"),
    };
    let by_code = rows(city, journal, "code");
    let by_code: Vec<_> = by_code.iter().map(|row| (row.code.as_deref().unwrap(), reports(row))).collect();
    assert_eq!(by_code, BY_CODE, "{when}");
    let by_street = rows(city, journal, "street");
    let by_street: Vec<_> =
        by_street.iter().map(|row| (row.street.as_ref().unwrap().code.as_str(), reports(row))).collect();
    assert_eq!(by_street, BY_STREET, "{when}");
    check_points(city, journal, when);
}

fn expected(day: usize) -> BTreeMap<String, Figure> {
    let counts = COUNTS.map(|(id, days)| (id.to_owned(), Figure::Count(days[day])));
    let rates = RATES.map(|(id, days)| {
        let (numerator, denominator, value) = days[day];
        (id.to_owned(), Figure::Rate { numerator, denominator, value: Some(value) })
    });
    counts.into_iter().chain(rates).collect()
}

fn rows(city: &City, journal: &[Entry], by: &str) -> Vec<Row> {
    let (from, to) = (date(2026, 11, 23), date(2026, 11, 25));
    let query = Query::new(Some(from), Some(to), By::parse(by).unwrap()).unwrap();
    let question = Question { query, clock: city.rules.calendar().clock(), as_of_ms: AS_OF_MS };
    let mut figures = Figures::new(question);
    journal.iter().for_each(|entry| figures.add(entry, |entry| city.due_at_ms(entry)));
    figures.sheet().unwrap().rows
}

fn check_points(city: &City, journal: &[Entry], when: &str) {
    let mut ledger = Ledger::new(city.rules.calendar().clock());
    journal.iter().for_each(|entry| ledger.note(entry));
    let sheet = |period, card| PointsSheet::new(&ledger, &city.points, period, card, AS_OF_MS).unwrap();
    for period in [Period::month("2026-11").unwrap(), Period::quarter("2026Q4").unwrap()] {
        let standings = sheet(period, None).standings;
        let ranks: Vec<_> = standings
            .iter()
            .map(|at| (at.rank, at.card.as_str(), at.total, at.days, at.assessments))
            .collect();
        assert_eq!(ranks, RANKS, "{when}, {period}");
    }
    let days = sheet(Period::month("2026-11").unwrap(), Some("DY-2208")).days;
    let days: Vec<_> =
        days.iter().map(|day| (day.day.as_str(), day.score, day.points, day.assessments)).collect();
    assert_eq!(days, DAYS_OF_DY_2208, "{when}");
}
