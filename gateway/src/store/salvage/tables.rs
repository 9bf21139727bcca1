//! The tables of a store, as salvage and the offline check see them.

use crate::domain::report::Class;
use crate::store::pages::survey::Wanted;
use crate::store::{losses, rows};

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Table {
    /// Numbers of the database's own.
    Meta,
    Tallies,
    Anchors,
    /// A row a record.
    Records(Class),
    /// Many records a row.
    Segments(Class),
    Down,
    AcceptedCases,
    DeadLetters,
    Losses,
    Quarantine,
    EvidenceFiles,
    Windows,
    Progress,
}

impl Table {
    /// All of them, in the order in which they come back. Anchors are few, and date what comes after them.
    pub(in crate::store) const ALL: [Table; 17] = [
        Table::Tallies,
        Table::Anchors,
        Table::Records(Class::Incident),
        Table::Records(Class::Task),
        Table::Down,
        Table::AcceptedCases,
        Table::DeadLetters,
        Table::Losses,
        Table::Quarantine,
        Table::EvidenceFiles,
        Table::Records(Class::Evidence),
        Table::Segments(Class::Status),
        Table::Segments(Class::Reading),
        Table::Segments(Class::Telemetry),
        Table::Windows,
        Table::Progress,
        Table::Meta,
    ];

    /// Its name in the schema.
    pub(in crate::store) fn name(self) -> &'static str {
        match self {
            Table::Meta => "meta",
            Table::Tallies => "tally",
            Table::Anchors => "anchor",
            Table::Records(class) => rows::table(class),
            Table::Segments(Class::Telemetry) => "segment_telemetry",
            Table::Segments(Class::Reading) => "segment_reading",
            Table::Segments(_) => "segment_status",
            Table::Down => "down",
            Table::AcceptedCases => "accepted_case",
            Table::DeadLetters => "dead_letter",
            Table::Losses => "loss",
            Table::Quarantine => "quarantine",
            Table::EvidenceFiles => "evidence_file",
            Table::Windows => "seen_window",
            Table::Progress => "restore_progress",
        }
    }

    pub(super) fn wanted(self) -> Wanted {
        let without =
            [Table::Meta, Table::Tallies, Table::Anchors, Table::Windows, Table::Progress].contains(&self);
        Wanted { name: self.name(), has_row_numbers: !without }
    }

    /// Whose records it holds, if they are of one class.
    pub(in crate::store) fn class(self) -> Option<Class> {
        match self {
            Table::Records(class) | Table::Segments(class) => Some(class),
            _ => None,
        }
    }

    /// The tallies that together say how many rows it has; none when nobody counts them.
    pub(super) fn tallies(self) -> &'static [&'static str] {
        match self {
            Table::Records(Class::Incident) => &["record_incident"],
            Table::Records(Class::Task) => &["record_task"],
            Table::Records(_) => &["record_evidence"],
            Table::Down => &["down"],
            Table::AcceptedCases => &["accepted_case"],
            Table::DeadLetters => &["dead_letter"],
            Table::Quarantine => &["quarantine"],
            Table::Losses => &[losses::REPORTED, losses::UNREPORTED],
            _ => &[],
        }
    }

    /// The tally of what was taken out between a segment table's first and last row.
    pub(super) fn holes(self) -> &'static str {
        match self {
            Table::Segments(Class::Telemetry) => "holes_telemetry",
            Table::Segments(Class::Reading) => "holes_reading",
            _ => "holes_status",
        }
    }
}
