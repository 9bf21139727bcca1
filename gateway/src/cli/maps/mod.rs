//! `patrol-gateway geo`: is a map as it should be, and where does a point lie?

mod check;
mod locate;
mod words;

use clap::Subcommand;

use super::{Args, Exit};

pub use check::CheckArgs;
pub use locate::LocateArgs;

/// What to do with maps.
#[derive(Debug, Clone, Subcommand)]
pub enum GeoCommand {
    /// 检查地图 Check a map feature by feature: rings, codes, properties, overlaps, gaps
    Check(CheckArgs),
    /// 定位 Say which grid a point lies in, who is responsible, and how near the edge is
    Locate(LocateArgs),
}

/// Does it. Only a point needs a configuration: its maps and coordinate systems.
pub fn run(args: &Args, command: &GeoCommand) -> Exit {
    match command {
        GeoCommand::Check(check) => check::run(check),
        GeoCommand::Locate(locate) => match super::load(args) {
            Ok(config) => locate::run(&config, locate),
            Err(error) => super::refuse(&error),
        },
    }
}
