//! The case code of each camera event number.
//!
//! Camera boxes number what they find in the style of GA/T 1400's EventSort (624 and following; source: public listings, confidence medium). The table is
//! data that an operator replaces. The file is CSV in UTF-8 with a head line; the columns `ga1400_event_sort` and `case_code` are read, and `kind`
//! (`event` or `component`) if there is one: without it, all are events. A row is one line.

use std::collections::BTreeMap;

use super::bad_lines::BadLines;
use super::csv::{Csv, Row};
use super::report::CaseKind;

/// Rows of a file.
pub const EVENTS_MAX: usize = 10_000;
/// Letters of a case code, as admission takes them.
const CODE_CHARS_MAX: usize = 16;

/// Which case each number is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CameraEvents {
    cases: BTreeMap<u32, (CaseKind, Box<str>)>,
    version: String,
}

impl CameraEvents {
    /// Reads a table; see the module for its form.
    ///
    /// # Errors
    /// [`BadLines`]: all that is wrong.
    pub fn from_csv(bytes: &[u8]) -> Result<CameraEvents, BadLines> {
        let table = Csv::read(bytes).map_err(|error| BadLines::one(1, error.to_string()))?;
        let columns = Columns::of(&table)?;
        let mut events = CameraEvents {
            version: format!("camera-events@{:08x}", crc32c::crc32c(bytes)),
            ..CameraEvents::default()
        };
        let mut bad = BadLines::default();
        for row in table.rows() {
            if let Err(told) = columns.row(&row, &mut events.cases) {
                bad.push(row.line, told);
            }
        }
        if bad.is_empty() { Ok(events) } else { Err(bad) }
    }

    /// The case of a number; `None` for one that is not in the table.
    pub fn case_of(&self, event_sort: u32) -> Option<(CaseKind, &str)> {
        self.cases.get(&event_sort).map(|(kind, code)| (*kind, code.as_ref()))
    }

    /// Every number and its case.
    pub fn iter(&self) -> impl Iterator<Item = (u32, CaseKind, &str)> {
        self.cases.iter().map(|(event_sort, (kind, code))| (*event_sort, *kind, code.as_ref()))
    }

    /// Name and CRC-32C of the table, `camera-events@1a2b3c4d`; empty for the empty default.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Numbers in the table.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// No number is known.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }
}

/// Where the columns stand that are read.
struct Columns {
    event_sort: usize,
    code: usize,
    kind: Option<usize>,
}

impl Columns {
    fn of(table: &Csv<'_>) -> Result<Columns, BadLines> {
        let needed = |name: &str| {
            let column = table.column(name);
            column.ok_or_else(|| BadLines::one(1, format!("the head line has no column `{name}`")))
        };
        let (event_sort, code) = (needed("ga1400_event_sort")?, needed("case_code")?);
        Ok(Columns { event_sort, code, kind: table.column("kind") })
    }

    fn row(&self, row: &Row, cases: &mut BTreeMap<u32, (CaseKind, Box<str>)>) -> Result<(), String> {
        let cell = |at: usize| row.cell(at).unwrap_or_default();
        let event_sort = cell(self.event_sort);
        let number: u32 =
            event_sort.parse().map_err(|_| format!("ga1400_event_sort `{event_sort}` is no whole number"))?;
        let code = cell(self.code);
        if !(1..=CODE_CHARS_MAX).contains(&code.len())
            || !code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(format!(
                "case_code `{code}` is not 1 to {CODE_CHARS_MAX} letters and digits, like 0501"
            ));
        }
        let kind = match self.kind.map(cell) {
            None | Some("event") => CaseKind::Event,
            Some("component") => CaseKind::Component,
            Some(other) => return Err(format!("kind `{other}` is neither event nor component")),
        };
        if cases.len() >= EVENTS_MAX {
            return Err(format!("more than {EVENTS_MAX} rows"));
        }
        match cases.insert(number, (kind, code.into())) {
            None => Ok(()),
            Some(_) => Err(format!("event number {number} stands in the table twice")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: &[u8] = include_bytes!("../../city/camera-ai-event-map.csv");

    #[test]
    fn a_number_is_the_case_that_the_table_says() {
        let events = CameraEvents::from_csv(CITY).unwrap();
        assert_eq!(events.len(), 28);
        assert_eq!(events.case_of(661), Some((CaseKind::Event, "0501")));
        assert_eq!(events.case_of(699), Some((CaseKind::Event, "0401")));
        assert_eq!(events.case_of(665), None);
        assert!(events.version().starts_with("camera-events@"));
    }

    #[test]
    fn every_code_of_the_example_is_in_the_example_of_the_case_codes() {
        let codes =
            crate::domain::codes::CodeTable::from_csv(include_bytes!("../../city/case-codes.csv")).unwrap();
        for (event_sort, kind, code) in CameraEvents::from_csv(CITY).unwrap().iter() {
            assert!(codes.names(kind, code).is_some(), "{event_sort}: {code}");
        }
    }

    #[test]
    fn every_bad_line_is_told() {
        let text = "ga1400_event_sort,kind,case_code\n624,event,0505\nx,event,1\n624,component,0505\n1,thing,1\n2,event,\n";
        let told = CameraEvents::from_csv(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            told,
            "line 3: ga1400_event_sort `x` is no whole number; line 4: event number 624 stands in the table twice; \
             line 5: kind `thing` is neither event nor component; line 6: case_code `` is not 1 to 16 letters and digits, like 0501"
        );
        let head = CameraEvents::from_csv(b"zh,case_code\n").unwrap_err().to_string();
        assert_eq!(head, "line 1: the head line has no column `ga1400_event_sort`");
    }
}
