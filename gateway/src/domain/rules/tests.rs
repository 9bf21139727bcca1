use std::borrow::Cow;

use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::handling::{Due, DueAt, Role, TidalState, Undecided};
use super::section::{Level, Party, View};
use super::*;
use crate::config::rules_file;
use crate::domain::casework::GridFacts;
use crate::domain::civil::CityClock;
use crate::domain::clock_quality::{Distrust, TrustedTime};
use crate::domain::report::CaseKind;
use crate::domain::verdict::StallVerdict;

const CITY: &str = include_str!("../../../city/rules.toml");
const PLACES: &[u8] = include_bytes!("../../../city/joint-enforcement-roads.geojson");
/// On 庐山路, and far from every road.
const ROAD: Option<(f64, f64)> = Some((104.3928, 31.127));
const QUIET_CORNER: Option<(f64, f64)> = Some((104.398, 31.127));

fn book(text: &str) -> Rulebook {
    let rules = rules_file::read(text, "rules.toml").unwrap_or_else(|error| panic!("{error}"));
    Rulebook::new(rules, text.as_bytes(), Places::from_geojson(PLACES).unwrap()).unwrap()
}

fn grid() -> GridFacts<'static> {
    GridFacts {
        grid: "510603009002001".into(),
        responsible_unit: "东湖街道综合执法中队".into(),
        line_authority: "市城管执法局旌阳大队".into(),
        block_authority: "旌阳区/东湖街道办事处".into(),
        ..GridFacts::default()
    }
}

fn at(shown: DateTime) -> Result<TrustedTime, Distrust> {
    Ok(TrustedTime::vouched(CityClock::default().unix_ms(shown).unwrap()))
}

/// An event on a Friday at six in the evening.
fn case<'a>(code: &'a str, grid: &'a GridFacts<'a>) -> Case<'a> {
    Case {
        kind: CaseKind::Event,
        code,
        severity: None,
        grid: Some(grid),
        grid_joint_enforcement: false,
        at: ROAD,
        time: at(date(2026, 11, 27).at(18, 0, 0, 0)),
        stall: None,
    }
}

#[test]
fn dual_management_has_one_owner_and_copies_by_code() {
    let (book, grid) = (book(CITY), grid());
    let by_default = book.apply(&case("0501", &grid));
    assert_eq!(
        (&*by_default.owner.unit, by_default.owner.role),
        ("东湖街道综合执法中队", Role::ResponsibleUnit)
    );
    let copies: Vec<_> = by_default.copies.iter().map(|copy| copy.role).collect();
    assert_eq!(copies, [Role::LineAuthority, Role::BlockAuthority]);
    assert_eq!(by_default.decided_by.owner, "ownership.default");
    let emergency = book.apply(&case("0401", &grid));
    assert_eq!((emergency.owner.role, &*emergency.decided_by.owner), (Role::LineAuthority, "突发事件归条"));
}

#[test]
fn without_a_grid_or_its_units_there_is_an_owner_all_the_same() {
    let (book, grid) = (book(CITY), grid());
    let nowhere = book.apply(&Case { grid: None, ..case("0501", &grid) });
    assert_eq!((&*nowhere.owner.unit, nowhere.owner.role), ("德阳市城市运行管理服务中心", Role::Fallback));
    assert_eq!(nowhere.copies, []);
    let block = GridFacts { responsible_unit: "".into(), line_authority: "".into(), ..grid.clone() };
    let stands_in = book.apply(&case("0401", &block));
    assert_eq!((stands_in.owner.role, stands_in.copies.len()), (Role::BlockAuthority, 0));
    let same = GridFacts { line_authority: grid.responsible_unit.clone(), ..grid.clone() };
    let roles: Vec<_> = book.apply(&case("0501", &same)).copies.iter().map(|copy| copy.role).collect();
    assert_eq!(roles, [Role::BlockAuthority], "the owner needs no copy");
}

#[test]
fn joint_enforcement_needs_code_place_and_hour_and_the_police_copy_is_minimal() {
    let (book, grid) = (book(CITY), grid());
    let joins = |case: Case<'_>| {
        let handling = book.apply(&case);
        handling.joint.iter().map(|joint| joint.rule.clone().into_owned()).collect::<Vec<_>>()
    };
    let evening = case("0501", &grid);
    assert_eq!(joins(evening), ["夜间占道联勤"]);
    assert_eq!(joins(Case { code: "0502", ..evening }), Vec::<String>::new());
    assert_eq!(joins(Case { at: QUIET_CORNER, ..evening }), Vec::<String>::new());
    let clock = |hour, minute, second| at(date(2026, 11, 27).at(hour, minute, second, 0));
    assert_eq!(joins(Case { time: clock(16, 59, 59), ..evening }).len(), 0);
    assert_eq!(joins(Case { time: clock(17, 0, 0), ..evening }).len(), 1);
    assert_eq!(joins(Case { time: clock(22, 59, 59), ..evening }).len(), 1);
    assert_eq!(joins(Case { time: clock(23, 0, 0), ..evening }).len(), 0);

    let handling = book.apply(&evening);
    let police =
        handling.recipients().into_iter().find(|recipient| recipient.party == Party::Police).unwrap();
    assert_eq!(police.view, View::Minimal);
}

#[test]
fn a_rule_of_which_nobody_can_tell_is_not_applied_and_says_why() {
    let (book, grid) = (book(CITY), grid());
    let undecided = |case: Case<'_>| {
        let handling = book.apply(&case);
        assert_eq!(handling.joint, []);
        handling.joint_undecided.iter().map(|undecided| undecided.because).collect::<Vec<_>>()
    };
    let untrusted = Case { time: Err(Distrust::Ahead), ..case("0501", &grid) };
    assert_eq!(undecided(untrusted), [Undecided::ClockUntrusted]);
    assert_eq!(undecided(Case { at: QUIET_CORNER, ..untrusted }), [], "it is elsewhere, whatever the hour");
    assert_eq!(undecided(Case { at: None, ..case("0501", &grid) }), [Undecided::PlaceUnknown]);
    let noon = at(date(2026, 11, 27).at(12, 0, 0, 0));
    assert_eq!(undecided(Case { at: None, time: noon, ..case("0501", &grid) }), [], "it is closed, wherever");
}

#[test]
fn a_rule_without_hours_needs_no_clock_and_grids_need_no_position() {
    let (book, grid) = (book(CITY), grid());
    let blind = Case { at: None, time: Err(Distrust::NoClock), ..case("0401", &grid) };
    assert_eq!(book.apply(&blind).joint.len(), 1);
    let monday = at(date(2026, 11, 30).at(9, 0, 0, 0));
    let campaign = Case { at: None, time: monday, grid_joint_enforcement: true, ..case("2101", &grid) };
    assert_eq!(book.apply(&campaign).joint[0].rule, "周一集中整治");
    let elsewhere = Case { grid_joint_enforcement: false, ..campaign };
    let handling = book.apply(&elsewhere);
    assert_eq!((handling.joint, handling.joint_undecided), (vec![], vec![]), "its grid is known");
    let nowhere = book.apply(&Case { grid: None, ..elsewhere });
    assert_eq!(nowhere.joint_undecided[0].because, Undecided::PlaceUnknown);
}

#[test]
fn all_roads_and_points_of_the_city_are_joint_in_the_evening_and_the_joint_rule_is_idempotent() {
    let (book, grid) = (book(CITY), grid());
    let features: serde_json::Value = serde_json::from_slice(PLACES).unwrap();
    let features = features["features"].as_array().unwrap();
    assert_eq!(features.len(), 18);
    for feature in features {
        let coordinates = &feature["geometry"]["coordinates"];
        let first = if coordinates[0].is_array() { &coordinates[0] } else { coordinates };
        let position = Some((first[0].as_f64().unwrap(), first[1].as_f64().unwrap()));
        let there = Case { at: position, ..case("0504", &grid) };
        let handling = book.apply(&there);
        assert_eq!(handling.joint.len(), 1, "{feature}");
        assert_eq!(handling, book.apply(&there));
        let mut units: Vec<_> =
            handling.recipients().iter().map(|recipient| recipient.unit.clone()).collect();
        units.dedup();
        assert_eq!(units.len(), 3);
    }
}

#[test]
fn several_rules_name_a_recipient_once_and_a_full_view_wins() {
    let rule = |name: &str, view: &str| {
        format!(
            "[[joint]]\nname = \"{name}\"\ncodes = [\"event:*\"]\n\
             recipients = [{{ party = \"urban_management\", unit = \"u\", view = \"{view}\" }}]\n"
        )
    };
    let (book, grid) = (book(&(rule("a", "minimal") + &rule("b", "full") + &rule("c", "minimal"))), grid());
    let handling = book.apply(&case("0501", &grid));
    assert_eq!(handling.joint.len(), 3);
    let recipients = handling.recipients();
    assert_eq!((recipients.len(), recipients[0].view), (1, View::Full));
}

#[test]
fn delegation_names_a_level_and_its_unit() {
    let (book, grid) = (book(CITY), grid());
    let of = |case: Case<'_>| {
        let delegated = book.apply(&case).delegated.map(|it| (it.level, it.unit.into_owned()));
        delegated.unwrap_or((Level::City, "nobody".to_owned()))
    };
    assert_eq!(of(case("0504", &grid)), (Level::Street, "旌阳区/东湖街道办事处".to_owned()));
    assert_eq!(of(case("0101", &grid)), (Level::District, "市城管执法局旌阳大队".to_owned()));
    assert_eq!(of(case("0403", &grid)), (Level::City, "德阳市燃气主管部门".to_owned()));
    assert_eq!(of(Case { grid: None, ..case("0504", &grid) }), (Level::Street, String::new()));
    assert_eq!(of(case("0102", &grid)).1, "nobody");
}

#[test]
fn severity_and_urgency_come_from_the_rules_and_the_devices_word_stands_beside_them() {
    let (book, grid) = (book(CITY), grid());
    let collapse = book.apply(&Case { severity: Some(1), ..case("0401", &grid) });
    assert_eq!((collapse.severity, collapse.device_severity, collapse.urgent), (Some(5), Some(1), true));
    let stall = book.apply(&Case { severity: Some(9), ..case("0501", &grid) });
    assert_eq!((stall.severity, stall.device_severity, stall.urgent), (Some(2), Some(9), false));
    assert_eq!(stall.decided_by.severity, "severity.default");
    let component = book.apply(&Case { kind: CaseKind::Component, ..case("0401", &grid) });
    assert!(!component.urgent, "component 0401 is a protected tree");
}

#[test]
fn a_time_limit_ends_by_the_calendar_and_without_a_trusted_clock_says_so() {
    let (book, grid) = (book(CITY), grid());
    let garbage = case("0102", &grid);
    let due = book.apply(&garbage).due.unwrap();
    let monday = CityClock::default().unix_ms(date(2026, 11, 30).at(12, 0, 0, 0)).unwrap();
    assert_eq!(due, Due { limit: TimeLimit::parse("4WH").unwrap(), at: DueAt::UnixMs(monday) });
    let untrusted = book.apply(&Case { time: Err(Distrust::Source), ..garbage }).due.unwrap();
    assert_eq!(untrusted.at, DueAt::Undecided(Undecided::ClockUntrusted));
    let idle = self::book(
        "[calendar]\nworking_days = \"1\"\nworking_hours = [\"09:00-09:01\"]\n[time_limit]\ndefault = \"999WH\"\n",
    );
    assert_eq!(idle.apply(&garbage).due.unwrap().at, DueAt::Undecided(Undecided::BeyondCalendar));
}

#[test]
fn a_report_says_whether_it_lies_in_a_tidal_area_and_whether_that_is_open() {
    let (book, grid) = (book(CITY), grid());
    let state = |hour, minute, second| {
        let time = at(date(2026, 11, 27).at(hour, minute, second, 0));
        let case = Case { at: QUIET_CORNER, time, ..case("0501", &grid) };
        book.apply(&case).tidal.map(|tidal| (tidal.area.into_owned(), tidal.state))
    };
    let market = |state| Some(("东湖夜市".to_owned(), state));
    assert_eq!(state(16, 59, 59), market(TidalState::Closed));
    assert_eq!(state(17, 0, 0), market(TidalState::Open));
    assert_eq!(state(20, 59, 59), market(TidalState::Open));
    assert_eq!(state(21, 0, 0), market(TidalState::Closed));
    let inside = Case { at: QUIET_CORNER, ..case("0501", &grid) };
    let untrusted = book.apply(&Case { time: Err(Distrust::Implausible), ..inside });
    assert_eq!(untrusted.tidal.map(|tidal| tidal.state), Some(TidalState::ClockUntrusted));
    assert_eq!(book.apply(&Case { code: "0504", ..inside }).tidal, None);
    assert_eq!(book.apply(&Case { at: ROAD, ..inside }).tidal, None);
}

#[test]
fn of_several_tidal_areas_one_that_is_open_is_named() {
    let area = |name: &str, hours: &str| {
        format!("[[tidal]]\nname = \"{name}\"\ngrids = [\"510603009002001\"]\nhours = [\"{hours}\"]\n")
    };
    let (book, grid) = (book(&(area("morning", "06:00-09:00") + &area("evening", "17:00-21:00"))), grid());
    let named =
        |time| book.apply(&Case { time, at: None, ..case("0501", &grid) }).tidal.unwrap().area.into_owned();
    assert_eq!(named(at(date(2026, 11, 27).at(18, 0, 0, 0))), "evening");
    assert_eq!(named(at(date(2026, 11, 27).at(12, 0, 0, 0))), "morning", "none is open: the first");
}

#[test]
fn quiet_is_never_urgent_never_joint_and_never_linked() {
    let text = format!("{CITY}\n[[quiet]]\nname = \"all\"\ncodes = [\"event:0401\", \"event:0501\"]\n");
    let (loud, quiet, grid) = (book(CITY), book(&text), grid());
    for code in ["0401", "0501"] {
        let case = case(code, &grid);
        let (before, after) = (loud.apply(&case), quiet.apply(&case));
        assert!(!before.joint.is_empty() && after.joint.is_empty());
        assert!(after.quiet && !after.urgent && after.joint_undecided.is_empty());
        assert_eq!(after.decided_by.quiet, "all");
        assert_eq!((after.owner, after.due), (before.owner, before.due), "it is handled like any other");
        assert_eq!(quiet.duplicates_of(CaseKind::Event, code), None);
        let untrusted = Case { time: Err(Distrust::Ahead), ..case };
        assert_eq!(quiet.apply(&untrusted).joint_undecided, []);
    }
    let licensed = Case { stall: Some(StallVerdict::Licensed), ..case("0501", &grid) };
    assert!(loud.apply(&licensed).quiet);
    let late = Case { stall: Some(StallVerdict::OutOfHours), ..licensed };
    assert!(!loud.apply(&late).quiet);
}

#[test]
fn duplicates_are_near_and_soon_and_off_for_some_codes() {
    let book = book(CITY);
    let rule = DuplicateRule { radius_m: 30.0, within_ms: 600_000 };
    assert_eq!(book.duplicates_of(CaseKind::Event, "0501"), Some(rule), "quiet with a licence only");
    assert_eq!(book.duplicates_of(CaseKind::Event, "0409"), None);
    assert_eq!(book.duplicates_of(CaseKind::Event, "0109"), None, "a quiet code");
    assert_eq!(book.duplicates_of(CaseKind::Component, "0409"), Some(rule));
}

#[test]
fn a_place_that_the_map_lacks_is_named_and_the_version_is_the_contents() {
    let text = "[[joint]]\nname = \"a\"\ncodes = [\"event:*\"]\nplaces = [\"泰山路\", \"珠穆朗玛路\"]\nwithin_m = 5\n\
                recipients = [{ party = \"police\", unit = \"p\" }]\n";
    let rules = rules_file::read(text, "r").unwrap();
    let unknown = Rulebook::new(rules, text.as_bytes(), Places::from_geojson(PLACES).unwrap()).unwrap_err();
    assert_eq!(unknown.to_string(), "joint rule \"a\": there is no place \"珠穆朗玛路\"");
    assert_eq!(book(CITY).version(), book(CITY).version());
    assert_ne!(book(CITY).version(), book("").version());
    assert!(book("").version().starts_with("rules@"));
}

#[test]
fn stored_handling_reads_back_as_it_was_is_small_and_borrows_its_text() {
    let (book, grid) = (book(CITY), grid());
    let full = book.apply(&Case { severity: Some(3), ..case("0501", &grid) });
    let text = serde_json::to_string(&full).unwrap();
    let again: Handling<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(again, full);
    assert!(matches!(again.owner.unit, Cow::Borrowed(_)), "{again:?}");
    let bare = self::book("");
    let bare = bare.apply(&Case { grid: None, ..case("0501", &grid) });
    let expected = "{\"owner\":{\"unit\":\"城市运行管理服务中心\",\"role\":\"fallback\"},\
                    \"decided_by\":{\"owner\":\"ownership.default\"}}";
    assert_eq!(serde_json::to_string(&bare).unwrap(), expected);
}

proptest! {
    /// Whatever a report is like, it has one owner with a name, nobody is told twice, and what is quiet makes no noise.
    #[test]
    fn whatever_comes_has_one_owner_and_nobody_is_addressed_twice(
        event in any::<bool>(),
        code in "(0[1-6]|21)(0[1-9]|1[0-3])|[a-z]{0,6}",
        units in prop::array::uniform3("[ab]?"),
        in_grid in any::<bool>(),
        position in prop::option::of((104.33..104.46, 31.08..31.19)),
        minute in prop::option::of(0..500_000_i64),
        stall in prop::option::of(prop::sample::select(StallVerdict::ALL.to_vec())),
    ) {
        let book = book(CITY);
        let [line, block, responsible] = units;
        let grid = GridFacts {
            line_authority: line.into(),
            block_authority: block.into(),
            responsible_unit: responsible.into(),
            ..GridFacts::default()
        };
        let time = minute.map(|minute| TrustedTime::vouched(1_767_000_000_000 + minute * 60_000));
        let case = Case {
            kind: if event { CaseKind::Event } else { CaseKind::Component },
            code: &code,
            severity: None,
            grid: in_grid.then_some(&grid),
            grid_joint_enforcement: in_grid,
            at: position,
            time: time.ok_or(Distrust::NoClock),
            stall,
        };
        let handling = book.apply(&case);
        prop_assert!(!handling.owner.unit.is_empty());
        let mut units: Vec<_> = handling.copies.iter().map(|copy| copy.unit.clone()).collect();
        units.push(handling.owner.unit.clone());
        let all = units.len();
        units.sort();
        units.dedup();
        prop_assert_eq!(units.len(), all);
        prop_assert!(!handling.quiet || (!handling.urgent && handling.joint.is_empty()));
        let police = handling.recipients();
        prop_assert!(police.iter().all(|it| it.party != Party::Police || it.view == View::Minimal));
        if time.is_none() {
            let decided = handling.due.is_some_and(|due| matches!(due.at, DueAt::UnixMs(_)));
            prop_assert!(!decided, "no due time without a clock");
            let open = handling.tidal.as_ref().is_some_and(|tidal| tidal.state != TidalState::ClockUntrusted);
            prop_assert!(!open, "no tidal area is judged without a clock");
        }
        let text = serde_json::to_string(&handling).unwrap();
        prop_assert_eq!(serde_json::from_str::<Handling<'_>>(&text).unwrap(), handling);
    }
}
