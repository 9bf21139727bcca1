//! The command line: one file per subcommand. Results go to stdout, logs and complaints to stderr.
//!
//! Exit codes: 0 all is well, 1 a failure, 2 a wrong command line or configuration, 3 no gateway runs here, 4 one does.

pub mod accounts;
pub mod audit;
pub mod check;
pub mod config;
mod damage;
pub mod deadletter;
pub mod decode;
pub mod export;
pub mod fsck;
mod human;
pub mod import;
pub mod indicators;
pub mod local_api;
pub mod losses;
pub mod mapping;
pub mod maps;
mod offline;
pub mod points;
mod progress;
mod reach;
pub mod rules;
pub mod sightings;
pub mod status;
pub mod uplink;

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::domain::report::Class;

/// 巡查网关 Patrol Gateway: takes what patrol devices report, keeps it safe, forwards it to the city's platform.
#[derive(Debug, Parser)]
#[command(name = "patrol-gateway", version, after_help = AFTER_HELP)]
pub struct Args {
    /// Configuration file (TOML); without one the built-in defaults are used.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do; without a command: run.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Any key of the configuration can be given as an environment variable: PATROL_GATEWAY__UPLINK__URL is url in [uplink].
Exit codes: 0 all is well, 1 a failure, 2 a wrong command line or configuration, 3 no gateway runs here, 4 one does.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 运行网关 Run the gateway (what happens without a command)
    Run,
    /// 自检 Check configuration, disk, clock, ports, uplink and geography: one line each
    Check,
    /// 状态 Ask the running gateway whether it is safe to power off and what is pending
    Status {
        /// The answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// 损失 List what the platform will not get of the devices' reports, and why
    Losses(losses::LossesArgs),
    /// 上行 Prove the uplinks end to end
    #[command(subcommand)]
    Uplink(uplink::UplinkCommand),
    /// 拒收 What platforms refused for good: list it, send it again, discard it
    #[command(subcommand)]
    Deadletter(deadletter::DeadLetterCommand),
    /// 指标 The indicators of the running gateway's journal, by day, street, community, grid, code
    Indicators(indicators::IndicatorsArgs),
    /// 积分 Scores and ranks of stall cards, from the running gateway's journal
    Points(points::PointsArgs),
    /// 最近上报 What each device sent last, redacted, and what became of it
    Sightings(sightings::SightingsArgs),
    /// 映射 Third-party devices: the rules in effect, and what they make of a sample
    #[command(subcommand)]
    Mapping(mapping::MappingCommand),
    /// 规则 The city's rules: what is in effect, and what they make of examples
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// 地图 Check a map of grids, or say where a point lies
    #[command(subcommand)]
    Geo(maps::GeoCommand),
    /// 配置 Print the configuration in effect, defaults and overrides included
    Config {
        /// The documented template: every key with its default
        #[arg(long, conflicts_with = "schema")]
        default: bool,
        /// JSON Schema of the configuration file
        #[arg(long)]
        schema: bool,
    },
    /// 设备 Who may connect: devices
    #[command(subcommand)]
    Device(accounts::device::DeviceCommand),
    /// 应用 Who may connect: programs on the box and beside it
    #[command(subcommand)]
    Application(accounts::application::ApplicationCommand),
    /// 审计 List and verify who came in, who did not, and what was changed
    Audit(audit::AuditArgs),
    /// 解码 Print a frame field by field, as JSON, and check its tag
    Decode(decode::DecodeArgs),
    /// 导出 Write the backlog to a file, for instance on a USB stick; the gateway keeps it
    Export(export::ExportArgs),
    /// 查库 Check the database of a gateway that does not run: every row and segment against its checksum
    Fsck(fsck::FsckArgs),
    /// 导入 Take an exported file into this gateway, or send it to the platform
    Import(import::ImportArgs),
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok = 0,
    /// Something failed.
    Failure = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// No gateway answers here.
    NotRunning = 3,
    /// A gateway runs, and must not.
    Running = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// The class of this name, on the command line.
fn class_named(name: &str) -> Result<Class, String> {
    let names = || Class::ALL.map(Class::as_str).join(", ");
    Class::from_name(name).ok_or_else(|| format!("there are {}", names()))
}

/// Prints a result, and says how the process ends if that is all; a reader that went away is no failure.
pub fn print(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Ok,
        Err(_) => Exit::Failure,
    }
}

/// Says why the configuration was refused, everything at once.
pub fn refuse(error: &ConfigError) -> Exit {
    eprintln!("配置有误 The configuration was refused:\n{error}");
    Exit::Usage
}

/// Reads the configuration that the command line names.
pub fn load(args: &Args) -> Result<Config, ConfigError> {
    // A variable that is not Unicode is read with replacement characters and refused by whatever it was meant for.
    let variables = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    Config::load(args.config.as_deref(), variables)
}
