//! The city: its data, and what it makes of an incident.
//!
//! ```text
//! incident, scene ─▶ geotag ─▶ grid ─▶ cross-boundary ─▶ case file: casework for the platform, facts for the journal
//! ```
//!
//! Everything that is decided stands on the report with what decided it: sources, rules, versions of the data.

mod crossing;

use std::borrow::Cow;
use std::sync::Arc;

use super::calendar::TimeLimit;
use super::case_file::CaseFile;
use super::casework::{Assignment, Casework, CodeName, DataVersions, Unassigned};
use super::clock_quality::{self, Distrust, TrustedTime};
use super::findings::{Nearness, Sight};
use super::geography::{Geography, Location};
use super::geotag::{Geotag, Scene};
use super::journal::{Attribution, Entry, Facts, StallFacts};
use super::points::PointRules;
use super::report::{Incident, Report};
use super::rules::{Case, Rulebook};
use super::stalls::StallRegister;
use super::tracks::ACCURACY_USUAL_M;

/// The city's data. Immutable; shared by reference counting.
#[derive(Debug)]
pub struct City {
    /// Its grids and case codes.
    pub geography: Geography,
    /// Its rules, and the places that they speak of.
    pub rules: Rulebook,
    /// What assessments of stalls bring and cost.
    pub points: Arc<PointRules>,
}

/// What is known of an incident besides what it says itself.
#[derive(Debug)]
pub struct Reporting<'r> {
    /// Where it was made.
    pub scene: Scene,
    /// The grid where its reporter belongs.
    pub home_grid: Option<&'r str>,
    /// When it came, by the gateway's clock, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The stall register in effect.
    pub stalls: &'r StallRegister,
}

impl City {
    /// A city that has only a map, and no rules of its own.
    pub fn new(geography: Geography) -> City {
        City { geography, rules: Rulebook::default(), points: Arc::default() }
    }

    /// What an incident comes to. `report` is the one that it is the body of.
    pub fn case_file(
        &self,
        report: &Report<'_>,
        incident: &Incident<'_>,
        reporting: &Reporting<'_>,
    ) -> CaseFile {
        let time = clock_quality::trusted(report.observed_at, reporting.received_at_ms);
        let geotag = reporting.scene.geotag();
        let location =
            geotag.as_ref().map(|tag| self.geography.locate(tag.lon_deg, tag.lat_deg, tag.accuracy_m));
        let casework = self.casework(incident, reporting, &time, (geotag, location.as_ref()));
        // Without a register nobody can tell a card from another.
        let points = (!reporting.stalls.is_empty()).then_some(&*self.points);
        let facts = facts(incident, &casework, points);
        let sight = self.sight(incident, &casework, &time);
        CaseFile {
            observed_at: report.observed_at,
            uptime_ms: report.uptime_ms,
            photos: incident.evidence.clone(),
            sight,
            ..CaseFile::new(casework.to_json(), facts)
        }
    }

    /// Until when an incident of the journal is to be handled, in milliseconds since 1970; `None` when no limit is set, or nobody
    /// knows well enough when it was found.
    pub fn due_at_ms(&self, entry: &Entry) -> Option<i64> {
        let limit = TimeLimit::parse(entry.facts.time_limit.as_deref()?)?;
        let found = clock_quality::trusted(entry.observed_at, entry.received_at_ms).ok()?;
        self.rules.calendar().due(found, limit)
    }

    fn casework<'a>(
        &'a self,
        incident: &'a Incident<'_>,
        reporting: &'a Reporting<'_>,
        time: &Result<TrustedTime, Distrust>,
        (geotag, location): (Option<Geotag>, Option<&Location<'a>>),
    ) -> Casework<'a> {
        let stall = incident.stall_card.as_deref().map(|card| {
            let (code, place) = ((incident.kind, &*incident.code), pitch_place(geotag.as_ref()));
            reporting.stalls.check_report(code, card, place, time, self.rules.calendar().clock())
        });
        let grid = location.and_then(|location| location.grid);
        let unit_grid = geotag.as_ref().and_then(|tag| self.geography.unit_grid(tag.lon_deg, tag.lat_deg));
        let case = Case {
            kind: incident.kind,
            code: &incident.code,
            severity: incident.severity,
            grid: grid.map(|grid| &grid.facts),
            grid_joint_enforcement: grid.is_some_and(|grid| grid.joint_enforcement),
            at: geotag.as_ref().map(|geotag| (geotag.lon_deg, geotag.lat_deg)),
            time: *time,
            stall: stall.as_ref().map(|stall| stall.verdict),
        };
        let names = self.geography.codes().names(incident.kind, &incident.code);
        let crossing =
            location.and_then(|location| crossing::crossing(&self.geography, location, reporting.home_grid));
        let stall_points = if stall.is_some() { self.points.version() } else { "" };
        Casework {
            geotag,
            assignment: assignment(location),
            code: names.map(|names| CodeName { zh: (&names.zh).into(), en: (&names.en).into() }),
            unit_grid: unit_grid.map(Cow::Borrowed),
            handling: Some(self.rules.apply(&case)),
            stall,
            cross_boundary: crossing,
            clock_untrusted: time.err(),
            data: DataVersions {
                grids: self.geography.version().into(),
                codes: self.geography.codes().version().unwrap_or("").into(),
                rules: self.rules.version().into(),
                places: self.rules.places().version().into(),
                points: stall_points.into(),
                unit_grids: self.geography.unit_version().unwrap_or("").into(),
            },
            finding: None,
            self_disposed: None,
        }
    }

    /// What others are recognised by as reports of the same thing.
    fn sight(
        &self,
        incident: &Incident<'_>,
        casework: &Casework<'_>,
        time: &Result<TrustedTime, Distrust>,
    ) -> Option<(Sight, Nearness)> {
        let rule = self.rules.duplicates_of(incident.kind, &incident.code)?;
        let is_quiet = casework.handling.as_ref().is_some_and(|handling| handling.quiet);
        let geotag = casework.geotag.as_ref().filter(|geotag| !is_quiet && geotag.is_the_devices_own())?;
        // A circle larger than the rule's could hold two things.
        let accuracy_m = geotag.accuracy_m.unwrap_or(ACCURACY_USUAL_M);
        let time = time.ok().filter(|_| accuracy_m <= rule.radius_m)?;
        let sight = Sight {
            kind: incident.kind,
            code: incident.code.as_ref().into(),
            stall_card: incident.stall_card.as_deref().map(Into::into),
            at: (geotag.lon_deg, geotag.lat_deg),
            time,
        };
        Some((sight, Nearness { radius_m: rule.radius_m, within_ms: rule.within_ms }))
    }
}

/// Whose an incident is, by where it lies.
fn assignment<'a>(location: Option<&Location<'a>>) -> Assignment<'a> {
    let Some(location) = location else {
        return Assignment::Unassigned { because: Unassigned::NoFix, candidates: Vec::new() };
    };
    let candidates = location.candidates.iter().map(|grid| Cow::Borrowed(grid.facts.grid.as_ref())).collect();
    match location.grid {
        Some(grid) if location.candidates.is_empty() => Assignment::Assigned { grid: grid.facts.borrowed() },
        Some(grid) => Assignment::Ambiguous { grid: grid.facts.borrowed(), candidates },
        None => Assignment::Unassigned { because: Unassigned::OutsideEveryGrid, candidates },
    }
}

/// Where a stall stands, as far as it may be held against its pitch: neither an old fix nor the car around the corner says that.
fn pitch_place(geotag: Option<&Geotag>) -> (Option<(f64, f64)>, Option<f64>) {
    let geotag = geotag.filter(|geotag| geotag.is_the_devices_own());
    (geotag.map(|geotag| (geotag.lon_deg, geotag.lat_deg)), geotag.and_then(|geotag| geotag.accuracy_m))
}

/// What is remembered of an incident.
fn facts(incident: &Incident<'_>, casework: &Casework<'_>, points: Option<&PointRules>) -> Facts {
    let attribution = match casework.assignment {
        Assignment::Assigned { .. } => Attribution::Assigned,
        Assignment::Ambiguous { .. } => Attribution::Ambiguous,
        Assignment::Unassigned { .. } => Attribution::Unassigned,
    };
    let handling = casework.handling.as_ref();
    let stall = casework.stall.as_ref().map(|stall| StallFacts {
        card: stall.card.as_ref().into(),
        verdict: stall.verdict,
        points: points.and_then(|points| points.assess(incident.kind, &incident.code, stall.verdict)),
    });
    let facts = Facts {
        attribution,
        cross_boundary: casework.cross_boundary.is_some(),
        joint: handling.is_some_and(|handling| !handling.joint.is_empty()),
        urgent: handling.is_some_and(|handling| handling.urgent),
        time_limit: handling.and_then(|handling| handling.due).map(|due| due.limit.to_string().into()),
        stall,
        ..Facts::new(incident.kind, &incident.code)
    };
    let Some(grid) = casework.assignment.grid() else { return facts };
    Facts {
        grid: grid.grid.as_ref().into(),
        community_code: grid.community_code.as_ref().into(),
        community: grid.community.as_ref().into(),
        street_code: grid.street_code.as_ref().into(),
        street: grid.street.as_ref().into(),
        ..facts
    }
}

#[cfg(test)]
mod tests;
