//! `patrol-simulator demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::fleet::FleetSize;
use crate::demo::{DemoError, DemoOptions, run};

/// The phases with `--quick` are this much shorter.
const QUICK_SCALE: f64 = 0.25;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    size: FleetSize,
    /// All phases this many times as long
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    seconds_scale: f64,
    /// About ten seconds in all
    #[arg(long, conflicts_with = "seconds_scale")]
    quick: bool,
    /// The gateway's program [default: patrol-gateway beside this program]
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= 1000.0 => Ok(number),
        _ => Err("expected a number above 0 and at most 1000".to_owned()),
    }
}

impl DemoArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let options = DemoOptions {
            fleet: self.size.options("127.0.0.1", 0, 1),
            time_scale: if self.quick { QUICK_SCALE } else { self.seconds_scale },
            gateway: self.gateway_bin,
        };
        match run(&options).await {
            Err(DemoError::Interrupted) => Ok(ExitCode::from(130)),
            result => Ok(result?),
        }
    }
}
