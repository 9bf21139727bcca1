//! `[broker]`: somebody else's broker, where devices already publish.

use std::path::PathBuf;

use reqwest::Url;
use serde_json::json;
use toml_edit::Value;

use super::MqttVersion;
use super::kinds::{Choice, FilePath, Flag, Text};
use super::net::{PlatformUrl, is_loopback};
use super::read::Checks;
use super::value::{Keys, Kind, Raw};
use crate::domain::topic::{Filter, TopicLimits};

const VERSIONS: &[(&str, MqttVersion)] = &[("5", MqttVersion::V5), ("3.1.1", MqttVersion::V3)];
/// Filters at most.
const FILTERS_MAX: usize = 64;
/// A filter is at most so large.
const LIMITS: TopicLimits = TopicLimits { bytes_max: 1024, levels_max: 64 };

/// A broker that the gateway subscribes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Where it is; plain text only to loopback or with the operator's leave.
    pub url: Url,
    /// Version of MQTT.
    pub version: MqttVersion,
    /// Client id, under which it keeps the session.
    pub client_id: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// File whose content is the password.
    pub password_file: Option<PathBuf>,
    /// PEM file of the authority that its certificate must come from, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// What is subscribed to; `None`: the gateway's own topics and those of the mapping.
    pub topics: Option<Vec<String>>,
    /// The operator allows plain text beyond loopback.
    pub allow_plain: bool,
}

/// The section, before it is known whether there is a broker at all.
#[derive(Debug, Clone)]
pub(super) struct BrokerKeys {
    url: Option<Url>,
    version: MqttVersion,
    client_id: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    topics: Option<Vec<String>>,
    allow_plain: bool,
}

impl Default for BrokerKeys {
    fn default() -> BrokerKeys {
        BrokerKeys {
            url: None,
            version: MqttVersion::V5,
            client_id: None,
            username: None,
            password_file: None,
            ca_file: None,
            topics: None,
            allow_plain: false,
        }
    }
}

impl BrokerKeys {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("broker");
        keys.optional("url", PlatformUrl, &mut self.url);
        keys.key("mqtt_version", Choice(VERSIONS), &mut self.version);
        keys.optional("client_id", Text, &mut self.client_id);
        keys.optional("username", Text, &mut self.username);
        keys.optional("password_file", FilePath, &mut self.password_file);
        keys.optional("ca_file", FilePath, &mut self.ca_file);
        keys.optional("topics", Filters, &mut self.topics);
        keys.key("allow_plain", Flag, &mut self.allow_plain);
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        let Some(url) = &self.url else { return };
        checks.require(
            ["mqtts", "mqtt"].contains(&url.scheme()),
            &["broker.url"],
            "a URL that begins with mqtts:// or mqtt://",
        );
        checks.require(
            self.allow_plain || url.scheme() != "mqtt" || is_loopback(url),
            &["broker.url", "broker.allow_plain"],
            "an mqtts:// URL (mqtt:// leads only to loopback unless allow_plain = true)",
        );
        checks.require(
            self.password_file.is_none() || self.username.is_some(),
            &["broker.password_file", "broker.username"],
            "username and password_file together",
        );
    }

    pub(super) fn into_broker(self) -> Option<Broker> {
        Some(Broker {
            url: self.url?,
            version: self.version,
            client_id: self.client_id,
            username: self.username,
            password_file: self.password_file,
            ca_file: self.ca_file,
            topics: self.topics,
            allow_plain: self.allow_plain,
        })
    }

    pub(super) fn from_broker(broker: Option<&Broker>) -> BrokerKeys {
        let Some(broker) = broker.cloned() else { return BrokerKeys::default() };
        BrokerKeys {
            url: Some(broker.url),
            version: broker.version,
            client_id: broker.client_id,
            username: broker.username,
            password_file: broker.password_file,
            ca_file: broker.ca_file,
            topics: broker.topics,
            allow_plain: broker.allow_plain,
        }
    }
}

/// Filters to subscribe to.
struct Filters;

impl Kind for Filters {
    type Value = Vec<String>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<String>> {
        let texts = raw.texts()?;
        let is_filter = |text: &String| Filter::parse(text, LIMITS).is_ok();
        let fits = (1..=FILTERS_MAX).contains(&texts.len()) && texts.iter().all(is_filter);
        fits.then_some(texts)
    }

    fn show(&self, value: &Vec<String>) -> Value {
        Value::Array(value.iter().map(String::as_str).collect())
    }

    fn expected(&self) -> String {
        format!("1 to {FILTERS_MAX} topic filters, such as [\"patrol/v1/up/#\"]")
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": FILTERS_MAX})
    }
}
