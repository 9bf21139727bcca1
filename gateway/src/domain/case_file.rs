//! The file of an incident on its way into the store: what its report will say, and what is remembered of it.

use super::findings::{Nearness, Sight};
use super::journal::Facts;
use super::report::{ObservedAt, RecordRef};

/// What admission found out about an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    /// What the platform is told: [`super::casework::Casework`] as JSON text.
    pub casework: Box<str>,
    /// What is remembered when the platform has it.
    pub facts: Facts,
    /// When it happened, by its device.
    pub observed_at: Option<ObservedAt>,
    /// When it happened by its device's uptime, in milliseconds, if that is all that is known.
    pub uptime_ms: Option<i64>,
    /// What others are recognised by as reports of the same thing, and how near they must be; `None`: it stands for itself.
    pub sight: Option<(Sight, Nearness)>,
    /// The photos that it names.
    pub photos: Vec<RecordRef>,
}

impl CaseFile {
    /// A file with nothing in it but these.
    pub fn new(casework: impl Into<Box<str>>, facts: Facts) -> CaseFile {
        CaseFile {
            casework: casework.into(),
            facts,
            observed_at: None,
            uptime_ms: None,
            sight: None,
            photos: Vec::new(),
        }
    }
}
