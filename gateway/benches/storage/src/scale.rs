//! Five million messages wait: how long a start takes, how much memory, and how fast they leave.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::contender::{LANE_MESSAGES, Ours, Pace, options};
use crate::disk::Disk;
use crate::life::Life;
use crate::samples::{Fleet, Kind};
use crate::table::Table;

const MESSAGES: usize = 5_000_000;
const GROUP: usize = 100;
const DEVICES: usize = 50;
const SEED: u64 = 5;
/// What the lane asks for at a time.
const LANE_RECORDS: usize = 2000;

/// Fills a store, then starts it in a process of its own, which [`drain`] prints the figures of.
pub(crate) fn five_million(dir: &Path) -> Result<Table> {
    let columns = [
        "messages",
        "waiting",
        "start ms",
        "RSS before MB",
        "RSS open MB",
        "peak RSS drained MB",
        "drained/s",
        "file MB",
    ];
    let mut table = Table::new("Five million wait", &columns);
    for kind in [Kind::Telemetry, Kind::Noise] {
        eprintln!("five million wait, {}", kind.name());
        let disk = Disk::make(dir)?;
        let filling = Ours::open(options(disk.path(), Pace::Filling))?;
        let mut life = Life::new(filling, disk, Fleet::new(kind, DEVICES, 1, SEED), GROUP, LANE_MESSAGES);
        life.fill(MESSAGES)?;
        let (filled, disk) = life.into_parts();
        filled.close()?;
        let file_bytes = fs::metadata(disk.path().join("store/patrol.db"))?.len();
        disk.settled_counters()?;
        fs::write("/proc/sys/vm/drop_caches", "3").context("dropping the page cache")?;
        let child = Command::new(std::env::current_exe()?).arg("drain").arg(disk.path()).output()?;
        let said = String::from_utf8(child.stdout)?;
        ensure!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        let mut row = vec![kind.name().to_owned()];
        row.extend(said.split_whitespace().map(str::to_owned));
        row.push(format!("{:.0}", file_bytes as f64 / 1e6));
        table.row(row);
    }
    Ok(table)
}

/// Starts the store below `dir` and drains it. Prints: messages that wait, time of the start, memory before and after it, most memory
/// until it was empty, messages a second.
pub(crate) fn drain(dir: &Path) -> Result<()> {
    let before = memory_mb("VmRSS")?;
    let begun = Instant::now();
    let mut store = Ours::open(options(dir, Pace::Synced))?;
    let start_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (waiting, open) = (store.backlog(), memory_mb("VmRSS")?);
    let begun = Instant::now();
    let mut drained = 0;
    loop {
        match store.drain(LANE_RECORDS)? {
            0 => break,
            count => drained += count,
        }
    }
    let per_s = drained as f64 / begun.elapsed().as_secs_f64();
    ensure!(drained as u64 == waiting && store.backlog() == 0, "{drained} of {waiting} came out");
    let peak = memory_mb("VmHWM")?;
    println!("{waiting} {start_ms:.1} {before:.1} {open:.1} {peak:.1} {per_s:.0}");
    store.close()
}

/// A figure of this process's memory.
fn memory_mb(name: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()).context(name.to_owned())?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}
