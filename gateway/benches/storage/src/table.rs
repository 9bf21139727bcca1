//! Tables in Markdown.

use std::fmt;

/// A title, the names of the columns, and rows.
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, columns: &[&str]) -> Table {
        let columns = columns.iter().map(|name| name.to_string()).collect();
        Table { title: title.into(), columns, rows: Vec::new() }
    }

    /// Adds a row, and shows it to whoever waits.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        eprintln!("    {}", cells.join(" | "));
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aligned = format!("|---|{}", "---:|".repeat(self.columns.len() - 1));
        writeln!(f, "\n**{}**\n\n| {} |\n{aligned}", self.title, self.columns.join(" | "))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}
