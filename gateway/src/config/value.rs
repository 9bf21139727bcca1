//! What a key can hold: a raw value on one side, a checked type on the other.

use toml_edit::{Item, TableLike, Value};

use super::entry::Entries;

/// A value as the operator gave it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    /// From the file.
    File(&'a Item),
    /// From an environment variable: always text, read as whatever the key takes.
    Env(&'a str),
}

/// Longest part of a bad value that a message repeats, in characters.
const FOUND_CHARS_MAX: usize = 60;

impl<'a> Raw<'a> {
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Raw::File(item) => item.as_str(),
            Raw::Env(text) => Some(text),
        }
    }

    pub(super) fn integer(self) -> Option<i64> {
        match self {
            Raw::File(item) => item.as_integer(),
            Raw::Env(text) => text.parse().ok(),
        }
    }

    /// A finite number; a whole one is as good as a fraction.
    pub(super) fn number(self) -> Option<f64> {
        let number = match self {
            Raw::File(item) => item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64)),
            Raw::Env(text) => text.parse().ok(),
        };
        number.filter(|number| number.is_finite())
    }

    pub(super) fn flag(self) -> Option<bool> {
        match self {
            Raw::File(item) => item.as_bool(),
            Raw::Env(text) => text.parse().ok(),
        }
    }

    /// Calls `read` with the table; an environment variable holds it as an inline TOML table.
    pub(super) fn with_table<T>(self, read: impl Fn(&dyn TableLike) -> Option<T>) -> Option<T> {
        match self {
            Raw::File(item) => read(item.as_table_like()?),
            Raw::Env(text) => read(text.parse::<Value>().ok()?.as_inline_table()?),
        }
    }

    /// An array of texts; an environment variable holds it as a TOML array.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        let of = |array: &toml_edit::Array| {
            array.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        match self {
            Raw::File(item) => of(item.as_array()?),
            Raw::Env(text) => of(text.parse::<Value>().ok()?.as_array()?),
        }
    }

    /// The value for a message, shortened.
    pub(super) fn found(self) -> String {
        let text = match self {
            Raw::File(Item::Table(_)) => "a table".to_owned(),
            Raw::File(Item::ArrayOfTables(_)) => "an array of tables".to_owned(),
            Raw::File(item) => item.to_string().trim().to_owned(),
            Raw::Env(text) => format!("{text:?}"),
        };
        match text.char_indices().nth(FOUND_CHARS_MAX) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }
}

/// A kind of value: how it is read, checked, shown and described. One definition serves the reader, the effective
/// configuration and the JSON Schema.
pub(super) trait Kind {
    /// The checked type.
    type Value: Clone;

    /// Reads and checks; `None` when the value is not one of this kind.
    fn read(&self, raw: Raw<'_>) -> Option<Self::Value>;

    /// The value as TOML, in the form that `read` takes.
    fn show(&self, value: &Self::Value) -> Value;

    /// What is expected, for messages: "a whole number from 1 to 5000".
    fn expected(&self) -> String;

    /// JSON Schema of the value as it stands in the file.
    fn schema(&self) -> serde_json::Value;

    /// What was found, for messages; a kind that may hold a secret hides it here.
    fn found(&self, raw: Raw<'_>) -> String {
        raw.found()
    }
}

/// A section that lists its keys, without beginning itself.
pub(super) trait Section: Default {
    /// Calls the pass with each key.
    fn visit(&mut self, keys: &mut impl Keys);
}

/// One pass over all keys. The sections call it in the order of the template.
pub(super) trait Keys {
    /// Begins a section.
    fn section(&mut self, name: &'static str);

    /// A key that always has a value; `value` holds the default when the pass begins.
    fn key<K: Kind>(&mut self, name: &'static str, kind: K, value: &mut K::Value);

    /// A key that may be left out.
    fn optional<K: Kind>(&mut self, name: &'static str, kind: K, value: &mut Option<K::Value>);

    /// A section that may stand several times: `[name]` once, or `[[name]]` for each.
    fn repeated<S: Section>(&mut self, name: &'static str, sections: &mut Vec<S>);

    /// An array of tables `[[name]]`.
    fn entries<E: Entries>(&mut self, name: &'static str, entries: &mut E);
}
