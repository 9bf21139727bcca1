//! `patrol-simulator platform`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::platform::Platform;
use crate::signals;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct PlatformArgs {
    /// Where it listens; a gateway's uplink.url is http:// and this
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Append what was delivered to this file, and take up what it already holds
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Say that telemetry may come as columns, and read them
    #[arg(long)]
    reads_columns: bool,
}

impl PlatformArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut platform = match &self.ledger {
            Some(path) => Platform::start_with_ledger(self.listen, path).await?,
            None => Platform::start(self.listen).await?,
        };
        platform.set_reads_columns(self.reads_columns);
        let url = platform.url();
        println!("platform {url}");
        println!("替身平台，不是产品 a stand-in for a city's case platform, for tests and demonstrations");
        println!(
            "fault    curl -H 'content-type: application/json' -d '{{\"mode\":\"error\",\"status\":503}}' {url}/control"
        );
        println!("ready");
        tokio::select! {
            () = signals::interrupted() => {}
            error = platform.wait_failed() => return Err(error.into()),
        }
        let counts = platform.counts();
        println!("请求 requests      {}", counts.requests);
        println!("已送达 delivered   {}", counts.delivered);
        println!("案卷 cases         {}", counts.cases);
        println!("去重 duplicates    {}", counts.duplicates);
        println!("拒收 rejected      {}", counts.rejected);
        let losses = platform.loss_counts();
        let conflicts = counts.conflicts + losses.conflicts;
        println!("损失记录 losses    {} (去重 duplicates {})", losses.taken, losses.duplicates);
        println!("内容冲突 conflicts {conflicts}");
        Ok(if conflicts == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
