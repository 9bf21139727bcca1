//! Every counter's name.
//!
//! Names are `patrol_<area>_<noun>[_<unit>]`; counters get `_total` when they are printed. They count since the
//! process started. Counters on the hot path are plain atomics: classes are resolved once, into arrays; a label
//! look-up ([`Labelled`]) is only for what happens once per connection, request or refused payload. Add in batches
//! (`inc_by`). Gauges of the store and the uplink are set from their watch channels when the page is rendered.

mod damage;

use std::ops::Index;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use self::damage::DamageGauges;
use crate::domain::loss::LossReason;
use crate::domain::report::Class;
use crate::health::{UplinkState, UplinkStatus};
use crate::store::snapshot::Snapshot;

type OneLabel = [(&'static str, &'static str); 1];

/// One metric for each class, reached without a look-up.
#[derive(Debug)]
pub struct PerClass<M>([M; Class::ALL.len()]);

impl<M> Index<Class> for PerClass<M> {
    type Output = M;

    fn index(&self, class: Class) -> &M {
        &self.0[class as usize]
    }
}

impl PerClass<Counter> {
    /// The sum over all classes.
    pub fn total(&self) -> u64 {
        self.0.iter().map(Counter::get).sum()
    }
}

/// A counter split by one label with few, fixed values.
#[derive(Debug)]
pub struct Labelled {
    label: &'static str,
    family: Family<OneLabel, Counter>,
    total: Counter,
}

impl Labelled {
    /// Adds `n` under `value`. Takes a look-up: not for every message.
    pub fn add(&self, value: &'static str, n: u64) {
        self.family.get_or_create(&[(self.label, value)]).inc_by(n);
        self.total.inc_by(n);
    }

    /// The sum over all values.
    pub fn total(&self) -> u64 {
        self.total.get()
    }
}

/// All metrics of the process; shared as `Arc<Metrics>`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Messages taken in, by the class of their topic; duplicates and quarantined ones included.
    pub received_messages: PerClass<Counter>,
    /// Payload bytes of those.
    pub received_bytes: PerClass<Counter>,
    /// Messages that came with QoS 0, and so have no acknowledgement that could promise anything.
    pub received_qos0_messages: Counter,
    /// Resends recognised by their identity: acknowledged, not stored again.
    pub duplicates: Counter,
    /// Payloads that could not be understood, by reason.
    pub quarantined: Labelled,
    /// Messages whose acknowledgement was withheld because the store had no room for their class.
    pub withheld: PerClass<Counter>,
    /// Pieces of photos and clips that were not wanted, by reason.
    pub evidence_chunks_dropped: Labelled,
    /// CONNECT packets accepted.
    pub mqtt_connects: Counter,
    /// Connections and CONNECT packets refused, by reason.
    pub mqtt_refusals: Labelled,
    /// Sessions that ended, by reason.
    pub mqtt_disconnects: Labelled,
    /// Sessions open now.
    pub mqtt_connections: Gauge,
    /// How often no connection could be accepted: no descriptor, or no memory.
    pub mqtt_accept_failures: Counter,
    /// How often a client was read more slowly, because it had sent more than it may.
    pub mqtt_throttles: Counter,
    /// How long clients waited for that.
    pub mqtt_throttled_seconds: Counter<f64, AtomicU64>,
    /// When the listener's certificate expires, in seconds since 1970; 0 without one.
    pub listener_certificate_expires: Gauge,
    /// New certificates that could not be used.
    pub listener_certificate_failures: Counter,
    /// Group commits.
    pub store_commits: Counter,
    /// Seconds from the start of a group's transaction to the return of its sync.
    pub store_commit_seconds: Histogram,
    /// Records in a group.
    pub store_group_records: Histogram,
    /// Requests to the platform, by result.
    pub uplink_requests: Labelled,
    /// Events the platform answered, by result.
    pub uplink_events: Labelled,
    /// Request bytes sent, after compression.
    pub uplink_sent_bytes: Counter,
    /// Messages to devices handed to a session.
    pub down_published: Counter,
    /// Messages to devices that the device acknowledged.
    pub down_delivered: Counter,
    /// Answers to questions of devices, by kind.
    pub down_answers: Labelled,
    /// Those that were dropped: their device does not listen for them, or does not read.
    pub down_answers_dropped: Counter,
    /// Messages that a session did not get, because too many waited for it; retained ones without room among them.
    pub session_messages_dropped: Counter,
    /// Stall registers that the platform sent, by what became of them.
    pub stall_registers: Labelled,
    /// Cards in the stall register.
    pub stall_cards: Gauge,
    sampled: Sampled,
}

/// Gauges that are set when the page is rendered.
#[derive(Debug)]
struct Sampled {
    backlog_records: PerClass<Gauge>,
    backlog_bytes: PerClass<Gauge>,
    used_bytes: Gauge,
    max_bytes: Gauge,
    full: Gauge,
    room_bytes: Gauge,
    kept_room_bytes: Gauge,
    buffer_left_seconds: Gauge,
    flash_bytes: Gauge,
    flash_bytes_per_day: Gauge,
    flash_budget_bytes_per_day: Gauge,
    losses: [Counter; LossReason::ALL.len()],
    unreported_losses: Gauge,
    dead_letters: Gauge,
    quarantine_records: Gauge,
    down_waiting: Gauge,
    evidence_waiting_files: Gauge,
    evidence_receiving_files: Gauge,
    evidence_complete_files: Gauge,
    evidence_room_bytes: Gauge,
    evidence_max_bytes: Gauge,
    backing_off: Gauge,
    damage: DamageGauges,
}

impl Metrics {
    /// Registers every metric at zero.
    pub fn new() -> Metrics {
        let mut names = Names(Registry::with_prefix("patrol"));
        let to = &mut names;
        Metrics {
            received_messages: to.counters_by_class("received_messages", "Messages taken in"),
            received_bytes: to.counters_by_class("received_bytes", "Payload bytes of the messages taken in"),
            received_qos0_messages: to
                .counter("received_qos0_messages", "Messages that came with QoS 0, without acknowledgement"),
            duplicates: to.counter("received_duplicates", "Resends recognised and not stored again"),
            quarantined: to.labelled("received_quarantined", "Payloads not understood", "reason"),
            withheld: to
                .counters_by_class("received_withheld", "Acknowledgements withheld: no room in the store"),
            evidence_chunks_dropped: to.labelled(
                "evidence_chunks_dropped",
                "Pieces of photos and clips acknowledged and not stored",
                "reason",
            ),
            mqtt_connects: to.counter("mqtt_connects", "CONNECT packets accepted"),
            mqtt_refusals: to.labelled("mqtt_refusals", "Connections refused", "reason"),
            mqtt_disconnects: to.labelled("mqtt_disconnects", "Sessions that ended", "reason"),
            mqtt_connections: to.gauge("mqtt_connections", "Sessions open"),
            mqtt_accept_failures: to
                .counter("mqtt_accept_failures", "Connections not accepted: no descriptor or memory left"),
            mqtt_throttles: to.counter("mqtt_throttles", "Times that a client was read more slowly"),
            mqtt_throttled_seconds: to
                .seconds("mqtt_throttled_seconds", "Time for which clients were read more slowly"),
            listener_certificate_expires: to.gauge(
                "listener_certificate_expires_timestamp_seconds",
                "When the listener's certificate expires, in seconds since 1970; 0 without one",
            ),
            listener_certificate_failures: to
                .counter("listener_certificate_failures", "New certificates that could not be used"),
            store_commits: to.counter("store_commits", "Group commits"),
            // 0.5 ms to 8 s: from a good SSD to a dying card.
            store_commit_seconds: to.histogram("store_commit_seconds", "Time to a synced commit", 0.0005, 15),
            store_group_records: to.histogram("store_group_records", "Records in a group commit", 1.0, 13),
            uplink_requests: to.labelled("uplink_requests", "Requests to the platform", "result"),
            uplink_events: to.labelled("uplink_events", "Events answered by the platform", "result"),
            uplink_sent_bytes: to.counter("uplink_sent_bytes", "Request bytes sent, after compression"),
            down_published: to.counter("down_published", "Messages to devices handed to a session"),
            down_delivered: to.counter("down_delivered", "Messages to devices acknowledged by the device"),
            down_answers: to.labelled("down_answers", "Answers to questions of devices", "kind"),
            session_messages_dropped: to.counter(
                "session_messages_dropped",
                "Messages that a session did not get, as too many waited",
            ),
            stall_registers: to.labelled(
                "stall_registers",
                "Stall registers that the platform sent, by what became of them",
                "result",
            ),
            stall_cards: to.gauge("stall_cards", "Cards in the stall register"),
            down_answers_dropped: to
                .counter("down_answers_dropped", "Answers that their device did not listen for or read"),
            sampled: Sampled::register(to),
            registry: names.0,
        }
    }

    /// The page for Prometheus: OpenMetrics text, with the gauges set from what the store and the uplink last said.
    pub fn render(&self, store: &Snapshot, uplinks: &[UplinkStatus]) -> String {
        self.sampled.set(store, uplinks);
        let mut page = String::with_capacity(8 * 1024);
        text::encode(&mut page, &self.registry).expect("writing to a string does not fail");
        page
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Sampled {
    fn register(to: &mut Names) -> Sampled {
        Sampled {
            backlog_records: to.gauges_by_class("backlog_records", "Records stored and not yet accepted"),
            backlog_bytes: to.gauges_by_class("backlog_bytes", "Payload bytes of the backlog"),
            used_bytes: to.gauge("store_used_bytes", "Live bytes of the database"),
            max_bytes: to.gauge("store_max_bytes", "Quota for the live bytes of the database"),
            full: to.gauge("store_full", "1 while acknowledgements of some class are withheld"),
            room_bytes: to.gauge(
                "store_room_bytes",
                "Bytes that the least urgent class finds before something gives way",
            ),
            kept_room_bytes: to.gauge(
                "store_kept_room_bytes",
                "Room that is kept in the database because the disk runs short",
            ),
            buffer_left_seconds: to.gauge(
                "store_buffer_left_seconds",
                "Time until the store is full at the present rate, -1 while nobody can say",
            ),
            flash_bytes: to
                .gauge("store_flash_written_bytes", "Bytes handed to the file system since the start"),
            flash_bytes_per_day: to
                .gauge("store_flash_bytes_per_day", "Bytes handed to the file system in a day, -1 at first"),
            flash_budget_bytes_per_day: to
                .gauge("store_flash_budget_bytes_per_day", "How much of that there may be"),
            losses: to
                .losses("losses", "What was thinned, dropped, refused or damaged since the store began"),
            unreported_losses: to
                .gauge("losses_unreported_rows", "Loss records that the platform has not been told yet"),
            dead_letters: to.gauge("store_dead_letters", "Records the platform refused for good"),
            quarantine_records: to.gauge("store_quarantine_records", "Payloads kept in quarantine"),
            down_waiting: to.gauge("down_waiting", "Messages waiting for their device"),
            evidence_waiting_files: to.gauge("evidence_waiting_files", "Photos and clips that wait for room"),
            evidence_receiving_files: to
                .gauge("evidence_receiving_files", "Photos and clips whose pieces are taken"),
            evidence_complete_files: to
                .gauge("evidence_complete_files", "Photos and clips that are whole, their SHA-256 checked"),
            evidence_room_bytes: to.gauge("evidence_room_bytes", "Room promised to photos and clips"),
            evidence_max_bytes: to.gauge("evidence_max_bytes", "Bound for that room"),
            backing_off: to.gauge("uplink_backing_off", "Uplinks that wait after a failure"),
            damage: DamageGauges::register(to),
        }
    }

    fn set(&self, store: &Snapshot, uplinks: &[UplinkStatus]) {
        for class in Class::ALL {
            let backlog = store.class(class);
            self.backlog_records[class].set(gauge(backlog.records));
            self.backlog_bytes[class].set(gauge(backlog.bytes));
        }
        self.used_bytes.set(gauge(store.used_bytes));
        self.max_bytes.set(gauge(store.max_bytes));
        self.full.set(i64::from(store.full));
        self.room_bytes.set(gauge(store.room_bytes));
        self.kept_room_bytes.set(gauge(store.kept_room_bytes));
        self.buffer_left_seconds.set(store.buffer_left_s().map_or(-1, gauge));
        self.flash_bytes.set(gauge(store.flow.flash_bytes));
        self.flash_bytes_per_day.set(store.flow.flash_bytes_per_day.map_or(-1, gauge));
        self.flash_budget_bytes_per_day.set(gauge(store.flow.flash_budget_bytes_per_day));
        for reason in LossReason::ALL {
            // The store counts; of two pages rendered at the same time the later figure stands.
            self.losses[reason as usize].inner().fetch_max(store.losses.of(reason), Ordering::Relaxed);
        }
        self.unreported_losses.set(gauge(store.losses.unreported_rows));
        self.dead_letters.set(gauge(store.dead_letters));
        self.quarantine_records.set(gauge(store.quarantined));
        self.down_waiting.set(gauge(store.down_waiting));
        self.evidence_waiting_files.set(gauge(store.evidence.waiting));
        self.evidence_receiving_files.set(gauge(store.evidence.receiving));
        self.evidence_complete_files.set(gauge(store.evidence.complete));
        self.evidence_room_bytes.set(gauge(store.evidence.room_bytes));
        self.evidence_max_bytes.set(gauge(store.evidence.max_bytes));
        let backing_off = uplinks.iter().filter(|uplink| uplink.state == UplinkState::BackingOff).count();
        self.backing_off.set(i64::try_from(backing_off).unwrap_or(i64::MAX));
        self.damage.set(&store.damage);
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The registry while names are given out.
struct Names(Registry);

impl Names {
    fn counter(&mut self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.0.register(name, help, counter.clone());
        counter
    }

    fn seconds(&mut self, name: &str, help: &str) -> Counter<f64, AtomicU64> {
        let counter = Counter::default();
        self.0.register(name, help, counter.clone());
        counter
    }

    fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.0.register(name, help, gauge.clone());
        gauge
    }

    /// Buckets double from `first`.
    fn histogram(&mut self, name: &str, help: &str, first: f64, buckets: u16) -> Histogram {
        let histogram = Histogram::new(exponential_buckets(first, 2.0, buckets));
        self.0.register(name, help, histogram.clone());
        histogram
    }

    fn labelled(&mut self, name: &str, help: &str, label: &'static str) -> Labelled {
        let family = Family::<OneLabel, Counter>::default();
        self.0.register(name, help, family.clone());
        Labelled { label, family, total: Counter::default() }
    }

    fn losses(&mut self, name: &str, help: &str) -> [Counter; LossReason::ALL.len()] {
        let family = Family::<OneLabel, Counter>::default();
        self.0.register(name, help, family.clone());
        LossReason::ALL.map(|reason| family.get_or_create_owned(&[("reason", reason.as_str())]))
    }

    fn counters_by_class(&mut self, name: &str, help: &str) -> PerClass<Counter> {
        let family = Family::<OneLabel, Counter>::default();
        self.0.register(name, help, family.clone());
        PerClass(Class::ALL.map(|class| family.get_or_create_owned(&class_label(class))))
    }

    fn gauges_by_class(&mut self, name: &str, help: &str) -> PerClass<Gauge> {
        let family = Family::<OneLabel, Gauge>::default();
        self.0.register(name, help, family.clone());
        PerClass(Class::ALL.map(|class| family.get_or_create_owned(&class_label(class))))
    }
}

fn class_label(class: Class) -> OneLabel {
    [("class", class.as_str())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_names_every_metric() {
        let manual = include_str!("../../docs/operations.md");
        let page = Metrics::new().render(&Snapshot::default(), &[]);
        let mut seen = 0;
        for (name, kind) in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')) {
            let total = if kind == "counter" { "_total" } else { "" };
            assert!(manual.contains(&format!("`{name}{total}`")), "{name}{total} is not in the manual");
            seen += 1;
        }
        assert!(seen > 20, "{page}");
    }

    #[test]
    fn losses_are_the_stores_count_however_often_the_page_is_asked_for() {
        let (metrics, mut store) = (Metrics::new(), Snapshot::default());
        let thinned = "patrol_losses_total{reason=\"thinned\"}";
        for count in [0, 14, 14, 20] {
            store.losses.lost[LossReason::Thinned as usize] = count;
            let page = metrics.render(&store, &[]);
            assert!(page.contains(&format!("{thinned} {count}\n")), "{count}: {page}");
        }
    }

    #[test]
    fn totals_are_the_sums_over_their_labels() {
        let metrics = Metrics::new();
        metrics.received_messages[Class::Incident].inc_by(2);
        metrics.received_messages[Class::Telemetry].inc_by(5);
        metrics.quarantined.add("not_json", 3);
        metrics.quarantined.add("too_long", 1);
        assert_eq!((metrics.received_messages.total(), metrics.quarantined.total()), (7, 4));
    }
}
