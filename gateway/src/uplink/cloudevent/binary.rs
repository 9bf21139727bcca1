//! Events in binary mode: the attributes beside the data, for transports whose messages have properties or headers.

use serde::Serialize;
use serde_json::Value;

use super::CloudEvent;

/// An event whose attributes stand beside its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryEvent {
    /// `specversion`, `id`, `source`, `type`, `time`, and `subject` if it has one; without a prefix.
    pub attributes: Vec<(&'static str, String)>,
    /// `datacontenttype`.
    pub content_type: &'static str,
    /// The data: a GeoJSON Feature, or the payload as it came when it can't be read.
    pub data: Vec<u8>,
}

impl CloudEvent<'_> {
    /// The event in binary mode.
    pub fn to_binary(&self) -> BinaryEvent {
        let mut attributes = vec![
            ("specversion", self.specversion.to_owned()),
            ("id", self.id.to_string()),
            ("source", text(&self.source)),
            ("type", self.r#type.to_owned()),
            ("time", text(&self.time)),
        ];
        attributes.extend(self.subject.as_deref().map(|subject| ("subject", subject.to_owned())));
        let data = match (&self.data, &self.data_base64) {
            (Some(feature), _) => serde_json::to_vec(feature)
                .expect("a Vec takes every write, and a feature has text keys and finite numbers only"),
            (None, raw) => raw.as_ref().map(|raw| raw.0.to_vec()).unwrap_or_default(),
        };
        BinaryEvent { attributes, content_type: self.datacontenttype, data }
    }
}

/// An attribute that is written as a text.
fn text(attribute: &impl Serialize) -> String {
    match serde_json::to_value(attribute) {
        Ok(Value::String(text)) => text,
        // Nothing that is written as an attribute is anything else.
        _ => String::new(),
    }
}
