//! `patrol-gateway`: arguments, configuration, logs, service, exit code.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use clap::Parser;
use patrol_gateway::app;
use patrol_gateway::cli::{self, Args, Command, Exit};
use patrol_gateway::config::Config;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How long threads that still wait for something may go on after the service has ended.
const RUNTIME_END_MAX: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let args = Args::parse();
    match &args.command {
        None | Some(Command::Run) => with_config(&args, run),
        Some(Command::Check) => cli::check::run(&args),
        Some(Command::Status { json }) => {
            with_config(&args, |config| cli::status::run(config.http.bind, *json))
        }
        Some(Command::Losses(losses)) => {
            with_config(&args, |config| cli::losses::run(config.http.bind, losses))
        }
        Some(Command::Uplink(command)) => with_config(&args, |config| cli::uplink::run(&config, command)),
        Some(Command::Deadletter(command)) => {
            with_config(&args, |config| cli::deadletter::run(&config, command))
        }
        Some(Command::Indicators(which)) if which.formulas => cli::indicators::formulas(),
        Some(Command::Indicators(which)) => {
            with_config(&args, |config| cli::indicators::run(config.http.bind, which))
        }
        Some(Command::Points(which)) => {
            with_config(&args, |config| cli::points::run(config.http.bind, which))
        }
        Some(Command::Sightings(which)) => {
            with_config(&args, |config| cli::sightings::run(config.http.bind, which))
        }
        Some(Command::Mapping(command)) => with_config(&args, |config| cli::mapping::run(&config, command)),
        Some(Command::Rules(command)) => with_config(&args, |config| cli::rules::run(&config, command)),
        Some(Command::Geo(command)) => cli::maps::run(&args, command),
        Some(Command::Config { default: true, .. }) => cli::config::template(),
        Some(Command::Config { schema: true, .. }) => cli::config::schema(),
        Some(Command::Device(command)) => {
            with_config(&args, |config| cli::accounts::device::run(&config, command))
        }
        Some(Command::Application(command)) => {
            with_config(&args, |config| cli::accounts::application::run(&config, command))
        }
        Some(Command::Audit(how)) => with_config(&args, |config| cli::audit::run(&config, how)),
        Some(Command::Decode(args)) => cli::decode::run(args),
        Some(Command::Export(to)) => with_config(&args, |config| cli::export::run(&config, to)),
        Some(Command::Fsck(how)) => with_config(&args, |config| cli::fsck::run(&config, how)),
        Some(Command::Import(from)) => with_config(&args, |config| cli::import::run(&config, from)),
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
    let filter: Targets = config.log.filter.parse().map_err(|error| anyhow!("log.filter: {error}"))?;
    let stderr = std::io::stderr;
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(filter).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow!("starting threads: {error}"))?;
    let ended = runtime.block_on(app::run(config));
    // A name look-up that hangs must not hold the end up.
    runtime.shutdown_timeout(RUNTIME_END_MAX);
    Ok(ended?)
}
