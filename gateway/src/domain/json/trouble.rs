//! What is wrong with a JSON payload and where: field, line and column.
//!
//! The reader knows line and column only; the field is found by walking the payload up to that place. This is the
//! cold path: one pass, nothing kept but the names on the way down.

use serde_json::error::Category;

use crate::domain::admission::{Reason, Rejection};

/// Names on the way down to the place; deeper ones are not told.
const DEPTH_MAX: usize = 8;
/// Characters of one name that are told.
const NAME_CHARS_MAX: usize = 40;

/// The rejection for a reader's error.
pub(super) fn rejection(error: &serde_json::Error, payload: &[u8]) -> Rejection {
    let reason = match error.classify() {
        Category::Data => Reason::WrongType,
        Category::Syntax | Category::Eof | Category::Io => Reason::MalformedJson,
    };
    match field_at(payload, error.line(), error.column()) {
        Some(field) => Rejection::new(reason, format!("{field}: {error}")),
        None => Rejection::new(reason, error.to_string()),
    }
}

/// The field that stands at a line and column (both from 1), such as `position.lat` or `readings[3].value`.
fn field_at(payload: &[u8], line: usize, column: usize) -> Option<String> {
    let line_start = match line {
        0 | 1 => 0,
        _ => 1 + payload.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(line - 2)?.0,
    };
    let end = line_start.saturating_add(column).min(payload.len());
    let mut way = Way::default();
    let mut rest = &payload[..end];
    while let Some((&byte, after)) = rest.split_first() {
        rest = if byte == b'"' { way.string(after) } else { after };
        way.byte(byte);
    }
    way.name()
}

/// The containers around the place, outermost first.
#[derive(Default)]
struct Way<'a> {
    steps: Vec<Step<'a>>,
    /// Containers beyond [`DEPTH_MAX`].
    deeper: usize,
}

enum Step<'a> {
    /// In an object, at the value of this key (empty before the first key).
    Object { key: &'a [u8], at_value: bool },
    /// In an array, at this element.
    Array { index: usize },
}

impl<'a> Way<'a> {
    /// Passes a string whose opening quote is behind us; what follows it.
    fn string(&mut self, after: &'a [u8]) -> &'a [u8] {
        let mut end = 0;
        while end < after.len() && after[end] != b'"' {
            end += if after[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(after.len());
        if self.deeper == 0
            && let Some(Step::Object { key, at_value: false }) = self.steps.last_mut()
        {
            *key = &after[..end];
        }
        after.get(end + 1..).unwrap_or_default()
    }

    fn byte(&mut self, byte: u8) {
        match byte {
            b'{' => self.enter(Step::Object { key: &[], at_value: false }),
            b'[' => self.enter(Step::Array { index: 0 }),
            b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
            b'}' | b']' => drop(self.steps.pop()),
            b':' | b',' if self.deeper == 0 => self.advance(byte == b':'),
            _ => {}
        }
    }

    fn enter(&mut self, step: Step<'a>) {
        match self.steps.len() < DEPTH_MAX && self.deeper == 0 {
            true => self.steps.push(step),
            false => self.deeper += 1,
        }
    }

    fn advance(&mut self, to_value: bool) {
        match self.steps.last_mut() {
            Some(Step::Object { at_value, .. }) => *at_value = to_value,
            Some(Step::Array { index }) if !to_value => *index += 1,
            _ => {}
        }
    }

    fn name(&self) -> Option<String> {
        let mut name = String::new();
        for step in &self.steps {
            match step {
                Step::Object { key: [], .. } => {}
                Step::Object { key, .. } => {
                    let separator = if name.is_empty() { "" } else { "." };
                    name.push_str(separator);
                    name.extend(String::from_utf8_lossy(key).chars().take(NAME_CHARS_MAX));
                }
                Step::Array { index } => name.push_str(&format!("[{index}]")),
            }
        }
        (!name.is_empty()).then_some(name)
    }
}
