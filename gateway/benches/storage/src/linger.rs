//! A hundred messages a second, all day: what a wait before each commit saves.
//!
//! A commit every half second fills SQLite's log once in minutes, so a day is put together from two runs: one in real time says how many
//! messages a commit takes and how long acknowledgements take, the other drives commits of that size past several rounds of the
//! log.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use patrol_gateway::domain::report::{Class, DeviceId};
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::submission::Batch;
use patrol_gateway::store::writer;
use tokio::runtime;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::contender::{Ours, Pace, head, item, options};
use crate::disk::Disk;
use crate::life::Life;
use crate::samples::{Fleet, Kind};
use crate::table::Table;

const MESSAGES_PER_S: usize = 100;
const DEVICES: usize = 100;
const SEED: u64 = 100;
const REAL_TIME: Duration = Duration::from_secs(20);
/// From the platform's request to its answer.
const PLATFORM_TIME: Duration = Duration::from_millis(80);
const LANE_MESSAGES: usize = 500;
/// Commits over which bytes are counted.
const COMMITS: usize = 1500;

pub(crate) fn days(dir: &Path) -> Result<Table> {
    let columns = [
        "messages",
        "linger ms",
        "messages a commit",
        "ack p50 ms",
        "ack p99 ms",
        "disk bytes a message",
        "GB a day",
    ];
    let mut table = Table::new("A hundred messages a second", &columns);
    for kind in [Kind::Telemetry, Kind::Noise] {
        for linger_ms in [0, 20, 100, 500] {
            eprintln!("linger {linger_ms} ms, {}", kind.name());
            table.row(day(dir, kind, Duration::from_millis(linger_ms))?);
        }
    }
    Ok(table)
}

fn day(dir: &Path, kind: Kind, linger: Duration) -> Result<Vec<String>> {
    let real = in_real_time(dir, kind, linger)?;
    let disk = Disk::make(dir)?;
    let ours = Ours::open(options(disk.path(), Pace::Synced))?;
    let group = (real.messages_per_commit.round() as usize).max(1);
    // What a commit brought is settled with the next one.
    let mut life = Life::new(ours, disk, Fleet::new(kind, DEVICES, 1, SEED), group, group);
    life.warm()?;
    let written = life.written(COMMITS)?;
    life.into_parts().0.close()?;
    let bytes_per_message = written.disk.written_bytes as f64 / written.messages;
    let bytes_per_day = bytes_per_message * MESSAGES_PER_S as f64 * 86_400.0;
    Ok(vec![
        kind.name().into(),
        linger.as_millis().to_string(),
        format!("{:.1}", real.messages_per_commit),
        format!("{:.1}", real.ack_ms(0.5)),
        format!("{:.1}", real.ack_ms(0.99)),
        format!("{bytes_per_message:.0}"),
        format!("{:.1}", bytes_per_day / 1e9),
    ])
}

struct RealTime {
    messages_per_commit: f64,
    /// In order.
    acks: Vec<Duration>,
}

impl RealTime {
    fn ack_ms(&self, part: f64) -> f64 {
        let at = (self.acks.len() as f64 * part) as usize;
        self.acks.get(at).map_or(0.0, |ack| ack.as_secs_f64() * 1e3)
    }
}

/// A hundred devices report once a second each, a lane sends and settles.
fn in_real_time(dir: &Path, kind: Kind, linger: Duration) -> Result<RealTime> {
    let disk = Disk::make(dir)?;
    let mut options = options(disk.path(), Pace::Synced);
    options.policies[Class::Telemetry].linger = linger;
    let running = writer::start(options, Arc::default())?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let lane = tokio::spawn(settle_all(running.store.clone()));
        let commits = || running.store.snapshot().borrow().commit_seq;
        let before = commits();
        let mut acks = report(&running.store, kind).await?;
        let made = commits() - before;
        lane.abort();
        running.store.close().await;
        acks.sort_unstable();
        Ok(RealTime { messages_per_commit: acks.len() as f64 / made as f64, acks })
    })
}

/// One message after the other at an even pace; how long each was on its way to being durable.
async fn report(store: &Store, kind: Kind) -> Result<Vec<Duration>> {
    let mut fleet = Fleet::new(kind, DEVICES, 1, SEED);
    let mut lines: HashMap<DeviceId, (Arc<DeviceLine>, u64)> = HashMap::new();
    let mut tick = interval(Duration::from_secs(1) / MESSAGES_PER_S as u32);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut waiting = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < REAL_TIME {
        let due = tick.tick().await;
        let message = fleet.message();
        let (line, mark) = lines.entry(message.device.clone()).or_default();
        *mark += 1;
        let (line, mark) = (line.clone(), *mark);
        let batch = Batch {
            device: message.device.clone(),
            line: line.clone(),
            first_mark: mark,
            items: vec![item(&message)],
        };
        store.submit(batch).await?;
        waiting.push(tokio::spawn(async move {
            while line.durable() < mark {
                line.changed().await;
            }
            due.elapsed()
        }));
    }
    let mut acks = Vec::new();
    for ack in waiting {
        acks.push(ack.await?);
    }
    Ok(acks)
}

/// What waits is sent, and settled when the platform has answered.
async fn settle_all(store: Store) -> Result<()> {
    loop {
        let (settlement, _) = head(&store, LANE_MESSAGES).await?;
        sleep(PLATFORM_TIME).await;
        if let Some(settlement) = settlement {
            store.settle(settlement).await?;
        }
    }
}
