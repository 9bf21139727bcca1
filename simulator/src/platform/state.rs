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
use super::http::{EventResult, LossResult};
use super::losses::{LossCounts, LossDesk, LossReport, Taken, ToldLoss};
use super::port::Command;
use super::stalls::StallDesk;
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
    losses: LossDesk,
    stalls: StallDesk,
    faults: Faults,
    /// What a request must show; without one everybody is let in.
    token: Option<String>,
    /// Telemetry may come as columns.
    reads_columns: bool,
    request_times: RequestTimes,
    loss_request_times: RequestTimes,
    file: Option<LedgerFile>,
}

/// When the latest requests arrived.
#[derive(Default)]
struct RequestTimes(VecDeque<Instant>);

impl RequestTimes {
    fn note(&mut self) {
        if self.0.len() == REQUEST_TIMES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Instant::now());
    }
}

impl Shared {
    /// The answer to the request that closes the port must leave before the port closes.
    pub(super) const TIME_TO_ANSWER: Duration = Duration::from_millis(100);

    pub(super) fn new(
        desk: Desk,
        losses: LossDesk,
        file: Option<LedgerFile>,
        port: mpsc::Sender<Command>,
    ) -> Shared {
        let (request_times, loss_request_times) = Default::default();
        let faults = Faults::default();
        let stalls = StallDesk::default();
        let (token, reads_columns) = (None, false);
        let inner = Inner {
            desk,
            losses,
            stalls,
            faults,
            token,
            reads_columns,
            request_times,
            loss_request_times,
            file,
        };
        Shared { inner: Arc::new(Mutex::new(inner)), port }
    }

    pub(super) fn begin_request(&self) -> (u64, RequestPlan) {
        let mut inner = self.lock();
        inner.request_times.note();
        (inner.desk.begin_request(), inner.faults.plan_request())
    }

    pub(super) fn begin_loss_request(&self) -> RequestPlan {
        let mut inner = self.lock();
        inner.loss_request_times.note();
        inner.losses.begin_request();
        inner.faults.plan_request()
    }

    /// Takes a batch in, or refuses it whole.
    pub(super) fn receive(&self, batch: Vec<Event>, request: u64) -> Result<Vec<EventResult>, Refusal> {
        let mut inner = self.lock();
        inner.refuse_poison(batch.iter().map(|event| event.id.as_str()))?;
        if !inner.desk.has_room(batch.len()) {
            let reason = "the stand-in platform remembers no more events".to_owned();
            return Err((StatusCode::SERVICE_UNAVAILABLE, reason));
        }
        let results = batch.into_iter().filter_map(|event| inner.receive(event, request)).collect();
        inner.flush()?;
        Ok(results)
    }

    /// From now on requests must show this token, or none.
    pub(super) fn set_token(&self, token: Option<String>) {
        self.lock().token = token;
    }

    /// From now on it reads columns, and says so; or it does not.
    pub(super) fn set_reads_columns(&self, reads_columns: bool) {
        self.lock().reads_columns = reads_columns;
    }

    pub(super) fn reads_columns(&self) -> bool {
        self.lock().reads_columns
    }

    /// Whether a request with this `Authorization` is let in.
    pub(super) fn lets_in(&self, authorization: &str) -> bool {
        let inner = self.lock();
        inner.token.as_ref().is_none_or(|token| authorization.strip_prefix("Bearer ") == Some(token))
    }

    /// Lets somebody at the stall register.
    pub(super) fn stalls<T>(&self, work: impl FnOnce(&mut StallDesk) -> T) -> T {
        work(&mut self.lock().stalls)
    }

    /// Takes a report of losses in, or refuses it whole.
    pub(super) fn receive_losses(&self, report: LossReport) -> Result<Vec<LossResult>, Refusal> {
        let mut inner = self.lock();
        inner.refuse_poison(report.losses.iter().map(|loss| loss.id.as_str()))?;
        if !inner.losses.has_room(report.losses.len()) {
            let reason = "the stand-in platform remembers no more losses".to_owned();
            return Err((StatusCode::SERVICE_UNAVAILABLE, reason));
        }
        let told = report.losses.into_iter().map(|loss| ToldLoss { gateway: report.gateway.clone(), loss });
        let results = told.filter_map(|told| inner.receive_loss(told)).collect();
        inner.flush()?;
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

    pub(super) fn loss_counts(&self) -> LossCounts {
        self.lock().losses.counts()
    }

    pub(super) fn request_times(&self) -> Vec<Instant> {
        self.lock().request_times.0.iter().copied().collect()
    }

    pub(super) fn loss_request_times(&self) -> Vec<Instant> {
        self.lock().loss_request_times.0.iter().copied().collect()
    }

    pub(super) fn told_losses(&self) -> Vec<ToldLoss> {
        self.lock().losses.told().to_vec()
    }

    pub(super) fn loss_conflicts(&self) -> Vec<String> {
        self.lock().losses.conflicts().to_vec()
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
    fn refuse_poison<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
        let Some(status) = self.faults.plan_batch(ids) else { return Ok(()) };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Err((status, "told to refuse a batch like this".to_owned()))
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        let flushed = self.file.as_mut().map_or(Ok(()), LedgerFile::flush);
        flushed.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
    }

    /// Losses can't be rejected: of the faults on events they meet only that which leaves out.
    fn receive_loss(&mut self, told: ToldLoss) -> Option<LossResult> {
        let id = told.loss.id.clone();
        if self.faults.plan_event(&id) == EventPlan::LeaveOut {
            return None;
        }
        let taken = self.losses.receive(told.clone());
        let ToldLoss { gateway, loss } = told;
        match taken {
            Taken::Accepted => self.write(&id, &Entry::Loss { gateway, loss }),
            Taken::Duplicate { conflict: true } => {
                self.write(&id, &Entry::LossConflict { gateway, id: id.clone() })
            }
            Taken::Duplicate { conflict: false } => {}
        }
        Some(LossResult { id, taken })
    }

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

    fn record(&mut self, id: &str, outcome: &Outcome, conflict: bool) {
        let id = id.to_owned();
        let entry = match outcome {
            Outcome::Accepted { .. } => self.desk.arrivals().last().map(delivered),
            Outcome::Duplicate { .. } if conflict => Some(Entry::Conflict { id: id.clone() }),
            Outcome::Duplicate { .. } => Some(Entry::Duplicate { id: id.clone() }),
            Outcome::Rejected { .. } => Some(Entry::Rejected { id: id.clone() }),
        };
        if let Some(entry) = entry {
            self.write(&id, &entry);
        }
    }

    /// A line that can't be written surfaces with the flush at the end of the batch, which then goes unanswered.
    fn write(&mut self, id: &str, entry: &Entry) {
        if let Some(file) = &mut self.file {
            file.write(entry).unwrap_or_else(|error| tracing::error!(%error, id, "ledger line not written"));
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

/// Puts what came in an earlier run back, so that duplicates are still known and case numbers go on.
pub(super) fn restore(desk: &mut Desk, losses: &mut LossDesk, path: &Path) -> Result<(), LedgerError> {
    if !path.exists() {
        return Ok(());
    }
    for entry in ledger::read(path)? {
        match entry? {
            Entry::Delivered { id, source, event_type, case, content, request } => {
                let content = u64::from_str_radix(&content, 16).unwrap_or_default();
                let (id, source, event_type) = (id.into(), source.into(), event_type.into());
                desk.restore(Delivery {
                    id,
                    source,
                    event_type,
                    case: case.map(Into::into),
                    content,
                    request,
                });
            }
            Entry::Loss { gateway, loss } => losses.restore(ToldLoss { gateway, loss }),
            _ => {}
        }
    }
    Ok(())
}
