//! What is measured: the gateway, mosquitto in memory, mosquitto saving on every change. Each round starts it anew in
//! a directory of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::load::leave_offline_subscriber;
use super::way::{Certificates, Way};
use crate::gateway::{GatewayError, GatewayProcess, GatewaySetup, quoted};

/// Time mosquitto has to take connections.
const UP_WITHIN: Duration = Duration::from_secs(10);
/// Where Debian's package puts it.
const MOSQUITTO: &str = "/usr/sbin/mosquitto";

/// What is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Gateway,
    MosquittoMemory,
    MosquittoEveryChange,
}

impl Target {
    pub(super) const ALL: [Target; 3] =
        [Target::Gateway, Target::MosquittoMemory, Target::MosquittoEveryChange];

    pub(super) fn name(self) -> &'static str {
        match self {
            Target::Gateway => "patrol-gateway, durable",
            Target::MosquittoMemory => "mosquitto, memory",
            Target::MosquittoEveryChange => "mosquitto, every change",
        }
    }

    pub(super) fn is_mosquitto(self) -> bool {
        self != Target::Gateway
    }
}

/// A target could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// mosquitto.
    #[error("mosquitto: {0}")]
    Mosquitto(#[from] io::Error),
}

/// The programs.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) gateway: Option<PathBuf>,
    pub(super) mosquitto: Option<PathBuf>,
}

/// mosquitto as named, else where Debian puts it, else anywhere on the path.
pub(super) fn find_mosquitto(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return path.is_file().then(|| path.to_owned());
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&paths).map(|dir| dir.join("mosquitto"));
    std::iter::once(PathBuf::from(MOSQUITTO)).chain(on_path).find(|path| path.is_file())
}

/// `mosquitto version 2.0.11`, as it says itself.
pub(super) async fn mosquitto_version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("-h").output().await.ok()?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

/// A running target; killed when dropped.
pub(super) enum Running {
    Gateway(GatewayProcess, Way),
    Mosquitto { child: Child, way: Way },
}

impl Running {
    pub(super) async fn start(
        target: Target,
        programs: &Programs,
        certificates: Option<&Certificates>,
        dir: &Path,
    ) -> Result<Running, TargetError> {
        let missing = |name: &str| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not there"));
        if target == Target::Gateway {
            let program = programs.gateway.as_deref().ok_or_else(|| missing("the gateway"))?;
            let mut setup = GatewaySetup::new(program, dir);
            setup.without_rates();
            if let Some(certificates) = certificates {
                let file = |path: &Path| quoted(&path.to_string_lossy());
                setup.listener.push(("tls_bind", quoted("127.0.0.1:0")));
                setup.listener.push(("tls_certificate", file(&certificates.certificate)));
                setup.listener.push(("tls_key", file(&certificates.key)));
            }
            let gateway = setup.start().await?;
            let addr = match certificates {
                None => gateway.mqtt,
                Some(_) => gateway
                    .fact("mqtts")
                    .and_then(|addr| addr.parse().ok())
                    .ok_or_else(|| missing("mqtts"))?,
            };
            return Ok(Running::Gateway(gateway, Way::new(addr, certificates)));
        }
        let program = programs.mosquitto.as_deref().ok_or_else(|| missing("mosquitto"))?;
        let (child, addr) = start_mosquitto(target, program, certificates, dir).await?;
        let way = Way::new(addr, certificates);
        if target == Target::MosquittoEveryChange {
            leave_offline_subscriber(&way, "patrol/v1/up/#").await?;
        }
        Ok(Running::Mosquitto { child, way })
    }

    pub(super) fn way(&self) -> &Way {
        match self {
            Running::Gateway(_, way) | Running::Mosquitto { way, .. } => way,
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        match self {
            Running::Gateway(gateway, _) => gateway.pid(),
            Running::Mosquitto { child, .. } => child.id(),
        }
    }

    pub(super) async fn stop(self) -> Result<(), TargetError> {
        match self {
            Running::Gateway(gateway, _) => Ok(gateway.kill().await?),
            Running::Mosquitto { mut child, .. } => Ok(child.kill().await?),
        }
    }
}

async fn start_mosquitto(
    target: Target,
    program: &Path,
    certificates: Option<&Certificates>,
    dir: &Path,
) -> io::Result<(Child, SocketAddr)> {
    // mosquitto can't choose a port and say which; one that was free a moment ago does.
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = dir.join("mosquitto.conf");
    std::fs::write(&config, mosquitto_config(target, addr.port(), certificates, dir))?;
    let log = std::fs::File::create(dir.join("mosquitto.log"))?;
    let mut command = Command::new(program);
    command.arg("-c").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    let mut child = command.spawn()?;
    let connected = async {
        while TcpStream::connect(addr).await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(io::Error::other(format!("it ended at once: {status}, see {}", dir.display())));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    timeout(UP_WITHIN, connected).await??;
    Ok((child, addr))
}

/// Everything else is mosquitto's default. `user root` only keeps it from giving up the directory when it is started by
/// root. With the default of 1000 queued messages it would acknowledge the rest and drop it: not the same work.
fn mosquitto_config(target: Target, port: u16, certificates: Option<&Certificates>, dir: &Path) -> String {
    let mut config = format!("listener {port} 127.0.0.1\nallow_anonymous true\nlog_type error\nuser root\n");
    if let Some(Certificates { certificate, key, .. }) = certificates {
        let (certificate, key) = (certificate.display(), key.display());
        config.push_str(&format!("certfile {certificate}\nkeyfile {key}\ntls_version tlsv1.3\n"));
    }
    if target == Target::MosquittoEveryChange {
        config.push_str(&format!(
            "persistence true\npersistence_location {}/\nautosave_on_changes true\nautosave_interval 1\n\
             max_queued_messages 0\n",
            dir.display()
        ));
    }
    config
}
