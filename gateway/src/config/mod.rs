//! Configuration: one TOML file, one file here for each section.
//!
//! Every key has a default, so no file at all is a configuration too. A value is checked once, here, and carried in a
//! type that can't be wrong. Everything wrong is reported at once: each bad value and each unknown name with its
//! file, line and column (or its variable), what was expected and what was found. Environment variables override the
//! file: `PATROL_GATEWAY__UPLINK__URL` is `url` in `[uplink]`. Secrets stand in files of their own, named here.
//! Relative paths count from the working directory.

mod broker;
mod devices;
mod entries;
mod entry;
mod error;
mod gateway;
mod geography;
mod http;
pub mod key_file;
mod kinds;
mod link;
mod listener;
mod log;
pub mod mapping;
mod names;
mod net;
mod read;
pub mod registry_file;
pub mod rules_file;
mod schema;
mod show;
mod store;
mod template;
mod units;
mod uplink;
mod value;

use std::path::{Path, PathBuf};

use toml_edit::TableLike;

pub use broker::Broker;
pub use devices::Devices;
pub use error::{ConfigError, Fault, Place, Problem};
pub use gateway::{Gateway, GatewayKind, Site};
pub use geography::Geography;
pub use http::Http;
pub use link::Link;
pub use listener::Listener;
pub use log::Log;
pub use mapping::Mappings;
pub use store::Store;
pub use units::parse_duration;
pub use uplink::{ClientCertificate, Compression, Https, Mqtt, MqttVersion, Nats, Open311, Uplink, Way};

use broker::BrokerKeys;
use read::{Checks, Reader, Source};
use uplink::UplinkKeys;
use value::Keys;

/// The whole configuration, checked. `Config::default()` is what the gateway runs on without a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// Who this gateway is.
    pub gateway: Gateway,
    /// The MQTT listener.
    pub listener: Listener,
    /// Somebody else's broker that the gateway takes reports from, if there is one.
    pub broker: Option<Broker>,
    /// What devices must prove.
    pub devices: Devices,
    /// The local HTTP API.
    pub http: Http,
    /// The city.
    pub geography: Geography,
    /// How much is kept.
    pub store: Store,
    /// Where reports go, the one that speaks to the devices first; none buffers.
    pub uplinks: Vec<Uplink>,
    /// How the uplinks use the link.
    pub link: Link,
    /// What is logged.
    pub log: Log,
    /// How messages of other systems become reports.
    pub mapping: Mappings,
}

impl Config {
    /// Reads the file, or the defaults when there is none, and then the overrides among `variables` (name, value).
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let Some(path) = file else { return Config::from_toml("", "defaults", variables) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Config::from_toml(&text, &path.display().to_string(), variables)
    }

    /// Reads `text`; `name` stands for it in messages.
    pub fn from_toml(
        text: &str,
        name: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let source = Source { name, text };
        let document = source.parse().map_err(|problem| ConfigError::Refused { problems: vec![problem] })?;
        let root: &dyn TableLike = document.as_table();
        let mut draft = Draft::default();
        let mut reader = Reader::new(source, root, variables);
        draft.visit(&mut reader);
        let mut checks = reader.finish();
        draft.check(&mut checks);
        match checks.into_problems() {
            problems if problems.is_empty() => Ok(draft.into_config()),
            problems => Err(ConfigError::Refused { problems }),
        }
    }

    /// The configuration as a file that reads back the same; it names the files of secrets, never their content.
    pub fn to_toml(&self) -> String {
        let mut show = show::Show::default();
        Draft::from_config(self).visit(&mut show);
        show.into_text()
    }

    /// The file of the registry of devices and applications.
    pub fn registry_file(&self) -> PathBuf {
        let in_data_dir = || self.gateway.data_dir.join("registry.toml");
        self.devices.registry.clone().unwrap_or_else(in_data_dir)
    }

    /// The documented template: every key with its default, commented out.
    pub const fn template() -> &'static str {
        template::TEMPLATE
    }

    /// JSON Schema (2020-12) of the file.
    pub fn schema() -> serde_json::Value {
        let mut schema = schema::Schema::default();
        Draft::default().visit(&mut schema);
        schema.into_json()
    }
}

/// The sections as they are written in the file.
#[derive(Default)]
struct Draft {
    gateway: Gateway,
    listener: Listener,
    broker: BrokerKeys,
    devices: Devices,
    http: Http,
    geography: Geography,
    store: Store,
    uplinks: Vec<UplinkKeys>,
    link: Link,
    log: Log,
    mapping: Mappings,
}

impl Draft {
    /// The one list of all sections; each lists its keys.
    fn visit(&mut self, keys: &mut impl Keys) {
        self.gateway.visit(keys);
        self.listener.visit(keys);
        self.broker.visit(keys);
        self.devices.visit(keys);
        self.http.visit(keys);
        self.geography.visit(keys);
        self.store.visit(keys);
        keys.repeated("uplink", &mut self.uplinks);
        self.link.visit(keys);
        self.log.visit(keys);
        keys.entries(mapping::ENTRY, &mut self.mapping);
    }

    fn check(&mut self, checks: &mut Checks) {
        self.listener.check(checks);
        self.broker.check(checks);
        self.devices.check(checks);
        self.store.check(checks);
        uplink::check(&self.uplinks, checks);
        self.link.check(checks);
    }

    fn into_config(self) -> Config {
        Config {
            gateway: self.gateway,
            listener: self.listener,
            broker: self.broker.into_broker(),
            devices: self.devices,
            http: self.http,
            geography: self.geography,
            store: self.store,
            uplinks: self.uplinks.into_iter().filter_map(UplinkKeys::into_uplink).collect(),
            link: self.link,
            log: self.log,
            mapping: self.mapping,
        }
    }

    fn from_config(config: &Config) -> Draft {
        let mut uplinks: Vec<_> = config.uplinks.iter().map(UplinkKeys::from_uplink).collect();
        if uplinks.is_empty() {
            uplinks.push(UplinkKeys::default());
        }
        Draft {
            gateway: config.gateway.clone(),
            listener: config.listener.clone(),
            broker: BrokerKeys::from_broker(config.broker.as_ref()),
            devices: config.devices.clone(),
            http: config.http.clone(),
            geography: config.geography.clone(),
            store: config.store.clone(),
            uplinks,
            link: config.link.clone(),
            log: config.log.clone(),
            mapping: config.mapping.clone(),
        }
    }
}
