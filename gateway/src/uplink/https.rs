//! The case platform over HTTPS: one batch out, one verdict per event back.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{Certificate, Client, StatusCode};
use serde::Deserialize;

use super::cloudevent::BATCH_CONTENT_TYPE;
use crate::config::{Compression, Uplink};
use crate::store::settlement::Decision;

/// An answer is read up to here; results for the largest batch fit many times over.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A reason or error text from the platform is kept up to here.
const TEXT_CHARS_MAX: usize = 300;
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

/// Why a batch has no verdicts. Nothing of it is released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// No answer: no connection, or TLS refused.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// No complete answer before the total deadline.
    #[error("no answer: deadline passed")]
    Deadline,
    /// The platform asks to come back later (429, 503) or has failed (5xx).
    #[error("platform answers {status}")]
    Unavailable {
        /// The status.
        status: u16,
        /// The wait it asked for.
        retry_after: Option<Duration>,
    },
    /// It does not know us, or there is no such address (401, 403, 404 and the like): a person is needed.
    #[error("platform answers {status}: check url and token")]
    Denied {
        /// The status.
        status: u16,
    },
    /// It does not take this batch as it is (400, 413, 422): some event in it is to blame, or its size.
    #[error("platform refuses the batch with {status}: {reason}")]
    BatchRefused {
        /// The status.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// Status 200, but no results that can be read.
    #[error("answer not understood: {0}")]
    Garbled(String),
}

/// The platform's word on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The event's id.
    pub id: String,
    /// The decision.
    pub decision: Decision,
}

/// The platform.
pub struct Platform {
    client: Client,
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
        let url = format!("{}/v1/events", uplink.url.as_str().trim_end_matches('/'));
        Ok(Platform { client, url, compression: uplink.compression })
    }

    /// Sends a batch: a JSON array of events. Returns the verdicts, in the platform's order, and the bytes sent.
    ///
    /// # Errors
    /// [`PostError`].
    pub async fn post(&self, batch: Vec<u8>) -> Result<(Vec<Verdict>, usize), PostError> {
        let (body, encoding) = compress(self.compression, batch);
        let sent = body.len();
        let mut request = self.client.post(&self.url).header(CONTENT_TYPE, BATCH_CONTENT_TYPE).body(body);
        if let Some(encoding) = encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        let mut response = request.send().await.map_err(no_answer)?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if answer.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(PostError::Garbled(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
            answer.extend_from_slice(&chunk);
        }
        verdicts(status, retry_after, &answer).map(|verdicts| (verdicts, sent))
    }
}

/// The innermost cause says what happened ("connection refused"); the outer ones only where.
fn no_answer(error: reqwest::Error) -> PostError {
    if error.is_timeout() {
        return PostError::Deadline;
    }
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    PostError::NoAnswer(shorten(&innermost.to_string()))
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

#[derive(Deserialize)]
struct Answer {
    results: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    status: String,
    case: Option<String>,
    reason: Option<String>,
}

/// Reads an answer. A result with a status that is not known here is no verdict: the event stays.
fn verdicts(
    status: StatusCode,
    retry_after: Option<Duration>,
    answer: &[u8],
) -> Result<Vec<Verdict>, PostError> {
    let code = status.as_u16();
    match code {
        200 => {}
        400 | 413 | 422 => {
            return Err(PostError::BatchRefused {
                status: code,
                reason: shorten(&String::from_utf8_lossy(answer)),
            });
        }
        408 | 425 | 429 | 500.. => return Err(PostError::Unavailable { status: code, retry_after }),
        _ => return Err(PostError::Denied { status: code }),
    }
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|error| PostError::Garbled(error.to_string()))?;
    let verdict = |line: Line| {
        let decision = match line.status.as_str() {
            "accepted" | "duplicate" => Decision::Accepted { case_number: line.case.as_deref().map(shorten) },
            "rejected" => {
                Decision::Rejected { reason: shorten(line.reason.as_deref().unwrap_or("no reason given")) }
            }
            _ => return None,
        };
        Some(Verdict { id: line.id, decision })
    };
    Ok(answer.results.into_iter().filter_map(verdict).collect())
}

/// The wait that the platform asks for, in seconds or as a date. A date is taken against the answer's own `Date`, since
/// this machine's clock may be wrong.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
    let wait = date(text)?.duration_since(date(headers.get(DATE)?.to_str().ok()?)?);
    Duration::try_from(wait).ok()
}

fn shorten(text: &str) -> String {
    text.trim().chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, answer: &str) -> Result<Vec<Verdict>, PostError> {
        verdicts(StatusCode::from_u16(status).unwrap(), None, answer.as_bytes())
    }

    #[test]
    fn each_result_is_a_verdict_and_an_unknown_status_is_none() {
        let answer = r#"{"results": [
            {"id": "car-07/7/812", "status": "accepted", "case": "AJ-2026-000123"},
            {"id": "car-07/7/813", "status": "duplicate"},
            {"id": "car-07/7/814", "status": "rejected", "reason": "no such code"},
            {"id": "car-07/7/815", "status": "pondering"}]}"#;
        let decisions: Vec<_> =
            read(200, answer).unwrap().into_iter().map(|verdict| verdict.decision).collect();
        let accepted = |case: Option<&str>| Decision::Accepted { case_number: case.map(str::to_owned) };
        let rejected = Decision::Rejected { reason: "no such code".into() };
        assert_eq!(decisions, [accepted(Some("AJ-2026-000123")), accepted(None), rejected]);
    }

    #[test]
    fn only_a_complaint_about_the_content_blames_the_batch() {
        for status in [400, 413, 422] {
            assert!(matches!(read(status, "bad"), Err(PostError::BatchRefused { .. })), "{status}");
        }
        for status in [301, 401, 403, 404, 405] {
            assert!(matches!(read(status, ""), Err(PostError::Denied { .. })), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(read(status, ""), Err(PostError::Unavailable { .. })), "{status}");
        }
        assert!(matches!(read(200, "<html>"), Err(PostError::Garbled(_))));
        assert!(
            matches!(read(204, ""), Err(PostError::Denied { .. })),
            "an answer without results releases nothing"
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_by_the_platforms_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("17"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(17)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Mon, 23 Nov 2026 09:00:30 GMT"));
        assert_eq!(retry_after(&headers), None, "without a Date there is nothing to measure against");
        headers.insert(DATE, HeaderValue::from_static("Mon, 23 Nov 2026 09:00:00 GMT"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("soon"));
        assert_eq!(retry_after(&headers), None);
    }
}
