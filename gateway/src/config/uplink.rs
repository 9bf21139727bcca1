//! `[uplink]`: where reports go. Without a kind the gateway buffers.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::kinds::{Choice, Count, FilePath, Flag, Size, Span};
use super::net::{BaseUrl, is_loopback};
use super::read::Checks;
use super::value::Keys;

/// An uplink: CloudEvents batches, `POST {url}/v1/events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// Base of the platform's API; http only to loopback or with `allow_plain_http`.
    pub url: Url,
    /// How request bodies are compressed.
    pub compression: Compression,
    /// Total time for one request, from the look-up of the name to the last byte of the answer.
    pub timeout: Duration,
    /// Most events in one request, 1..=5000.
    pub batch_events: usize,
    /// Most bytes in one request, before compression.
    pub batch_bytes: usize,
    /// First wait after a failure.
    pub retry_min: Duration,
    /// Longest wait after failures.
    pub retry_max: Duration,
    /// File whose content is the bearer token.
    pub token_file: Option<PathBuf>,
    /// PEM file of the authority that the platform's certificate must come from, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The operator allows http beyond loopback.
    pub allow_plain_http: bool,
}

impl Uplink {
    /// An uplink to `url` with the defaults of everything else; does not check `url`.
    pub fn to(url: Url) -> Uplink {
        UplinkKeys::default().with(url)
    }

    /// The URL of `path` below the base, with exactly one slash between them.
    pub fn endpoint(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let below = format!("{}/{}", self.url.path().trim_end_matches('/'), path.trim_start_matches('/'));
        url.set_path(&below);
        url
    }
}

/// Compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard.
    Zstd,
    /// gzip.
    Gzip,
    /// None.
    None,
}

impl Compression {
    const NAMES: &'static [(&'static str, Compression)] =
        &[("zstd", Compression::Zstd), ("gzip", Compression::Gzip), ("none", Compression::None)];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Compression::Zstd => "zstd",
            Compression::Gzip => "gzip",
            Compression::None => "none",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UplinkChoice {
    None,
    Https,
}

const CHOICES: &[(&str, UplinkChoice)] = &[("none", UplinkChoice::None), ("https", UplinkChoice::Https)];

/// The section as it is written, before it is known whether there is an uplink at all.
#[derive(Debug, Clone)]
pub(super) struct UplinkKeys {
    kind: UplinkChoice,
    url: Option<Url>,
    compression: Compression,
    timeout: Duration,
    batch_events: usize,
    batch_bytes: usize,
    retry_min: Duration,
    retry_max: Duration,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    allow_plain_http: bool,
}

impl Default for UplinkKeys {
    fn default() -> UplinkKeys {
        UplinkKeys {
            kind: UplinkChoice::None,
            url: None,
            compression: Compression::Zstd,
            timeout: Duration::from_secs(10),
            batch_events: 500,
            batch_bytes: 1 << 20,
            retry_min: Duration::from_millis(500),
            retry_max: Duration::from_secs(60),
            token_file: None,
            ca_file: None,
            allow_plain_http: false,
        }
    }
}

impl UplinkKeys {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        let ms = Duration::from_millis;
        keys.section("uplink");
        keys.key("kind", Choice(CHOICES), &mut self.kind);
        keys.optional("url", BaseUrl, &mut self.url);
        keys.key("compression", Choice(Compression::NAMES), &mut self.compression);
        keys.key("timeout", Span { min: ms(100), max: ms(300_000) }, &mut self.timeout);
        keys.key("batch_events", Count { min: 1, max: 5000 }, &mut self.batch_events);
        keys.key("batch_bytes", Size { min: 1 << 10, max: 16 << 20 }, &mut self.batch_bytes);
        keys.key("retry_min", Span { min: ms(10), max: ms(60_000) }, &mut self.retry_min);
        keys.key("retry_max", Span { min: ms(10), max: ms(3_600_000) }, &mut self.retry_max);
        keys.optional("token_file", FilePath, &mut self.token_file);
        keys.optional("ca_file", FilePath, &mut self.ca_file);
        keys.key("allow_plain_http", Flag, &mut self.allow_plain_http);
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        // A url that nothing is sent to would look like an uplink and be none.
        checks.require(
            self.url.is_none() || checks.is_given("uplink.kind"),
            &["uplink.kind", "uplink.url"],
            "\"https\" (or \"none\" to buffer only), as uplink.url is given",
        );
        checks.require(
            self.url.is_some() || self.kind == UplinkChoice::None,
            &["uplink.url", "uplink.kind"],
            "the platform's URL, as uplink.kind is \"https\"",
        );
        let plain = self.url.as_ref().is_some_and(|url| url.scheme() == "http" && !is_loopback(url));
        checks.require(
            !plain || self.allow_plain_http,
            &["uplink.url", "uplink.allow_plain_http"],
            "an https:// URL (http:// leads only to loopback unless allow_plain_http = true)",
        );
        checks.require(
            self.retry_min <= self.retry_max,
            &["uplink.retry_min", "uplink.retry_max"],
            "at most uplink.retry_max",
        );
    }

    /// The uplink, if there is one.
    pub(super) fn into_uplink(self) -> Option<Uplink> {
        let url = self.url.clone().filter(|_| self.kind == UplinkChoice::Https)?;
        Some(self.with(url))
    }

    fn with(self, url: Url) -> Uplink {
        Uplink {
            url,
            compression: self.compression,
            timeout: self.timeout,
            batch_events: self.batch_events,
            batch_bytes: self.batch_bytes,
            retry_min: self.retry_min,
            retry_max: self.retry_max,
            token_file: self.token_file,
            ca_file: self.ca_file,
            allow_plain_http: self.allow_plain_http,
        }
    }

    /// The section that stands for this uplink.
    pub(super) fn from_uplink(uplink: Option<&Uplink>) -> UplinkKeys {
        let Some(uplink) = uplink.cloned() else { return UplinkKeys::default() };
        UplinkKeys {
            kind: UplinkChoice::Https,
            url: Some(uplink.url),
            compression: uplink.compression,
            timeout: uplink.timeout,
            batch_events: uplink.batch_events,
            batch_bytes: uplink.batch_bytes,
            retry_min: uplink.retry_min,
            retry_max: uplink.retry_max,
            token_file: uplink.token_file,
            ca_file: uplink.ca_file,
            allow_plain_http: uplink.allow_plain_http,
        }
    }
}
