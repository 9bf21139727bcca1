use jiff::civil::{DateTime, date};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::civil::CityClock;
use crate::domain::journal::{Entry, Facts, StallFacts};
use crate::domain::report::{CaseKind, DeviceId, Identity, ObservedAt, TimeQuality};
use crate::domain::verdict::StallVerdict;

const CITY: &[u8] = include_bytes!("../../../city/stall-points.csv");
const HEAD: &str = "kind,code,verdict,points,zh,en\nbase,*,*,0,a,b\nmin,*,*,-12,a,b\nmax,*,*,3,a,b\n";

fn rules() -> PointRules {
    PointRules::from_csv(CITY).unwrap()
}

fn time(text: &str) -> i64 {
    CityClock::default().unix_ms(text.parse::<DateTime>().unwrap()).unwrap()
}

/// An assessment: its number, its time in the city, the card, what it brings or costs, and the number of the finding's first report.
fn assessed(number: i64, at: &str, card: &str, points: i32, witness_of: Option<i64>) -> Entry {
    let unix_ms = time(at);
    Entry {
        number,
        device: DeviceId::parse("car-07").unwrap(),
        identity: Identity::Device { boot: 1, seq: number as u32 },
        received_at_ms: unix_ms + 1000,
        observed_at: Some(ObservedAt { unix_ms, quality: TimeQuality::Gnss }),
        back_stamped: false,
        handled_at_ms: None,
        self_disposed: false,
        witness_of: witness_of.map(|first| format!("car-07/1/{first}").into()),
        facts: Facts {
            stall: Some(StallFacts {
                card: card.into(),
                verdict: StallVerdict::OutOfHours,
                points: Some(points),
            }),
            ..Facts::new(CaseKind::Event, "0501")
        },
    }
}

fn ledger<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Ledger {
    let mut ledger = Ledger::new(CityClock::default());
    entries.into_iter().for_each(|entry| ledger.note(entry));
    ledger
}

fn ranks(ledger: &Ledger, period: &str) -> Vec<String> {
    let period = Period::month(period).or_else(|| Period::quarter(period)).unwrap();
    let standings = ledger.standings(&rules(), period).unwrap();
    standings.iter().map(|Standing { rank, card, total, .. }| format!("{rank} {card} {total}")).collect()
}

#[test]
fn the_first_row_that_matches_counts_and_nobody_loses_points_to_what_nobody_knows() {
    let rules = rules();
    let event = |code, verdict| rules.assess(CaseKind::Event, code, verdict);
    assert_eq!(event("0501", StallVerdict::Licensed), Some(1));
    assert_eq!(event("0501", StallVerdict::OutOfHours), Some(-2));
    assert_eq!(event("0999", StallVerdict::OutOfPitch), Some(-3), "by the row for everything");
    assert_eq!(event("0999", StallVerdict::Licensed), None);
    assert_eq!(event("0501", StallVerdict::UnknownCard), None);
    assert_eq!(rules.assess(CaseKind::Component, "0501", StallVerdict::Licensed), None, "another thing");
    let all = PointRules::from_csv(format!("{HEAD}*,*,*,-5,a,b\n").as_bytes()).unwrap();
    for verdict in StallVerdict::ALL {
        let judged = !matches!(verdict, StallVerdict::ClockUntrusted | StallVerdict::PlaceUnknown);
        assert_eq!(all.assess(CaseKind::Event, "0501", verdict), judged.then_some(-5), "{verdict:?}");
    }
    assert!(rules.version().starts_with("points@") && rules.version() != all.version());
}

#[test]
fn every_bad_line_is_told_at_once() {
    let told = |text: &str| PointRules::from_csv(text.as_bytes()).unwrap_err().to_string();
    let rows = "event,0501,licensed,1,a,b\nevnt,0501,licensed,1,a,b\nevent,0501,good,1,a,b\n\
                event,0501,clock_untrusted,-1,a,b\nevent,0501,licensed,1e3,a,b\n*,0501,licensed,1,a,b\n\
                event,0501,*,1,a\nevent,0501,licensed,2,a,b\nbase,*,*,1,a,b\n";
    assert_eq!(
        told(&format!("{HEAD}{rows}")).split("; ").collect::<Vec<_>>(),
        [
            "line 6: kind `evnt` is none of event, component, *, base, min, max",
            "line 7: verdict `good` is none of licensed, out_of_hours, out_of_pitch, unknown_card, *",
            "line 8: `clock_untrusted` brings and costs nothing: nobody can judge",
            "line 9: points `1e3` is no whole number from -1000 to 1000",
            "line 10: a code goes with its kind: event or component, not `*`",
            "line 11: no value for `en`",
            "line 12: nothing reaches it: line 5 takes all that it would",
            "line 13: `base` stands in the table twice",
        ]
    );
    assert_eq!(told("kind,code\n"), "line 1: the head line has no column `verdict`");
    assert_eq!(
        told("kind,code,verdict,points,zh,en\nbase,*,*,5,a,b\nmax,*,*,3,a,b\n"),
        "line 1: the table has no row `min`"
    );
    assert_eq!(
        told("kind,code,verdict,points,zh,en\nbase,*,*,5,a,b\nmax,*,*,3,a,b\nmin,*,*,0,a,b\n"),
        "line 1: base 5 does not lie between min 0 and max 3"
    );
    assert!(PointRules::from_csv(b"\xFF").is_err() && PointRules::from_csv(b"").is_err());
    let many: String = (0..RULES_MAX + 30).map(|code| format!("event,{code},*,1,a,b\n")).collect();
    assert!(told(&format!("{HEAD}{many}")).ends_with("more than 1000 rows; and 10 more"));
}

/// By hand: the base is 0 and a day's score lies between -12 and 3.
///
/// | card | November 2026 | October | total of November | of the quarter |
/// |---|---|---|---|---|
/// | A | 1st: 1 + 1 + 1 + 1 = 4, at most 3; 2nd: -2 | | 1 | 1 |
/// | B | 1st: -3 five times, at least -12 | | -12 | -12 |
/// | C | 30th, 23:59:59.999: 1 | 31st: 3 | 1 | 4 |
/// | D | 1st: 2 and -2 | | 0 | 0 |
/// | E | | 1st: 1 | | 1 |
fn november() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |at: &str, card: &str, points: i32| {
        let number = entries.len() as i64 + 1;
        entries.push(assessed(number, at, card, points, None));
    };
    (0..4).for_each(|_| add("2026-11-01T17:30:00", "A", 1));
    add("2026-11-02T00:00:00", "A", -2);
    (0..5).for_each(|_| add("2026-11-01T20:00:00", "B", -3));
    add("2026-11-30T23:59:59.999", "C", 1);
    add("2026-10-31T23:59:59.999", "C", 3);
    add("2026-11-01T00:00:00", "D", 2);
    add("2026-11-01T23:59:59.999", "D", -2);
    add("2026-10-01T00:00:00", "E", 1);
    // Outside the quarter on both sides.
    add("2026-09-30T23:59:59.999", "A", -3);
    add("2027-01-01T00:00:00", "A", -3);
    entries
}

#[test]
fn a_month_and_a_quarter_are_what_was_worked_out_by_hand_and_equal_totals_share_a_rank() {
    let ledger = ledger(&november());
    assert_eq!(ranks(&ledger, "2026-11"), ["1 A 1", "1 C 1", "3 D 0", "4 B -12"]);
    assert_eq!(ranks(&ledger, "2026Q4"), ["1 C 4", "2 A 1", "2 E 1", "4 D 0", "5 B -12"]);
    assert_eq!(ranks(&ledger, "2026-12"), [""; 0]);
    let days = ledger.days(&rules(), Period::month("2026-11").unwrap(), "A").unwrap();
    let days: Vec<_> =
        days.iter().map(|day| (day.day.as_str(), day.score, day.points, day.assessments)).collect();
    assert_eq!(days, [("2026-11-01", 3, 4, 4), ("2026-11-02", -2, -2, 1)]);
}

#[test]
fn a_finding_costs_its_card_once_and_another_card_beside_it_its_own() {
    let entries = [
        assessed(1, "2026-11-01T23:55:00", "A", -2, None),
        assessed(2, "2026-11-01T23:56:00", "A", -2, Some(1)),
        // A witness after midnight, and of the stall next to it.
        assessed(3, "2026-11-02T00:02:00", "A", -2, Some(1)),
        assessed(4, "2026-11-01T23:57:00", "B", -3, Some(1)),
    ];
    assert_eq!(ranks(&ledger(&entries), "2026-11"), ["1 A -2", "2 B -3"]);
    let mut unjudged = assessed(1, "2026-11-01T23:55:00", "A", -2, None);
    if let Some(stall) = &mut unjudged.facts.stall {
        stall.verdict = StallVerdict::ClockUntrusted;
    }
    assert_eq!(ranks(&ledger([&unjudged]), "2026-11"), [""; 0], "whatever points stand there");
}

#[test]
fn the_sheet_is_ranks_or_the_days_of_a_card_and_reads_back_from_its_json() {
    let ledger = ledger(&november());
    let sheet = |card| {
        let quarter = Period::quarter("2026Q4").unwrap();
        PointsSheet::new(&ledger, &rules(), quarter, card, time("2026-12-01T08:00:00")).unwrap()
    };
    let (all, one) = (sheet(None), sheet(Some("A")));
    let version = rules().version().to_owned();
    assert!(all.to_csv().starts_with(&format!(
        "period,rank,card,total,days,assessments,rules\r\n2026Q4,1,C,4,2,2,{version}\r\n2026Q4,2,A,1,2,5,{version}\r\n"
    )));
    assert_eq!(
        one.to_csv(),
        format!(
            "period,card,day,score,points,assessments,rules\r\n2026Q4,A,2026-11-01,3,4,4,{version}\r\n2026Q4,A,2026-11-02,-2,-2,1,{version}\r\n"
        )
    );
    assert_eq!(
        (one.standings.len(), one.standings[0].rank, all.as_of.as_str()),
        (1, 2, "2026-12-01T00:00:00Z")
    );
    let json = serde_json::to_string(&one).unwrap();
    assert_eq!(serde_json::from_str::<PointsSheet>(&json).unwrap(), one);
}

#[test]
fn periods_are_months_and_quarters_and_nothing_else() {
    let quarter = Period::quarter("2026Q4").unwrap();
    let held: Vec<i8> = (1..=12).filter(|month| quarter.holds(date(2026, *month, 1))).collect();
    assert_eq!(held, [10, 11, 12]);
    assert!(!quarter.holds(date(2025, 11, 1)));
    assert_eq!(Period::month_of(date(2026, 3, 31)).to_string(), "2026-03");
    assert_eq!(quarter.to_string(), "2026Q4");
    for bad in ["2026-13", "2026-00", "2026-1", "0000-01", "26-11", "2026-11-01", "+026-11", ""] {
        assert_eq!(Period::month(bad), None, "{bad}");
    }
    for bad in ["2026Q5", "2026Q0", "2026q1", "2026Q", "Q1"] {
        assert_eq!(Period::quarter(bad), None, "{bad}");
    }
}

/// An assessment, and how its time may change once its boot is dated.
fn history() -> impl Strategy<Value = Vec<(Entry, Option<Entry>)>> {
    let time = time("2026-10-25T00:00:00")..time("2026-11-05T00:00:00");
    let card = proptest::sample::select(vec!["A", "B", "C"]);
    let one = (time.clone(), option::of(time), card, option::of(-5..5_i32), option::of(1..6_i64));
    vec(one, 0..40).prop_map(|all| {
        let numbered = all.into_iter().zip(1_i64..);
        let entries = numbered.map(|((received, dated, card, points, witness_of), number)| {
            let witness_of = witness_of.filter(|first| *first < number);
            let mut entry = assessed(number, "2026-11-01T12:00:00", card, 0, witness_of);
            (entry.received_at_ms, entry.observed_at) = (received, None);
            if let Some(stall) = &mut entry.facts.stall {
                stall.points = points;
            }
            let back_stamped = dated.map(|unix_ms| Entry {
                observed_at: Some(ObservedAt { unix_ms, quality: TimeQuality::Gnss }),
                back_stamped: true,
                ..entry.clone()
            });
            (entry, back_stamped)
        });
        entries.collect()
    })
}

proptest! {
    #[test]
    fn noting_entries_as_they_come_and_change_is_the_same_as_rebuilding_from_the_journal(
        history in history(),
        late in any::<prop::sample::Index>(),
    ) {
        let journal: Vec<Entry> =
            history.iter().map(|(came, dated)| dated.clone().unwrap_or_else(|| came.clone())).collect();
        let rebuilt = ledger(&journal);
        // Everything comes; what is dated later is dated when more has come, in two turns.
        let turn = late.index(history.len() + 1);
        let (early, rest) = history.split_at(turn);
        let came = |part: &[(Entry, Option<Entry>)]| part.iter().map(|(came, _)| came.clone()).collect::<Vec<_>>();
        let dated = |part: &[(Entry, Option<Entry>)]| part.iter().filter_map(|(_, dated)| dated.clone()).collect::<Vec<_>>();
        let versions = [came(early), came(rest), dated(rest), dated(early)].concat();
        prop_assert_eq!(ledger(&versions), rebuilt);
    }

    #[test]
    fn any_order_and_any_split_give_the_same_ledger(
        (history, shuffled) in history().prop_flat_map(|history| (Just(history.clone()), Just(history).prop_shuffle())),
        cut in any::<prop::sample::Index>(),
    ) {
        let came = |part: &[(Entry, Option<Entry>)]| part.iter().map(|(came, _)| came.clone()).collect::<Vec<_>>();
        let all = ledger(&came(&history));
        prop_assert_eq!(&ledger(&came(&shuffled)), &all);
        let (first, second) = shuffled.split_at(cut.index(shuffled.len() + 1));
        let mut merged = ledger(&came(first));
        merged.merge(ledger(&came(second)));
        prop_assert_eq!(&merged, &all);
    }
}
