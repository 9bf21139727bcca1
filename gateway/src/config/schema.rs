//! JSON Schema of the configuration file, from the same descriptions that the reader uses.

use serde_json::{Map, Value, json};

use super::entry::Entries;
use super::template::explanation;
use super::value::{Keys, Kind, Section};

/// One pass over all keys that describes them; the values it is shown are the defaults.
#[derive(Default)]
pub(super) struct Schema {
    sections: Map<String, Value>,
    section: &'static str,
}

impl Schema {
    pub(super) fn into_json(self) -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Patrol Gateway configuration",
            "type": "object",
            "properties": self.sections,
            "additionalProperties": false,
        })
    }

    fn describe<K: Kind>(&mut self, name: &'static str, kind: &K, default: Option<&K::Value>) {
        let mut schema = kind.schema();
        if let Value::Object(fields) = &mut schema {
            fields.insert("description".to_owned(), explanation(self.section, name).into());
            if let Some(default) = default {
                fields.insert("default".to_owned(), json_value(&kind.show(default)));
            }
        }
        if let Some(keys) = self.sections[self.section]["properties"].as_object_mut() {
            keys.insert(name.to_owned(), schema);
        }
    }
}

/// A default as JSON: text, a whole number, a flag or a list of these.
fn json_value(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(number) => (*number.value()).into(),
        toml_edit::Value::Boolean(flag) => (*flag.value()).into(),
        toml_edit::Value::Array(array) => array.iter().map(json_value).collect(),
        other => other.to_string().into(),
    }
}

impl Keys for Schema {
    fn section(&mut self, name: &'static str) {
        self.section = name;
        let section = json!({"type": "object", "properties": {}, "additionalProperties": false});
        self.sections.insert(name.to_owned(), section);
    }

    fn key<K: Kind>(&mut self, name: &'static str, kind: K, value: &mut K::Value) {
        self.describe(name, &kind, Some(value));
    }

    fn optional<K: Kind>(&mut self, name: &'static str, kind: K, _: &mut Option<K::Value>) {
        self.describe(name, &kind, None);
    }

    fn repeated<S: Section>(&mut self, name: &'static str, _: &mut Vec<S>) {
        self.section(name);
        S::default().visit(self);
        if let Some(one) = self.sections.remove(name) {
            let each = json!({"type": "array", "items": one});
            self.sections.insert(name.to_owned(), json!({"anyOf": [one, each]}));
        }
    }

    fn entries<E: Entries>(&mut self, name: &'static str, _: &mut E) {
        self.sections.insert(name.to_owned(), json!({"type": "array", "items": E::schema()}));
    }
}
