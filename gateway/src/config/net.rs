//! Addresses: where the gateway listens and where it sends.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Url;
use serde_json::json;
use toml_edit::Value;

use super::value::{Kind, Raw};

/// `port` on 127.0.0.1.
pub(super) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// An address to listen on. Beyond this machine it is used only once somebody has credentials, which the start sees to.
pub(super) struct Address;

impl Kind for Address {
    type Value = SocketAddr;

    fn read(&self, raw: Raw<'_>) -> Option<SocketAddr> {
        raw.text()?.parse().ok()
    }

    fn show(&self, value: &SocketAddr) -> Value {
        Value::from(value.to_string())
    }

    fn expected(&self) -> String {
        "an address and port, such as \"0.0.0.0:1883\" or \"[::1]:1883\"".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": r"^([0-9.]+|\[[0-9a-f:.]+\]):[0-9]+$"})
    }
}

/// An address to listen on, never beyond this machine: others need credentials, and this version has none.
pub(super) struct LoopbackAddress {
    /// Who would need the credentials.
    pub(super) beyond: &'static str,
}

impl Kind for LoopbackAddress {
    type Value = SocketAddr;

    fn read(&self, raw: Raw<'_>) -> Option<SocketAddr> {
        raw.text()?.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())
    }

    fn show(&self, value: &SocketAddr) -> Value {
        Value::from(value.to_string())
    }

    fn expected(&self) -> String {
        format!(
            "a loopback address and port, such as \"127.0.0.1:1883\" or \"[::1]:1883\" (beyond loopback {} need \
             credentials, which this version does not have yet)",
            self.beyond
        )
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": r"^(127\.[0-9.]+|\[::1\]):[0-9]+$"})
    }
}

/// Schemes of platforms, the one with TLS first.
const SCHEMES: [&str; 6] = ["https", "http", "mqtts", "mqtt", "tls", "nats"];

/// A platform's URL without credentials, query or fragment; of HTTP the base that paths are appended to.
pub(super) struct PlatformUrl;

impl Kind for PlatformUrl {
    type Value = Url;

    fn read(&self, raw: Raw<'_>) -> Option<Url> {
        platform_url(raw.text()?)
    }

    fn show(&self, value: &Url) -> Value {
        Value::from(value.as_str().trim_end_matches('/'))
    }

    fn expected(&self) -> String {
        "an https://, mqtts:// or tls:// URL without user name, password, query or fragment (a token goes into \
         token_file)"
            .to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "format": "uri", "pattern": "^(https?|mqtts?|tls|nats)://[^@?#]+$"})
    }

    /// A URL may carry a password: everything before an `@`, and any query, stays out of the message.
    fn found(&self, raw: Raw<'_>) -> String {
        match raw.text() {
            Some(text) if text.contains(['@', '?', '#']) => {
                "a URL with more in it (not repeated here)".to_owned()
            }
            _ => raw.found(),
        }
    }
}

fn platform_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let base = url.query().is_none() && url.fragment().is_none() && url.has_host();
    (plain && base && SCHEMES.contains(&url.scheme())).then_some(url)
}

/// Several of them.
pub(super) struct PlatformUrls;

impl Kind for PlatformUrls {
    type Value = Vec<Url>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<Url>> {
        raw.texts()?.iter().map(|text| platform_url(text)).collect()
    }

    fn show(&self, value: &Vec<Url>) -> Value {
        Value::Array(value.iter().map(|url| url.as_str().trim_end_matches('/')).collect())
    }

    fn expected(&self) -> String {
        "URLs of servers, such as [\"tls://b.example.city:4222\"], without user names and passwords"
            .to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "array", "items": PlatformUrl.schema()})
    }

    fn found(&self, raw: Raw<'_>) -> String {
        match raw.texts() {
            Some(texts) if texts.iter().any(|text| text.contains(['@', '?', '#'])) => {
                "URLs with more in them (not repeated here)".to_owned()
            }
            _ => raw.found(),
        }
    }
}

/// Origins of web pages, as browsers send them: scheme, host, and the port when it is not the scheme's own.
pub(super) struct WebOrigins;

impl Kind for WebOrigins {
    type Value = Vec<String>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<String>> {
        raw.texts()?.iter().map(|text| origin(text)).collect()
    }

    fn show(&self, value: &Vec<String>) -> Value {
        Value::Array(value.iter().map(String::as_str).collect())
    }

    fn expected(&self) -> String {
        "origins of web pages, such as [\"https://desk.example.city\"]".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "array", "items": {"type": "string", "pattern": "^https?://[^/@?#]+$"}})
    }
}

/// The origin in the one form in which browsers write it.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let web = matches!(url.scheme(), "https" | "http") && url.has_host();
    (bare && anonymous && web).then(|| url.origin().ascii_serialization())
}

/// Does the URL lead to this machine?
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
