//! The section `[uplink]` as it is written: one list of keys for all kinds, and which of them mean something for which.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::{ClientCertificate, Compression, Https, Mqtt, MqttVersion, Nats, Open311, Uplink, Way};
use crate::config::gateway::Id;
use crate::config::kinds::{Choice, Classes, Count, FilePath, Flag, Size, Span, Text};
use crate::config::net::{PlatformUrl, PlatformUrls, is_loopback};
use crate::config::read::Checks;
use crate::config::value::{Keys, Section};
use crate::domain::report::Class;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Https,
    Mqtt,
    Nats,
    Open311,
    City,
}

const KINDS: &[(&str, Kind)] = &[
    ("none", Kind::None),
    ("https", Kind::Https),
    ("mqtt", Kind::Mqtt),
    ("nats", Kind::Nats),
    ("open311", Kind::Open311),
    ("city", Kind::City),
];
const COMPRESSIONS: &[(&str, Compression)] =
    &[("zstd", Compression::Zstd), ("gzip", Compression::Gzip), ("none", Compression::None)];
const VERSIONS: &[(&str, MqttVersion)] = &[("5", MqttVersion::V5), ("3.1.1", MqttVersion::V3)];

/// Keys that mean something for some kinds only.
const OF_KINDS: &[(&str, &[Kind])] = &[
    ("uplink.compression", &[Kind::Https]),
    ("uplink.compact", &[Kind::Https]),
    ("uplink.mqtt_version", &[Kind::Mqtt]),
    ("uplink.client_id", &[Kind::Mqtt]),
    ("uplink.receipts", &[Kind::Mqtt]),
    ("uplink.username", &[Kind::Mqtt, Kind::Nats]),
    ("uplink.servers", &[Kind::Nats]),
    ("uplink.jurisdiction", &[Kind::Open311, Kind::City]),
    ("uplink.services", &[Kind::Open311, Kind::City]),
];

/// The section, before it is known whether there is an uplink at all.
#[derive(Debug, Clone)]
pub(in crate::config) struct UplinkKeys {
    kind: Kind,
    name: Option<String>,
    url: Option<Url>,
    classes: Option<Vec<Class>>,
    required: bool,
    compression: Option<Compression>,
    compact: Option<bool>,
    timeout: Duration,
    batch_events: usize,
    batch_bytes: usize,
    in_flight: usize,
    retry_min: Duration,
    retry_max: Duration,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    allow_plain: bool,
    mqtt_version: Option<MqttVersion>,
    client_id: Option<String>,
    username: Option<String>,
    receipts: Option<bool>,
    servers: Option<Vec<Url>>,
    jurisdiction: Option<String>,
    services: Option<PathBuf>,
}

impl Default for UplinkKeys {
    fn default() -> UplinkKeys {
        UplinkKeys {
            kind: Kind::None,
            name: None,
            url: None,
            classes: None,
            required: true,
            compression: None,
            compact: None,
            timeout: Duration::from_secs(10),
            batch_events: 500,
            batch_bytes: 1 << 20,
            in_flight: 4,
            retry_min: Duration::from_millis(500),
            retry_max: Duration::from_secs(60),
            token_file: None,
            ca_file: None,
            client_certificate: None,
            client_key: None,
            allow_plain: false,
            mqtt_version: None,
            client_id: None,
            username: None,
            receipts: None,
            servers: None,
            jurisdiction: None,
            services: None,
        }
    }
}

impl UplinkKeys {
    /// The defaults of an uplink by HTTPS.
    pub(super) fn https() -> UplinkKeys {
        UplinkKeys { kind: Kind::Https, ..UplinkKeys::default() }
    }

    pub(in crate::config) fn check(&self, checks: &mut Checks, is_only_one: bool) {
        // A url that nothing is sent to would look like an uplink and be none.
        checks.require(
            self.url.is_none() || checks.is_given("uplink.kind"),
            &["uplink.kind", "uplink.url"],
            "\"https\" (or \"none\" to buffer only), as uplink.url is given",
        );
        checks.require(
            self.url.is_some() || self.kind == Kind::None,
            &["uplink.url", "uplink.kind"],
            &format!("the platform's URL, as uplink.kind is {:?}", name_of(self.kind)),
        );
        for (key, kinds) in OF_KINDS {
            let fits = self.kind == Kind::None || kinds.contains(&self.kind);
            let names: Vec<String> = kinds.iter().map(|kind| format!("{:?}", name_of(*kind))).collect();
            let expected = format!("nothing, as it is for uplink.kind {}", names.join(" and "));
            checks.require(fits || !checks.is_given(key), &[key], &expected);
        }
        self.check_url(checks);
        checks.require(
            self.client_certificate.is_some() == self.client_key.is_some(),
            &["uplink.client_key", "uplink.client_certificate"],
            "client_certificate and client_key together",
        );
        let only_incidents =
            self.classes.as_ref().is_none_or(|classes| classes.iter().all(|class| *class == Class::Incident));
        checks.require(
            only_incidents || !matches!(self.kind, Kind::Open311 | Kind::City),
            &["uplink.classes"],
            "[\"incident\"], as such a platform takes nothing else",
        );
        checks.require(
            self.kind != Kind::None || is_only_one,
            &["uplink.kind", "uplink.name"],
            "what the platform speaks, as there are several uplinks",
        );
        checks.require(
            self.retry_min <= self.retry_max,
            &["uplink.retry_min", "uplink.retry_max"],
            "at most uplink.retry_max",
        );
    }

    fn check_url(&self, checks: &mut Checks) {
        let Some(url) = &self.url else { return };
        let schemes: &[&str] = match self.kind {
            Kind::None => return,
            Kind::Https | Kind::Open311 | Kind::City => &["https", "http"],
            Kind::Mqtt => &["mqtts", "mqtt"],
            Kind::Nats => &["tls", "nats"],
        };
        let expected = format!("a URL that begins with {}:// or {}://", schemes[0], schemes[1]);
        checks.require(schemes.contains(&url.scheme()), &["uplink.url", "uplink.kind"], &expected);
        let is_plain = |url: &Url| url.scheme() == schemes[1] && !is_loopback(url);
        checks.require(
            self.allow_plain || !is_plain(url),
            &["uplink.url", "uplink.allow_plain_http"],
            &format!(
                "an {}:// URL ({}:// leads only to loopback unless allow_plain_http = true)",
                schemes[0], schemes[1]
            ),
        );
        checks.require(
            self.servers
                .iter()
                .flatten()
                .all(|server| schemes.contains(&server.scheme()) && (self.allow_plain || !is_plain(server))),
            &["uplink.servers", "uplink.allow_plain_http"],
            "URLs as uplink.url is one",
        );
    }

    /// The name that the uplink will have.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(name_of(self.kind))
    }

    /// The uplink, if there is one.
    pub(in crate::config) fn into_uplink(self) -> Option<Uplink> {
        let url = self.url.clone().filter(|_| self.kind != Kind::None)?;
        Some(self.with(url))
    }

    pub(super) fn with(self, url: Url) -> Uplink {
        let name = self.name().to_owned();
        let way = match self.kind {
            Kind::None | Kind::Https => {
                let compression = self.compression.unwrap_or(Compression::Zstd);
                Way::Https(Https { compression, compact: self.compact.unwrap_or(true) })
            }
            Kind::Mqtt => Way::Mqtt(Mqtt {
                version: self.mqtt_version.unwrap_or(MqttVersion::V5),
                client_id: self.client_id,
                username: self.username,
                receipts: self.receipts.unwrap_or(false),
            }),
            Kind::Nats => {
                Way::Nats(Nats { servers: self.servers.unwrap_or_default(), username: self.username })
            }
            Kind::Open311 => {
                Way::Open311(Open311 { jurisdiction: self.jurisdiction, services: self.services })
            }
            Kind::City => Way::City(Open311 { jurisdiction: self.jurisdiction, services: self.services }),
        };
        let classes = self.classes.unwrap_or_else(|| usual_classes(self.kind));
        Uplink {
            name,
            way,
            url,
            classes,
            required: self.required,
            timeout: self.timeout,
            batch_events: self.batch_events,
            batch_bytes: self.batch_bytes,
            in_flight: self.in_flight,
            retry_min: self.retry_min,
            retry_max: self.retry_max,
            token_file: self.token_file,
            ca_file: self.ca_file,
            client: self
                .client_certificate
                .zip(self.client_key)
                .map(|(certificate, key)| ClientCertificate { certificate, key }),
            allow_plain: self.allow_plain,
        }
    }

    /// The section that stands for this uplink.
    pub(in crate::config) fn from_uplink(uplink: &Uplink) -> UplinkKeys {
        let uplink = uplink.clone();
        let keys = UplinkKeys {
            kind: kind_of(&uplink.way),
            name: Some(uplink.name),
            url: Some(uplink.url),
            classes: Some(uplink.classes),
            required: uplink.required,
            timeout: uplink.timeout,
            batch_events: uplink.batch_events,
            batch_bytes: uplink.batch_bytes,
            in_flight: uplink.in_flight,
            retry_min: uplink.retry_min,
            retry_max: uplink.retry_max,
            token_file: uplink.token_file,
            ca_file: uplink.ca_file,
            client_certificate: uplink.client.as_ref().map(|client| client.certificate.clone()),
            client_key: uplink.client.map(|client| client.key),
            allow_plain: uplink.allow_plain,
            ..UplinkKeys::default()
        };
        match uplink.way {
            Way::Https(Https { compression, compact }) => {
                UplinkKeys { compression: Some(compression), compact: Some(compact), ..keys }
            }
            Way::Mqtt(Mqtt { version, client_id, username, receipts }) => {
                let (mqtt_version, receipts) = (Some(version), Some(receipts));
                UplinkKeys { mqtt_version, client_id, username, receipts, ..keys }
            }
            Way::Nats(Nats { servers, username }) => {
                UplinkKeys { servers: Some(servers).filter(|servers| !servers.is_empty()), username, ..keys }
            }
            Way::Open311(Open311 { jurisdiction, services })
            | Way::City(Open311 { jurisdiction, services }) => UplinkKeys { jurisdiction, services, ..keys },
        }
    }
}

impl Section for UplinkKeys {
    fn visit(&mut self, keys: &mut impl Keys) {
        let ms = Duration::from_millis;
        keys.key("kind", Choice(KINDS), &mut self.kind);
        keys.optional("name", Id, &mut self.name);
        keys.optional("url", PlatformUrl, &mut self.url);
        keys.optional("classes", Classes, &mut self.classes);
        keys.key("required", Flag, &mut self.required);
        keys.optional("compression", Choice(COMPRESSIONS), &mut self.compression);
        keys.optional("compact", Flag, &mut self.compact);
        keys.key("timeout", Span { min: ms(100), max: ms(300_000) }, &mut self.timeout);
        keys.key("batch_events", Count { min: 1, max: 5000 }, &mut self.batch_events);
        keys.key("batch_bytes", Size { min: 1 << 10, max: 16 << 20 }, &mut self.batch_bytes);
        keys.key("in_flight", Count { min: 1, max: 4 }, &mut self.in_flight);
        keys.key("retry_min", Span { min: ms(10), max: ms(60_000) }, &mut self.retry_min);
        keys.key("retry_max", Span { min: ms(10), max: ms(3_600_000) }, &mut self.retry_max);
        keys.optional("token_file", FilePath, &mut self.token_file);
        keys.optional("ca_file", FilePath, &mut self.ca_file);
        keys.optional("client_certificate", FilePath, &mut self.client_certificate);
        keys.optional("client_key", FilePath, &mut self.client_key);
        keys.key("allow_plain_http", Flag, &mut self.allow_plain);
        keys.optional("mqtt_version", Choice(VERSIONS), &mut self.mqtt_version);
        keys.optional("client_id", Text, &mut self.client_id);
        keys.optional("username", Text, &mut self.username);
        keys.optional("receipts", Flag, &mut self.receipts);
        keys.optional("servers", PlatformUrls, &mut self.servers);
        keys.optional("jurisdiction", Text, &mut self.jurisdiction);
        keys.optional("services", FilePath, &mut self.services);
    }
}

fn kind_of(way: &Way) -> Kind {
    KINDS.iter().find(|(name, _)| *name == way.as_str()).map_or(Kind::None, |(_, kind)| *kind)
}

fn name_of(kind: Kind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name)
}

/// Evidence waits for a way of its own.
fn usual_classes(kind: Kind) -> Vec<Class> {
    match kind {
        Kind::Open311 | Kind::City => vec![Class::Incident],
        _ => Class::ALL.into_iter().filter(|class| *class != Class::Evidence).collect(),
    }
}
