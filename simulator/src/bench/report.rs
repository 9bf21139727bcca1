//! The benchmark's result as a table and as JSON.

use std::fmt;

use serde::Serialize;

use super::histogram::Histogram;
use super::payload::PayloadKind;
use super::process::Conditions;
use super::{BenchOptions, Measured, Round, Target};

/// Everything a reader needs to judge the figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    conditions: Conditions,
    mosquitto: Option<String>,
    mosquitto_missing: bool,
    optimised: bool,
    connections: u16,
    in_flight: u16,
    tls: bool,
    payload: String,
    measured_s: f64,
    warm_up_s: f64,
    rounds: u32,
    rows: Vec<Row>,
    ratios: Vec<Ratio>,
}

/// One target over all rounds.
#[derive(Debug, Clone, Serialize)]
struct Row {
    target: &'static str,
    /// Mean over the rounds, and the slowest and the fastest of them.
    acks_per_s: f64,
    acks_per_s_min: f64,
    acks_per_s_max: f64,
    ack_p50_ms: f64,
    ack_p99_ms: f64,
    cpu_s_per_100k: f64,
    load_cpu_s_per_100k: f64,
    peak_rss_mib: f64,
    disk_bytes_per_payload_byte: f64,
}

/// The gateway's rate over another's.
#[derive(Debug, Clone, Serialize)]
struct Ratio {
    over: &'static str,
    acks: f64,
}

impl Report {
    pub(super) fn new(
        options: &BenchOptions,
        conditions: Conditions,
        mosquitto: Option<String>,
        mosquitto_missing: bool,
        measured: &[Measured],
    ) -> Report {
        let load = &options.load;
        let seconds = load.measured.as_secs_f64();
        let rows: Vec<Row> = measured.iter().map(|one| Row::new(one, seconds)).collect();
        let gateway = rows.iter().find(|row| row.target == Target::Gateway.name()).map(|row| row.acks_per_s);
        let ratio = |row: &Row| {
            let acks = gateway? / row.acks_per_s;
            (row.target != Target::Gateway.name()).then_some(Ratio { over: row.target, acks })
        };
        Report {
            conditions,
            mosquitto,
            mosquitto_missing,
            optimised: !cfg!(debug_assertions),
            connections: load.connections,
            in_flight: load.in_flight,
            tls: options.tls,
            payload: payload_words(load.payload, load.payload_bytes),
            measured_s: seconds,
            warm_up_s: load.warm_up.as_secs_f64(),
            rounds: options.rounds,
            ratios: rows.iter().filter_map(ratio).collect(),
            rows,
        }
    }
}

fn payload_words(kind: PayloadKind, bytes: usize) -> String {
    match kind {
        PayloadKind::Json => format!("JSON telemetry of {bytes} bytes"),
        PayloadKind::Frame => match super::payload::Payload::new(kind, "bench-00", 0) {
            Ok(payload) => format!("firmware-protocol telemetry frame of {} bytes", payload.template().len()),
            Err(error) => error.to_string(),
        },
    }
}

impl Row {
    fn new(measured: &Measured, seconds: f64) -> Row {
        let rounds = &measured.rounds;
        let mut all = Histogram::new();
        rounds.iter().for_each(|round| all.merge(&round.latencies));
        let rates = || rounds.iter().map(|round| round.latencies.count() as f64 / seconds);
        let sum = |of: fn(&Round) -> u64| rounds.iter().map(of).sum::<u64>() as f64;
        let per_100k = |total_s: f64| total_s / (all.count().max(1) as f64) * 100_000.0;
        Row {
            target: measured.target.name(),
            acks_per_s: rates().sum::<f64>() / rounds.len().max(1) as f64,
            acks_per_s_min: rates().fold(f64::INFINITY, f64::min),
            acks_per_s_max: rates().fold(0.0, f64::max),
            ack_p50_ms: all.quantile_ms(0.50),
            ack_p99_ms: all.quantile_ms(0.99),
            cpu_s_per_100k: per_100k(rounds.iter().map(|round| round.target_cpu.as_secs_f64()).sum()),
            load_cpu_s_per_100k: per_100k(rounds.iter().map(|round| round.load_cpu.as_secs_f64()).sum()),
            peak_rss_mib: rounds.iter().map(|round| round.peak_rss_kib).max().unwrap_or(0) as f64 / 1024.0,
            disk_bytes_per_payload_byte: sum(|round| round.disk_bytes)
                / sum(|round| round.payload_bytes).max(1.0),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions = &self.conditions;
        writeln!(f, "基准测试 benchmark, {}", conditions.date)?;
        writeln!(
            f,
            "  {} cores, {}, Linux {}, data on {}",
            conditions.cores, conditions.cpu, conditions.kernel, conditions.file_system
        )?;
        writeln!(
            f,
            "  {} connections{}, QoS 1, {}, {} in flight each; {} rounds of {} s after {} s, load on the same machine",
            self.connections,
            if self.tls { " over TLS 1.3" } else { "" },
            self.payload,
            self.in_flight,
            self.rounds,
            self.measured_s,
            self.warm_up_s
        )?;
        self.write_table(f)?;
        for ratio in &self.ratios {
            writeln!(f, "  网关 the gateway is {:.2} x {}", ratio.acks, ratio.over)?;
        }
        self.write_notes(f)
    }
}

impl Report {
    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n  {:<24} {:>8} {:>16} {:>7} {:>7} {:>10} {:>8} {:>8} {:>9}",
            "",
            "acks/s",
            "slowest-fastest",
            "p50 ms",
            "p99 ms",
            "CPU s/100k",
            "its load",
            "RSS MiB",
            "disk B/B"
        )?;
        for row in &self.rows {
            let range = format!("{:.0}-{:.0}", row.acks_per_s_min, row.acks_per_s_max);
            writeln!(
                f,
                "  {:<24} {:>8.0} {range:>16} {:>7.2} {:>7.2} {:>10.2} {:>8.2} {:>8.1} {:>9.2}",
                row.target,
                row.acks_per_s,
                row.ack_p50_ms,
                row.ack_p99_ms,
                row.cpu_s_per_100k,
                row.load_cpu_s_per_100k,
                row.peak_rss_mib,
                row.disk_bytes_per_payload_byte
            )?;
        }
        writeln!(f)
    }

    fn write_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(version) = &self.mosquitto {
            writeln!(f, "  {version}. In memory: nobody subscribes, it acknowledges and forgets.")?;
            writeln!(
                f,
                "  Every change: autosave_on_changes with interval 1 for one QoS 1 subscriber that is away."
            )?;
        }
        if self.mosquitto_missing {
            writeln!(
                f,
                "  未安装 mosquitto, only the gateway was measured. On Debian: apt-get install mosquitto"
            )?;
        }
        if self.conditions.file_system == "tmpfs" {
            writeln!(
                f,
                "  注意 the data is in memory (tmpfs): a sync costs nothing here. Choose a disk with --dir"
            )?;
        }
        if !self.optimised {
            writeln!(f, "  注意 this is a debug build: figures mean nothing")?;
        }
        Ok(())
    }
}
