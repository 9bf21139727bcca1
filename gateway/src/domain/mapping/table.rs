//! Tables of the city by which a rule reads a value. A rule names one; the operator's file fills it in when the gateway starts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::camera::CameraEvents;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Kind and code of each camera event number.
    CameraEvents,
}

impl Table {
    /// All of them, by their names.
    pub const NAMES: [(&'static str, Table); 1] = [("camera_events", Table::CameraEvents)];
    /// The fields of an incident that can be read from a table.
    pub const FIELDS: [&'static str; 2] = ["kind", "code"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Table::CameraEvents => "camera_events",
        }
    }
}

/// What a table of camera events has for a field, by number; nothing for a field that is not in it.
pub(super) fn camera(events: &CameraEvents, field: &str) -> BTreeMap<String, Value> {
    let values = events.iter().filter_map(|(event_sort, kind, code)| {
        let value = match field {
            "kind" => kind.as_str(),
            "code" => code,
            _ => return None,
        };
        Some((event_sort.to_string(), value.into()))
    });
    values.collect()
}
