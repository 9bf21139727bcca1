//! The main job, whole, on one machine in less than a minute: the real gateway as a process, the stand-in platform, a
//! fleet; the uplink goes away, the gateway is killed twice with SIGKILL, and at the end the ledger says whether one
//! acknowledged record is missing.
//!
//! Everything lives in a temporary directory, which is kept when a promise was broken. Every wait is for a condition
//! with a deadline, apart from the phases in which the fleet simply drives on.

mod scenario;
mod screen;
mod story;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::fleet::{FleetError, FleetOptions};
use crate::gateway::{self, GatewayError, GatewaySetup};
use crate::keys::{KeyFileError, Keys};
use crate::ledger::{DeviceLedger, Verdict};
use crate::local_http::{self, ClientError};
use crate::platform::{Platform, PlatformError, PortUnavailable};
use crate::signals;
use scenario::{Scenario, Stage};
use screen::{Gauges, Screen};

/// How large, how long, with what.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The fleet; host and port are those of the gateway that is started.
    pub fleet: FleetOptions,
    /// All phases are this many times as long; 1 is less than a minute.
    pub time_scale: f64,
    /// The gateway's program; beside this one when not named.
    pub gateway: Option<PathBuf>,
}

/// The demonstration could not be carried through.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The gateway is not there or does not start.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The gateway ended although nobody killed it.
    #[error("网关自行退出 the gateway ended by itself: {0}")]
    GatewayEnded(String),
    /// The platform.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The platform's port.
    #[error(transparent)]
    Port(#[from] PortUnavailable),
    /// The fleet.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// The file of the devices' keys.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The temporary directory.
    #[error("temporary directory: {0}")]
    Dir(io::Error),
    /// SIGINT or SIGTERM.
    #[error("已中断 interrupted")]
    Interrupted,
}

/// Runs it and prints what happens; 0 when every promise was kept.
pub async fn run(options: &DemoOptions) -> Result<ExitCode, DemoError> {
    let program = gateway::find_program(options.gateway.as_deref())?;
    let dir = tempfile::Builder::new().prefix("patrol-demo-").tempdir().map_err(DemoError::Dir)?;
    let result = tokio::select! {
        result = play(options, &program, dir.path()) => result,
        () = signals::interrupted() => Err(DemoError::Interrupted),
    };
    let kept =
        !matches!(&result, Ok(verdict) if verdict.holds()) && !matches!(result, Err(DemoError::Interrupted));
    if kept {
        println!("数据保留在 everything is kept in {}", dir.keep().display());
    }
    result.map(|verdict| verdict.exit_code())
}

async fn play(options: &DemoOptions, program: &Path, dir: &Path) -> Result<Verdict, DemoError> {
    let platform = Platform::start(([127, 0, 0, 1], 0).into()).await?;
    let ledger = DeviceLedger::with_file(&dir.join("devices.jsonl")).map_err(PlatformError::from)?;
    let (keys, key_file) = device_keys(&options.fleet, dir)?;
    let mut setup = GatewaySetup {
        uplink_url: Some(platform.url()),
        device_keys: Some(key_file),
        ..GatewaySetup::new(program, dir)
    };
    let gateway = setup.start().await?;
    let gauges = Gauges {
        devices: options.fleet.devices(),
        ledger: &ledger,
        platform: &platform,
        http: local_http::client()?,
        status_url: format!("{}/api/v1/status", gateway.http_url),
    };
    let screen = Screen::new();
    screen.note(&format!("网关 gateway {}  平台 platform (stand-in) {}", gateway.mqtt, platform.url()));
    let stage = Stage { platform: &platform, ledger: &ledger, gauges: &gauges, screen: &screen };
    let fleet = FleetOptions { keys, ..options.fleet.clone() };
    let scenario = Scenario { fleet, time_scale: options.time_scale };
    let gateway = tokio::select! {
        played = scenario.play(&stage, &mut setup, gateway) => played?,
        never = screen.keep_current(&gauges) => match never {},
    };
    screen.close(&gauges).await;
    let photos_at_gateway = gauges.photos_complete().await;
    gateway.kill().await?;
    let verdict = Verdict::reconcile(&ledger, &platform.ledger()).with_gateway_photos(photos_at_gateway);
    if let Some(story) = story::of_one_incident(&ledger, &platform) {
        println!("\n{story}");
    }
    println!("\n对账 The ledger's verdict\n{verdict}");
    Ok(verdict)
}

/// Secrets for three of four devices that speak frames, and the file that tells the gateway. The fourth sends with CRC-32C,
/// as the devices do that speak JSON without any.
fn device_keys(fleet: &FleetOptions, dir: &Path) -> Result<(Keys, PathBuf), KeyFileError> {
    let speakers = fleet.frame_speakers();
    let with_secret =
        speakers.iter().enumerate().filter(|(index, _)| index % 4 != 3).map(|(_, id)| id.as_str());
    let keys = Keys::generate(with_secret, &mut fastrand::Rng::new());
    let path = dir.join("device-keys.toml");
    keys.write(&path)?;
    Ok((keys, path))
}
