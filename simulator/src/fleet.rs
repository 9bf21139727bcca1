//! A fleet of devices against a gateway, or against any broker.
//!
//! Vehicles speak MQTT 5 and firmware-protocol frames, cameras MQTT 3.1.1 and JSON, sensors MQTT 5 and one or the other. A
//! device with a key speaks frames whatever it is. Each device is one task with one connection; they share nothing but the
//! ledger. The life of a fleet: it produces, it drains (nothing new, the outboxes empty), it leaves. While it drains it
//! stays connected, so receipts still come in and photos go on.

mod driver;
mod link;
mod options;
mod persona;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::device::{Device, DeviceSetup, Encoding};
use crate::ledger::DeviceLedger;
use crate::route::{RoadMap, RouteError};
use driver::Driver;
use link::Version;
use options::id;
pub use options::{FleetOptions, OUTBOX_MAX, PHOTO_PERIOD, WINDOW};
use persona::Persona;

/// Why a fleet could not start.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// A rate that gives no time between two records.
    #[error("a rate must be above 0 and at most 10000 records a second, not {0}")]
    Rate(f64),
    /// The built-in roads.
    #[error(transparent)]
    Roads(#[from] RouteError),
}

/// What the devices do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Producing,
    Draining,
    Leaving,
}

/// What the fleet still has to do before it is drained.
#[derive(Debug, Clone, Copy, Default)]
struct Owed {
    /// Devices that have not yet heard that they shall make nothing new.
    producing: usize,
    /// Records without an acknowledgement.
    records: u64,
    /// Photos that a gateway which answers does not have yet.
    photos: usize,
}

/// The devices' handle to what is owed over the whole fleet.
#[derive(Debug, Clone)]
struct Outstanding(Arc<watch::Sender<Owed>>);

impl Outstanding {
    fn record_made(&self) {
        self.0.send_modify(|owed| owed.records += 1);
    }

    fn record_settled(&self) {
        self.0.send_modify(|owed| owed.records -= 1);
    }

    /// A device has `now` photos to hand over, where it had `before`.
    fn photos_changed(&self, before: usize, now: usize) {
        let change = |owed: &mut Owed| owed.photos = owed.photos + now - before;
        self.0.send_if_modified(|owed| {
            change(owed);
            before != now
        });
    }

    fn device_stopped(&self) {
        self.0.send_modify(|owed| owed.producing -= 1);
    }
}

/// A running fleet. Dropping it ends its devices at once, whatever they still owe.
#[derive(Debug)]
pub struct Fleet {
    phase: watch::Sender<Phase>,
    outstanding: watch::Receiver<Owed>,
    tasks: JoinSet<()>,
}

impl Fleet {
    /// Starts the devices; they connect, reconnect and produce from now on. Needs a Tokio runtime.
    pub fn spawn(options: &FleetOptions, ledger: &DeviceLedger) -> Result<Fleet, FleetError> {
        let roads = RoadMap::built_in()?;
        let (phase, phase_seen) = watch::channel(Phase::Producing);
        let (count, outstanding) = watch::channel(Owed { producing: options.devices(), ..Owed::default() });
        let count = Outstanding(Arc::new(count));
        let mut rng = fastrand::Rng::with_seed(options.seed);
        let mut tasks = JoinSet::new();
        for (name, version, rate, persona) in roster(options, &roads, &mut rng) {
            let encoding = if options.keys.has_secret(&name) { Encoding::Frame } else { persona.encoding() };
            let device = Device::start(DeviceSetup {
                name: &name,
                encoding,
                identity: options.keys.identity(&name),
                boot: options.boot,
                outbox_max: OUTBOX_MAX,
            });
            let driver = Driver {
                device,
                photo_period: options.photo_period.filter(|_| persona.takes_photos()),
                asks_time: encoding == Encoding::Frame,
                persona,
                version,
                host: options.host.clone(),
                port: options.port,
                window: options.window.max(1),
                period: period(rate)?,
                rng: rng.fork(),
                ledger: ledger.clone(),
                outstanding: count.clone(),
                phase: phase_seen.clone(),
            };
            tasks.spawn(driver.run());
        }
        Ok(Fleet { phase, outstanding, tasks })
    }

    /// No device makes anything new from now on.
    pub fn stop_producing(&self) {
        self.phase.send_if_modified(|phase| {
            let producing = *phase == Phase::Producing;
            *phase = if producing { Phase::Draining } else { *phase };
            producing
        });
    }

    /// Records without an acknowledgement now.
    pub fn outstanding(&self) -> u64 {
        self.outstanding.borrow().records
    }

    /// Photos that a gateway which answers does not have yet.
    pub fn photos_open(&self) -> usize {
        self.outstanding.borrow().photos
    }

    /// Waits until every device has stopped and every record is acknowledged or refused, for at most `deadline`; gives
    /// the number of records still owed.
    pub async fn drained(&mut self, deadline: Duration) -> u64 {
        let all = self.outstanding.wait_for(|owed| owed.producing == 0 && owed.records == 0);
        // Out of time, or every device ended: what is owed then is what counts.
        drop(tokio::time::timeout(deadline, all).await);
        self.outstanding()
    }

    /// Waits until the gateway has every photo, for at most `deadline`; gives the number of those that it does not have. A
    /// gateway that does not answer is not waited for.
    pub async fn photos_handed_over(&mut self, deadline: Duration) -> usize {
        let all = self.outstanding.wait_for(|owed| owed.photos == 0);
        drop(tokio::time::timeout(deadline, all).await);
        self.photos_open()
    }

    /// The devices say goodbye and end; takes a second or two.
    pub async fn leave(mut self) {
        self.phase.send_replace(Phase::Leaving);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a device's task failed");
            }
        }
    }
}

/// Every device: name, protocol version, rate, character.
fn roster(
    options: &FleetOptions,
    roads: &RoadMap,
    rng: &mut fastrand::Rng,
) -> Vec<(String, Version, f64, Persona)> {
    let mut roster = Vec::with_capacity(options.devices());
    for index in 0..options.vehicles {
        let persona = Persona::vehicle(roads, index.into(), rng);
        roster.push((id("car", index + 1), Version::V5, options.vehicle_rate, persona));
    }
    for index in 0..options.cameras {
        let persona = Persona::camera(rng);
        roster.push((id("cam", index + 1), Version::V4, options.camera_rate, persona));
    }
    for index in 0..options.sensors {
        let persona = Persona::sensor(index.into());
        roster.push((id("sen", index + 1), Version::V5, options.sensor_rate, persona));
    }
    roster
}

fn period(rate: f64) -> Result<Duration, FleetError> {
    if rate > 0.0 && rate <= 10_000.0 {
        Duration::try_from_secs_f64(1.0 / rate).map_err(|_| FleetError::Rate(rate))
    } else {
        Err(FleetError::Rate(rate))
    }
}
