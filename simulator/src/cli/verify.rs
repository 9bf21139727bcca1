//! `patrol-simulator verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::ledger::{DeviceLedger, PlatformView, Verdict};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Ledger file of `fleet`
    #[arg(long, value_name = "FILE")]
    devices: PathBuf,
    /// Ledger file of `platform`
    #[arg(long, value_name = "FILE")]
    platform: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl VerifyArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let devices = DeviceLedger::from_file(&self.devices)?;
        let platform = PlatformView::from_file(&self.platform)?;
        let verdict = Verdict::reconcile(&devices, &platform);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&verdict)?);
        } else {
            println!("{verdict}");
        }
        Ok(verdict.exit_code())
    }
}
