//! A small store on a disk in memory, whose power can be cut.

use std::sync::Arc;
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::retention::{Policies, WhenFull};
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::losses::LossRow;
use patrol_gateway::store::medium::{Medium, Simulated};
use patrol_gateway::store::settlement::Pending;
use patrol_gateway::store::snapshot::Snapshot;
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use patrol_power_cut::Image;
use patrol_power_cut::disk::Disk;
use patrol_power_cut::drive::Drive;
use patrol_power_cut::fate::Fate;
use patrol_power_cut::replay::Replay;

use super::CLASSES;
use crate::{close, head};

/// Pages for settlements, for the schema, for incidents alone, and for everybody.
const MAX_BYTES: u64 = (1024 + 40) * 4096 + RESERVE_BYTES + (240 << 10);
const RESERVE_BYTES: u64 = 128 << 10;

/// What a store holds.
pub(super) struct Held {
    pub(super) records: [Vec<Pending>; CLASSES.len()],
    pub(super) losses: Vec<LossRow>,
    pub(super) snapshot: Snapshot,
}

/// The store and the disk it is on.
pub(super) struct World {
    drive: Drive,
    /// What was on the disk before its first call.
    image: Image,
    disk: Arc<Disk>,
    running: Option<Running>,
}

impl World {
    pub(super) fn new() -> World {
        World::on(Image::from([("/patrol.db".to_owned(), Vec::new())]))
    }

    fn on(image: Image) -> World {
        let (drive, disk) = (Drive::new(), Arc::new(Disk::new(image.clone())));
        drive.insert(&disk);
        let running = Some(start(&drive));
        World { drive, image, disk, running }
    }

    pub(super) fn store(&self) -> &Store {
        &self.running.as_ref().expect("it runs").store
    }

    pub(super) async fn restart(&mut self) {
        close(self.running.take().expect("it runs")).await;
        self.running = Some(start(&self.drive));
    }

    /// Cuts the power, and starts the store again on what is left.
    pub(super) async fn cut(&mut self, fate: Fate) {
        let image = self.left_by(fate);
        let before = std::mem::replace(self, World::on(image));
        before.close().await;
    }

    /// What the store would hold, were the power cut now.
    pub(super) async fn look(&self, fate: Fate) -> Held {
        let copy = World::on(self.left_by(fate));
        let mut records = [const { Vec::new() }; CLASSES.len()];
        for (class, records) in CLASSES.into_iter().zip(&mut records) {
            *records = head(copy.store(), class).await;
        }
        let losses = copy.store().losses(0, 100_000).await.expect("the store runs");
        let held = Held { records, losses, snapshot: *copy.store().snapshot().borrow() };
        copy.close().await;
        held
    }

    fn left_by(&self, fate: Fate) -> Image {
        let log = self.disk.log();
        let mut replay = Replay::new(&self.image);
        log.iter().for_each(|call| replay.advance(call));
        replay.cut(fate, &mut fastrand::Rng::with_seed(log.len() as u64))
    }

    pub(super) async fn close(mut self) {
        close(self.running.take().expect("it runs")).await;
    }
}

fn start(drive: &Drive) -> Running {
    writer::start(options(drive), Arc::default()).expect("the store opens")
}

fn options(drive: &Drive) -> StoreOptions {
    let mut policies = Policies::default();
    for class in Class::ALL {
        policies[class].linger = Duration::ZERO;
        policies[class].reserve_bytes = 0;
    }
    policies[Class::Incident].reserve_bytes = RESERVE_BYTES;
    policies[Class::Reading].max_bytes = Some(200 << 10);
    policies[Class::Telemetry].when_full = WhenFull::Thin;
    let disk = Simulated { vfs: drive.name().to_owned(), checkpoint_pages: 64, without: None };
    StoreOptions {
        medium: Medium::Simulated(disk),
        max_bytes: MAX_BYTES,
        policies,
        ..crate::options("/".as_ref())
    }
}
