//! When a rule or a field counts: what must hold of one value of the payload.

use std::fmt;

use serde_json::Value;

use super::field::text_of;
use super::pointer::Pointer;

/// What must hold of the value at a pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Where it is.
    pub pointer: Pointer,
    /// What must hold.
    pub test: Test,
}

/// What must hold of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is there.
    Present,
    /// It is one of these, as text: `512` and `"512"` are the same.
    OneOf(Vec<String>),
    /// A whole number with all bits of `set` and none of `clear`.
    Bits {
        /// Bits that are 1.
        set: u64,
        /// Bits that are 0.
        clear: u64,
    },
}

impl Condition {
    /// Whether it holds for a payload.
    pub fn holds(&self, payload: &Value) -> bool {
        let Some(found) = self.pointer.find(payload) else { return false };
        match &self.test {
            Test::Present => true,
            Test::OneOf(values) => text_of(found).is_some_and(|text| values.contains(&text)),
            Test::Bits { set, clear } => {
                whole(found).is_some_and(|bits| bits & set == *set && bits & clear == 0)
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits =
            |mask: u64| (0..64).filter(move |bit| mask >> bit & 1 == 1).map(|bit: u32| bit.to_string());
        let list = |mask| bits(mask).collect::<Vec<_>>().join(", ");
        match &self.test {
            Test::Present => write!(f, "{}", self.pointer),
            Test::OneOf(values) => write!(f, "{} = {}", self.pointer, values.join(", ")),
            Test::Bits { set, clear } => {
                write!(f, "{}: bits 1 [{}], bits 0 [{}]", self.pointer, list(*set), list(*clear))
            }
        }
    }
}

/// A whole number, written as a number or as text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_holds_for_what_it_names_and_nothing_else() {
        let of = |test| Condition { pointer: Pointer::parse("/a").unwrap(), test };
        let cases = [
            (Test::Present, json!({"a": false}), true),
            (Test::Present, json!({"a": null}), false),
            (Test::OneOf(vec!["512".into()]), json!({"a": 512}), true),
            (Test::OneOf(vec!["512".into()]), json!({"a": "512"}), true),
            (Test::OneOf(vec!["512".into()]), json!({"a": 513}), false),
            (Test::OneOf(vec!["512".into()]), json!({"a": [512]}), false),
            (Test::Bits { set: 2, clear: 32 }, json!({"a": 3}), true),
            (Test::Bits { set: 2, clear: 32 }, json!({"a": "35"}), false),
            (Test::Bits { set: 2, clear: 0 }, json!({"a": 1}), false),
            (Test::Bits { set: 0, clear: 1 }, json!({"a": -1}), false),
        ];
        for (test, payload, holds) in cases {
            assert_eq!(of(test.clone()).holds(&payload), holds, "{test:?} {payload}");
        }
    }
}
