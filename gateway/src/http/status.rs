//! `GET /api/v1/status`: how the gateway is, in one JSON object. The command line reads the same type back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::damage::DamageReport;
use super::losses::LossesReport;
use super::uplinks::UplinkReport;
use crate::domain::report::Class;
use crate::domain::uplinks::UplinkNo;
use crate::health::UplinkStatus;
use crate::metrics::Metrics;
use crate::store::snapshot::{ClassBacklog, Snapshot};

/// The whole answer. Times are RFC 3339 in UTC, by the gateway's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The gateway's id.
    pub gateway: String,
    /// Version of the program.
    pub version: String,
    /// Nothing acknowledged is lost when the power goes: always so, as acknowledgements follow the synced commit, but for
    /// classes that the configuration delays, until their sync. `pending_total` says what still has to go to the platform.
    pub safe_to_power_off: bool,
    /// Records waiting, by class.
    pub pending: Pending,
    /// Records waiting.
    pub pending_total: u64,
    /// Their payload bytes.
    pub pending_bytes: u64,
    /// When the oldest of them was received.
    pub oldest_received_at: Option<String>,
    /// The same class by class, most urgent first.
    pub backlog: Vec<BacklogReport>,
    /// Accepted cases still kept.
    pub accepted_kept: u64,
    /// Records the platform refused for good.
    pub dead_letters: u64,
    /// Payloads in quarantine.
    pub quarantined: u64,
    /// Messages waiting for their device.
    pub down_waiting: u64,
    /// What was thinned, dropped, refused or damaged.
    pub losses: LossesReport,
    /// Photos and clips.
    pub evidence: EvidenceReport,
    /// Damage at rest.
    pub damage: DamageReport,
    /// The store.
    pub store: StoreReport,
    /// The first uplink, or that there is none.
    pub uplink: UplinkReport,
    /// All of them, in the order of the configuration.
    #[serde(default)]
    pub uplinks: Vec<UplinkReport>,
    /// Devices with an open session.
    pub devices_connected: u64,
    /// When the listener's certificate expires; `None` when it has none.
    #[serde(default)]
    pub certificate_expires_at: Option<String>,
    /// Since the process started.
    pub counters: Counters,
}

/// Records waiting, by class, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "one field for each class, under the class's name")]
pub struct Pending {
    pub incident: u64,
    pub task: u64,
    pub evidence: u64,
    pub status: u64,
    pub reading: u64,
    pub telemetry: u64,
}

impl Pending {
    /// The records of one class.
    pub fn class(&self, class: Class) -> u64 {
        match class {
            Class::Incident => self.incident,
            Class::Task => self.task,
            Class::Evidence => self.evidence,
            Class::Status => self.status,
            Class::Reading => self.reading,
            Class::Telemetry => self.telemetry,
        }
    }
}

/// What waits of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacklogReport {
    /// The class's name.
    pub class: String,
    /// Records waiting.
    pub records: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// When the oldest of them was received.
    pub oldest_received_at: Option<String>,
}

/// The store in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    /// Live bytes of the database.
    pub used_bytes: u64,
    /// The quota for them.
    pub max_bytes: u64,
    /// Acknowledgements of some class are withheld.
    pub full: bool,
    /// Number of the last commit.
    pub commit_seq: u64,
    /// Bytes that the least urgent class still finds before something gives way.
    pub room_bytes: u64,
    /// Room that is kept in the database because the disk runs short.
    pub kept_room_bytes: u64,
    /// Seconds until then at the present rate, were nothing sent; `None` when nothing comes, and in the first minute.
    pub buffer_left_s: Option<u64>,
    /// Payload bytes that devices bring in an hour, by the last ten minutes.
    pub ingest_bytes_per_hour: Option<u64>,
    /// Bytes written to flash in a day, by the last day or since the start.
    pub flash_bytes_per_day: Option<u64>,
    /// How much it may be.
    pub flash_budget_bytes_per_day: u64,
    /// Commits wait for their sync: classes whose durability is delayed.
    pub unsynced: bool,
}

/// Photos and clips in numbers of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReport {
    /// They wait for room.
    pub waiting: u64,
    /// Their pieces are taken.
    pub receiving: u64,
    /// They are whole, and their SHA-256 holds.
    pub complete: u64,
    /// Room that is promised to them, in bytes.
    pub room_bytes: u64,
    /// The bound for it.
    pub max_bytes: u64,
}

/// What was counted since the process started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Messages taken in.
    pub received: u64,
    /// Resends recognised.
    pub duplicates: u64,
    /// Payloads not understood.
    pub quarantined: u64,
    /// Acknowledgements withheld.
    pub withheld: u64,
}

impl StatusReport {
    /// The answer at this moment.
    pub fn new(gateway: &str, store: &Snapshot, uplinks: &[UplinkStatus], metrics: &Metrics) -> StatusReport {
        let uplinks: Vec<_> =
            UplinkNo::all().zip(uplinks).map(|(no, uplink)| UplinkReport::new(no, uplink, store)).collect();
        let records = |class| store.class(class).records;
        let oldest = store.backlog.iter().filter_map(|backlog| backlog.oldest_received_at_ms).min();
        StatusReport {
            gateway: gateway.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            safe_to_power_off: !store.unsynced,
            pending: Pending {
                incident: records(Class::Incident),
                task: records(Class::Task),
                evidence: records(Class::Evidence),
                status: records(Class::Status),
                reading: records(Class::Reading),
                telemetry: records(Class::Telemetry),
            },
            pending_total: store.pending(),
            pending_bytes: store.backlog.iter().map(|backlog| backlog.bytes).sum(),
            oldest_received_at: oldest.and_then(rfc3339),
            backlog: Class::ALL.map(|class| BacklogReport::new(class, store)).into(),
            accepted_kept: store.accepted_kept,
            dead_letters: store.dead_letters,
            quarantined: store.quarantined,
            down_waiting: store.down_waiting,
            losses: LossesReport::new(&store.losses),
            evidence: EvidenceReport {
                waiting: store.evidence.waiting,
                receiving: store.evidence.receiving,
                complete: store.evidence.complete,
                room_bytes: store.evidence.room_bytes,
                max_bytes: store.evidence.max_bytes,
            },
            damage: DamageReport::new(&store.damage),
            store: StoreReport {
                used_bytes: store.used_bytes,
                max_bytes: store.max_bytes,
                full: store.full,
                commit_seq: store.commit_seq,
                room_bytes: store.room_bytes,
                kept_room_bytes: store.kept_room_bytes,
                buffer_left_s: store.buffer_left_s(),
                ingest_bytes_per_hour: store.flow.ingest_bytes_per_hour,
                flash_bytes_per_day: store.flow.flash_bytes_per_day,
                flash_budget_bytes_per_day: store.flow.flash_budget_bytes_per_day,
                unsynced: store.unsynced,
            },
            uplink: uplinks.first().cloned().unwrap_or_default(),
            uplinks,
            devices_connected: u64::try_from(metrics.mqtt_connections.get()).unwrap_or(0),
            certificate_expires_at: match metrics.listener_certificate_expires.get() {
                0 => None,
                unix_s => rfc3339(unix_s.saturating_mul(1000)),
            },
            counters: Counters {
                received: metrics.received_messages.total(),
                duplicates: metrics.duplicates.get(),
                quarantined: metrics.quarantined.total(),
                withheld: metrics.withheld.total(),
            },
        }
    }
}

impl BacklogReport {
    fn new(class: Class, store: &Snapshot) -> BacklogReport {
        let ClassBacklog { records, bytes, oldest_received_at_ms } = store.class(class);
        let oldest_received_at = oldest_received_at_ms.and_then(rfc3339);
        BacklogReport { class: class.as_str().to_owned(), records, bytes, oldest_received_at }
    }
}

/// A time on the wire; `None` outside the years that RFC 3339 can write.
pub(super) fn rfc3339(unix_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(unix_ms).ok().map(|time| time.to_string())
}
