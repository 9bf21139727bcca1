//! The command line: one file per subcommand. Results go to stdout, logs to stderr.
//!
//! Exit codes: 0 every promise was kept, 1 one was not or the work failed, 2 a wrong command line.

mod bench;
mod demo;
mod drain;
mod fleet;
mod platform;
mod proxy;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// 巡查网关模拟器 A fleet, a stand-in case platform, and the ledger that gives the verdict.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 every promise was kept, 1 one was not or the work failed, 2 a wrong command line."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 演示 Everything on this machine: gateway, platform, fleet, outage, kill -9, verdict; less than a minute
    Demo(demo::DemoArgs),
    /// 车队 Devices against a gateway
    Fleet(fleet::FleetArgs),
    /// 平台 The stand-in case platform, with faults on demand
    Platform(platform::PlatformArgs),
    /// 代理 A TCP proxy with faults on demand: delay, rate, cut, loss, black hole, flapping
    Proxy(proxy::ProxyArgs),
    /// 对账 Reconcile the ledgers of `fleet` and `platform`
    Verify(verify::VerifyArgs),
    /// 基准 Load the gateway and mosquitto alike and compare
    Bench(bench::BenchArgs),
    /// 排空 Fill a gateway, give it a platform, and measure how fast the backlog leaves
    Drain(drain::DrainArgs),
}

impl Args {
    /// Does what was asked for.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
        match self.command {
            Command::Demo(args) => runtime()?.block_on(args.run()),
            Command::Fleet(args) => runtime()?.block_on(args.run()),
            Command::Platform(args) => runtime()?.block_on(args.run()),
            Command::Proxy(args) => runtime()?.block_on(args.run()),
            Command::Verify(args) => args.run(),
            Command::Bench(args) => args.run(),
            Command::Drain(args) => args.run(),
        }
    }
}
