//! `patrol-simulator drain`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;

use crate::bench::drain::{DrainOptions, run};

#[derive(Debug, Args)]
pub(super) struct DrainArgs {
    /// Seconds of load that make the backlog
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    fill_seconds: u32,
    /// Connections that fill it, each a device of its own
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// Length of a payload
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    payload_bytes: u32,
    /// The gateway's program [default: patrol-gateway beside this program]
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
    /// Directory on the disk that is to be measured [default: the temporary directory]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl DrainArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let options = DrainOptions {
            fill: Duration::from_secs(self.fill_seconds.into()),
            connections: self.connections,
            payload_bytes: self.payload_bytes as usize,
            gateway: self.gateway_bin,
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
