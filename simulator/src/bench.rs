//! The benchmark: the gateway and Debian's mosquitto under the same load in one run.
//!
//! Three targets: the gateway with a disk under it; mosquitto in memory, with nobody subscribed, so that it
//! acknowledges and forgets; mosquitto saving its database on every change, with one subscriber at QoS 1 that is away,
//! so that there is something to save. Rounds alternate between them, because a machine's speed changes by the
//! minute; ratios within a run count, absolute figures belong to the machine and the hour.
//!
//! After each round the gateway is asked what it holds: fewer reports than it acknowledged, one in quarantine or one
//! taken for a duplicate, and the run fails instead of praising work that was not done.
//!
//! The gateway's limits on what it reads of one client are lifted: the machine is measured, not the limit. With TLS both
//! have the same certificate, and clients speak TLS 1.3.
//!
//! Every round starts its target anew on an empty directory. Latency is from writing the PUBLISH to reading its PUBACK;
//! CPU is the target's user and system time within the measured seconds; memory is the target's peak; disk is what it caused to be written for each byte of payload.

mod audit;
pub mod drain;
mod histogram;
mod load;
mod payload;
mod process;
mod report;
mod sink;
mod target;
mod way;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

pub use audit::AuditError;
use histogram::Histogram;
pub use load::{LoadError, LoadOptions};
pub use payload::{PayloadError, PayloadKind};
use process::{Conditions, cpu_time, disk_bytes, peak_rss_kib};
pub use report::Report;
pub use target::TargetError;
use target::{Programs, Running, Target};
pub use way::CertificateError;
use way::Certificates;

use crate::gateway;

/// What is measured, and how long.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// The load.
    pub load: LoadOptions,
    /// How often each target is measured.
    pub rounds: u32,
    /// Everything over TLS 1.3.
    pub tls: bool,
    /// Only the gateway, or only mosquitto.
    pub only: Option<Only>,
    /// The gateway's program; beside this one when not named.
    pub gateway: Option<PathBuf>,
    /// mosquitto's program; Debian's when not named.
    pub mosquitto: Option<PathBuf>,
    /// Directory for the targets' data; the system's temporary directory when not named.
    pub dir: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// The gateway.
    Gateway,
    /// mosquitto in both ways.
    Mosquitto,
}

/// The benchmark could not be run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A target.
    #[error("{name}: {source}")]
    Target {
        /// Which.
        name: &'static str,
        /// Why.
        source: TargetError,
    },
    /// The load on a target.
    #[error("{name}: {source}")]
    Load {
        /// Which.
        name: &'static str,
        /// Why.
        source: LoadError,
    },
    /// The gateway's program.
    #[error(transparent)]
    Gateway(#[from] gateway::GatewayError),
    /// The directory for the data.
    #[error("no directory for the data: {0}")]
    Dir(#[source] std::io::Error),
    /// The gateway did not do the work it was measured at.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The certificates for TLS.
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    /// A target died under the load.
    #[error("{0} ended under the load")]
    Died(&'static str),
    /// There is nothing to measure.
    #[error(
        "找不到 mosquitto: there is no mosquitto. On Debian: apt-get install mosquitto; or name it with --mosquitto"
    )]
    NoMosquitto,
}

/// One round of one target.
#[derive(Debug)]
struct Round {
    latencies: Histogram,
    target_cpu: Duration,
    load_cpu: Duration,
    peak_rss_kib: u64,
    payload_bytes: u64,
    disk_bytes: u64,
}

/// All rounds of one target.
#[derive(Debug)]
struct Measured {
    target: Target,
    rounds: Vec<Round>,
}

/// Runs everything; `progress` is told each step before it begins.
pub fn run(options: &BenchOptions, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    let base = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    let (programs, mosquitto_missing) = find_programs(options)?;
    let present = |target: &Target| {
        let program = if target.is_mosquitto() { &programs.mosquitto } else { &programs.gateway };
        program.is_some()
    };
    let mut measured: Vec<Measured> = Target::ALL
        .into_iter()
        .filter(present)
        .map(|target| Measured { target, rounds: Vec::new() })
        .collect();
    let dir = tempfile::Builder::new().prefix("patrol-bench-").tempdir_in(&base).map_err(BenchError::Dir)?;
    let certificates = options.tls.then(|| Certificates::make(dir.path())).transpose()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(BenchError::Dir)?;
    for round in 1..=options.rounds {
        for one in &mut measured {
            progress(&format!("round {round}/{}: {}", options.rounds, one.target.name()));
            one.rounds.push(runtime.block_on(measure(
                one.target,
                &programs,
                certificates.as_ref(),
                &base,
                &options.load,
            ))?);
        }
    }
    let version = match &programs.mosquitto {
        Some(program) => runtime.block_on(target::mosquitto_version(program)),
        None => None,
    };
    let conditions = Conditions::of_this_machine(&base);
    Ok(Report::new(options, conditions, version, mosquitto_missing, &measured))
}

/// The programs to be measured, and whether mosquitto was wanted and is missing.
fn find_programs(options: &BenchOptions) -> Result<(Programs, bool), BenchError> {
    let gateway = match options.only {
        Some(Only::Mosquitto) => None,
        _ => Some(gateway::find_program(options.gateway.as_deref())?),
    };
    let mosquitto = match options.only {
        Some(Only::Gateway) => None,
        _ => target::find_mosquitto(options.mosquitto.as_deref()),
    };
    let missing = mosquitto.is_none() && options.only != Some(Only::Gateway);
    if missing && gateway.is_none() {
        return Err(BenchError::NoMosquitto);
    }
    Ok((Programs { gateway, mosquitto }, missing))
}

async fn measure(
    target: Target,
    programs: &Programs,
    certificates: Option<&Certificates>,
    base: &Path,
    options: &LoadOptions,
) -> Result<Round, BenchError> {
    let name = target.name();
    let dir = tempfile::Builder::new().prefix("patrol-bench-").tempdir_in(base).map_err(BenchError::Dir)?;
    let running = Running::start(target, programs, certificates, dir.path())
        .await
        .map_err(|source| BenchError::Target { name, source })?;
    let pid = running.pid().ok_or(BenchError::Died(name))?;
    let (begin, begun) = mpsc::sync_channel(1);
    let watcher = watch_cpu(pid, begun, options.warm_up, options.measured);
    let result = load::run(running.way(), options, move || {
        begin.send(()).ok();
    })
    .await
    .map_err(|source| BenchError::Load { name, source })?;
    let (target_cpu, load_cpu) = watcher.join().ok().flatten().ok_or(BenchError::Died(name))?;
    let peak_rss_kib = peak_rss_kib(pid).ok_or(BenchError::Died(name))?;
    let disk_bytes = disk_bytes(pid).ok_or(BenchError::Died(name))?;
    if let Running::Gateway(gateway, _) = &running {
        audit::all_is_kept(&gateway.http_url, result.acknowledged).await?;
    }
    running.stop().await.map_err(|source| BenchError::Target { name, source })?;
    let (latencies, payload_bytes) = (result.latencies, result.payload_bytes);
    Ok(Round { latencies, target_cpu, load_cpu, peak_rss_kib, payload_bytes, disk_bytes })
}

/// CPU time of the target and of this process within the measured seconds, read by a thread of its own, so that a
/// busy load generator does not shift the moments. `None` when the target is gone or the load never began.
fn watch_cpu(
    pid: u32,
    begun: mpsc::Receiver<()>,
    warm_up: Duration,
    measured: Duration,
) -> std::thread::JoinHandle<Option<(Duration, Duration)>> {
    std::thread::spawn(move || {
        begun.recv().ok()?;
        let both = || Some((cpu_time(pid)?, cpu_time(std::process::id())?));
        std::thread::sleep(warm_up);
        let (target_before, load_before) = both()?;
        std::thread::sleep(measured);
        let (target_after, load_after) = both()?;
        Some((target_after.saturating_sub(target_before), load_after.saturating_sub(load_before)))
    })
}
