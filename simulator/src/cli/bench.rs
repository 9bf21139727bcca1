//! `patrol-simulator bench`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;

use crate::bench::{BenchOptions, LoadOptions, Only, PayloadKind, run};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Connections, each a device of its own
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// Publishes in flight on each
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    in_flight: u16,
    /// What is published
    #[arg(long, value_enum, default_value_t = PayloadKind::Json)]
    payload: PayloadKind,
    /// Length of a JSON payload
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    payload_bytes: u32,
    /// Measured seconds of each round
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Seconds before the measurement
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=600))]
    warm_up: u32,
    /// How often each target is measured, in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Everything over TLS 1.3
    #[arg(long)]
    tls: bool,
    /// Only this part
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// The gateway's program [default: patrol-gateway beside this program]
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
    /// mosquitto's program [default: Debian's]
    #[arg(long, value_name = "FILE")]
    mosquitto: Option<PathBuf>,
    /// Directory on the disk that is to be measured [default: the temporary directory]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl BenchArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let options = BenchOptions {
            load: LoadOptions {
                connections: self.connections,
                in_flight: self.in_flight,
                payload: self.payload,
                payload_bytes: self.payload_bytes as usize,
                warm_up: Duration::from_secs(self.warm_up.into()),
                measured: Duration::from_secs(self.seconds.into()),
            },
            rounds: self.rounds,
            tls: self.tls,
            only: self.only,
            gateway: self.gateway_bin,
            mosquitto: self.mosquitto,
            dir: self.dir,
        };
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        let report = run(&options, |step| bar.set_message(step.to_owned()))?;
        bar.finish_and_clear();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print!("{report}");
        }
        Ok(ExitCode::SUCCESS)
    }
}
