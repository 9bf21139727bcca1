//! `patrol-simulator`: arguments, logs, exit code.

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Parser;
use patrol_simulator::cli::Args;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,rumqttc=off"));
    tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_env_filter(filter)
        .init();
    args.run().unwrap_or_else(|error| {
        // The errors of this crate carry their causes in their words.
        eprintln!("失败 failed: {error}");
        ExitCode::FAILURE
    })
}
