//! Case codes in rules: `event:0501` is one code, `event:04*` all that begin with 04. The kind always stands with the code.
//!
//! Of several patterns that fit, the most exact one decides: the code itself, then the longest beginning.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::report::CaseKind;

/// Letters of a code in a pattern.
pub const CODE_CHARS_MAX: usize = 16;

/// A code, or all codes that begin alike, of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodePattern {
    kind: CaseKind,
    text: Box<str>,
    /// All that begin with `text`.
    is_prefix: bool,
}

impl CodePattern {
    /// What [`parse`](Self::parse) takes, for messages.
    pub const EXPECTED: &str =
        "case codes such as \"event:0501\", \"component:01*\" for all that begin so, \"event:*\" for all";

    /// Reads a pattern; `None` for anything else.
    pub fn parse(text: &str) -> Option<CodePattern> {
        let (kind, code) = text.split_once(':')?;
        let kind = [CaseKind::Event, CaseKind::Component].into_iter().find(|known| known.as_str() == kind)?;
        let (code, is_prefix) = code.strip_suffix('*').map_or((code, false), |code| (code, true));
        let fits = code.len() <= CODE_CHARS_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (fits && (is_prefix || !code.is_empty())).then(|| CodePattern { kind, text: code.into(), is_prefix })
    }

    /// Whether a code is meant.
    pub fn fits(&self, kind: CaseKind, code: &str) -> bool {
        self.kind == kind && if self.is_prefix { code.starts_with(&*self.text) } else { code == &*self.text }
    }
}

impl fmt::Display for CodePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.kind.as_str(), self.text, if self.is_prefix { "*" } else { "" })
    }
}

/// Something for each pattern, each pattern once.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeMap<T> {
    entries: BTreeMap<CodePattern, T>,
}

impl<T> Default for CodeMap<T> {
    fn default() -> CodeMap<T> {
        CodeMap { entries: BTreeMap::new() }
    }
}

impl<T> CodeMap<T> {
    /// Adds a pattern; false when it is there already.
    pub fn add(&mut self, pattern: CodePattern, value: T) -> bool {
        if self.entries.contains_key(&pattern) {
            return false;
        }
        self.entries.insert(pattern, value);
        true
    }

    /// What the most exact pattern holds that fits a code.
    pub fn get(&self, kind: CaseKind, code: &str) -> Option<&T> {
        let entry =
            |text: &str, is_prefix| self.entries.get(&CodePattern { kind, text: text.into(), is_prefix });
        let longest = code.len().min(CODE_CHARS_MAX);
        let beginnings = (0..=longest).rev().filter_map(|length| code.get(..length));
        entry(code, false).or_else(|| beginnings.into_iter().find_map(|text| entry(text, true)))
    }

    /// All patterns in order.
    pub fn iter(&self) -> impl Iterator<Item = (&CodePattern, &T)> {
        self.entries.iter()
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_read_back_and_the_most_exact_decides() {
        let mut map = CodeMap::default();
        for (number, text) in ["event:*", "event:05*", "event:0501", "component:0501"].into_iter().enumerate()
        {
            let pattern = CodePattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), text);
            assert!(map.add(pattern.clone(), number) && !map.add(pattern, 99));
        }
        let of = |kind, code| map.get(kind, code).copied();
        assert_eq!(of(CaseKind::Event, "0501"), Some(2));
        assert_eq!(of(CaseKind::Event, "0502"), Some(1));
        assert_eq!(of(CaseKind::Event, "摊"), Some(0));
        assert_eq!(of(CaseKind::Component, "0501"), Some(3));
        assert_eq!(of(CaseKind::Component, "05011"), None);
        for text in ["", "0501", "event:", "evnt:0501", "event:05*1", "event:05-1", "event:**"] {
            assert_eq!(CodePattern::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_map_finds_the_longest_pattern_that_fits(
            patterns in prop::collection::btree_set("(event|component):(0|1){1,4}\\*?|event:\\*", 0..12),
            code in "(0|1){0,5}",
        ) {
            let mut map = CodeMap::default();
            let patterns: Vec<CodePattern> = patterns.iter().map(|text| CodePattern::parse(text).unwrap()).collect();
            for pattern in &patterns {
                map.add(pattern.clone(), pattern.clone());
            }
            let fitting = patterns.iter().filter(|pattern| pattern.fits(CaseKind::Event, &code));
            let best = fitting.max_by_key(|pattern| (!pattern.is_prefix, pattern.text.len()));
            prop_assert_eq!(map.get(CaseKind::Event, &code), best);
        }
    }
}
