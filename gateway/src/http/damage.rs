//! Damage at rest, in the status.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::report::Class;
use crate::store::snapshot::{DamageFigures, Salvaged};

/// What was found damaged, and how far it has come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageReport {
    /// A person should look.
    pub alarm: bool,
    /// Damaged databases that are kept: folders `damaged-<n>` in the data folder.
    pub databases: u32,
    /// Those of which not all came back yet that can be read.
    pub unsalvaged: u32,
    /// Commits that the write-ahead log had lost when this process opened the database.
    pub log_commits_missing: u64,
    /// The damaged database that is being salvaged, or was since the process started.
    pub salvage: Option<SalvageReport>,
}

/// How far a damaged database has come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvageReport {
    /// Its folder.
    pub folder: String,
    /// Rows that were found in it.
    pub rows: u64,
    /// Rows of these that were looked at.
    pub rows_done: u64,
    /// All of it that can be read is back.
    pub done: bool,
    /// There is no room for what comes back: it waits.
    pub waits_for_room: bool,
    /// What came back since the process started, by class; what is no record is under `other`.
    pub records: BTreeMap<String, SalvagedReport>,
}

/// What came back of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvagedReport {
    /// Records that came back.
    pub taken: u64,
    /// Records that were there already.
    pub known: u64,
    /// Records that can't be read any more.
    pub lost: u64,
}

impl DamageReport {
    /// The figures as they are told.
    pub fn new(figures: &DamageFigures) -> DamageReport {
        DamageReport {
            alarm: figures.is_alarming(),
            databases: figures.databases,
            unsalvaged: figures.unsalvaged,
            log_commits_missing: figures.log_commits_missing,
            salvage: (figures.folder > 0).then(|| SalvageReport::new(figures)),
        }
    }
}

impl SalvageReport {
    fn new(figures: &DamageFigures) -> SalvageReport {
        let by_class = Class::ALL.into_iter().zip(figures.classes);
        let named = by_class.map(|(class, salvaged)| (class.as_str(), salvaged));
        let told = named.chain([("other", figures.rest)]);
        SalvageReport {
            folder: format!("damaged-{}", figures.folder),
            rows: figures.rows,
            rows_done: figures.rows_done,
            done: figures.is_done,
            waits_for_room: figures.waits_for_room,
            records: told.map(|(name, salvaged)| (name.to_owned(), salvaged.into())).collect(),
        }
    }
}

impl From<Salvaged> for SalvagedReport {
    fn from(Salvaged { taken, known, lost }: Salvaged) -> SalvagedReport {
        SalvagedReport { taken, known, lost }
    }
}
