//! `patrol-gateway`: arguments, configuration, logs, service, exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Parser;
use patrol_gateway::app;
use patrol_gateway::cli::{self, Args, Command, Exit};
use patrol_gateway::config::Config;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    match &args.command {
        None | Some(Command::Run) => with_config(&args, run),
        Some(Command::Check) => cli::check::run(&args),
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
            // The errors of this crate carry their causes in their words.
            eprintln!("网关停止 The gateway stopped: {error}");
            Exit::Failure
        }
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter).map_err(|error| anyhow!("log.filter: {error}"))?;
    let stderr = std::io::stderr;
    tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_env_filter(filter)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow!("starting threads: {error}"))?;
    runtime.block_on(app::run(config))?;
    Ok(())
}
