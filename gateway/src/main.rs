//! `patrol-gateway`: arguments, configuration, logs, service, exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use patrol_gateway::app;
use patrol_gateway::cli::{self, Args, Command, Exit, check};
use patrol_gateway::config::Config;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    match &args.command {
        None | Some(Command::Run) => with_config(&args, run),
        Some(Command::Check) => check::run(&args, READERS),
        Some(Command::Status { json }) => {
            with_config(&args, |config| cli::status::run(config.http.bind, *json))
        }
        Some(Command::Config { default: true, .. }) => cli::config::template(),
        Some(Command::Config { schema: true, .. }) => cli::config::schema(),
        Some(Command::Config { .. }) => with_config(&args, |config| cli::config::effective(&config)),
    }
    .into()
}

fn with_config(args: &Args, then: impl FnOnce(Config) -> Exit) -> Exit {
    match cli::load(args) {
        Ok(config) => then(config),
        Err(error) => cli::refuse(&error),
    }
}

fn run(config: Config) -> Exit {
    match serve(config) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            eprintln!("网关停止 The gateway stopped: {error:#}");
            Exit::Failure
        }
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter).context("log.filter")?;
    let stderr = std::io::stderr;
    tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_env_filter(filter)
        .init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    runtime.block_on(app::run(config))?;
    Ok(())
}

/// How the city's files are checked.
const READERS: check::Readers = check::Readers { grids: count_features, codes: count_lines };

/// Features of a GeoJSON collection.
fn count_features(bytes: &[u8]) -> Result<usize, String> {
    let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match json["features"].as_array() {
        Some(features) if json["type"] == "FeatureCollection" => Ok(features.len()),
        _ => Err("not a GeoJSON FeatureCollection".to_owned()),
    }
}

/// Lines of a CSV file after its header.
fn count_lines(bytes: &[u8]) -> Result<usize, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    match text.lines().next() {
        Some(header) if header.starts_with("code,kind,") => Ok(text.lines().count() - 1),
        _ => Err("the first line does not begin with code,kind,".to_owned()),
    }
}
