//! CSV for other programs: UTF-8, commas, a cell in quotes where it needs them, CR LF (source: RFC 4180; confidence high).

/// Adds a line of these cells.
pub fn line<Cell: AsRef<str>>(text: &mut String, cells: impl IntoIterator<Item = Cell>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        push(text, cell.as_ref());
    }
    text.push_str("\r\n");
}

/// A cell; quotes within it are doubled. Blanks at its ends are part of it, and some readers drop them without quotes.
fn push(text: &mut String, cell: &str) {
    if !cell.contains([',', '"', '\r', '\n']) && cell.trim().len() == cell.len() {
        return text.push_str(cell);
    }
    text.push('"');
    for (at, part) in cell.split('"').enumerate() {
        if at > 0 {
            text.push_str("\"\"");
        }
        text.push_str(part);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_a_comma_a_quote_or_a_line_break_stands_in_quotes() {
        let mut text = String::new();
        line(&mut text, ["东湖街道", "", "a,b", "say \"no\"", "two\nlines", " x"]);
        assert_eq!(text, "东湖街道,,\"a,b\",\"say \"\"no\"\"\",\"two\nlines\",\" x\"\r\n");
    }
}
