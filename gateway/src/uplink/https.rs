//! The case platform over HTTPS: one request out, one answer back for each event, and for each loss record.

mod answer;
pub mod carrier;
pub mod document;

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client};

use self::answer::Outcome;
use super::carrier::Trouble;
use super::cloudevent::BATCH_CONTENT_TYPE;
use crate::config::{Compression, Uplink, Way};
use crate::store::settlement::Decision;

/// An answer is read up to here; results for the largest batch fit many times over.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Idle and user time-out of the connection: a half-open one is given up before the next request is lost on it.
const TCP_TIMEOUT: Duration = Duration::from_secs(20);
/// Default level of zstd: below a millisecond for a batch on an edge box.
const ZSTD_LEVEL: i32 = 3;

/// Why the platform can't be reached the way it is configured.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file that the configuration names can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The token is not one line of visible text.
    #[error("{}: a token is one line of visible ASCII", path.display())]
    Token {
        /// The file.
        path: PathBuf,
    },
    /// The certificate authority's file has nothing in it to trust.
    #[error("{}: no certificate in PEM form", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The certificate authority's file is not PEM, or the TLS set-up failed.
    #[error("TLS: {0}")]
    Tls(#[source] reqwest::Error),
}

/// The platform's word on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The event's id.
    pub id: String,
    /// The decision.
    pub decision: Decision,
}

/// The platform. Clones share their connections.
#[derive(Clone)]
pub struct Platform {
    client: Client,
    /// Base of its addresses, without a slash at the end.
    url: String,
    compression: Compression,
}

impl Platform {
    /// Reads the files that the configuration names. Connects to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(uplink: &Uplink) -> Result<Platform, SetupError> {
        let mut headers = HeaderMap::new();
        if let Some(path) = &uplink.token_file {
            let token = std::fs::read_to_string(path)
                .map_err(|source| SetupError::File { path: path.clone(), source })?;
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.trim()))
                .map_err(|_| SetupError::Token { path: path.clone() })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = Client::builder()
            .user_agent(concat!("patrol-gateway/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            // A redirect could lead from https to http, and to somebody else.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(uplink.timeout)
            .pool_max_idle_per_host(1)
            .tcp_keepalive(TCP_TIMEOUT)
            .tcp_user_timeout(TCP_TIMEOUT);
        if let Some(path) = &uplink.ca_file {
            let pem =
                std::fs::read(path).map_err(|source| SetupError::File { path: path.clone(), source })?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(SetupError::Tls)?;
            if certificates.is_empty() {
                return Err(SetupError::NoCertificate { path: path.clone() });
            }
            builder = builder.tls_certs_only(certificates);
        }
        let client = builder.build().map_err(SetupError::Tls)?;
        let url = uplink.url.as_str().trim_end_matches('/').to_owned();
        let compression = match &uplink.way {
            Way::Https(https) => https.compression,
            _ => Compression::None,
        };
        Ok(Platform { client, url, compression })
    }

    /// Sends a batch: a JSON array of events. Returns the verdicts, in the platform's order, and the bytes sent.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn post_events(&self, batch: Vec<u8>) -> Result<(Vec<Verdict>, usize), Trouble> {
        let (results, sent) = self.post("/v1/events", BATCH_CONTENT_TYPE, batch).await?;
        Ok((results.into_iter().filter_map(answer::verdict).collect(), sent))
    }

    /// Tells losses. Returns the ids of those that the platform has, and the bytes sent.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn post_losses(&self, report: Vec<u8>) -> Result<(HashSet<String>, usize), Trouble> {
        let (results, sent) = self.post("/v1/losses", "application/json", report).await?;
        Ok((results.into_iter().filter_map(answer::taken).collect(), sent))
    }

    /// One request: the results that the platform answered, and the bytes sent.
    async fn post(
        &self,
        path: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<(Vec<Outcome>, usize), Trouble> {
        let (body, encoding) = compress(self.compression, body);
        let sent = body.len();
        let url = format!("{}{path}", self.url);
        let mut request = self.client.post(url).header(CONTENT_TYPE, content_type).body(body);
        if let Some(encoding) = encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        let mut response = request.send().await.map_err(no_answer)?;
        let (status, retry_after) = (response.status(), answer::retry_after(response.headers()));
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if answer.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Trouble::Garbled(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
            answer.extend_from_slice(&chunk);
        }
        answer::results(status, retry_after, &answer).map(|results| (results, sent))
    }
}

/// The innermost cause says what happened ("connection refused"); the outer ones only where.
fn no_answer(error: reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::Deadline;
    }
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    Trouble::NoAnswer(answer::shorten(&innermost.to_string()))
}

fn compress(compression: Compression, batch: Vec<u8>) -> (Bytes, Option<&'static str>) {
    let compressed = match compression {
        Compression::None => None,
        Compression::Zstd => zstd::bulk::compress(&batch, ZSTD_LEVEL).ok().map(|body| (body, "zstd")),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&batch).and_then(|()| encoder.finish()).ok().map(|body| (body, "gzip"))
        }
    };
    match compressed {
        Some((body, name)) => (body.into(), Some(name)),
        // Compressing into memory does not fail; if it ever did, the batch goes as it is.
        None => (batch.into(), None),
    }
}
