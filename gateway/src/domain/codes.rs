//! The case code table: what a (kind, code) pair is called, in Chinese and English.
//!
//! The table is data that an operator replaces: national standards are revised and every city extends them. A
//! code that is not in it is no fault of the report, which goes on with `code_known: false`.
//!
//! The file is CSV in UTF-8 with a head line; the columns `code`, `kind`, `zh` and `en` are read, others are
//! passed over; a row is one line. A kind is `event` or `component`, or `event_major` and `component_major` for the names of
//! major classes.

use std::collections::BTreeMap;

use super::report::CaseKind;

/// The names of the case codes, and which version of them this is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeTable {
    events: BTreeMap<String, CodeNames>,
    components: BTreeMap<String, CodeNames>,
    version: Option<String>,
}

/// What a case code is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeNames {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Why a file is no case code table. The operator corrects the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeTableError {
    /// The file is not UTF-8 text.
    #[error("the case code table is not UTF-8 text (byte {offset})")]
    NotText {
        /// The first byte that is not UTF-8.
        offset: usize,
    },
    /// The head line lacks a column.
    #[error("line 1: the head line has no column `{column}`")]
    NoColumn {
        /// The column that is missing.
        column: &'static str,
    },
    /// A line has fewer columns than the head line promises.
    #[error("line {line}: no value for `{column}`")]
    NoValue {
        /// The line, from 1.
        line: usize,
        /// The column that is empty or absent.
        column: &'static str,
    },
    /// A kind that this version does not know.
    #[error("line {line}: kind `{kind}` is none of event, component, event_major, component_major")]
    UnknownKind {
        /// The line, from 1.
        line: usize,
        /// The kind found.
        kind: String,
    },
    /// Two lines name the same code of the same kind.
    #[error("line {line}: {kind} {code} stands in the table twice")]
    Twice {
        /// The line of the second, from 1.
        line: usize,
        /// Its kind.
        kind: &'static str,
        /// Its code.
        code: String,
    },
}

impl CodeTable {
    /// Reads a table; see the module for its form.
    pub fn from_csv(bytes: &[u8]) -> Result<CodeTable, CodeTableError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| CodeTableError::NotText { offset: error.valid_up_to() })?;
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        let head = lines.next().map(|(_, line)| cells(line)).unwrap_or_default();
        let columns = Columns::of(&head)?;
        let version = Some(format!("case-codes@{:08x}", crc32c::crc32c(bytes)));
        let mut table = CodeTable { version, ..CodeTable::default() };
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            columns.row(index + 1, &cells(line), &mut table)?;
        }
        Ok(table)
    }

    /// What a code is called; `None` for a code that is not in the table.
    pub fn names(&self, kind: CaseKind, code: &str) -> Option<&CodeNames> {
        match kind {
            CaseKind::Event => self.events.get(code),
            CaseKind::Component => self.components.get(code),
        }
    }

    /// Name and CRC-32C of the table, `case-codes@1a2b3c4d`; `None` for the empty default.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Codes in the table, without major classes.
    pub fn len(&self) -> usize {
        self.events.len() + self.components.len()
    }

    /// No code is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where the columns stand that are read.
struct Columns {
    code: usize,
    kind: usize,
    zh: usize,
    en: usize,
}

impl Columns {
    fn of(head: &[String]) -> Result<Columns, CodeTableError> {
        let at = |column: &'static str| {
            head.iter().position(|cell| cell.trim() == column).ok_or(CodeTableError::NoColumn { column })
        };
        Ok(Columns { code: at("code")?, kind: at("kind")?, zh: at("zh")?, en: at("en")? })
    }

    fn row(&self, line: usize, cells: &[String], table: &mut CodeTable) -> Result<(), CodeTableError> {
        let cell = |at: usize, column: &'static str| {
            let text = cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
            text.ok_or(CodeTableError::NoValue { line, column })
        };
        let (kind, names) = match cell(self.kind, "kind")? {
            "event" => ("event", &mut table.events),
            "component" => ("component", &mut table.components),
            "event_major" | "component_major" => return Ok(()),
            other => return Err(CodeTableError::UnknownKind { line, kind: other.to_owned() }),
        };
        let code = cell(self.code, "code")?.to_owned();
        let row = CodeNames { zh: cell(self.zh, "zh")?.to_owned(), en: cell(self.en, "en")?.to_owned() };
        match names.insert(code.clone(), row) {
            None => Ok(()),
            Some(_) => Err(CodeTableError::Twice { line, kind, code }),
        }
    }
}

/// The cells of one line; a cell in quotes may hold commas and doubled quotes.
pub(in crate::domain) fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut cells, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => push(&mut cells, other),
        }
    }
    cells
}

fn push(cells: &mut [String], char: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: &[u8] = include_bytes!("../../city/case-codes.csv");

    #[test]
    fn the_same_number_is_another_thing_as_event_and_as_component() {
        let table = CodeTable::from_csv(CITY).expect("the example city's table");
        assert_eq!(table.len(), 142);
        let event = table.names(CaseKind::Event, "0601").map(|names| names.zh.as_str());
        let component = table.names(CaseKind::Component, "0601").map(|names| names.zh.as_str());
        assert_eq!((event, component), (None, Some("重大危险源")));
        assert_eq!(table.names(CaseKind::Event, "01"), None, "a major class is no case code");
    }

    #[test]
    fn a_quoted_cell_keeps_its_commas_and_quotes() {
        let table = CodeTable::from_csv(CITY).expect("the example city's table");
        let names = table.names(CaseKind::Event, "0202").expect("in the table");
        assert_eq!(names.en, "Illegal posters, banners or signs");
        assert_eq!(cells(r#"1,"a ""b"", c",,d"#), ["1", "a \"b\", c", "", "d"]);
    }

    #[test]
    fn the_version_changes_with_the_content_only() {
        let version =
            |bytes: &[u8]| CodeTable::from_csv(bytes).expect("a table").version().map(str::to_owned);
        let rows = b"code,kind,zh,en\n0501,event,\xE6\x91\x8A,Stall\n";
        assert_eq!(version(rows), version(rows));
        assert_ne!(version(rows), version(&[&rows[..], b"0502,event,x,y\n"].concat()));
    }

    #[test]
    fn a_bad_table_is_refused_with_its_line() {
        let error =
            |text: &str| CodeTable::from_csv(text.as_bytes()).map(|_| ()).expect_err("bad").to_string();
        assert_eq!(error("code,kind,zh\n"), "line 1: the head line has no column `en`");
        assert_eq!(error("code,kind,zh,en\n\n0501,event,摊\n"), "line 3: no value for `en`");
        let kind = "line 2: kind `evnt` is none of event, component, event_major, component_major";
        assert_eq!(error("code,kind,zh,en\n0501,evnt,摊,Stall\n"), kind);
        let twice = "line 3: event 0501 stands in the table twice";
        assert_eq!(error("code,kind,zh,en\n0501,event,a,b\n0501,event,c,d\n"), twice);
        assert!(CodeTable::from_csv(b"\xFF").is_err() && CodeTable::from_csv(b"").is_err());
    }
}
