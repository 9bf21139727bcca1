//! A disk that somebody else's files fill: incidents go on as long as their reserve lasts, deletion and draining go on, nothing
//! acknowledged is missing without a loss record, and acknowledgements come back by themselves when there is room.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use patrol_simulator::ledger::{Loss, Reason};
use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::uplink_stage::SOON;
use patrol_tests::{FileSystem, Gateway, RawDevice, SmallDisk, World, note, wait_until};
use tokio::time::Instant;

/// The design's figure: acknowledgements are back within this time of there being room.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Of a disk of 128 MiB, somebody else takes what the store has not.
const DISK_MIB: u32 = 128;
const RESERVE_BYTES: u64 = 8 << 20;
/// Bytes of an incident, padded.
const INCIDENT_BYTES: usize = 50_000;

#[tokio::test]
async fn on_a_full_tmpfs_incidents_go_on_draining_goes_on_and_ingest_comes_back() {
    drill(FileSystem::Tmpfs).await;
}

#[tokio::test]
async fn on_a_full_ext4_incidents_go_on_draining_goes_on_and_ingest_comes_back() {
    drill(FileSystem::Ext4).await;
}

async fn drill(file_system: FileSystem) {
    let world = World::new();
    let disk = SmallDisk::mount(file_system, world.dir(), DISK_MIB);
    let platform = world.platform().await;
    set(&platform, Fault::Down { seconds: None }).await;
    let data_dir = disk.path().join("data");
    let plan = world.gateway().uplink(&platform.url()).set("uplink.retry_min", "10ms");
    let plan = plan.set("uplink.retry_max", "100ms").set("store.max_bytes", "256MiB");
    // The disk is to be full soon.
    let plan = plan.set("listener.max_messages_per_s", "0");
    let plan =
        plan.set("store.incident_reserve", "8MiB").set("gateway.data_dir", data_dir.to_str().expect("plain"));
    let mut gateway = plan.start().await;
    let mut scene = Scene::new(&gateway).await;

    // The reserves and the room for settlements are really there before the disk is full.
    wait_until("room is kept", SOON, async || kept(&gateway).await >= RESERVE_BYTES).await;
    scene.positions(&gateway, 2000).await;
    scene.incidents(10).await;
    disk.fill();

    // Positions give way to newer ones, none is lost without being told; incidents are all taken.
    scene.positions(&gateway, 20_000).await;
    scene.incidents((RESERVE_BYTES as usize / 2 / INCIDENT_BYTES) as u32).await;
    assert!(!gateway.status().await["store"]["full"].as_bool().expect("a flag"));

    // Deletion and draining go on: the platform gets everything although nothing can be written beside.
    set(&platform, Fault::Normal).await;
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    set(&platform, Fault::Down { seconds: None }).await;

    // Now until even the reserve is used up: what is acknowledged is safe, the others are withheld, and the status says so.
    let taken = scene.incidents_until_withheld().await;
    assert!(taken * INCIDENT_BYTES as u32 > RESERVE_BYTES as u32 / 2, "the reserve took {taken} incidents");
    wait_until("the status says that it is full", SOON, async || {
        gateway.status().await["store"]["full"] == true
    })
    .await;

    // The other's file goes, and nobody does anything else.
    disk.free();
    let freed = Instant::now();
    while !scene.try_incident(&gateway).await {}
    let back_after = freed.elapsed();
    note(&format!(
        "disk_full on {file_system:?}: acknowledgements back after {back_after:?}; {taken} incidents in the reserve"
    ));
    assert!(back_after <= BACK_WITHIN, "{back_after:?}");
    wait_until("the status says that there is room", BACK_WITHIN, async || {
        gateway.status().await["store"]["full"] == false
    })
    .await;

    gateway.kill9().await;
    gateway.restart().await;
    set(&platform, Fault::Normal).await;
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    scene.reconcile(&gateway, &platform).await;
}

async fn set(platform: &Platform, fault: Fault) {
    platform.set_fault(fault).await.expect("the platform obeys");
}

async fn kept(gateway: &Gateway) -> u64 {
    gateway.status().await["store"]["kept_room_bytes"].as_u64().expect("a number")
}

/// A device, and what it was promised.
struct Scene {
    device: RawDevice,
    next_seq: u32,
    positions: BTreeSet<u32>,
    incidents: BTreeSet<u32>,
}

impl Scene {
    async fn new(gateway: &Gateway) -> Scene {
        let device = RawDevice::connect(gateway.mqtt(), "car-01").await;
        Scene { device, next_seq: 1, positions: BTreeSet::new(), incidents: BTreeSet::new() }
    }

    /// Reports positions, as many as asked for, until each is acknowledged. In the moment in which the disk gets full one may be
    /// withheld: the device connects again and sends it again.
    async fn positions(&mut self, gateway: &Gateway, count: u32) {
        for _ in 0..count / 100 {
            let mut owed: VecDeque<u32> = (self.next_seq..self.next_seq + 100).collect();
            self.next_seq += 100;
            let started = Instant::now();
            while !owed.is_empty() {
                assert!(started.elapsed() < SOON, "positions are withheld for good: {owed:?}");
                let payloads: Vec<String> = owed.iter().map(|seq| position(*seq)).collect();
                self.device.publish("telemetry", &payloads).await;
                while let Some(seq) = owed.front().copied() {
                    if self.device.puback().await.is_none() {
                        self.device = RawDevice::connect(gateway.mqtt(), "car-01").await;
                        break;
                    }
                    owed.pop_front();
                    self.positions.insert(seq);
                }
            }
        }
    }

    async fn incidents(&mut self, count: u32) {
        for _ in 0..count {
            assert!(self.incident().await, "an incident was withheld");
        }
    }

    /// How many were taken before one was withheld.
    async fn incidents_until_withheld(&mut self) -> u32 {
        let before = self.incidents.len();
        while self.incident().await {}
        (self.incidents.len() - before) as u32
    }

    /// One incident; false when the gateway closes the connection instead of acknowledging it.
    async fn incident(&mut self) -> bool {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.device.publish("incident", &[incident(seq)]).await;
        let is_taken = self.device.puback().await.is_some();
        if is_taken {
            self.incidents.insert(seq);
        }
        is_taken
    }

    /// What a device does whose connection was closed: it connects again and sends again.
    async fn try_incident(&mut self, gateway: &Gateway) -> bool {
        self.device = RawDevice::connect(gateway.mqtt(), "car-01").await;
        self.incident().await
    }

    /// Each incident is at the platform; each position is there, or a loss record tells of it.
    async fn reconcile(&self, gateway: &Gateway, platform: &Platform) {
        let ids: HashSet<_> = platform.arrivals().into_iter().map(|arrival| arrival.id).collect();
        let arrived = |seq: &u32| ids.contains(format!("car-01/1/{seq}").as_str());
        let lost: Vec<_> = self.incidents.iter().filter(|seq| !arrived(seq)).collect();
        assert!(lost.is_empty(), "incidents that were acknowledged and never arrived: {lost:?}");
        wait_until("the losses are told", SOON, async || {
            gateway.status().await["losses"]["unreported_rows"] == 0
        })
        .await;
        let missing = self.positions.iter().filter(|seq| !arrived(seq)).count() as u64;
        let of_positions = |loss: &Loss| matches!(loss.reason, Reason::Thinned | Reason::Evicted);
        let told: u64 = platform
            .losses()
            .iter()
            .map(|told| &told.loss)
            .filter(|loss| of_positions(loss))
            .map(|loss| loss.count)
            .sum();
        note(&format!("{} positions acknowledged, {missing} missing, {told} told", self.positions.len()));
        assert_eq!(missing, told, "the count is exact");
    }
}

/// A position of a few hundred bytes.
fn position(seq: u32) -> String {
    let mut random = fastrand::Rng::with_seed(u64::from(seq));
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(1000).collect();
    format!(r#"{{"boot":1,"seq":{seq},"speed_kmh":23.4,"note":"{noise}"}}"#)
}

/// An incident of [`INCIDENT_BYTES`].
fn incident(seq: u32) -> String {
    let text = patrol_tests::reports::incident(1, seq);
    format!("{text}{}", " ".repeat(INCIDENT_BYTES - text.len()))
}
