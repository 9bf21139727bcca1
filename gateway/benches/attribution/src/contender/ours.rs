//! The gateway's own attribution.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use patrol_gateway::domain::city::{City, Reporting};
use patrol_gateway::domain::geo_check::{self, MapKind};
use patrol_gateway::domain::geography::Geography;
use patrol_gateway::domain::geotag::Scene;
use patrol_gateway::domain::report::{Body, CaseKind, Crs, Fix, Incident, Report};
use patrol_gateway::domain::stalls::StallRegister;

use super::Answers;
use crate::map::Map;
use crate::points::Point;

pub(crate) struct Ours {
    city: City,
    pub(crate) loading: Duration,
    places: HashMap<String, usize>,
}

impl Ours {
    pub(crate) fn load(map: &Map) -> Result<Ours> {
        let begun = Instant::now();
        let geography = Geography::from_geojson(&map.geojson)?;
        let loading = begun.elapsed();
        let places = map.polygons.iter().enumerate().map(|(at, (code, _))| (code.clone(), at)).collect();
        Ok(Ours { city: City::new(geography), loading, places })
    }

    /// The grid only.
    pub(crate) fn grids(&self, points: &[Point]) -> Answers {
        let begun = Instant::now();
        let found: Vec<_> =
            points.iter().map(|at| self.city.geography.locate(at.lon_deg, at.lat_deg, None).grid).collect();
        let took = begun.elapsed();
        let place = |code: &str| self.places.get(code).copied();
        Answers { polygons: found.iter().map(|grid| place(&grid.as_ref()?.facts.grid)).collect(), took }
    }

    /// The grid, whether the accuracy circle reaches its edge, and the candidates then. How many were ambiguous comes along.
    pub(crate) fn with_accuracy(&self, points: &[Point]) -> (Duration, usize) {
        let begun = Instant::now();
        let ambiguous = points.iter().filter(|at| {
            !self.city.geography.locate(at.lon_deg, at.lat_deg, Some(at.accuracy_m)).candidates.is_empty()
        });
        let ambiguous = ambiguous.count();
        (begun.elapsed(), ambiguous)
    }

    /// All that an incident gets at admission in a city without rules of its own: its file, ready to be stored.
    pub(crate) fn casework(&self, points: &[Point]) -> (Duration, usize) {
        let begun = Instant::now();
        let stalls = StallRegister::default();
        let case_file = |at: &Point| {
            let incident = incident(at);
            let scene = Scene { fix: incident.fix, ..Scene::default() };
            let reporting = Reporting { scene, home_grid: None, received_at_ms: 0, stalls: &stalls };
            let body = Body::Incident(incident.clone());
            let report = Report { claimed: None, observed_at: None, uptime_ms: None, body };
            self.city.case_file(&report, &incident, &reporting)
        };
        let bytes = points.iter().map(|at| case_file(at).casework.len()).sum();
        (begun.elapsed(), bytes)
    }
}

/// How long `geo check` takes, and how many overlaps and gaps it finds (there are none).
pub(crate) fn check(map: &Map) -> Result<(Duration, usize)> {
    let begun = Instant::now();
    let report = geo_check::check(&map.geojson, MapKind::DutyGrids).map_err(anyhow::Error::msg)?;
    let between = report
        .findings
        .iter()
        .filter(|finding| finding.fault.name().contains("overlap") || finding.feature.is_none());
    Ok((begun.elapsed(), between.count()))
}

fn incident(at: &Point) -> Incident<'static> {
    let fix = Fix {
        lon_deg: at.lon_deg,
        lat_deg: at.lat_deg,
        accuracy_m: Some(at.accuracy_m),
        fix_age_ms: Some(300),
        fix_type: None,
        crs: Crs::Wgs84,
    };
    Incident {
        kind: CaseKind::Event,
        code: "0501".into(),
        severity: None,
        fix: Some(fix),
        operator: None,
        stall_card: None,
        description: None,
        evidence: Vec::new(),
    }
}
