//! The kinds of values in a registry.

use jiff::Timestamp;
use toml_edit::{Array, Value};

use crate::config::key_file;
use crate::config::value::{Kind, Raw};
use crate::domain::registry::{CodeHash, FILTER_LIMITS, FILTERS_MAX, PasswordHash};
use crate::domain::topic::Filter;

/// What a message says instead of something that could be a secret.
fn not_repeated(raw: Raw<'_>) -> String {
    match raw.text() {
        Some(text) => format!("{} characters (not repeated here)", text.chars().count()),
        None => "no text (not repeated here)".to_owned(),
    }
}

/// The hash of a password.
pub(super) struct Hash;

impl Kind for Hash {
    type Value = PasswordHash;

    fn read(&self, raw: Raw<'_>) -> Option<PasswordHash> {
        PasswordHash::parse(raw.text()?)
    }

    fn show(&self, value: &PasswordHash) -> Value {
        Value::from(value.as_str())
    }

    fn expected(&self) -> String {
        "an Argon2id hash as the commands write it, never a password itself".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }

    fn found(&self, raw: Raw<'_>) -> String {
        not_repeated(raw)
    }
}

/// The SHA-256 of a code.
pub(super) struct Code;

impl Kind for Code {
    type Value = CodeHash;

    fn read(&self, raw: Raw<'_>) -> Option<CodeHash> {
        key_file::parse_secret(raw.text()?).map(CodeHash::new)
    }

    fn show(&self, value: &CodeHash) -> Value {
        Value::from(value.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn expected(&self) -> String {
        "64 hexadecimal digits, in quotes".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }

    fn found(&self, raw: Raw<'_>) -> String {
        not_repeated(raw)
    }
}

/// The name of a grid.
pub(super) struct Grid;

impl Kind for Grid {
    type Value = Box<str>;

    fn read(&self, raw: Raw<'_>) -> Option<Box<str>> {
        raw.text().and_then(parse_grid)
    }

    fn show(&self, value: &Box<str>) -> Value {
        Value::from(&**value)
    }

    fn expected(&self) -> String {
        "a grid: 1 to 64 visible characters".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }
}

/// Reads the name of a grid; `None` when it is too long or can't be shown.
pub fn parse_grid(text: &str) -> Option<Box<str>> {
    let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

/// A list of filters.
pub(super) struct Filters;

impl Kind for Filters {
    type Value = Vec<Filter>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<Filter>> {
        let Raw::File(item) = raw else { return None };
        let array = item.as_array()?;
        let filters = array.iter().map(|filter| parse_filter(filter.as_str()?).ok());
        filters.collect::<Option<Vec<_>>>().filter(|filters| filters.len() <= FILTERS_MAX)
    }

    fn show(&self, value: &Vec<Filter>) -> Value {
        Value::Array(value.iter().map(Filter::as_str).collect::<Array>())
    }

    fn expected(&self) -> String {
        format!(
            "a list of at most {FILTERS_MAX} MQTT topic filters, such as [\"patrol/v1/up/#\"], none shared"
        )
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "array"})
    }
}

/// Reads a filter that an application may be given.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse_filter(text: &str) -> Result<Filter, String> {
    match Filter::parse(text, FILTER_LIMITS) {
        Ok(filter) if filter.group().is_some() => {
            Err("what an account reaches is said without $share".to_owned())
        }
        Ok(filter) => Ok(filter),
        Err(fault) => Err(fault.to_string()),
    }
}

/// A time, as milliseconds since 1970.
pub(super) struct Time;

impl Kind for Time {
    type Value = i64;

    fn read(&self, raw: Raw<'_>) -> Option<i64> {
        raw.text()?.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
    }

    fn show(&self, value: &i64) -> Value {
        Value::from(Timestamp::from_millisecond(*value).unwrap_or(Timestamp::MAX).to_string())
    }

    fn expected(&self) -> String {
        "a time in quotes, such as \"2026-11-27T13:00:00Z\"".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }
}
