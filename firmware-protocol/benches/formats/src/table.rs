//! Tables in Markdown.

use std::fmt;

/// A title, the names of the columns, and rows.
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            columns: columns.iter().copied().map(String::from).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let aligned = "|---|".to_string() + &"---:|".repeat(self.columns.len() - 1);
        writeln!(f, "**{}**\n\n{}\n{aligned}", self.title, line(&self.columns))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))
    }
}

/// A ratio with two digits.
pub(crate) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}
