//! The case platform over HTTPS: one request out, one answer back for each event, and for each loss record.

mod access;
mod answer;
pub mod carrier;
pub mod document;
mod reading;
mod setup;
pub mod tls;

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::sync::watch;
use tokio::time::Instant;

use self::access::{Access, Place};
use self::answer::Answer;
use self::reading::Reading;
pub use self::setup::SetupError;
pub use self::tls::expiry::CertificateNews;
pub use self::tls::floor::ClockFloor;
use super::carrier::Trouble;
use super::cloudevent::{BATCH_CONTENT_TYPE, columns};
use crate::config::{Compression, Uplink, Way};
use crate::store::settlement::Decision;

/// An answer is read up to here; results for the largest batch fit many times over.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Default level of zstd: below a millisecond for a batch on an edge box.
const ZSTD_LEVEL: i32 = 3;

/// The platform's word on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The event's id.
    pub id: String,
    /// The decision.
    pub decision: Decision,
}

/// The platform's word on an event that it did not simply accept; without a decision the event stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The event's id.
    pub id: String,
    /// The decision, if there is one.
    pub decision: Option<Decision>,
}

/// The platform. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Platform {
    access: Arc<Access>,
    /// Base of its addresses, without a slash at the end.
    url: String,
    compression: Compression,
    /// Telemetry may go as columns.
    compact: bool,
    reading: Arc<Reading>,
}

impl Platform {
    /// Reads the files that the configuration names. Connects to nobody yet. Certificates are judged by the machine's clock, and
    /// by the day of the build when that is later.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(uplink: &Uplink) -> Result<Platform, SetupError> {
        Platform::with_floor(uplink, ClockFloor::default())
    }

    /// The same, and certificates are judged by no earlier time than this floor.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn with_floor(uplink: &Uplink, floor: ClockFloor) -> Result<Platform, SetupError> {
        let url = uplink.url.as_str().trim_end_matches('/').to_owned();
        let (compression, compact) = match &uplink.way {
            Way::Https(https) => (https.compression, https.compact),
            _ => (Compression::None, false),
        };
        let access = Arc::new(Access::open(uplink, floor)?);
        Ok(Platform { access, url, compression, compact, reading: Arc::default() })
    }

    /// What is known of the certificates on the way to it.
    pub fn certificates(&self) -> watch::Receiver<CertificateNews> {
        self.access.news()
    }

    /// Whether it can be spoken to: one request without our token, whatever the answer. Afterwards its certificate is known.
    ///
    /// # Errors
    /// [`Trouble`]: nobody answers, or TLS is refused.
    pub async fn greet(&self) -> Result<(), Trouble> {
        let place = self.access.place().await?;
        let greeting = place.stranger().head(&self.url).send().await;
        greeting.map(drop).map_err(|error| self.no_answer(&place, error))
    }

    /// Sends a batch: a JSON array of events. Returns the verdicts, in the platform's order, and the bytes sent.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn post_events(&self, batch: Vec<u8>) -> Result<(Vec<Verdict>, usize), Trouble> {
        let (answer, sent) = self.post("/v1/events", BATCH_CONTENT_TYPE, batch).await?;
        Ok((answer.results.into_iter().filter_map(answer::verdict).collect(), sent))
    }

    /// Whether telemetry may go as columns: it is configured so, and the platform has said that it reads them.
    pub fn reads_columns(&self) -> bool {
        self.compact && self.reading.columns(Instant::now())
    }

    /// Sends a body of columns with so many events in it. Returns what the platform says of those that it did not simply
    /// accept, and the bytes sent.
    ///
    /// # Errors
    /// [`Trouble`]. A body that is refused for what it is, is no fault of an event: the next ones go as JSON.
    pub async fn post_columns(
        &self,
        body: Vec<u8>,
        events: usize,
    ) -> Result<(Vec<Exception>, usize), Trouble> {
        let (answer, sent) = match self.post("/v1/events", columns::CONTENT_TYPE, body).await {
            Err(
                Trouble::BatchRefused { status, .. }
                | Trouble::Denied { status: status @ (404 | 405 | 406 | 415) },
            ) => {
                self.reading.mistrust(Instant::now());
                tracing::warn!(status, "the platform refuses telemetry as columns: it gets events in JSON");
                return Err(Trouble::Unavailable { status, retry_after: None });
            }
            answered => answered?,
        };
        let told = answer.results.len();
        if answer.accepted.and_then(|accepted| accepted.checked_add(told)) != Some(events) {
            let said = answer.accepted.map_or("nothing".to_owned(), |accepted| accepted.to_string());
            return Err(Trouble::Garbled(format!("{said} accepted and {told} results for {events} events")));
        }
        Ok((answer.results.into_iter().map(answer::exception).collect(), sent))
    }

    /// Tells losses. Returns the ids of those that the platform has, and the bytes sent.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn post_losses(&self, report: Vec<u8>) -> Result<(HashSet<String>, usize), Trouble> {
        let (answer, sent) = self.post("/v1/losses", "application/json", report).await?;
        Ok((answer.results.into_iter().filter_map(answer::taken).collect(), sent))
    }

    /// One request: what the platform answered, and the bytes sent.
    async fn post(
        &self,
        path: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<(Answer, usize), Trouble> {
        let (body, encoding) = compress(self.compression, body);
        let sent = body.len();
        let url = format!("{}{path}", self.url);
        let began = Instant::now();
        let place = self.access.place().await?;
        let mut request =
            place.request(|client| client.post(url)).header(CONTENT_TYPE, content_type).body(body);
        // The deadline is for all of it: waiting for a place has taken its part.
        request = request.timeout(self.access.left_since(began));
        if let Some(encoding) = encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        let response = request.send().await.map_err(|error| self.no_answer(&place, error))?;
        let (status, retry_after) = (response.status(), answer::retry_after(response.headers()));
        self.reading.note(response.headers());
        let answer = self.read(&place, response, ANSWER_BYTES_MAX).await?;
        answer::read(status, retry_after, &answer).map(|answer| (answer, sent))
    }

    /// The body of an answer, as far as it is not too long.
    async fn read(
        &self,
        place: &Place<'_>,
        mut response: Response,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(place, error))? {
            if body.len() + chunk.len() > bytes_max {
                return Err(Trouble::Garbled(format!("more than {bytes_max} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Why there is no answer; what comes next does not go over a connection that stood still.
    fn no_answer(&self, place: &Place<'_>, error: reqwest::Error) -> Trouble {
        let trouble = no_answer(&error);
        if trouble == Trouble::Deadline {
            self.access.give_up(place);
        }
        trouble
    }
}

/// The innermost cause says what happened ("connection refused"); the outer ones only where.
fn no_answer(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::Deadline;
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let why = answer::shorten(&innermost.to_string());
    if error.is_connect() { Trouble::Unreachable(why) } else { Trouble::NoAnswer(why) }
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
