//! `patrol-simulator`: arguments, logs, exit code.

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Parser;
use patrol_simulator::cli::Args;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let args = Args::parse();
    // The client library tells of every broken connection, and here connections are broken on purpose.
    let quiet = || Targets::new().with_default(LevelFilter::WARN).with_target("rumqttc", LevelFilter::OFF);
    let filter = std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok()).unwrap_or_else(quiet);
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(filter).init();
    args.run().unwrap_or_else(|error| {
        // The errors of this crate carry their causes in their words.
        eprintln!("失败 failed: {error}");
        ExitCode::FAILURE
    })
}
