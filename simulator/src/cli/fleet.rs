//! `patrol-simulator fleet`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, sleep};

use crate::fleet::{Fleet, FleetOptions, PHOTO_PERIOD};
use crate::keys::Keys;
use crate::ledger::{DeviceCounts, DeviceLedger};
use crate::signals;

const REDRAW: Duration = Duration::from_millis(200);

/// How large a fleet, and how busy.
#[derive(Debug, Args)]
pub(super) struct FleetSize {
    /// Vehicles: frames and photos over MQTT 5
    #[arg(long, default_value_t = 12)]
    vehicles: u16,
    /// Cameras: JSON incidents over MQTT 3.1.1
    #[arg(long, default_value_t = 4)]
    cameras: u16,
    /// Sensors: readings over MQTT 5, the odd ones as frames, the even ones as JSON
    #[arg(long, default_value_t = 4)]
    sensors: u16,
    /// Records a second of each vehicle
    #[arg(long, default_value_t = 5.0)]
    vehicle_rate: f64,
    /// Records a second of each camera
    #[arg(long, default_value_t = 1.0)]
    camera_rate: f64,
    /// Records a second of each sensor
    #[arg(long, default_value_t = 1.0)]
    sensor_rate: f64,
    /// Seconds between two photos of a vehicle at least; 0: no photos
    #[arg(long, default_value_t = PHOTO_PERIOD.as_secs())]
    photo_seconds: u64,
    /// Seed of places, routes, findings and jitter
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl FleetSize {
    pub(super) fn options(&self, host: &str, port: u16, boot: u32) -> FleetOptions {
        FleetOptions {
            vehicles: self.vehicles,
            cameras: self.cameras,
            sensors: self.sensors,
            vehicle_rate: self.vehicle_rate,
            camera_rate: self.camera_rate,
            sensor_rate: self.sensor_rate,
            photo_period: (self.photo_seconds > 0).then(|| Duration::from_secs(self.photo_seconds)),
            seed: self.seed,
            boot,
            ..FleetOptions::new(host, port)
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct FleetArgs {
    /// The gateway
    #[arg(long, default_value = "mqtt://127.0.0.1:1883", value_parser = address)]
    gateway: (String, u16),
    #[command(flatten)]
    size: FleetSize,
    /// Seconds of producing [default: until Ctrl-C]
    #[arg(long)]
    seconds: Option<u64>,
    /// Seconds the last acknowledgements may take
    #[arg(long, default_value_t = 60)]
    drain_seconds: u64,
    /// Boot counter of the devices; must grow from run to run [default: the time in seconds]
    #[arg(long)]
    boot: Option<u32>,
    /// The devices' secrets, in the file that the gateway reads too: devices in it seal with theirs
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Seconds the last photos may take
    #[arg(long, default_value_t = 30)]
    photos_within_seconds: u64,
    /// Append what was acknowledged to this file
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// `mqtt://host:port`, the scheme and the port may be left out.
fn address(text: &str) -> Result<(String, u16), String> {
    let rest = text.strip_prefix("mqtt://").unwrap_or(text).trim_end_matches('/');
    let expected = || format!("expected mqtt://host:port, not {text:?}");
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| expected())?),
        None => (rest, 1883),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains('/') { Err(expected()) } else { Ok((host.to_owned(), port)) }
}

impl FleetArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let ledger = match &self.ledger {
            Some(path) => DeviceLedger::with_file(path)?,
            None => DeviceLedger::new(),
        };
        let (host, port) = &self.gateway;
        let boot = match self.boot {
            Some(boot) => boot,
            None => {
                u32::try_from(jiff::Timestamp::now().as_second()).context("this machine's clock is off")?
            }
        };
        let keys = self.keys.as_deref().map(Keys::read).transpose()?.unwrap_or_default();
        let options = FleetOptions { keys, ..self.size.options(host, *port, boot) };
        let mut fleet = Fleet::spawn(&options, &ledger)?;
        let bar = bar();
        tokio::select! {
            () = show(&bar, &ledger, &fleet) => {}
            () = self.producing_ends() => {}
        }
        fleet.stop_producing();
        bar.set_message("等待确认 waiting for the last acknowledgements");
        let owed = fleet.drained(Duration::from_secs(self.drain_seconds)).await;
        bar.set_message("照片传输 the last photos");
        let photos = fleet.photos_handed_over(Duration::from_secs(self.photos_within_seconds)).await;
        fleet.leave().await;
        bar.finish_and_clear();
        print_counts(ledger.counts(), owed, photos);
        if let Some(error) = ledger.take_failure() {
            return Err(error.into());
        }
        Ok(if owed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn producing_ends(&self) {
        let limit = async {
            match self.seconds {
                Some(seconds) => sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = limit => {}
            () = signals::interrupted() => {}
        }
    }
}

/// Drawn on a terminal only; indicatif sees to that.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    let bar =
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(REDRAW);
    bar
}

async fn show(bar: &ProgressBar, ledger: &DeviceLedger, fleet: &Fleet) {
    let (mut seen, mut seen_at) = (ledger.counts().acknowledged, Instant::now());
    loop {
        sleep(REDRAW * 5).await;
        let counts = ledger.counts();
        let rate = (counts.acknowledged - seen) as f64 / seen_at.elapsed().as_secs_f64();
        (seen, seen_at) = (counts.acknowledged, Instant::now());
        bar.set_message(format!(
            "产生 produced {}  已确认 acknowledged {} ({rate:.0}/s)  待确认 outstanding {}  回执 receipts {}",
            counts.produced,
            counts.acknowledged,
            fleet.outstanding(),
            counts.receipts
        ));
    }
}

fn print_counts(counts: DeviceCounts, owed: u64, photos: usize) {
    println!("产生 produced       {}", counts.produced);
    println!("已确认 acknowledged {}", counts.acknowledged);
    println!("拒收 refused        {}", counts.refused);
    println!("重发 resent         {}", counts.resent);
    println!("丢弃 dropped        {} (outbox full, never sent)", counts.dropped);
    println!("未确认 outstanding  {owed}");
    println!("回执 receipts       {}", counts.receipts);
    println!("连接 connections    {}", counts.connects);
    println!("对时 clocks set     {}", counts.time_set);
    println!(
        "照片 photos         {} described, {} complete at the gateway, {} refused, {photos} under way",
        counts.described, counts.photos_complete, counts.photos_refused
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_named_by_its_url() {
        assert_eq!(address("mqtt://box-017:1884"), Ok(("box-017".to_owned(), 1884)));
        assert_eq!(address("127.0.0.1"), Ok(("127.0.0.1".to_owned(), 1883)));
        assert_eq!(address("mqtt://[::1]:1883/"), Ok(("::1".to_owned(), 1883)));
        assert!(address("http://box:1883").is_err() && address("mqtt://box:door").is_err());
    }
}
