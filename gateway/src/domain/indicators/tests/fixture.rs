//! Twenty entries, and what they come to, worked out by hand.

use jiff::civil::{DateTime, date};

use crate::domain::civil::CityClock;
use crate::domain::indicators::{Axis, By, Figure, Figures, Query, Question, Row, Sheet};
use crate::domain::journal::{Attribution, Entry, Facts};
use crate::domain::report::{CaseKind, DeviceId, Identity, ObservedAt, TimeQuality};

/// Times are the city's, in November 2026. `limit` is in running hours here; calendars are another matter. `?` is a limit that no rule knows.
///
/// Grids: D1 and D2 are two communities of Donghu street, X1 is in another street, `-` is in none.
const ENTRIES: &str = "
 n | observed                | received    | kind code      | grid attribution | flags        | limit | handled
 1 | 23T08:00:00 gnss        | 23T08:00:01 | event 0501     | D1 assigned      |              | 4     | 23T12:00:00
 2 | 23T08:01:00 gnss        | 23T08:01:01 | event 0501     | D1 assigned      | witness cross| 4     |
 3 | 23T08:30:00 network     | 23T08:30:01 | event 0506     | D1 assigned      | cross        | 4     | 23T12:30:00.001
 4 | 23T09:00:00 gnss        | 23T09:00:01 | component 0101 | D2 ambiguous     | cross        | 24    |
 5 | 23T09:30:00 gnss        | 23T09:30:01 | component 0101 | D2 assigned      |              | 30    |
 6 | 23T10:00:00 rtc         | 23T10:00:01 | event 0501     | D2 assigned      |              | 4     | 23T11:00:00
 7 |                         | 23T10:30:00 | event 2101     | X1 assigned      |              | 4     |
 8 | 23T11:00:00 gateway     | 23T11:00:01 | event 2101     | X1 assigned      |              | 4     | nobody knows
 9 | 23T11:30:00 gnss        | 23T11:30:01 | event 0401     | X1 assigned      | urgent joint |       |
10 | 23T12:00:00 gnss        | 23T12:00:01 | event 0501     | -  unassigned    |              |       |
11 | 23T23:59:59.999 gnss    | 24T00:00:02 | event 0501     | D1 assigned      |              | 4     |
12 | 24T00:00:00 gnss        | 24T00:00:02 | event 0501     | D1 assigned      |              | 12    |
13 | 23T16:00:00 gnss        | 24T09:00:00 | event 0506     | D1 assigned      | back-stamped |       |
14 | 24T08:00:00 gnss        | 24T08:00:01 | event 0501     | D2 assigned      |              |       | 24T08:10:00
15 | 24T08:02:00 gnss        | 24T08:02:01 | event 0501     | D2 assigned      |witness urgent|       |
16 | 24T09:00:00 gnss        | 24T09:00:01 | component 0101 | X1 assigned      | cross joint  | 1     | 24T09:30:00
17 | 24T11:00:00 gnss        | 24T09:30:00 | event 2101     | D1 assigned      |              | 1     |
18 | 24T10:00:00 gnss        | 24T10:00:01 | event 0501     | -  unassigned    | urgent       | ?     |
19 | 22T23:59:59.999 gnss    | 23T00:00:02 | event 0501     | D1 assigned      |              | 4     | 23T00:01:00
20 | 25T00:00:00 gnss        | 25T00:00:01 | event 0501     | D1 assigned      | urgent       |       |
";

/// What stands here is worked out by hand, for the days 23 to 24, at noon of the 24th. 19 and 20 lie a millisecond outside.
///
/// | | 23rd | 24th |
/// |---|---|---|
/// | reports | 1 to 11 and 13: 11 is before midnight though it came after, 13 was back-stamped: 12 | 12, 14 to 18: 6 |
/// | components | 4, 5 | 16 |
/// | witnesses | 2 | 15 |
/// | ambiguous, unassigned | 4; 10 | none; 18 |
/// | urgent | 9 | 15 (a report, if no finding), 18 |
/// | joint | 9 | 16 |
/// | cross-boundary | 3, 4; 2 is a witness | 16 |
/// | self-handled | 1, 3, 6, and 8 though nobody knows when | 14, 16 |
/// | in time | 1, at its last moment | 16 |
/// | late | 3, by a millisecond; 4, due at 9:00 today; 11, due at 3:59 today | none |
/// | open | 5, due at 15:30 today | 12, due just now |
/// | unjudged | 6, a free-running clock; 7, no time; 8, handled nobody knows when | 17, a clock ahead; 18, no due time |
/// | time unknown, untrusted | 7; 6 | none; 17 |
/// | back-stamped | 13 | none |
const EXPECTED: [(&str, [&str; 3]); 23] = [
    // id, the 23rd, the 24th, both
    ("reports", ["12", "6", "18"]),
    ("events", ["10", "5", "15"]),
    ("components", ["2", "1", "3"]),
    ("findings", ["11", "5", "16"]),
    ("witnesses", ["1", "1", "2"]),
    ("assigned", ["10", "5", "15"]),
    ("ambiguous", ["1", "0", "1"]),
    ("unassigned", ["1", "1", "2"]),
    ("attributed_rate", ["10/12 0.8333", "5/6 0.8333", "15/18 0.8333"]),
    ("urgent", ["1", "2", "3"]),
    ("joint", ["1", "1", "2"]),
    ("cross_boundary", ["2", "1", "3"]),
    ("cross_boundary_rate", ["2/11 0.1818", "1/5 0.2", "3/16 0.1875"]),
    ("self_handled", ["4", "2", "6"]),
    ("self_handled_rate", ["4/11 0.3636", "2/5 0.4", "6/16 0.375"]),
    ("in_time", ["1", "1", "2"]),
    ("late", ["3", "0", "3"]),
    ("open", ["1", "1", "2"]),
    ("unjudged", ["3", "2", "5"]),
    ("in_time_rate", ["1/4 0.25", "1/1 1", "2/5 0.4"]),
    ("time_unknown", ["1", "0", "1"]),
    ("time_untrusted", ["1", "1", "2"]),
    ("back_stamped", ["1", "0", "1"]),
];

fn time(text: &str) -> i64 {
    let shown: DateTime = format!("2026-11-{text}").parse().unwrap();
    CityClock::default().unix_ms(shown).unwrap()
}

fn entry(line: &str) -> Entry {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [number, observed, received, case, place, flags, limit, handled] = cells[..] else {
        panic!("{line}")
    };
    let (kind, code) = case.split_once(' ').unwrap();
    let (grid, attribution) = place.split_once(' ').unwrap();
    let [grid, community_code, community, street_code, street] = match grid {
        "D1" => ["510603008001001", "510603008001", "东湖社区", "510603008", "东湖街道"],
        "D2" => ["510603008002001", "510603008002", "千山社区", "510603008", "东湖街道"],
        "X1" => ["510603003001001", "510603003001", "城南社区", "510603003", "城南街道"],
        _ => [""; 5],
    };
    let flag = |name: &str| flags.split(' ').any(|flag| flag == name);
    Entry {
        number: number.parse().unwrap(),
        device: DeviceId::parse("car-07").unwrap(),
        identity: Identity::Device { boot: 1, seq: number.parse().unwrap() },
        received_at_ms: time(received),
        observed_at: observed.split_once(' ').map(|(shown, quality)| ObservedAt {
            unix_ms: time(shown),
            quality: TimeQuality::from_name(quality),
        }),
        back_stamped: flag("back-stamped"),
        handled_at_ms: handled.contains('T').then(|| time(handled)),
        self_disposed: !handled.is_empty(),
        witness_of: flag("witness").then(|| "car-07/1/1".into()),
        facts: Facts {
            kind: if kind == "event" { CaseKind::Event } else { CaseKind::Component },
            code: code.into(),
            attribution: match attribution.trim() {
                "assigned" => Attribution::Assigned,
                "ambiguous" => Attribution::Ambiguous,
                _ => Attribution::Unassigned,
            },
            grid: grid.into(),
            community_code: community_code.into(),
            community: community.into(),
            street_code: street_code.into(),
            street: street.into(),
            cross_boundary: flag("cross"),
            joint: flag("joint"),
            urgent: flag("urgent"),
            time_limit: (!limit.is_empty()).then(|| limit.into()),
            stall: None,
        },
    }
}

/// So many hours after it was observed.
fn due(entry: &Entry) -> Option<i64> {
    let hours: i64 = entry.facts.time_limit.as_deref()?.parse().ok()?;
    Some(entry.observed_at?.unix_ms + hours * 3_600_000)
}

fn sheet(by: &str) -> Sheet {
    let days = (Some(date(2026, 11, 23)), Some(date(2026, 11, 24)));
    let query = Query::new(days.0, days.1, By::parse(by).unwrap()).unwrap();
    let clock = CityClock::default();
    let mut figures = Figures::new(Question { query, clock, as_of_ms: time("24T12:00:00") });
    for line in ENTRIES.lines().skip(2) {
        figures.add(&entry(line), due);
    }
    figures.sheet().unwrap()
}

fn shown(row: &Row, id: &str) -> String {
    match row.figures[id] {
        Figure::Count(count) => count.to_string(),
        Figure::Rate { numerator, denominator, value } => {
            format!("{numerator}/{denominator} {}", value.map_or("-".to_owned(), |value| value.to_string()))
        }
    }
}

fn column(sheet: &Sheet, axis: Axis, id: &str) -> Vec<String> {
    sheet.rows.iter().map(|row| format!("{}: {}", row.on(axis), shown(row, id))).collect()
}

#[test]
fn every_indicator_is_what_was_worked_out_by_hand_by_day_and_together() {
    let (days, both) = (sheet("day"), sheet(""));
    assert_eq!((days.rows.len(), both.rows.len()), (2, 1));
    for (id, [first, second, together]) in EXPECTED {
        let found = [shown(&days.rows[0], id), shown(&days.rows[1], id), shown(&both.rows[0], id)];
        assert_eq!(found, [first, second, together], "{id}");
    }
    assert_eq!(both.rows[0].figures.len(), EXPECTED.len(), "none is left out here");
}

#[test]
fn places_and_codes_have_their_own_figures_and_what_lies_nowhere_is_a_row_too() {
    // Donghu: 1 to 6, 11 to 15, 17. The other street: 7, 8, 9, 16. None: 10, 18.
    let streets = sheet("street");
    assert_eq!(
        column(&streets, Axis::Street, "reports"),
        [": 2", "510603003 城南街道: 4", "510603008 东湖街道: 12"]
    );
    // Of 16 only is it known: 7 and 8 are unjudged, 9 has no limit, nor has 10; 18 is unjudged.
    assert_eq!(
        column(&streets, Axis::Street, "in_time_rate"),
        [": 0/0 -", "510603003 城南街道: 1/1 1", "510603008 东湖街道: 1/4 0.25"]
    );
    // D1: 1, 2, 3, 11, 12, 13, 17. D2: 4, 5, 6, 14, 15.
    assert_eq!(
        column(&sheet("community"), Axis::Community, "reports"),
        [": 2", "510603003001 城南社区: 4", "510603008001 东湖社区: 7", "510603008002 千山社区: 5"]
    );
    // 1 and 3 of the findings 1, 3, 11, 12, 13, 17; 6 and 14 of 4, 5, 6, 14.
    assert_eq!(
        column(&sheet("grid"), Axis::Grid, "self_handled_rate"),
        [": 0/2 0", "510603003001001: 2/4 0.5", "510603008001001: 2/6 0.3333", "510603008002001: 2/4 0.5"]
    );
    assert_eq!(
        column(&sheet("code"), Axis::Code, "reports"),
        ["event 0401: 1", "event 0501: 9", "event 0506: 2", "event 2101: 3", "component 0101: 3"]
    );
    let fine = sheet("code,day");
    assert_eq!(fine.by, ["day", "code"]);
    let events = fine.rows.iter().filter(|row| row.code.as_deref() == Some("0501"));
    // 1, 2, 6, 10, 11 and 12, 14, 15, 18.
    let events: Vec<String> =
        events.map(|row| format!("{} {}", row.on(Axis::Day), shown(row, "reports"))).collect();
    assert_eq!(events, ["2026-11-23 5", "2026-11-24 4"]);
}

#[test]
fn the_sheet_reads_back_from_its_json_and_its_csv_has_the_same_columns_whatever_was_asked() {
    let sheet = sheet("street");
    let json = serde_json::to_value(&sheet).unwrap();
    assert_eq!(json["rows"][0]["street"], serde_json::json!({"code": "", "name": ""}));
    let rate = serde_json::json!({"numerator": 0, "denominator": 0, "value": null});
    assert_eq!(json["rows"][0]["figures"]["in_time_rate"], rate);
    assert_eq!(serde_json::from_value::<Sheet>(json).unwrap(), sheet);

    let csv = sheet.to_csv();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "day,street_code,street,community_code,community,grid,kind,code,reports,events,components,findings,\
         witnesses,assigned,ambiguous,unassigned,attributed_rate_numerator,attributed_rate_denominator,\
         attributed_rate,urgent,joint,cross_boundary,cross_boundary_rate_numerator,\
         cross_boundary_rate_denominator,cross_boundary_rate,self_handled,self_handled_rate_numerator,\
         self_handled_rate_denominator,self_handled_rate,in_time,late,open,unjudged,in_time_rate_numerator,\
         in_time_rate_denominator,in_time_rate,time_unknown,time_untrusted,back_stamped,definitions"
    );
    assert_eq!(lines[1], ",,,,,,,,2,2,0,2,0,0,0,2,0,2,0,1,0,0,0,2,0,0,0,2,0,0,0,0,1,0,0,,0,0,0,indicators@1");
    assert!(lines[3].starts_with(",510603008,东湖街道,,,,,,12,"), "{}", lines[3]);
    assert_eq!(lines.len(), 5, "a head, three streets, and the end");
}

#[test]
fn without_an_entry_everything_together_is_zeros_and_rates_without_a_value() {
    let question = Question { query: Query::default(), clock: CityClock::default(), as_of_ms: 0 };
    let sheet = Figures::new(question).sheet().unwrap();
    assert_eq!(
        (shown(&sheet.rows[0], "reports"), shown(&sheet.rows[0], "in_time_rate")),
        ("0".into(), "0/0 -".into())
    );
}
