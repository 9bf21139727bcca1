//! Batch after batch to the platform, until it has said something about every record.
//!
//! A failure is tried again a few times, with growing waits; a person stands by, who would rather hear of it soon. What the
//! platform takes twice it recognises by (source, id).

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::import::journal::{Journal, Refused};
use crate::cli::progress::Progress;
use crate::config::Uplink;
use crate::domain::backoff::Backoff;
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::Decision;
use crate::transfer::chunk::Chunk;
use crate::transfer::format::FormatError;
use crate::transfer::record::ExportedRecord;
use crate::uplink::carrier::Trouble;
use crate::uplink::cloudevent::{self, EventId};
use crate::uplink::https::{Platform, Verdict};

/// Attempts one after the other that bring nothing; the next one is a person's to make.
const FAILURES_MAX: u32 = 6;
/// The longest wait that a platform may impose on the person who waits.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// Why the records are not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    /// The file can't be read any more.
    #[error("{0}")]
    File(#[from] FormatError),
    /// How far it came can't be noted.
    #[error("{path}: {source}")]
    Journal { path: String, source: io::Error },
    /// The platform does not answer, or not as it should.
    #[error("{0}")]
    Post(#[from] Trouble),
    /// It says nothing about some events, however often they come.
    #[error("the platform says nothing on {0} events")]
    Unanswered(usize),
}

/// Records on their way to a platform.
pub(super) struct Delivery {
    platform: Platform,
    /// The gateway that made the file.
    gateway: Arc<str>,
    /// The systems in which its devices sent their positions.
    coordinates: Coordinates,
    pub(super) journal: Journal,
    backoff: Backoff,
    random: fastrand::Rng,
    failures: u32,
    batch_events_max: usize,
    batch_bytes_max: usize,
    /// Shrinks while the platform refuses batches whole, to find the record that it does not take.
    batch_events: usize,
    /// The platform has taken something since a record was last counted as rejected for a refused batch.
    accepted_since_refusal: bool,
}

impl Delivery {
    pub(super) fn new(
        platform: Platform,
        config: (&Uplink, Coordinates),
        gateway: Arc<str>,
        journal: Journal,
    ) -> Delivery {
        let (uplink, coordinates) = config;
        let accepted_since_refusal = journal.accepted > 0;
        Delivery {
            platform,
            gateway,
            coordinates,
            journal,
            backoff: Backoff::new(uplink.retry_min, uplink.retry_max.min(RETRY_AFTER_MAX)),
            random: fastrand::Rng::new(),
            failures: 0,
            batch_events_max: uplink.batch_events,
            batch_bytes_max: uplink.batch_bytes,
            batch_events: uplink.batch_events,
            accepted_since_refusal,
        }
    }

    /// Sends the records of a chunk that are not settled yet.
    pub(super) async fn send(&mut self, chunk: &Chunk, progress: &Progress) -> Result<(), DeliveryError> {
        let (done_chunk, done_records) = self.journal.place;
        let mut next = match chunk.number {
            number if number < done_chunk => chunk.records.len(),
            number if number == done_chunk => done_records.min(chunk.records.len()),
            _ => 0,
        };
        progress.add(next as u64);
        while next < chunk.records.len() {
            let count = self.batch_len(&chunk.records[next..]);
            let batch: Vec<_> = chunk.records[next..next + count].iter().collect();
            next += count;
            let (accepted, rejected) = self.settle(batch).await?;
            let noted = self.journal.settle((chunk.number, next), accepted, rejected);
            noted.map_err(|source| DeliveryError::Journal {
                path: self.journal.path().display().to_string(),
                source,
            })?;
            progress.add(count as u64);
        }
        Ok(())
    }

    /// How many of these records make a batch: at least one, however large.
    fn batch_len(&self, records: &[ExportedRecord]) -> usize {
        let (mut body, mut count) = (Vec::new(), 0);
        for record in records.iter().take(self.batch_events_max) {
            self.write_event(&mut body, record);
            if count > 0 && body.len() >= self.batch_bytes_max {
                break;
            }
            count += 1;
        }
        count
    }

    fn write_event(&self, body: &mut Vec<u8>, ExportedRecord { record, anchor }: &ExportedRecord) {
        cloudevent::write_event(body, &self.gateway, self.coordinates, record, *anchor);
    }

    /// Sends some records until the platform has said something about each.
    async fn settle(&mut self, mut open: Vec<&ExportedRecord>) -> Result<(u64, Vec<Refused>), DeliveryError> {
        let (mut accepted, mut rejected) = (0, Vec::new());
        // Records that were refused alone since the platform last took one.
        let mut refused_alone = 0;
        while !open.is_empty() {
            let count = open.len().min(self.batch_events);
            match self.platform.post_events(self.body(&open[..count])).await {
                Ok((verdicts, _)) => {
                    let before = (open.len(), accepted);
                    self.note(&mut open, verdicts, &mut accepted, &mut rejected);
                    if accepted > before.1 {
                        (self.accepted_since_refusal, refused_alone) = (true, 0);
                    }
                    match open.len() == before.0 {
                        true => self.fail(DeliveryError::Unanswered(count), None).await?,
                        false => self.succeed(),
                    }
                }
                Err(Trouble::BatchRefused { .. }) if count > 1 => self.batch_events = count / 2,
                Err(Trouble::BatchRefused { status, reason }) if self.accepted_since_refusal => {
                    rejected.push(self.refused(open.remove(0), format!("{status}: {reason}")));
                    self.accepted_since_refusal = false;
                }
                Err(Trouble::BatchRefused { .. }) if refused_alone + 1 < open.len() => {
                    refused_alone += 1;
                    open.rotate_left(1);
                }
                // A platform that refuses everything has a trouble of its own.
                Err(error @ (Trouble::BatchRefused { .. } | Trouble::Denied { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    if error == Trouble::Deadline {
                        self.batch_events = (count / 2).max(1);
                    }
                    let at_least = match &error {
                        Trouble::Unavailable { retry_after, .. } => *retry_after,
                        _ => None,
                    };
                    self.fail(error.into(), at_least).await?;
                }
            }
        }
        Ok((accepted, rejected))
    }

    fn body(&self, records: &[&ExportedRecord]) -> Vec<u8> {
        let mut body = vec![b'['];
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            self.write_event(&mut body, record);
        }
        body.push(b']');
        body
    }

    /// Takes out of `open` what the platform has said something about.
    fn note(
        &self,
        open: &mut Vec<&ExportedRecord>,
        verdicts: Vec<Verdict>,
        accepted: &mut u64,
        rejected: &mut Vec<Refused>,
    ) {
        let mut decisions: HashMap<String, Decision> = HashMap::with_capacity(verdicts.len());
        for verdict in verdicts {
            decisions.entry(verdict.id).or_insert(verdict.decision);
        }
        open.retain(|exported| match decisions.remove(&id(exported)) {
            None => true,
            Some(Decision::Accepted { .. }) => {
                *accepted += 1;
                false
            }
            Some(Decision::Rejected { reason }) => {
                rejected.push(self.refused(exported, reason));
                false
            }
        });
    }

    fn refused(&self, exported: &ExportedRecord, reason: String) -> Refused {
        let source = exported.record.gateway.as_ref().unwrap_or(&self.gateway);
        Refused { source: source.to_string(), id: id(exported), reason }
    }

    fn succeed(&mut self) {
        self.failures = 0;
        self.backoff.reset();
        self.batch_events = (self.batch_events * 2).min(self.batch_events_max);
    }

    /// Waits before the next attempt, or says that there is none.
    async fn fail(&mut self, error: DeliveryError, at_least: Option<Duration>) -> Result<(), DeliveryError> {
        self.failures += 1;
        if self.failures >= FAILURES_MAX {
            return Err(error);
        }
        let asked = at_least.unwrap_or_default().min(RETRY_AFTER_MAX);
        tokio::time::sleep(asked + self.backoff.next(self.random.f64())).await;
        Ok(())
    }
}

/// The id of a record's event.
fn id(ExportedRecord { record, .. }: &ExportedRecord) -> String {
    EventId { device: &record.device, identity: record.identity }.to_string()
}
