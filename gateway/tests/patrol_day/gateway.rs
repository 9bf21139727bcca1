//! The gateway from admission to the store, on a disk in memory, so that it can be killed and have its power cut.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use patrol_gateway::city;
use patrol_gateway::config::Geography;
use patrol_gateway::domain::city::City;
use patrol_gateway::domain::journal::Entry;
use patrol_gateway::domain::keyring::Keyring;
use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::retention::Policies;
use patrol_gateway::domain::roster::Roster;
use patrol_gateway::domain::stalls::StallRegister;
use patrol_gateway::domain::uplinks::UplinkNo;
use patrol_gateway::intake::{Intake, Taken};
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::medium::{Medium, Simulated};
use patrol_gateway::store::settlement::{Decision, Limit, Pending, Settled, Settlement};
use patrol_gateway::store::snapshot::Snapshot;
use patrol_gateway::store::submission::{Batch, Content, Item};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use patrol_power_cut::Image;
use patrol_power_cut::disk::Disk;
use patrol_power_cut::drive::Drive;
use patrol_power_cut::fate::Fate;
use patrol_power_cut::replay::Replay;
use tokio::sync::watch;

use crate::fleet::Message;
use crate::ground::Ground;
use crate::plan::REGISTER;
use crate::staff;

/// The database on the simulated disk.
const DATABASE: &str = "/patrol.db";
/// Records in one request of the uplink.
pub(crate) const BATCH: u32 = 100;
/// Entries of the journal asked for at once.
const PAGE: u32 = 500;
/// Decides what a power cut leaves of what was not synced.
const SEED: u64 = 20_261_123;

/// How the gateway ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// In good order.
    Closed,
    /// `kill -9`: what it has written is there.
    Killed,
    /// The power goes: what was not synced is lost, or torn, or garbage.
    PowerCut(Fate),
}

pub(crate) struct Gateway {
    pub(crate) city: Arc<City>,
    roster: watch::Receiver<Arc<Roster>>,
    stalls: watch::Receiver<Arc<StallRegister>>,
    office: (f64, f64),
    intake: Intake,
    running: Running,
    drive: Drive,
    disk: Arc<Disk>,
    /// What was on the disk before.
    image: Image,
}

impl Gateway {
    pub(crate) fn new(ground: &Ground, now_ms: i64) -> Gateway {
        let city = Arc::new(city::load(&Geography::default()).unwrap());
        let roster = watch::channel(Arc::new(staff::roster(ground))).1;
        let stalls = watch::channel(Arc::new(StallRegister::from_csv(REGISTER.as_bytes()).unwrap())).1;
        let image = Image::from([(DATABASE.to_owned(), Vec::new())]);
        let (disk, drive) = (Arc::new(Disk::new(image.clone())), Drive::new());
        drive.insert(&disk);
        let intake = intake(&city, (&roster, &stalls), ground.office());
        let running = start(&drive, now_ms);
        Gateway { city, roster, stalls, office: ground.office(), intake, running, drive, disk, image }
    }

    /// The gateway ends and starts again. It knows what is on its disk, and nothing else.
    pub(crate) async fn again(self, ending: Ending, now_ms: i64) -> Gateway {
        let Gateway { city, roster, stalls, office, running, drive, mut disk, mut image, .. } = self;
        let fate = match ending {
            Ending::Closed => None,
            Ending::Killed => Some(Fate::Kept),
            Ending::PowerCut(fate) => Some(fate),
        };
        if let Some(fate) = fate {
            let log = disk.log();
            let mut replay = Replay::new(&image);
            log.iter().for_each(|call| replay.advance(call));
            image = replay.cut(fate, &mut fastrand::Rng::with_seed(SEED));
            disk = Arc::new(Disk::new(image.clone()));
            drive.insert(&disk);
        }
        // After a cut this closes what is left of the old process, on the old disk.
        running.store.close().await;
        running.ended.await.unwrap().unwrap();
        let intake = intake(&city, (&roster, &stalls), office);
        let running = start(&drive, now_ms);
        Gateway { city, roster, stalls, office, intake, running, drive, disk, image }
    }

    /// Takes a message, and returns when its device may forget it.
    pub(crate) async fn take(&self, message: &Message) {
        let line = self.begin(message).await;
        while line.durable() < 1 {
            assert!(!line.is_withheld(), "there is room for all of it");
            line.changed().await;
        }
    }

    /// Takes a message and doesn't wait: whether it becomes durable, nobody knows.
    pub(crate) async fn begin(&self, message: &Message) -> Arc<DeviceLine> {
        let Message { at_ms, device, class, payload, .. } = message;
        let topic = format!("patrol/v1/up/{device}/{class}");
        let content = match self.intake.take(device, *class, &topic, payload, *at_ms) {
            Taken::Message(content) | Taken::Described(content, _) => content,
            Taken::Question(question) => panic!("{question:?}"),
        };
        assert!(!matches!(content, Content::Quarantine { .. }), "{content:?}");
        let item = Item {
            received_at_ms: *at_ms,
            payload: payload.clone(),
            best_effort: false,
            beside: None,
            content,
        };
        let line: Arc<DeviceLine> = Arc::default();
        let batch = Batch { device: device.clone(), line: line.clone(), first_mark: 1, items: vec![item] };
        self.running.store.submit(batch).await.unwrap();
        line
    }

    /// What goes next.
    pub(crate) async fn head(&self) -> Vec<Pending> {
        let limit = Limit { records: BATCH, bytes: u64::MAX };
        self.running.store.head(Class::Incident, limit, &Arc::default()).await.unwrap()
    }

    /// The platform has these.
    pub(crate) async fn settle(&self, batch: Vec<Pending>, now_ms: i64) {
        let settled = |pending: Pending| Settled {
            key: pending.key,
            record: pending.record,
            decision: Decision::Accepted { case_number: None },
            receipt: Some(Bytes::from_static(b"{}")),
        };
        let records = batch.into_iter().map(settled).collect();
        let settlement =
            Settlement { uplink: UplinkNo::FIRST, class: Class::Incident, settled_at_ms: now_ms, records };
        self.running.store.settle(settlement).await.unwrap();
    }

    pub(crate) async fn journal(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(i64::MIN, |entry| entry.number);
            let page = self.running.store.journal(after, PAGE).await.unwrap();
            if page.is_empty() {
                return entries;
            }
            entries.extend(page);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        *self.running.store.snapshot().borrow()
    }
}

fn intake(
    city: &Arc<City>,
    (roster, stalls): (&watch::Receiver<Arc<Roster>>, &watch::Receiver<Arc<StallRegister>>),
    office: (f64, f64),
) -> Intake {
    Intake::new(Arc::new(Keyring::default()), city.clone(), Arc::default())
        .with_roster(roster.clone())
        .with_stalls(stalls.clone())
        .at_site(Some(office))
}

fn start(drive: &Drive, now_ms: i64) -> Running {
    let mut policies = Policies::default();
    for class in Class::ALL {
        // Simulated days need not wait for others who might come.
        policies[class].linger = Duration::ZERO;
    }
    let medium = Simulated { vfs: drive.name().to_owned(), checkpoint_pages: 1000, without: None };
    let options = StoreOptions {
        data_dir: "/".into(),
        medium: Medium::Simulated(medium),
        max_bytes: 1 << 30,
        policies,
        sync_within: Duration::from_secs(1),
        flash_budget_bytes_per_day: 20 << 30,
        evidence_max_bytes: 512 << 20,
        keep_accepted: 100_000,
        keep_quarantined: 100,
        uplinks: Vec::new(),
        keep_journal: 10_000,
        session_limits: Default::default(),
        started_at_ms: now_ms,
        chance: fastrand::Rng::with_seed(SEED),
    };
    writer::start(options, Arc::default()).unwrap()
}
