//! How fast a backlog leaves: the gateway is filled while it has no uplink, and then given a platform that takes everything.
//!
//! Three measurements in one run, each on the same records: by JSON batches, by columns, and what the platform itself takes from a plain
//! client that sends batches made beforehand, on as many connections - the most that any sender could reach here. Ratios count; absolute
//! figures belong to the machine and the hour.
//!
//! The platform answers for each event, and has nothing else to do: it keeps nothing. It runs in this process and shares the machine
//! with what is measured. Time is from the start of the gateway with its uplink until its status says that nothing waits.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::process::{Conditions, cpu_time, peak_rss_kib};
use super::sink::Sink;
use super::target::{Programs, Running, Target};
use super::{BenchError, LoadOptions, PayloadKind, load};
use crate::gateway::{self, GatewaySetup};
use crate::local_http;

/// How often the gateway is asked whether anything waits.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What is measured.
#[derive(Debug, Clone)]
pub struct DrainOptions {
    /// Seconds of load that make the backlog.
    pub fill: Duration,
    /// Connections that fill it.
    pub connections: u16,
    /// Length of a payload.
    pub payload_bytes: usize,
    /// The gateway's program; beside this one when not named.
    pub gateway: Option<PathBuf>,
    /// Directory for the data; the system's temporary directory when not named.
    pub dir: Option<PathBuf>,
}

/// One way out.
#[derive(Debug, Clone, Serialize)]
struct Drained {
    way: &'static str,
    seconds: f64,
    records_per_s: f64,
    /// Bytes of bodies a record.
    wire_bytes_per_record: f64,
    requests: u64,
    /// Of the gateway; none for the plain client.
    cpu_s_per_100k: Option<f64>,
    peak_rss_mib: Option<f64>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct DrainReport {
    conditions: Conditions,
    records: u64,
    payload_bytes: usize,
    ways: Vec<Drained>,
}

/// Runs everything; `progress` is told each step before it begins.
///
/// # Errors
/// [`BenchError`].
pub fn run(options: &DrainOptions, mut progress: impl FnMut(&str)) -> Result<DrainReport, BenchError> {
    let base = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    let program = gateway::find_program(options.gateway.as_deref())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(BenchError::Dir)?;
    let dir = tempfile::Builder::new().prefix("patrol-drain-").tempdir_in(&base).map_err(BenchError::Dir)?;
    let filled = dir.path().join("filled");
    fs::create_dir(&filled).map_err(BenchError::Dir)?;
    progress("filling");
    let records = runtime.block_on(fill(&program, &filled, options))?;
    let mut ways = Vec::new();
    for (way, compact) in [("JSON batches, zstd", false), ("columns, zstd", true)] {
        progress(way);
        let copy = dir.path().join(if compact { "columns" } else { "json" });
        copy_dir(&filled, &copy).map_err(BenchError::Dir)?;
        ways.push(runtime.block_on(drain(&program, &copy, records, (way, compact)))?);
    }
    progress("a plain client");
    ways.push(runtime.block_on(plain_client(records))?);
    let conditions = Conditions::of_this_machine(&base);
    Ok(DrainReport { conditions, records, payload_bytes: options.payload_bytes, ways })
}

/// Fills a gateway that has no uplink; returns how many records wait.
async fn fill(program: &Path, dir: &Path, options: &DrainOptions) -> Result<u64, BenchError> {
    let (target, name) = (Target::Gateway, Target::Gateway.name());
    let programs = Programs { gateway: Some(program.to_owned()), mosquitto: None };
    let running = Running::start(target, &programs, None, dir)
        .await
        .map_err(|source| BenchError::Target { name, source })?;
    let load_options = LoadOptions {
        connections: options.connections,
        in_flight: 20,
        payload: PayloadKind::Json,
        payload_bytes: options.payload_bytes,
        warm_up: Duration::ZERO,
        measured: options.fill,
    };
    let loaded = load::run(running.way(), &load_options, || ()).await;
    loaded.map_err(|source| BenchError::Load { name, source })?;
    let Running::Gateway(gateway, _) = &running else { return Err(BenchError::Died(name)) };
    let waiting = waiting(&gateway.http_url).await?;
    running.stop().await.map_err(|source| BenchError::Target { name, source })?;
    Ok(waiting)
}

/// Gives the gateway in `dir` a platform, and waits until nothing is left.
async fn drain(
    program: &Path,
    dir: &Path,
    records: u64,
    (way, compact): (&'static str, bool),
) -> Result<Drained, BenchError> {
    let sink = Sink::start(compact).await.map_err(BenchError::Dir)?;
    let mut setup = GatewaySetup::new(program, dir);
    setup.uplink_url = Some(sink.url());
    let started = Instant::now();
    let gateway = setup.start().await?;
    let pid = gateway.pid().ok_or(BenchError::Died(way))?;
    while waiting(&gateway.http_url).await? > 0 {
        sleep(ASK_EVERY).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let cpu = cpu_time(pid).ok_or(BenchError::Died(way))?;
    let peak_rss_kib = peak_rss_kib(pid).ok_or(BenchError::Died(way))?;
    gateway.kill().await?;
    let counted = sink.counted();
    Ok(Drained {
        way,
        seconds,
        records_per_s: records as f64 / seconds,
        wire_bytes_per_record: counted.body_bytes as f64 / counted.events.max(1) as f64,
        requests: counted.requests,
        cpu_s_per_100k: Some(cpu.as_secs_f64() / records as f64 * 100_000.0),
        peak_rss_mib: Some(peak_rss_kib as f64 / 1024.0),
    })
}

/// Sends as many events as there were, in batches made beforehand.
async fn plain_client(records: u64) -> Result<Drained, BenchError> {
    let sink = Sink::start(false).await.map_err(BenchError::Dir)?;
    let started = Instant::now();
    let requests = super::sink::send_plainly(&sink.url(), records).await.map_err(BenchError::Dir)?;
    let seconds = started.elapsed().as_secs_f64();
    let counted = sink.counted();
    Ok(Drained {
        way: "a plain client, batches made beforehand",
        seconds,
        records_per_s: counted.events as f64 / seconds,
        wire_bytes_per_record: counted.body_bytes as f64 / counted.events.max(1) as f64,
        requests,
        cpu_s_per_100k: None,
        peak_rss_mib: None,
    })
}

async fn waiting(http_url: &str) -> Result<u64, BenchError> {
    #[derive(serde::Deserialize)]
    struct Status {
        pending_total: u64,
    }
    let ask = async || {
        let answer = local_http::client()?.get(format!("{http_url}/api/v1/status")).send().await?;
        Ok::<_, super::AuditError>(answer.error_for_status()?.json::<Status>().await?)
    };
    Ok(ask().await?.pending_total)
}

fn copy_dir(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_dir(&entry.path(), &target)?,
            false => _ = fs::copy(entry.path(), target)?,
        }
    }
    Ok(())
}

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { cores, cpu, kernel, file_system, date } = &self.conditions;
        writeln!(f, "{date}, {cores} cores ({cpu}), Linux {kernel}, data on {file_system}")?;
        writeln!(f, "{} telemetry records, {} bytes each", self.records, self.payload_bytes)?;
        let plain = self.ways.last().map_or(1.0, |plain| plain.records_per_s);
        for way in &self.ways {
            write!(
                f,
                "{:<40} {:>9.0} records/s ({:.2} of the plain client), {:.1} s, {:.1} bytes a record in {} requests",
                way.way,
                way.records_per_s,
                way.records_per_s / plain,
                way.seconds,
                way.wire_bytes_per_record,
                way.requests
            )?;
            if let (Some(cpu), Some(rss)) = (way.cpu_s_per_100k, way.peak_rss_mib) {
                write!(f, ", CPU {cpu:.2} s per 100,000, peak memory {rss:.1} MiB")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
