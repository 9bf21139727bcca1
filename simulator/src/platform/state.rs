//! What the platform's requests and its handle share: the desk, the fault in force, the ledger file.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::sync::{mpsc, oneshot};

use super::content::Refusal;
use super::desk::{Counts, Delivery, Desk, Event, Outcome};
use super::fault::{EventPlan, Fault, Faults, RequestPlan};
use super::http::EventResult;
use super::port::Command;
use crate::ledger::{self, Entry, LedgerError, LedgerFile};

/// Requests whose time of arrival is remembered.
const REQUEST_TIMES_MAX: usize = 1_000;

/// The port can't be told anything: its task has ended or has too many commands waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the platform's port takes no commands")]
pub struct PortUnavailable;

#[derive(Clone)]
pub(super) struct Shared {
    inner: Arc<Mutex<Inner>>,
    port: mpsc::Sender<Command>,
}

struct Inner {
    desk: Desk,
    faults: Faults,
    request_times: VecDeque<Instant>,
    file: Option<LedgerFile>,
}

impl Shared {
    /// The answer to the request that closes the port must leave before the port closes.
    pub(super) const TIME_TO_ANSWER: Duration = Duration::from_millis(100);

    pub(super) fn new(desk: Desk, file: Option<LedgerFile>, port: mpsc::Sender<Command>) -> Shared {
        let inner = Inner { desk, faults: Faults::default(), request_times: VecDeque::new(), file };
        Shared { inner: Arc::new(Mutex::new(inner)), port }
    }

    pub(super) fn begin_request(&self) -> (u64, RequestPlan) {
        let mut inner = self.lock();
        if inner.request_times.len() == REQUEST_TIMES_MAX {
            inner.request_times.pop_front();
        }
        inner.request_times.push_back(Instant::now());
        (inner.desk.begin_request(), inner.faults.plan_request())
    }

    /// Takes a batch in, or refuses it whole.
    pub(super) fn receive(&self, batch: Vec<Event>, request: u64) -> Result<Vec<EventResult>, Refusal> {
        let mut inner = self.lock();
        if let Some(status) = inner.faults.plan_batch(batch.iter().map(|event| event.id.as_str())) {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            return Err((status, "told to refuse a batch like this".to_owned()));
        }
        if !inner.desk.has_room(batch.len()) {
            let reason = "the stand-in platform remembers no more events".to_owned();
            return Err((StatusCode::SERVICE_UNAVAILABLE, reason));
        }
        let results = batch.into_iter().filter_map(|event| inner.receive(event, request)).collect();
        if let Some(file) = &mut inner.file {
            file.flush().map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
        }
        Ok(results)
    }

    /// Puts a fault in force; the receiver hears when the port is as it says.
    pub(super) fn set_fault(
        &self,
        fault: Fault,
        close_after: Duration,
    ) -> Result<oneshot::Receiver<()>, PortUnavailable> {
        let (done, heard) = oneshot::channel();
        let command = match &fault {
            Fault::Down { seconds } => Command::Close {
                after: close_after,
                reopen_in: seconds.map(|seconds| Duration::from_secs(seconds.into())),
                done,
            },
            _ => Command::Open { done },
        };
        self.port.try_send(command).map_err(|_| PortUnavailable)?;
        // A port that opens again after its time serves normally.
        let fault = if matches!(fault, Fault::Down { .. }) { Fault::Normal } else { fault };
        self.lock().faults.set(fault);
        Ok(heard)
    }

    pub(super) fn fault(&self) -> Fault {
        self.lock().faults.current().clone()
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().desk.counts()
    }

    pub(super) fn request_times(&self) -> Vec<Instant> {
        self.lock().request_times.iter().copied().collect()
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Desk) -> T) -> T {
        look(&self.lock().desk)
    }

    /// A request that panicked between two inserts would leave at worst one event unrecorded and unanswered.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn receive(&mut self, event: Event, request: u64) -> Option<EventResult> {
        let id = event.id.clone();
        let conflicts = self.desk.counts().conflicts;
        let outcome = match self.faults.plan_event(&id) {
            EventPlan::Serve => self.desk.receive(event, request),
            EventPlan::Reject => self.desk.reject(&event, "told to reject it"),
            EventPlan::LeaveOut => return None,
        };
        if self.file.is_some() {
            self.record(&id, &outcome, self.desk.counts().conflicts > conflicts);
        }
        Some(EventResult { id, outcome })
    }

    /// A line that can't be written surfaces with the flush at the end of the batch, which then goes unanswered.
    fn record(&mut self, id: &str, outcome: &Outcome, conflict: bool) {
        let id = id.to_owned();
        let entry = match outcome {
            Outcome::Accepted { .. } => self.desk.arrivals().last().map(delivered),
            Outcome::Duplicate { .. } if conflict => Some(Entry::Conflict { id: id.clone() }),
            Outcome::Duplicate { .. } => Some(Entry::Duplicate { id: id.clone() }),
            Outcome::Rejected { .. } => Some(Entry::Rejected { id: id.clone() }),
        };
        if let (Some(file), Some(entry)) = (&mut self.file, entry) {
            file.write(&entry).unwrap_or_else(|error| tracing::error!(%error, id, "ledger line not written"));
        }
    }
}

fn delivered(delivery: &Delivery) -> Entry {
    Entry::Delivered {
        id: delivery.id.to_string(),
        source: delivery.source.to_string(),
        event_type: delivery.event_type.to_string(),
        case: delivery.case.as_ref().map(ToString::to_string),
        content: format!("{:016x}", delivery.content),
        request: delivery.request,
    }
}

/// Puts the deliveries of an earlier run back, so that duplicates are still known and case numbers go on.
pub(super) fn restore(desk: &mut Desk, path: &Path) -> Result<(), LedgerError> {
    if !path.exists() {
        return Ok(());
    }
    for entry in ledger::read(path)? {
        if let Entry::Delivered { id, source, event_type, case, content, request } = entry? {
            let content = u64::from_str_radix(&content, 16).unwrap_or_default();
            let (id, source, event_type) = (id.into(), source.into(), event_type.into());
            desk.restore(Delivery { id, source, event_type, case: case.map(Into::into), content, request });
        }
    }
    Ok(())
}
