//! Tables as CSV (RFC 4180, a row is one line): the one reader for the files of an operator.
//!
//! UTF-8, with or without a byte order mark; the first line names the columns, in any order; columns that nobody asks for
//! are passed over, and so are empty lines. A cell in quotes may hold commas and doubled quotes.

use std::fmt;

/// A table with a head line.
#[derive(Debug)]
pub struct Csv<'a> {
    head: Vec<String>,
    body: std::iter::Enumerate<std::str::Lines<'a>>,
}

/// One line of a table.
#[derive(Debug)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: usize,
    cells: Vec<String>,
}

/// The file is not UTF-8 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8 text (byte {offset})")]
pub struct NotText {
    /// The first byte that is not UTF-8.
    pub offset: usize,
}

/// A cell that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadCell {
    /// The line, from 1.
    pub line: usize,
    /// The column's name.
    pub column: &'static str,
    /// What was expected.
    pub expected: String,
    /// What stood there; `None`: nothing.
    pub found: Option<String>,
}

/// Longest part of a cell that a message repeats, in characters.
const FOUND_CHARS_MAX: usize = 60;

impl fmt::Display for BadCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column `{}`: expected {}; found ", self.line, self.column, self.expected)?;
        match &self.found {
            None => f.write_str("nothing"),
            Some(found) => match found.char_indices().nth(FOUND_CHARS_MAX) {
                Some((end, _)) => write!(f, "{:?}...", &found[..end]),
                None => write!(f, "{found:?}"),
            },
        }
    }
}

impl<'a> Csv<'a> {
    /// Reads the head line.
    ///
    /// # Errors
    /// [`NotText`].
    pub fn read(bytes: &'a [u8]) -> Result<Csv<'a>, NotText> {
        let text = std::str::from_utf8(bytes).map_err(|error| NotText { offset: error.valid_up_to() })?;
        let mut body = text.trim_start_matches('\u{feff}').lines().enumerate();
        let head = body.next().map(|(_, line)| cells(line)).unwrap_or_default();
        Ok(Csv { head, body })
    }

    /// Where a column stands, if there is one of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.head.iter().position(|cell| cell.trim() == name)
    }

    /// The lines below the head.
    pub fn rows(self) -> impl Iterator<Item = Row> + 'a {
        let rows = self.body.filter(|(_, line)| !line.trim().is_empty());
        rows.map(|(index, line)| Row { line: index + 1, cells: cells(line) })
    }
}

impl Row {
    /// A cell without blanks around it; `None` when it is empty, or the line too short.
    pub fn cell(&self, at: usize) -> Option<&str> {
        self.cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }
}

/// The cells of one line.
fn cells(line: &str) -> Vec<String> {
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

    #[test]
    fn a_quoted_cell_keeps_its_commas_and_quotes() {
        assert_eq!(cells(r#"1,"a ""b"", c",,d"#), ["1", "a \"b\", c", "", "d"]);
    }

    #[test]
    fn rows_know_their_line_and_columns_are_found_by_name() {
        let csv = Csv::read("\u{feff}b, a\n\n 1 ,2\n,3\n".as_bytes()).unwrap();
        let (a, b) = (csv.column("a").unwrap(), csv.column("b").unwrap());
        assert_eq!(csv.column("c"), None);
        let rows: Vec<Row> = csv.rows().collect();
        assert_eq!((rows[0].line, rows[0].cell(b), rows[0].cell(a)), (3, Some("1"), Some("2")));
        assert_eq!((rows[1].line, rows[1].cell(b), rows[1].cell(9)), (4, None, None));
        assert_eq!(Csv::read(b"a\xff").err(), Some(NotText { offset: 1 }));
    }

    #[test]
    fn a_bad_cell_is_told_with_line_column_and_what_stood_there() {
        let bad = |found: Option<&str>| BadCell {
            line: 7,
            column: "lon",
            expected: "degrees".to_owned(),
            found: found.map(str::to_owned),
        };
        assert_eq!(bad(Some("x")).to_string(), "line 7, column `lon`: expected degrees; found \"x\"");
        assert!(bad(None).to_string().ends_with("found nothing"));
        assert!(bad(Some(&"摊".repeat(100))).to_string().ends_with("摊\"..."));
    }
}
