//! `geo locate`: what the gateway would say of a point.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::city;
use crate::cli::{Exit, print};
use crate::config::Config;
use crate::domain::casework::GridFacts;
use crate::domain::coordinates::CoordinateError;
use crate::domain::geography::Geography;
use crate::domain::report::Crs;

/// A point.
#[derive(Debug, Clone, Args)]
pub struct LocateArgs {
    /// Longitude in degrees east
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true, requires = "lat")]
    pub lon: Option<f64>,
    /// Latitude in degrees north
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true, requires = "lon")]
    pub lat: Option<f64>,
    /// Easting in metres, instead of a longitude where --crs is a plane
    #[arg(long, value_name = "METRES", allow_hyphen_values = true, requires = "northing")]
    #[arg(conflicts_with = "lon", required_unless_present = "lon")]
    pub easting: Option<f64>,
    /// Northing in metres
    #[arg(long, value_name = "METRES", allow_hyphen_values = true, requires = "easting")]
    pub northing: Option<f64>,
    /// Coordinate system: wgs84, cgcs2000, gcj02, cgcs2000_gk or local
    #[arg(long, value_name = "SYSTEM", default_value = "wgs84", value_parser = crs_named)]
    pub crs: Crs,
    /// Radius of the accuracy circle in metres
    #[arg(long, value_name = "METRES")]
    pub accuracy: Option<f64>,
    /// The answer as JSON
    #[arg(long)]
    pub json: bool,
}

fn crs_named(name: &str) -> Result<Crs, String> {
    Crs::from_name(name).ok_or_else(|| format!("there are {}", Crs::NAMES.join(", ")))
}

/// What the gateway says.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    /// Longitude in WGS-84, in degrees.
    lon_deg: f64,
    /// Latitude in WGS-84, in degrees.
    lat_deg: f64,
    /// The system that was declared.
    crs: Crs,
    /// `assigned`, `ambiguous` or `unassigned`.
    attribution: &'static str,
    /// The grid and who is responsible.
    grid: Option<&'a GridFacts<'static>>,
    /// The zone that the grid belongs to.
    zone: Option<&'a str>,
    joint_enforcement: bool,
    points_pilot: bool,
    unit_grid: Option<&'a str>,
    /// Metres to the nearest edge of the grid, or to the nearest grid.
    edge_distance_m: Option<f64>,
    /// Grids that the accuracy circle touches.
    candidates: Vec<&'a str>,
    /// Which maps say so.
    grids_version: &'a str,
    unit_grids_version: Option<&'a str>,
}

pub(super) fn run(config: &Config, args: &LocateArgs) -> Exit {
    let city = match city::load(&config.geography) {
        Ok(city) => city,
        Err(error) => {
            eprintln!("地图无法使用 The city's files can't be used: {error}");
            return Exit::Usage;
        }
    };
    let answer = match answer(&city.geography, args) {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("坐标有误 {error}");
            return Exit::Usage;
        }
    };
    match args.json {
        true => print(&format!("{}\n", serde_json::to_string_pretty(&answer).unwrap_or_default())),
        false => print(&words(&answer)),
    }
}

/// Why a point can't be looked up.
#[derive(Debug, thiserror::Error)]
enum PointError {
    #[error("{0}")]
    Coordinates(#[from] CoordinateError),
    #[error("--crs {}: give {}", crs.as_str(), if crs.is_plane() { "--easting and --northing" } else { "--lon and --lat" })]
    OtherAxes { crs: Crs },
    #[error("longitude {lon_deg} and latitude {lat_deg} are not in -180..180, -90..90")]
    NotDegrees { lon_deg: f64, lat_deg: f64 },
}

fn answer<'a>(city: &'a Geography, args: &LocateArgs) -> Result<Answer<'a>, PointError> {
    let given = if args.crs.is_plane() { (args.easting, args.northing) } else { (args.lon, args.lat) };
    let (Some(first), Some(second)) = given else { return Err(PointError::OtherAxes { crs: args.crs }) };
    let at = city.coordinates().wgs84(args.crs, first, second)?;
    let (lon_deg, lat_deg) = (at.lon_deg, at.lat_deg);
    if !((-180.0..=180.0).contains(&lon_deg) && (-90.0..=90.0).contains(&lat_deg)) {
        return Err(PointError::NotDegrees { lon_deg, lat_deg });
    }
    let location = city.locate(lon_deg, lat_deg, args.accuracy);
    let candidates: Vec<&str> = location.candidates.iter().map(|grid| grid.facts.grid.as_ref()).collect();
    Ok(Answer {
        lon_deg,
        lat_deg,
        crs: args.crs,
        attribution: match (location.grid, candidates.is_empty()) {
            (Some(_), true) => "assigned",
            (Some(_), false) => "ambiguous",
            (None, _) => "unassigned",
        },
        grid: location.grid.map(|grid| &grid.facts),
        zone: location.grid.map(|grid| &*grid.zone).filter(|zone| !zone.is_empty()),
        joint_enforcement: location.grid.is_some_and(|grid| grid.joint_enforcement),
        points_pilot: location.grid.is_some_and(|grid| grid.points_pilot),
        unit_grid: city.unit_grid(lon_deg, lat_deg),
        edge_distance_m: city.edge_distance_m(lon_deg, lat_deg),
        candidates,
        grids_version: city.version(),
        unit_grids_version: city.unit_version(),
    })
}

fn words(answer: &Answer<'_>) -> String {
    let Answer { lon_deg, lat_deg, crs, .. } = answer;
    let mut text = format!("位置 place      {lon_deg:.7}, {lat_deg:.7} WGS-84 ({})\n", crs.as_str());
    let attribution = match answer.attribution {
        "assigned" => "归属明确 assigned",
        "ambiguous" => "边界不明 ambiguous",
        _ => "未归属 unassigned: 不在任何网格内 in no grid",
    };
    _ = writeln!(text, "归属 grid       {attribution}");
    if let Some(grid) = answer.grid {
        _ = writeln!(text, "网格 code       {} {}", grid.grid, grid.grid_name);
        _ = writeln!(text, "属地 area       {} / {} / {}", grid.district, grid.street, grid.community);
        _ = writeln!(text, "责任 unit       {}", grid.responsible_unit);
        _ = writeln!(
            text,
            "条块 authority  条 line {}; 块 block {}",
            grid.line_authority, grid.block_authority
        );
    }
    if let Some(zone) = answer.zone {
        _ = writeln!(text, "区域 zone       {zone}");
    }
    if let Some(unit_grid) = answer.unit_grid {
        _ = writeln!(text, "单元 unit grid  {unit_grid}");
    }
    if let Some(distance_m) = answer.edge_distance_m {
        let whose =
            if answer.grid.is_some() { "本网格边界 its edge" } else { "最近网格 the nearest grid" };
        _ = writeln!(text, "距离 distance   {distance_m:.1} m ({whose})");
    }
    if !answer.candidates.is_empty() {
        _ = writeln!(text, "候选 candidates {}", answer.candidates.join(", "));
    }
    let units = answer.unit_grids_version.map(|version| format!(", {version}")).unwrap_or_default();
    _ = writeln!(text, "依据 data       {}{units}", answer.grids_version);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn told(crs: Crs, first: f64, second: f64, accuracy: Option<f64>) -> Result<String, String> {
        let city = city::load(&config::Geography::default()).unwrap();
        let on_plane = crs.is_plane();
        let degrees = |value: f64| Some(value).filter(|_| !on_plane);
        let metres = |value: f64| Some(value).filter(|_| on_plane);
        let args = LocateArgs {
            lon: degrees(first),
            lat: degrees(second),
            easting: metres(first),
            northing: metres(second),
            crs,
            accuracy,
            json: false,
        };
        answer(&city.geography, &args).map(|answer| words(&answer)).map_err(|error| error.to_string())
    }

    #[test]
    fn one_place_in_three_systems_is_one_grid() {
        let wgs84 = told(Crs::Wgs84, 104.398, 31.127, Some(4.5)).unwrap();
        for part in ["归属明确 assigned", "条 line ", "距离 distance", "deyang_center_synthetic_grids@"]
        {
            assert!(wgs84.contains(part), "{part}: {wgs84}");
        }
        let grid = |text: &str| text.lines().find(|line| line.starts_with("网格")).map(str::to_owned);
        for (crs, first, second) in
            [(Crs::Gcj02, 104.40068212, 31.12485912), (Crs::Cgcs2000Gk, 442_582.275, 3_445_210.817)]
        {
            assert_eq!(grid(&told(crs, first, second, None).unwrap()), grid(&wgs84));
        }
        assert_ne!(grid(&told(Crs::Wgs84, 104.40068212, 31.12485912, None).unwrap()), grid(&wgs84));
    }

    #[test]
    fn a_point_near_an_edge_outside_or_in_an_unknown_system_is_told() {
        assert!(told(Crs::Wgs84, 104.398, 31.127, Some(500.0)).unwrap().contains("候选 candidates"));
        assert!(told(Crs::Wgs84, 0.0, 0.0, None).unwrap().contains("未归属 unassigned"));
        assert!(told(Crs::Local, 1.0, 2.0, None).unwrap_err().contains("geography.local_system"));
        assert!(told(Crs::Wgs84, 31.1, 104.4, None).unwrap_err().contains("-90..90"));
    }
}
