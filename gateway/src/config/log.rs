//! `[log]`: what is written to stderr.

use serde_json::json;
use toml_edit::Value;
use tracing_subscriber::filter::Targets;

use super::value::{Keys, Kind, Raw};

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A filter such as `info` or `info,patrol_gateway::uplink=debug`; checked.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Log {
        Log { filter: "info".to_owned() }
    }
}

impl Log {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("log");
        keys.key("filter", Filter, &mut self.filter);
    }
}

/// What `tracing_subscriber::filter::Targets` takes: no regular expressions, and so no engine for them.
struct Filter;

impl Kind for Filter {
    type Value = String;

    fn read(&self, raw: Raw<'_>) -> Option<String> {
        let text = raw.text().filter(|text| !text.trim().is_empty())?;
        text.parse::<Targets>().ok().map(|_| text.to_owned())
    }

    fn show(&self, value: &String) -> Value {
        Value::from(value.as_str())
    }

    fn expected(&self) -> String {
        "a log filter, such as \"info\" or \"info,patrol_gateway::uplink=debug\"".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "minLength": 1})
    }
}
