//! `patrol-gateway geo` as an operator runs it: what it prints where, and the exit code a script goes by.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const CITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/city/duty-grids.geojson");

fn geo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_patrol-gateway")).arg("geo").args(args).output().unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A map of two squares side by side; the second begins `overlap_deg` west of where the first ends.
fn two_squares(overlap_deg: f64) -> String {
    let square = |number: u32, west: f64| {
        let east = west + 0.01;
        let ring = [[west, 31.0], [east, 31.0], [east, 31.01], [west, 31.01], [west, 31.0]];
        json!({"type": "Feature", "properties": {"grid_code": format!("510603001001{number:03}")},
            "geometry": {"type": "Polygon", "coordinates": [ring]}})
    };
    json!({"type": "FeatureCollection", "features": [square(1, 104.0), square(2, 104.01 - overlap_deg)]})
        .to_string()
}

#[test]
fn check_ends_with_0_for_warnings_1_for_errors_and_2_for_what_it_can_t_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let city = geo(&["check", CITY]);
    assert_eq!(city.status.code(), Some(0), "{city:?}");
    assert!(String::from_utf8_lossy(&city.stdout).starts_with("320 个要素 features: 0 个错误 errors"));
    let warned = geo(&["check", "--json", &file("bare", &two_squares(0.0))]);
    assert_eq!((warned.status.code(), &json_of(&warned)["warnings"]), (Some(0), &json!(2)), "{warned:?}");
    let overlapping = geo(&["check", "--json", "--unit-grids", &file("overlapping", &two_squares(0.001))]);
    let told = json_of(&overlapping);
    assert_eq!((overlapping.status.code(), &told["errors"]), (Some(1), &json!(1)), "{told}");
    let finding = &told["findings"][0];
    assert_eq!(
        (&finding["kind"], &finding["feature"], &finding["other"]),
        (&json!("overlap"), &json!(2), &json!(1))
    );
    assert!((finding["area_m2"].as_f64().unwrap() - 95.31 * 1_111.95).abs() < 200.0, "{finding}");
    for unreadable in
        [file("cut", "{\"features\": ["), folder.path().join("none").to_str().unwrap().to_owned()]
    {
        let refused = geo(&["check", &unreadable]);
        assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(2), &[][..]));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(&unreadable), "{refused:?}");
    }
}

#[test]
fn locate_says_the_same_of_one_place_in_every_system_and_refuses_half_a_point() {
    let wgs84 =
        json_of(&geo(&["locate", "--lon", "104.398", "--lat", "31.127", "--accuracy", "4.5", "--json"]));
    assert_eq!((&wgs84["attribution"], &wgs84["crs"]), (&json!("assigned"), &json!("wgs84")), "{wgs84}");
    assert!(wgs84["edge_distance_m"].as_f64().unwrap() > 4.5);
    let gcj02 = json_of(&geo(&[
        "locate",
        "--crs",
        "gcj02",
        "--lon",
        "104.40068212",
        "--lat",
        "31.12485912",
        "--json",
    ]));
    let plane = [
        "locate",
        "--crs",
        "cgcs2000_gk",
        "--easting",
        "35442582.275",
        "--northing",
        "3445210.817",
        "--json",
    ];
    for other in [gcj02, json_of(&geo(&plane))] {
        assert_eq!(other["grid"], wgs84["grid"], "{other}");
        assert!((other["lon_deg"].as_f64().unwrap() - 104.398).abs() < 1e-5, "{other}");
    }
    let southern = geo(&["locate", "--lon", "-71.06", "--lat", "-42.36"]);
    assert!(
        southern.status.success() && String::from_utf8_lossy(&southern.stdout).contains("未归属 unassigned")
    );
    let wrong: [&[&str]; 5] = [
        &["locate"],
        &["locate", "--lon", "104.398"],
        &["locate", "--crs", "mars", "--lon", "1", "--lat", "1"],
        &["locate", "--crs", "local", "--lon", "104.4", "--lat", "31.1"],
        &["locate", "--crs", "local", "--easting", "1", "--northing", "1"],
    ];
    for args in wrong {
        let refused = geo(args);
        assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(2), &[][..]), "{args:?}");
    }
}

#[test]
fn a_local_system_of_the_configuration_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("p.toml");
    let system =
        "{ dx_m = 430000, dy_m = 3440000, rotation_arcsec = 0, scale_ppm = 0, central_meridian_deg = 105 }";
    std::fs::write(&config, format!("[geography]\nlocal_system = {system}\n")).unwrap();
    let located = |config: &Path| {
        let point = ["--crs", "local", "--easting", "12582.275", "--northing", "5210.817", "--json"];
        geo(&[&["locate", "--config", config.to_str().unwrap()], &point[..]].concat())
    };
    let told = json_of(&located(&config));
    assert!((told["lat_deg"].as_f64().unwrap() - 31.127).abs() < 1e-6, "{told}");
    assert_eq!(told["crs"], json!("local"));
}
