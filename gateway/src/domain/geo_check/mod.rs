//! What is wrong with an operator's map, feature by feature: more than the loader asks for, told all at once.
//!
//! - Each feature is read for itself (`reading`), so that one bad feature hides no other.
//! - Its rings are looked at (`rings`): do they cross themselves, do they run the right way, do holes lie in their shells?
//! - Then all areas together (`coverage`): overlaps and gaps.
//!
//! An error is what the loader refuses ([`super::grid`]), or what attribution answers otherwise than the map's author
//! meant: a ring that crosses itself, a hole outside its shell, an overlap. All else is a warning. Findings are bounded:
//! [`FINDINGS_PER_KIND_MAX`] of each kind are kept, the others counted.

mod coverage;
mod fault;
mod reading;
mod rings;

use std::collections::BTreeMap;

use geo::MultiPolygon;
use serde::Serialize;

pub use self::fault::{Fault, Hint, Place, Severity};
use self::reading::Feature;

/// Findings of one kind that are kept; more are counted.
pub const FINDINGS_PER_KIND_MAX: usize = 50;

/// What the features of a map are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKind {
    /// Duty grids, with whoever is responsible.
    DutyGrids,
    /// Unit grids: code and area.
    UnitGrids,
}

/// What was found in a map.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Features in the file.
    pub features: usize,
    /// Findings that the loader refuses, or that attribution answers otherwise than meant.
    pub errors: usize,
    /// All other findings.
    pub warnings: usize,
    /// How many of each kind there are, by [`Fault::name`].
    pub counts: BTreeMap<&'static str, usize>,
    /// The findings: errors and warnings in the order in which they were found, at most
    /// [`FINDINGS_PER_KIND_MAX`] of a kind.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The feature's place in the file, from 1; `None` for what is wrong between features.
    pub feature: Option<usize>,
    /// Its code, or what stands there.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Report {
    /// Notes a finding of a feature, or of the map as a whole.
    fn note(&mut self, feature: Option<(usize, &str)>, fault: Fault) {
        let severity = fault.severity();
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        let count = self.counts.entry(fault.name()).or_default();
        *count += 1;
        if *count <= FINDINGS_PER_KIND_MAX {
            let (feature, code) = feature.map_or((None, ""), |(number, code)| (Some(number), code));
            self.findings.push(Finding { feature, code: code.to_owned(), severity, fault });
        }
    }
}

/// A feature whose area can be looked at.
struct Shape {
    number: usize,
    code: String,
    area: MultiPolygon<f64>,
}

/// Looks at a map.
///
/// # Errors
/// The text is no GeoJSON feature collection: what the reader found, with line and column.
pub fn check(bytes: &[u8], kind: MapKind) -> Result<Report, String> {
    let features = reading::features(bytes, kind)?;
    let mut report = Report { features: features.len(), ..Report::default() };
    if features.is_empty() {
        report.note(None, Fault::NoFeature);
    }
    let mut first_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut shapes = Vec::with_capacity(features.len());
    for Feature { number, code, faults, area } in features {
        for fault in faults {
            report.note(Some((number, &code)), fault);
        }
        if let Some(first) = first_of.get(&code) {
            report.note(Some((number, &code)), Fault::CodeTwice { first: *first });
        } else if !code.is_empty() {
            first_of.insert(code.clone(), number);
        }
        let Some(area) = area else { continue };
        for fault in rings::faults(&area) {
            report.note(Some((number, &code)), fault);
        }
        shapes.push(Shape { number, code, area });
    }
    coverage::overlaps(&shapes, &mut report);
    coverage::gaps(&shapes, &mut report);
    Ok(report)
}

#[cfg(test)]
mod tests;
