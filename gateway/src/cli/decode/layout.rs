//! JSON laid out for people: what fits stands on one line, so that a field of a frame takes one.

use serde_json::Value;

/// Characters of a line; a text or hexadecimal bytes that are longer stand there whole.
const WIDTH: usize = 110;

/// The value as JSON, with a line break at the end.
pub(super) fn page(value: &Value) -> String {
    let mut page = lines(value, 0, 0);
    page.push('\n');
    page
}

/// The value at this depth, `used` characters behind the beginning of its line.
fn lines(value: &Value, depth: usize, used: usize) -> String {
    let on_one_line = one_line(value);
    // The outermost object is always opened up.
    if depth > 0 && used + on_one_line.chars().count() <= WIDTH {
        return on_one_line;
    }
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let line = |(name, value): (&String, &Value)| {
                let name = format!("{}: ", Value::from(name.as_str()));
                let used = 2 * (depth + 1) + name.chars().count();
                format!("{name}{}", lines(value, depth + 1, used))
            };
            block('{', fields.iter().map(line), '}', depth)
        }
        Value::Array(elements) if !elements.is_empty() => {
            let line = |element: &Value| lines(element, depth + 1, 2 * (depth + 1));
            block('[', elements.iter().map(line), ']', depth)
        }
        _ => on_one_line,
    }
}

fn block(open: char, lines: impl Iterator<Item = String>, close: char, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let lines: Vec<String> = lines.map(|line| format!("\n{indent}  {line}")).collect();
    format!("{open}{}\n{indent}{close}", lines.join(","))
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), one_line(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(one_line).collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_stands_on_one_line_and_everything_reads_back() {
        let short = json!({"a \"b\"": {"wire": 3, "value": null}, "list": [], "none": {}});
        assert_eq!(
            page(&short),
            "{\n  \"a \\\"b\\\"\": {\"wire\": 3, \"value\": null},\n  \"list\": [],\n  \"none\": {}\n}\n"
        );
        let long =
            json!({"texts": ["占道经营".repeat(20), "b".repeat(90)], "deep": [[{"x": "c".repeat(200)}]]});
        let page = page(&long);
        assert_eq!(serde_json::from_str::<Value>(&page).expect("JSON"), long);
        assert_eq!(page.lines().count(), 13, "{page}");
    }
}
