//! JSON Pointer (RFC 6901): the way to one value of a document.

use std::fmt;

use serde_json::Value;

/// Levels that a pointer may go down.
pub const DEPTH_MAX: usize = 16;

/// A pointer, read once. Empty: the whole document.
#[derive(Clone, PartialEq, Eq)]
pub struct Pointer {
    text: Box<str>,
    steps: Box<[Box<str>]>,
}

impl Pointer {
    /// Reads a pointer; `None` for text that is none, or that goes deeper than [`DEPTH_MAX`].
    pub fn parse(text: &str) -> Option<Pointer> {
        if text.is_empty() {
            return Some(Pointer { text: "".into(), steps: Box::new([]) });
        }
        let steps: Option<Vec<Box<str>>> = text.strip_prefix('/')?.split('/').map(unescaped).collect();
        let steps = steps.filter(|steps| steps.len() <= DEPTH_MAX)?;
        Some(Pointer { text: text.into(), steps: steps.into() })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value it leads to; `null` counts as none, as in our own JSON.
    pub fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        let found = self.steps.iter().try_fold(document, |value, step| match value {
            Value::Object(members) => members.get(step.as_ref()),
            Value::Array(elements) => elements.get(index(step)?),
            _ => None,
        });
        found.filter(|value| !value.is_null())
    }
}

/// A step with its `~1` and `~0` read; `None` when a `~` stands for nothing.
fn unescaped(step: &str) -> Option<Box<str>> {
    let mut parts = step.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (letter, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        text.push(letter);
        text.push_str(rest);
    }
    Some(text.into())
}

/// The index of an array's element: digits without leading zeros.
fn index(step: &str) -> Option<usize> {
    let digits = step.bytes().all(|byte| byte.is_ascii_digit());
    let plain = step == "0" || !step.starts_with('0');
    if digits && plain { step.parse().ok() } else { None }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "the whole payload" } else { &self.text })
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_the_standard_lead_where_it_says() {
        let document =
            json!({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "k\"l": 6, " ": 7, "m~n": 8, "x": null});
        let found = |text: &str| Pointer::parse(text).unwrap().find(&document).cloned();
        assert_eq!(found(""), Some(document.clone()));
        let cases = [("/foo/0", json!("bar")), ("/", json!(0)), ("/a~1b", json!(1)), ("/c%d", json!(2))];
        for (text, value) in
            cases.into_iter().chain([("/k\"l", json!(6)), ("/ ", json!(7)), ("/m~0n", json!(8))])
        {
            assert_eq!(found(text), Some(value), "{text}");
        }
        for absent in ["/foo/2", "/foo/01", "/foo/-", "/foo/0/0", "/x", "/nothing"] {
            assert_eq!(found(absent), None, "{absent}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_not_read() {
        for text in ["foo", "#/foo", "/a~", "/a~2", &"/a".repeat(DEPTH_MAX + 1)] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pointer_or_none_and_an_escaped_name_is_found(text in "\\PC{0,40}", name in "[a~/ ]{0,6}") {
            let _ = Pointer::parse(&text);
            let pointer = Pointer::parse(&format!("/{}", name.replace('~', "~0").replace('/', "~1"))).unwrap();
            let document = json!({ name: 1 });
            prop_assert_eq!(pointer.find(&document), Some(&json!(1)));
        }
    }
}
