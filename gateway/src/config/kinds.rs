//! The kinds of values that the sections use.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use toml_edit::Value;

use super::units::{parse_duration, parse_size, show_duration, show_size};
use super::value::{Kind, Raw};
use crate::domain::report::Class;

/// A whole number between two bounds, both included.
pub(super) struct Count<T> {
    pub(super) min: T,
    pub(super) max: T,
}

impl<T> Kind for Count<T>
where
    T: TryFrom<i64> + TryInto<i64> + Copy + PartialOrd + std::fmt::Display,
{
    type Value = T;

    fn read(&self, raw: Raw<'_>) -> Option<T> {
        let number = T::try_from(raw.integer()?).ok()?;
        (self.min <= number && number <= self.max).then_some(number)
    }

    fn show(&self, value: &T) -> Value {
        Value::from((*value).try_into().unwrap_or(i64::MAX))
    }

    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }

    fn schema(&self) -> serde_json::Value {
        let bound = |value: T| value.try_into().unwrap_or(i64::MAX);
        json!({"type": "integer", "minimum": bound(self.min), "maximum": bound(self.max)})
    }
}

/// A number of bytes between two bounds, both included: text with a unit, or a whole number of bytes.
pub(super) struct Size<T> {
    pub(super) min: T,
    pub(super) max: T,
}

impl<T> Kind for Size<T>
where
    T: TryFrom<u64> + TryInto<u64> + Copy + PartialOrd,
{
    type Value = T;

    fn read(&self, raw: Raw<'_>) -> Option<T> {
        let bytes = match raw.integer() {
            Some(bytes) => u64::try_from(bytes).ok()?,
            None => parse_size(raw.text()?)?,
        };
        let bytes = T::try_from(bytes).ok()?;
        (self.min <= bytes && bytes <= self.max).then_some(bytes)
    }

    fn show(&self, value: &T) -> Value {
        Value::from(show_size(bytes(*value)))
    }

    fn expected(&self) -> String {
        let (min, max) = (show_size(bytes(self.min)), show_size(bytes(self.max)));
        format!("a size from \"{min}\" to \"{max}\", or a whole number of bytes")
    }

    fn schema(&self) -> serde_json::Value {
        json!({
            "type": ["string", "integer"],
            "pattern": "^[0-9]+(B|KiB|MiB|GiB|TiB)$",
            "minimum": bytes(self.min),
            "maximum": bytes(self.max),
        })
    }
}

fn bytes<T: TryInto<u64>>(value: T) -> u64 {
    value.try_into().unwrap_or(u64::MAX)
}

/// A span of time between two bounds, both included.
pub(super) struct Span {
    pub(super) min: Duration,
    pub(super) max: Duration,
}

impl Kind for Span {
    type Value = Duration;

    fn read(&self, raw: Raw<'_>) -> Option<Duration> {
        let span = parse_duration(raw.text()?)?;
        (self.min <= span && span <= self.max).then_some(span)
    }

    fn show(&self, value: &Duration) -> Value {
        Value::from(show_duration(*value))
    }

    fn expected(&self) -> String {
        let (min, max) = (show_duration(self.min), show_duration(self.max));
        format!("a duration from \"{min}\" to \"{max}\", with its unit: ms, s, m or h")
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"})
    }
}

/// One of a few names.
pub(super) struct Choice<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Kind for Choice<T> {
    type Value = T;

    fn read(&self, raw: Raw<'_>) -> Option<T> {
        let text = raw.text()?;
        self.0.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
    }

    fn show(&self, value: &T) -> Value {
        Value::from(self.0.iter().find(|(_, known)| known == value).map_or("", |(name, _)| *name))
    }

    fn expected(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("one of {}", names.join(", "))
    }

    fn schema(&self) -> serde_json::Value {
        json!({"enum": self.0.iter().map(|(name, _)| *name).collect::<Vec<_>>()})
    }
}

/// `true` or `false`.
pub(super) struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn read(&self, raw: Raw<'_>) -> Option<bool> {
        raw.flag()
    }

    fn show(&self, value: &bool) -> Value {
        Value::from(*value)
    }

    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "boolean"})
    }
}

/// The path of a file or folder; a relative one counts from the working directory.
pub(super) struct FilePath;

impl Kind for FilePath {
    type Value = PathBuf;

    fn read(&self, raw: Raw<'_>) -> Option<PathBuf> {
        raw.text().filter(|text| !text.is_empty() && !text.contains('\0')).map(PathBuf::from)
    }

    fn show(&self, value: &PathBuf) -> Value {
        Value::from(value.to_string_lossy().into_owned())
    }

    fn expected(&self) -> String {
        "a path, in quotes".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "minLength": 1})
    }
}

/// Visible text of one line.
pub(super) struct Text;

impl Kind for Text {
    type Value = String;

    fn read(&self, raw: Raw<'_>) -> Option<String> {
        let text = raw.text()?;
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| text.to_owned())
    }

    fn show(&self, value: &String) -> Value {
        Value::from(value.as_str())
    }

    fn expected(&self) -> String {
        "1 to 128 visible ASCII characters without blanks".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": "^[!-~]{1,128}$"})
    }
}

/// Classes of reports, each once, in any order.
pub(super) struct Classes;

impl Kind for Classes {
    type Value = Vec<Class>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<Class>> {
        let mut classes = Vec::new();
        for name in raw.texts()? {
            let class = Class::from_name(&name).filter(|class| !classes.contains(class))?;
            classes.push(class);
        }
        classes.sort_unstable();
        Some(classes)
    }

    fn show(&self, value: &Vec<Class>) -> Value {
        Value::Array(value.iter().map(|class| class.as_str()).collect())
    }

    fn expected(&self) -> String {
        let names: Vec<String> = Class::ALL.iter().map(|class| format!("\"{class}\"")).collect();
        format!("a list of {}", names.join(", "))
    }

    fn schema(&self) -> serde_json::Value {
        let names: Vec<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
        json!({"type": "array", "items": {"enum": names}, "uniqueItems": true})
    }
}
