//! Whose payload it is: a device id from the topic, the payload, or the publisher, brought into the form of our ids.

use serde_json::Value;

use super::field::text_of;
use super::pointer::Pointer;
use crate::domain::report::DeviceId;

/// Where the id of the device comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRule {
    /// Where it stands.
    pub source: DeviceSource,
    /// What is put in front, so that ids of different systems stay apart.
    pub prefix: String,
}

/// Where an id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSource {
    /// A level of the topic, from 1.
    Level(usize),
    /// A value of the payload.
    Pointer(Pointer),
    /// Whoever published it.
    Publisher,
}

impl DeviceRule {
    /// The device of a payload, or why there is none.
    pub(super) fn device(
        &self,
        publisher: &str,
        topic: &str,
        payload: Option<&Value>,
    ) -> Result<DeviceId, String> {
        let found = match &self.source {
            DeviceSource::Level(level) => topic.split('/').nth(level.saturating_sub(1)).map(str::to_owned),
            DeviceSource::Pointer(pointer) => {
                payload.and_then(|payload| pointer.find(payload)).and_then(text_of)
            }
            DeviceSource::Publisher => Some(publisher.to_owned()),
        };
        let found = found.ok_or_else(|| format!("device: nothing at {}", self.place()))?;
        normalised(&self.prefix, &found).ok_or_else(|| {
            format!("device: {found:?} at {} makes no device id of 1 to 32 letters", self.place())
        })
    }

    /// Where the id stands, for people.
    pub fn place(&self) -> String {
        match &self.source {
            DeviceSource::Level(level) => format!("level {level} of the topic"),
            DeviceSource::Pointer(pointer) => pointer.to_string(),
            DeviceSource::Publisher => "the publisher".to_owned(),
        }
    }
}

/// A foreign name as one of our ids: lower case, `-` for whatever our ids have not, none of it at the ends. One that is too
/// long is none: cut, it could be another device's.
pub fn normalised(prefix: &str, name: &str) -> Option<DeviceId> {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(letter).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { None } else { DeviceId::parse(&format!("{prefix}{name}")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_other_systems_become_ids_of_ours() {
        let id = |prefix: &str, name: &str| normalised(prefix, name).map(|id| id.to_string());
        assert_eq!(id("lora-", "0101010101010101").as_deref(), Some("lora-0101010101010101"));
        assert_eq!(id("", "urn:dev:ow:10e2073A:").as_deref(), Some("urn-dev-ow-10e2073a"));
        assert_eq!(id("jt-", "013912345678").as_deref(), Some("jt-013912345678"));
        assert_eq!(id("cam-", "---"), None, "a prefix alone is nobody");
        assert_eq!(id("", &"a".repeat(33)), None);
    }

    #[test]
    fn an_id_comes_from_the_place_that_the_rule_names() {
        let id = |source| {
            let rule = DeviceRule { source, prefix: String::new() };
            rule.device("bridge", "a/B 1/c", Some(&json!({"id": 7}))).map(|id| id.to_string())
        };
        assert_eq!(id(DeviceSource::Level(2)).as_deref(), Ok("b-1"));
        assert_eq!(id(DeviceSource::Pointer(Pointer::parse("/id").unwrap())).as_deref(), Ok("7"));
        assert_eq!(id(DeviceSource::Publisher).as_deref(), Ok("bridge"));
        assert_eq!(id(DeviceSource::Level(4)).unwrap_err(), "device: nothing at level 4 of the topic");
    }

    proptest! {
        #[test]
        fn any_name_becomes_an_id_or_none(prefix in "[a-z0-9-]{0,20}", name in "\\PC{0,40}") {
            if let Some(id) = normalised(&prefix, &name) {
                prop_assert!(DeviceId::parse(id.as_str()).is_some());
            }
        }
    }
}
