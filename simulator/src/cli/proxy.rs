//! `patrol-simulator proxy`.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;

use crate::proxy::{Proxy, control};
use crate::signals;

#[derive(Debug, Args)]
pub(super) struct ProxyArgs {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where it leads: host and port
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
    /// Take faults by HTTP on this address: POST {"mode": "blackhole"} and the like
    #[arg(long, value_name = "ADDR")]
    control: Option<SocketAddr>,
}

impl ProxyArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let proxy = Proxy::start(self.listen, &self.to).await?;
        println!("proxy    {} -> {}", proxy.addr(), self.to);
        let serving = match self.control {
            None => None,
            Some(listen) => {
                let (addr, serving) = control::serve(listen, proxy.clone()).await?;
                println!("control  http://{addr}/");
                println!(
                    "fault    curl -H 'content-type: application/json' -d '{{\"mode\":\"blackhole\"}}' http://{addr}/"
                );
                Some(serving)
            }
        };
        println!("ready");
        let serve = async {
            match serving {
                Some(serving) => serving.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signals::interrupted() => {}
            ended = serve => ended?,
        }
        let counts = proxy.counts();
        println!("连接 connections {}", counts.connections);
        println!("上行 up bytes    {}", counts.up_bytes);
        println!("下行 down bytes  {}", counts.down_bytes);
        Ok(ExitCode::SUCCESS)
    }
}
