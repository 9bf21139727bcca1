use std::borrow::Cow;

use super::*;
use crate::domain::casework::Crossing;
use crate::domain::codes::CodeTable;
use crate::domain::report::{Body, CaseKind, Crs, Fix, ObservedAt, TimeQuality};

const NOON: i64 = 1_795_752_000_000;

fn city() -> City {
    let grids = include_bytes!("../../../city/duty-grids.geojson");
    let codes = CodeTable::from_csv(include_bytes!("../../../city/case-codes.csv")).expect("the codes");
    City::new(Geography::from_geojson(grids).expect("the grids").with_codes(codes))
}

fn scene(accuracy_m: Option<f64>) -> Scene {
    let fix = Fix {
        lon_deg: 104.398,
        lat_deg: 31.127,
        accuracy_m,
        fix_age_ms: Some(1),
        fix_type: None,
        crs: Crs::Wgs84,
    };
    Scene { fix: Some(fix), ..Scene::default() }
}

fn incident() -> Incident<'static> {
    Incident {
        kind: CaseKind::Event,
        code: Cow::Borrowed("0501"),
        severity: None,
        fix: None,
        operator: None,
        stall_card: None,
        description: None,
        evidence: Vec::new(),
    }
}

fn file(city: &City, scene: Scene, home_grid: Option<&str>) -> CaseFile {
    let observed_at = Some(ObservedAt { unix_ms: NOON, quality: TimeQuality::Gnss });
    let report = Report { claimed: None, observed_at, uptime_ms: None, body: Body::Incident(incident()) };
    city.case_file(
        &report,
        &incident(),
        &Reporting { scene, home_grid, received_at_ms: NOON, stalls: &StallRegister::default() },
    )
}

fn casework(file: &CaseFile) -> Casework<'_> {
    Casework::from_json(&file.casework).expect("reads what it wrote")
}

#[test]
fn an_incident_away_from_its_reporters_home_names_both_units_and_has_one_owner() {
    let city = city();
    let here = file(&city, scene(Some(4.0)), None).facts.grid;
    let elsewhere = city.geography.grids().iter().find(|grid| grid.facts.grid[..9] != here[..9]).unwrap();
    let away = file(&city, scene(Some(4.0)), Some(&elsewhere.facts.grid));
    let casework = casework(&away);
    let crossing = casework.cross_boundary.as_ref().unwrap();
    assert_eq!(crossing.because, Crossing::OtherGrid);
    let own = casework.assignment.grid().unwrap();
    assert_eq!(crossing.units, [own.responsible_unit.clone(), elsewhere.facts.responsible_unit.clone()]);
    assert!(away.facts.cross_boundary && *own.grid == *here);
}

#[test]
fn a_reporter_is_at_home_in_all_grids_of_his_community_and_street() {
    let city = city();
    let here = file(&city, scene(Some(4.0)), None).facts.grid;
    for home in [&here[..], &here[..12], &here[..9]] {
        let at_home = file(&city, scene(Some(4.0)), Some(home));
        assert_eq!(casework(&at_home).cross_boundary, None, "{home}");
    }
}

#[test]
fn a_place_that_may_lie_in_another_grid_crosses_whoever_reports_it() {
    let city = city();
    let vague = file(&city, scene(Some(300.0)), None);
    // A fix of 300 m is all there is here: neither vehicle nor site knows better.
    let casework = casework(&vague);
    assert_eq!(casework.cross_boundary.as_ref().unwrap().because, Crossing::Ambiguous);
    assert!(casework.assignment.candidates().len() > 1);
    assert_eq!(vague.facts.attribution, Attribution::Ambiguous);
}

#[test]
fn without_a_position_there_is_no_grid_no_crossing_and_nothing_to_be_recognised_by() {
    let city = city();
    let nowhere = file(&city, Scene::default(), Some("510603001001001"));
    assert_eq!(casework(&nowhere).cross_boundary, None);
    assert_eq!((nowhere.facts.attribution, nowhere.sight), (Attribution::Unassigned, None));
}

#[test]
fn an_incident_in_the_city_carries_everybody_responsible_and_the_versions_of_the_data() {
    let file = file(&city(), scene(Some(4.5)), None);
    let casework = casework(&file);
    let grid = casework.assignment.grid().expect("assigned");
    assert_eq!(casework.assignment.as_str(), "assigned");
    for fact in [&grid.grid, &grid.district, &grid.street, &grid.community, &grid.responsible_unit] {
        assert!(!fact.is_empty(), "{grid:?}");
    }
    assert!(grid.grid.starts_with(grid.community_code.as_ref()) && !grid.line_authority.is_empty());
    assert_eq!(casework.code.as_ref().map(|code| code.zh.as_ref()), Some("无照经营游商"));
    let geotag = casework.geotag.as_ref().expect("a fix");
    assert_eq!((geotag.lon_deg, geotag.lat_deg, geotag.accuracy_m), (104.398, 31.127, Some(4.5)));
    assert!(casework.data.grids.starts_with("deyang_center_synthetic_grids@"), "{:?}", casework.data);
    assert!(casework.data.codes.starts_with("case-codes@"), "{:?}", casework.data);
    assert_eq!(
        casework.handling.as_ref().map(|handling| &*handling.owner.unit),
        Some(&*grid.responsible_unit)
    );
}

#[test]
fn without_a_fix_or_outside_every_grid_an_incident_is_unassigned_says_why_and_still_has_an_owner() {
    let city = city();
    let outside = Scene {
        fix: scene(None).fix.map(|fix| Fix { lon_deg: 0.0, lat_deg: 0.0, ..fix }),
        ..Scene::default()
    };
    for (scene, why) in [(Scene::default(), Unassigned::NoFix), (outside, Unassigned::OutsideEveryGrid)] {
        let file = file(&city, scene, None);
        let casework = casework(&file);
        let because = match casework.assignment {
            Assignment::Unassigned { because, .. } => Some(because),
            _ => None,
        };
        assert_eq!(because, Some(why));
        assert!(casework.handling.is_some_and(|handling| !handling.owner.unit.is_empty()));
    }
}

#[test]
fn a_code_that_is_not_in_the_table_goes_on_without_a_name() {
    let city = city();
    let unknown = Incident { code: "9999".into(), ..incident() };
    let report =
        Report { claimed: None, observed_at: None, uptime_ms: None, body: Body::Incident(unknown.clone()) };
    let stalls = StallRegister::default();
    let reporting = Reporting { scene: scene(None), home_grid: None, received_at_ms: NOON, stalls: &stalls };
    let file = city.case_file(&report, &unknown, &reporting);
    assert_eq!((casework(&file).code, &*file.facts.code), (None, "9999"));
}

#[test]
fn only_a_devices_own_current_and_exact_fix_makes_two_reports_one_finding() {
    let city = city();
    let sees = |scene: Scene| file(&city, scene, None).sight.is_some();
    let with = |fix: Fix| Scene { fix: Some(fix), ..Scene::default() };
    let own = scene(Some(4.0)).fix.expect("it has one");
    assert!(sees(with(own)));
    assert!(sees(with(Fix { accuracy_m: None, ..own })));
    assert!(!sees(with(Fix { accuracy_m: Some(60.0), ..own })), "two things may be in such a circle");
    assert!(!sees(with(Fix { fix_age_ms: Some(60_001), ..own })), "it has gone on since");
    assert!(!sees(Scene { site: Some((104.398, 31.127)), ..Scene::default() }), "all are near the office");
}
