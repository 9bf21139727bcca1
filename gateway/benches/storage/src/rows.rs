//! Everybody, with every size of groups: rows a second, and what reaches the disk.

use std::path::Path;

use anyhow::{Context, Result};

use crate::contender::{Contender, Fjall, LANE_MESSAGES, Ours, Pace, RawLog, Redb, options};
use crate::disk::Disk;
use crate::life::{Life, Written};
use crate::samples::{Fleet, Kind};
use crate::table::Table;

const GROUPS: [usize; 4] = [1, 10, 100, 1000];
const BACKLOGS: [usize; 2] = [0, 1_000_000];
/// In what groups the others get their backlog: theirs does not keep how it came.
const FILLING_GROUP: usize = 1000;
const DEVICES: usize = 50;
const SEED: u64 = 2026;
/// Store and raw log take turns, so that what slows the machine down slows both; the medians count.
const ROUNDS: usize = 7;

/// Commits of one turn.
fn commits_timed(group: usize) -> usize {
    if group < 1000 { 200 } else { 60 }
}

/// Commits over which bytes are counted: the log of SQLite is filled several times.
fn commits_counted(group: usize) -> usize {
    match group {
        1 | 10 => 1500,
        100 => 1000,
        _ => 400,
    }
}

/// Rates in messages a second.
struct Rates {
    inserts: f64,
    lives: f64,
    log: f64,
    /// Inserts to the log's, within a round.
    ratio: f64,
}

type Log = Life<RawLog>;

/// The table; of one size of groups only, if one is given.
pub(crate) fn everybody(dir: &Path, only: Option<usize>) -> Result<Table> {
    let columns = [
        "store",
        "messages",
        "waiting",
        "group",
        "in/s",
        "whole life/s",
        "raw log in/s",
        "in/s to the log's",
        "disk bytes a byte",
        "flushes a commit",
        "messages a commit",
    ];
    let mut table = Table::new("Rows and bytes", &columns);
    for group in GROUPS.into_iter().filter(|group| only.is_none_or(|only| only == *group)) {
        let mut log = on_raw_log(dir, group)?;
        table.row(log_row(&mut log, group)?);
        for backlog in BACKLOGS {
            for kind in [Kind::Telemetry, Kind::Noise] {
                let mut ours = on_ours(dir, kind, backlog, group)?;
                table.row(row("ours", kind, backlog, group, &mut ours, &mut log)?);
                anyhow::ensure!(ours.contender.backlog() >= backlog as u64, "more was settled than came");
                ours.contender.close()?;
            }
            let mut redb = other(Redb::open, dir, backlog, group).context("redb")?;
            table.row(row("redb", Kind::Telemetry, backlog, group, &mut redb, &mut log)?);
            let mut fjall = other(Fjall::open, dir, backlog, group).context("fjall")?;
            table.row(row("fjall", Kind::Telemetry, backlog, group, &mut fjall, &mut log)?);
        }
    }
    Ok(table)
}

/// Each device has its share of a group, in a row: what its session read at once.
fn fleet(kind: Kind, group: usize) -> Fleet {
    Fleet::new(kind, DEVICES, (group / DEVICES).max(1), SEED)
}

fn on_raw_log(dir: &Path, group: usize) -> Result<Log> {
    let disk = Disk::make(dir)?;
    let log = RawLog::open(disk.path())?;
    let mut log = Life::new(log, disk, fleet(Kind::Telemetry, group), group, LANE_MESSAGES);
    log.warm()?;
    Ok(log)
}

/// Our store keeps how messages came, so that its backlog comes in the groups that are measured.
fn on_ours(dir: &Path, kind: Kind, backlog: usize, group: usize) -> Result<Life<Ours>> {
    let disk = Disk::make(dir)?;
    let ours = Ours::open(options(disk.path(), Pace::Filling))?;
    let mut life = Life::new(ours, disk, fleet(kind, group), group, LANE_MESSAGES);
    life.fill(backlog)?;
    let mut life = life.reopened(|filled, disk| {
        filled.close()?;
        Ours::open(options(disk.path(), Pace::Synced))
    })?;
    life.warm()?;
    Ok(life)
}

fn other<C: Contender>(
    open: impl FnOnce(&Path) -> Result<C>,
    dir: &Path,
    backlog: usize,
    group: usize,
) -> Result<Life<C>> {
    let (disk, fleet) = (Disk::make(dir)?, fleet(Kind::Telemetry, group));
    let mut life = Life::new(open(disk.path())?, disk, fleet, FILLING_GROUP, LANE_MESSAGES);
    life.fill(backlog)?;
    let mut life = life.in_groups_of(group);
    life.warm()?;
    Ok(life)
}

fn log_row(log: &mut Log, group: usize) -> Result<Vec<String>> {
    let inserts = (0..ROUNDS).map(|_| log.inserts_per_s(commits_timed(group)));
    let inserts = median(inserts.collect::<Result<_>>()?);
    let rates = Rates { inserts, lives: inserts, log: inserts, ratio: 1.0 };
    let written = log.written(commits_counted(group))?;
    Ok(cells("raw log", Kind::Telemetry, 0, group, &rates, &written))
}

fn row<C: Contender>(
    name: &str,
    kind: Kind,
    backlog: usize,
    group: usize,
    life: &mut Life<C>,
    log: &mut Log,
) -> Result<Vec<String>> {
    let rates = rates(life, log, commits_timed(group))?;
    let written = life.written(commits_counted(group))?;
    Ok(cells(name, kind, backlog, group, &rates, &written))
}

fn rates<C: Contender>(life: &mut Life<C>, log: &mut Log, commits: usize) -> Result<Rates> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let log = log.inserts_per_s(commits)?;
        let inserts = life.inserts_per_s(commits)?;
        rounds.push((log, inserts, life.lives_per_s(commits)?));
    }
    let of = |figure: fn(&(f64, f64, f64)) -> f64| median(rounds.iter().map(figure).collect());
    Ok(Rates {
        log: of(|round| round.0),
        inserts: of(|round| round.1),
        lives: of(|round| round.2),
        ratio: of(|round| round.1 / round.0),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn cells(
    name: &str,
    kind: Kind,
    backlog: usize,
    group: usize,
    rates: &Rates,
    written: &Written,
) -> Vec<String> {
    vec![
        name.into(),
        kind.name().into(),
        backlog.to_string(),
        group.to_string(),
        format!("{:.0}", rates.inserts),
        format!("{:.0}", rates.lives),
        format!("{:.0}", rates.log),
        format!("{:.2}", rates.ratio),
        format!("{:.2}", written.disk.written_bytes as f64 / written.payload_bytes),
        format!("{:.2}", written.disk.flushes as f64 / written.commits),
        format!("{:.1}", written.messages / written.commits),
    ]
}
