//! Which of the platform's services a case code is: a table of the operator's.
//!
//! CSV with the columns `kind` (`event` or `component`), `code` and `service_code`. Without a table the service is `event-0501`.

use std::collections::BTreeMap;
use std::path::Path;

use super::SetupError;
use crate::domain::csv::Csv;

/// A table is at most this large.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The table, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::uplink) struct Services(Option<BTreeMap<(String, String), String>>);

impl Services {
    /// Reads the table, if there is one.
    pub(in crate::uplink) fn read(path: Option<&Path>) -> Result<Services, SetupError> {
        let Some(path) = path else { return Ok(Services(None)) };
        let file = |source| SetupError::File { path: path.to_owned(), source };
        let content = |reason: String| SetupError::Content { path: path.to_owned(), reason };
        if std::fs::metadata(path).map_err(file)?.len() > FILE_BYTES_MAX {
            return Err(content(format!("more than {FILE_BYTES_MAX} bytes")));
        }
        let bytes = std::fs::read(path).map_err(file)?;
        table(&bytes).map(|table| Services(Some(table))).map_err(content)
    }

    /// The platform's code for a case code; `None` when the table has none.
    pub(in crate::uplink) fn of(&self, kind: &str, code: &str) -> Option<String> {
        match &self.0 {
            None => Some(format!("{kind}-{code}")),
            Some(table) => table.get(&(kind.to_owned(), code.to_owned())).cloned(),
        }
    }
}

fn table(bytes: &[u8]) -> Result<BTreeMap<(String, String), String>, String> {
    let csv = Csv::read(bytes).map_err(|error| error.to_string())?;
    let column =
        |name| csv.column(name).ok_or_else(|| format!("line 1: the head line has no column `{name}`"));
    let (kind, code, service) = (column("kind")?, column("code")?, column("service_code")?);
    let mut table = BTreeMap::new();
    for row in csv.rows() {
        let (Some(kind), Some(code), Some(service)) = (row.cell(kind), row.cell(code), row.cell(service))
        else {
            return Err(format!("line {}: kind, code and service_code are needed", row.line));
        };
        if !matches!(kind, "event" | "component") {
            return Err(format!("line {}: kind `{kind}` is neither event nor component", row.line));
        }
        if table.insert((kind.to_owned(), code.to_owned()), service.to_owned()).is_some() {
            return Err(format!("line {}: {kind} {code} stands in the table twice", row.line));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_services_by_kind_and_code() {
        let table =
            table("code,kind,service_code\n0101,event,GRAFFITI\n0101,component,LAMP\n".as_bytes()).unwrap();
        let services = Services(Some(table));
        assert_eq!(services.of("event", "0101").as_deref(), Some("GRAFFITI"));
        assert_eq!(services.of("component", "0101").as_deref(), Some("LAMP"));
        assert_eq!(services.of("event", "0501"), None);
        assert_eq!(Services(None).of("event", "0501").as_deref(), Some("event-0501"));
    }

    #[test]
    fn a_line_that_can_not_be_used_is_named() {
        let error = |text: &str| table(text.as_bytes()).unwrap_err();
        assert!(error("code,kind\n").contains("`service_code`"));
        assert!(error("kind,code,service_code\nevent,0501,\n").contains("line 2"));
        assert!(error("kind,code,service_code\nthing,0501,A\n").contains("`thing`"));
        assert!(error("kind,code,service_code\nevent,0501,A\nevent,0501,B\n").contains("line 3: event 0501"));
    }
}
