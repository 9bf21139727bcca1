//! Our store, through its writer thread and its handle, as sessions and the lane use it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use patrol_gateway::domain::report::{Class, RecordRef};
use patrol_gateway::domain::retention::{Durability, Policies};
use patrol_gateway::domain::uplinks::UplinkNo;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::settlement::{Decision, Limit, Pending, Settled, Settlement};
use patrol_gateway::store::submission::{Batch, Content, Item};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tokio::runtime::{self, Runtime};

use super::Contender;
use crate::samples::Sample;

const STORE_BYTES_MAX: u64 = 8 << 30;

/// How commits are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Each group is committed and synced when it is there.
    Synced,
    /// Not synced each: to fill a backlog in less time.
    Filling,
}

pub(crate) fn options(dir: &Path, pace: Pace) -> StoreOptions {
    let mut policies = Policies::default();
    policies[Class::Telemetry].linger = Duration::ZERO;
    if pace == Pace::Filling {
        policies[Class::Telemetry].durability = Durability::Delayed;
    }
    StoreOptions {
        data_dir: dir.join("store"),
        medium: Default::default(),
        max_bytes: STORE_BYTES_MAX,
        policies,
        sync_within: Duration::from_secs(1),
        flash_budget_bytes_per_day: u64::MAX,
        evidence_max_bytes: 1 << 20,
        keep_accepted: 0,
        keep_quarantined: 0,
        uplinks: Vec::new(),
        keep_journal: 0,
        session_limits: Default::default(),
        started_at_ms: 1_795_395_600_000,
        chance: fastrand::Rng::with_seed(7),
    }
}

pub(crate) struct Ours {
    runtime: Runtime,
    running: Running,
}

impl Ours {
    pub(crate) fn open(options: StoreOptions) -> Result<Ours> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Ours { runtime, running: writer::start(options, Arc::default())? })
    }

    pub(crate) fn close(self) -> Result<()> {
        let Running { store, ended, .. } = self.running;
        self.runtime.block_on(async { (store.close().await, ended.await).1 })??;
        Ok(())
    }

    /// Payloads of messages that wait.
    pub(crate) fn backlog(&self) -> u64 {
        self.running.store.snapshot().borrow().class(Class::Telemetry).records
    }

    /// Sends and settles up to `messages` of the oldest. Returns how many there were.
    pub(crate) fn drain(&mut self, messages: usize) -> Result<usize> {
        let store = &self.running.store;
        self.runtime.block_on(async {
            let (settlement, count) = head(store, messages).await?;
            if let Some(settlement) = settlement {
                store.settle(settlement).await?;
            }
            Ok(count)
        })
    }
}

impl Contender for Ours {
    type Group = Vec<Batch>;

    /// A batch for each run of messages of a device: what its session read from the socket at once.
    fn prepare(&self, messages: &[Sample]) -> Vec<Batch> {
        let runs = messages.chunk_by(|one, next| one.device == next.device);
        runs.map(|run| Batch {
            device: run[0].device.clone(),
            line: Arc::<DeviceLine>::default(),
            first_mark: 1,
            items: run.iter().map(item).collect(),
        })
        .collect()
    }

    fn turn(&mut self, group: Vec<Batch>, settle: usize) -> Result<usize> {
        let store = &self.running.store;
        self.runtime.block_on(async {
            let (settlement, count) = if settle > 0 { head(store, settle).await? } else { (None, 0) };
            let settled = async {
                match settlement {
                    Some(settlement) => store.settle(settlement).await.context("settling"),
                    None => Ok(()),
                }
            };
            let (settled, submitted) = tokio::join!(settled, submit(store, group));
            settled.and(submitted).map(|()| count)
        })
    }

    fn commits(&self) -> u64 {
        self.running.store.snapshot().borrow().commit_seq
    }
}

/// The message on its way into the store.
pub(crate) fn item(message: &Sample) -> Item {
    let claimed = Some(RecordRef { boot: message.boot, seq: message.seq });
    Item {
        received_at_ms: message.received_at_ms,
        payload: message.payload.clone(),
        best_effort: false,
        beside: None,
        content: Content::Report { class: Class::Telemetry, claimed, case: None, anchor: None },
    }
}

/// Submits all at once, and waits until the last of them is durable.
async fn submit(store: &Store, group: Vec<Batch>) -> Result<()> {
    let lines: Vec<_> = group.iter().map(|batch| (batch.line.clone(), batch.items.len() as u64)).collect();
    for batch in group {
        store.submit(batch).await?;
    }
    for (line, last) in lines {
        while line.durable() < last {
            anyhow::ensure!(!line.is_withheld(), "the store is full");
            line.changed().await;
        }
    }
    Ok(())
}

/// The oldest messages, with the platform's word on them; segments are handed out whole, so there may be more than asked for.
pub(crate) async fn head(store: &Store, messages: usize) -> Result<(Option<Settlement>, usize)> {
    let limit = Limit { records: messages as u32, bytes: 1 << 20 };
    let pending = store.head(Class::Telemetry, limit, &Arc::default()).await?;
    let count = pending.len();
    let records = pending.into_iter().map(accepted).collect();
    let settlement = Settlement {
        uplink: UplinkNo::FIRST,
        class: Class::Telemetry,
        settled_at_ms: 1_795_395_700_000,
        records,
    };
    Ok(((count > 0).then_some(settlement), count))
}

fn accepted(pending: Pending) -> Settled {
    let decision = Decision::Accepted { case_number: None };
    Settled { key: pending.key, record: pending.record, decision, receipt: None }
}
