//! The whole life of messages: made durable, handed out, forgotten. How fast, and what of it reaches the disk.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::contender::{Contender, Fjall, LANE_MESSAGES, Ours, Pace, RawLog, Redb, options};
use crate::disk::Disk;
use crate::samples::{Fleet, Kind, Sample};
use crate::table::Table;

const GROUPS: [usize; 4] = [1, 10, 100, 1000];
const BACKLOGS: [usize; 2] = [0, 1_000_000];
const DEVICES: usize = 50;
const SEED: u64 = 2026;
/// Commits that come before anything is measured: the log of SQLite, 1000 pages, is filled more than once.
const WARM_COMMITS: usize = 600;
/// Time from one commit to the next where bytes are counted: without it the file system joins what a device would have to write
/// one by one.
const PACE: Duration = Duration::from_millis(8);
/// What is prepared at a time.
const PREPARED_MESSAGES: usize = 100_000;

/// Commits of one measurement.
fn commits(group: usize) -> usize {
    match group {
        1 | 10 => 1500,
        100 => 1000,
        _ => 400,
    }
}

/// What was seen of one contender with one size of groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    inserted_per_s: f64,
    lived_per_s: f64,
    pub(crate) disk_bytes_per_byte: f64,
    pub(crate) disk_bytes_per_message: f64,
    flushes_per_commit: f64,
    messages_per_commit: f64,
}

/// A contender, its disk, and who sends.
pub(crate) struct Life<'a, C: Contender> {
    pub(crate) contender: &'a mut C,
    pub(crate) disk: &'a Disk,
    pub(crate) fleet: &'a mut Fleet,
    pub(crate) group: usize,
    /// As many messages as are settled together.
    pub(crate) lane: usize,
    /// Messages that were inserted, and not yet settled, by this.
    open: usize,
}

impl<'a, C: Contender> Life<'a, C> {
    pub(crate) fn new(
        contender: &'a mut C,
        disk: &'a Disk,
        fleet: &'a mut Fleet,
        group: usize,
        lane: usize,
    ) -> Self {
        Life { contender, disk, fleet, group, lane: lane.max(group), open: 0 }
    }

    /// Makes so many groups durable, and settles as many messages in the end as it has inserted, if it settles at all.
    fn turns(&mut self, count: usize, settles: bool, pace: Duration) -> Result<Duration> {
        let mut time = Duration::ZERO;
        let at_a_time = (PREPARED_MESSAGES / self.group).max(1);
        for start in (0..count).step_by(at_a_time) {
            let groups: Vec<_> = (start..count.min(start + at_a_time)).map(|_| self.next_group()).collect();
            time += self.take(groups, settles, pace)?;
        }
        Ok(time)
    }

    fn next_group(&mut self) -> C::Group {
        let messages: Vec<Sample> = self.fleet.messages(self.group);
        self.contender.prepare(&messages)
    }

    fn take(&mut self, groups: Vec<C::Group>, settles: bool, pace: Duration) -> Result<Duration> {
        let begun = Instant::now();
        for group in groups {
            let due = Instant::now() + pace;
            let settle = if settles && self.open >= self.lane { self.lane } else { 0 };
            let settled = self.contender.turn(group, settle)?;
            self.open = (self.open + self.group).saturating_sub(settled);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(begun.elapsed())
    }

    /// Makes a backlog.
    pub(crate) fn fill(&mut self, messages: usize) -> Result<()> {
        self.turns(messages / self.group, false, Duration::ZERO)?;
        self.open = 0;
        Ok(())
    }

    /// Settles what an insertion without settling has left.
    fn catch_up(&mut self) -> Result<()> {
        while self.open > self.lane {
            self.turns(1, true, Duration::ZERO)?;
        }
        Ok(())
    }

    pub(crate) fn measure(&mut self) -> Result<Figures> {
        let count = commits(self.group);
        let messages = (count * self.group) as f64;
        self.turns(WARM_COMMITS, true, Duration::ZERO)?;
        let inserted_in = self.turns(count, false, Duration::ZERO)?;
        self.catch_up()?;
        let lived_in = self.turns(count, true, Duration::ZERO)?;
        let (commits, disk) = (self.contender.commits(), self.disk.settled_counters()?);
        let payload_bytes = self.paced(count)?;
        let written = self.disk.settled_counters()? - disk;
        let commits = (self.contender.commits() - commits) as f64;
        Ok(Figures {
            inserted_per_s: messages / inserted_in.as_secs_f64(),
            lived_per_s: messages / lived_in.as_secs_f64(),
            disk_bytes_per_byte: written.written_bytes as f64 / payload_bytes,
            disk_bytes_per_message: written.written_bytes as f64 / messages,
            flushes_per_commit: written.flushes as f64 / commits,
            messages_per_commit: messages / commits,
        })
    }

    /// One group after the other at an even pace; their payload bytes.
    fn paced(&mut self, count: usize) -> Result<f64> {
        let mut bytes = 0;
        for _ in 0..count {
            let messages = self.fleet.messages(self.group);
            bytes += messages.iter().map(|message| message.payload.len()).sum::<usize>();
            let group = self.contender.prepare(&messages);
            self.take(vec![group], true, PACE)?;
        }
        Ok(bytes as f64)
    }
}

/// Everybody, with every size of groups.
pub(crate) fn everybody(dir: &Path) -> Result<Table> {
    let columns = [
        "store",
        "messages",
        "waiting",
        "group",
        "in/s",
        "whole life/s",
        "in/s to the log's",
        "disk bytes per byte",
        "flushes a commit",
        "messages a commit",
    ];
    let mut table = Table::new("Rows and bytes", &columns);
    for group in GROUPS {
        let log = measured("raw log", Kind::Telemetry, 0, group, || on_raw_log(dir, group))?;
        let mut row = |name: &str, kind: Kind, backlog: usize, figures: Figures| {
            table.row(cells(name, kind, backlog, group, figures, log.inserted_per_s));
        };
        row("raw log", Kind::Telemetry, 0, log);
        for backlog in BACKLOGS {
            for kind in [Kind::Telemetry, Kind::Noise] {
                let figures = measured("ours", kind, backlog, group, || on_ours(dir, kind, backlog, group))?;
                row("ours", kind, backlog, figures);
            }
            let kind = Kind::Telemetry;
            let figures = measured("redb", kind, backlog, group, || on_redb(dir, backlog, group))?;
            row("redb", kind, backlog, figures);
            let figures = measured("fjall", kind, backlog, group, || on_fjall(dir, backlog, group))?;
            row("fjall", kind, backlog, figures);
        }
    }
    Ok(table)
}

fn measured(
    name: &str,
    kind: Kind,
    backlog: usize,
    group: usize,
    run: impl FnOnce() -> Result<Figures>,
) -> Result<Figures> {
    eprintln!("{name}, {}, {backlog} waiting, groups of {group}", kind.name());
    run().with_context(|| format!("{name}, groups of {group}"))
}

fn fleet(kind: Kind) -> Fleet {
    Fleet::new(kind, DEVICES, 1, SEED)
}

fn on_raw_log(dir: &Path, group: usize) -> Result<Figures> {
    let disk = Disk::make(dir)?;
    let (mut log, mut fleet) = (RawLog::open(disk.path())?, fleet(Kind::Telemetry));
    Life::new(&mut log, &disk, &mut fleet, group, LANE_MESSAGES).measure()
}

fn on_ours(dir: &Path, kind: Kind, backlog: usize, group: usize) -> Result<Figures> {
    let disk = Disk::make(dir)?;
    let mut fleet = fleet(kind);
    if backlog > 0 {
        let mut filling = Ours::open(options(disk.path(), Pace::Filling))?;
        Life::new(&mut filling, &disk, &mut fleet, group, LANE_MESSAGES).fill(backlog)?;
        filling.close()?;
    }
    let mut ours = Ours::open(options(disk.path(), Pace::Synced))?;
    let figures = Life::new(&mut ours, &disk, &mut fleet, group, LANE_MESSAGES).measure()?;
    anyhow::ensure!(ours.backlog() >= backlog as u64, "more was settled than came");
    ours.close()?;
    Ok(figures)
}

fn on_redb(dir: &Path, backlog: usize, group: usize) -> Result<Figures> {
    let disk = Disk::make(dir)?;
    let (mut redb, mut fleet) = (Redb::open(disk.path())?, fleet(Kind::Telemetry));
    Life::new(&mut redb, &disk, &mut fleet, 1000, LANE_MESSAGES).fill(backlog)?;
    Life::new(&mut redb, &disk, &mut fleet, group, LANE_MESSAGES).measure()
}

fn on_fjall(dir: &Path, backlog: usize, group: usize) -> Result<Figures> {
    let disk = Disk::make(dir)?;
    let (mut fjall, mut fleet) = (Fjall::open(disk.path())?, fleet(Kind::Telemetry));
    Life::new(&mut fjall, &disk, &mut fleet, 1000, LANE_MESSAGES).fill(backlog)?;
    Life::new(&mut fjall, &disk, &mut fleet, group, LANE_MESSAGES).measure()
}

fn cells(
    name: &str,
    kind: Kind,
    backlog: usize,
    group: usize,
    figures: Figures,
    log_per_s: f64,
) -> Vec<String> {
    vec![
        name.into(),
        kind.name().into(),
        backlog.to_string(),
        group.to_string(),
        format!("{:.0}", figures.inserted_per_s),
        format!("{:.0}", figures.lived_per_s),
        format!("{:.2}", figures.inserted_per_s / log_per_s),
        format!("{:.2}", figures.disk_bytes_per_byte),
        format!("{:.2}", figures.flushes_per_commit),
        format!("{:.1}", figures.messages_per_commit),
    ]
}
