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

/// An http or https URL without credentials, query or fragment: the base that paths are appended to.
pub(super) struct BaseUrl;

impl Kind for BaseUrl {
    type Value = Url;

    fn read(&self, raw: Raw<'_>) -> Option<Url> {
        let url = Url::parse(raw.text()?).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        let base = url.query().is_none() && url.fragment().is_none() && url.has_host();
        (plain && base && matches!(url.scheme(), "https" | "http")).then_some(url)
    }

    fn show(&self, value: &Url) -> Value {
        Value::from(value.as_str().trim_end_matches('/'))
    }

    fn expected(&self) -> String {
        "an https:// URL without user name, password, query or fragment (a token goes into token_file)"
            .to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "format": "uri", "pattern": "^https?://[^@?#]+$"})
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
