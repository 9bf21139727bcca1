//! From a store to a file to another store.

use std::collections::{BTreeSet, HashSet};
use std::io::Cursor as File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use firmware_protocol::body::Telemetry;
use firmware_protocol::{DeviceTag, FrameKey, Header as FrameHeader, MAX_FRAME_LEN, seal};
use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::case_file::CaseFile;
use patrol_gateway::domain::journal::Facts;
use patrol_gateway::domain::report::{CaseKind, Class, DeviceId, Identity, RecordRef, TimeQuality};
use patrol_gateway::domain::retention::Policies;
use patrol_gateway::domain::uplinks::UplinkNo;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::medium::Medium;
use patrol_gateway::store::restore::RestoreOutcome;
use patrol_gateway::store::scan::Cursor;
use patrol_gateway::store::settlement::{Decision, Limit, Pending, Settled, Settlement};
use patrol_gateway::store::submission::{Batch, Content, Item};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use patrol_gateway::transfer::chunk::{Chunk, RawChunk};
use patrol_gateway::transfer::export::{BacklogReader, behind};
use patrol_gateway::transfer::format::{Classes, ExportId, Header};
use patrol_gateway::transfer::import::Importer;
use patrol_gateway::transfer::part;
use patrol_gateway::transfer::reader::{ExportReader, verify};
use patrol_gateway::transfer::salvage::SalvageReader;
use patrol_gateway::transfer::writer::ExportWriter;
use tempfile::TempDir;

const EXPORT: ExportId = ExportId([7; 16]);
/// 2026-11-23T01:12:44Z.
const BOOTED_AT_MS: i64 = 1_795_396_364_000;

/// A gateway's store in a directory of its own.
struct Gateway {
    id: &'static str,
    dir: TempDir,
    running: Option<Running>,
}

impl Gateway {
    fn new(id: &'static str) -> Gateway {
        let dir = TempDir::new().expect("a directory");
        let running = Some(open(dir.path()));
        Gateway { id, dir, running }
    }

    fn store(&self) -> &Store {
        &self.running.as_ref().expect("it runs").store
    }

    async fn restart(&mut self) {
        let running = self.running.take().expect("it runs");
        running.store.close().await;
        running.ended.await.expect("the writer says how it ended").expect("it ends well");
        self.running = Some(open(self.dir.path()));
    }

    async fn put(&self, device: &str, items: Vec<Item>) {
        let line = Arc::<DeviceLine>::default();
        let device = DeviceId::parse(device).expect("a device id");
        let last = items.len() as u64;
        let batch = Batch { device, line: line.clone(), first_mark: 1, items };
        self.store().submit(batch).await.expect("the store runs");
        while line.durable() < last {
            assert!(!line.is_withheld(), "there is room");
            line.changed().await;
        }
    }

    async fn head(&self, class: Class) -> Vec<Pending> {
        let limit = Limit { records: 1_000_000, bytes: u64::MAX };
        self.store().head(class, limit, &Arc::default()).await.expect("the store runs")
    }

    async fn accept(&self, class: Class, records: Vec<Pending>) {
        let settled = |Pending { key, record, .. }| Settled {
            key,
            record,
            decision: Decision::Accepted { case_number: None },
            receipt: None,
        };
        let records = records.into_iter().map(settled).collect();
        let settlement = Settlement { uplink: UplinkNo::FIRST, class, settled_at_ms: 0, records };
        self.store().settle(settlement).await.expect("there is room");
    }

    /// All that waits, each record with the gateway that took it.
    async fn backlog(&self) -> BTreeSet<Waiting> {
        let (mut backlog, mut count) = (BTreeSet::new(), 0);
        for class in Class::ALL {
            for Pending { record, anchor, .. } in self.head(class).await {
                count += 1;
                backlog.insert(Waiting {
                    gateway: record.gateway.as_deref().unwrap_or(self.id).to_owned(),
                    device: record.device,
                    identity: record.identity,
                    class,
                    received_at_ms: record.received_at_ms,
                    payload: record.payload.to_vec(),
                    casework: record.casework,
                    booted_at_ms: anchor.map(|anchor| anchor.booted_at_ms),
                });
            }
        }
        assert_eq!(backlog.len(), count, "nothing waits twice");
        backlog
    }

    fn header(&self) -> Header {
        Header { gateway: self.id.into(), export: EXPORT, created_at_ms: 0, classes: Classes::ALL }
    }

    async fn export(&self) -> Vec<u8> {
        self.export_behind(&[]).await
    }

    /// The whole file, of which so much was written before.
    async fn export_behind(&self, part: &[u8]) -> Vec<u8> {
        let header = self.header();
        let (mut writer, last, number) = if part.is_empty() {
            (ExportWriter::begin(Vec::new(), &header).expect("memory"), None, 1)
        } else {
            let read = part::read(part).expect("the header is whole");
            let next = read.progress.totals.chunks + 1;
            let whole = part[..read.whole_bytes as usize].to_vec();
            (ExportWriter::resume(whole, read.progress), read.last, next)
        };
        let (classes, cursor) = behind(header.classes.iter(), last);
        let mut reader = BacklogReader::new(self.store().clone(), EXPORT, classes, cursor, number);
        while let Some(raw) = reader.next_chunk().await.expect("the store runs") {
            writer.push(&raw, &raw.decode().expect("it was just made")).expect("memory");
        }
        writer.finish().expect("memory").0
    }

    fn importer(&self, header: &Header) -> Importer {
        let (own, gateway) = (self.id.into(), header.gateway.clone());
        Importer { store: self.store().clone(), own, export: header.export, gateway }
    }

    async fn import(&self, file: &[u8]) -> RestoreOutcome {
        let mut reader = ExportReader::open(file).expect("an export");
        let importer = self.importer(&reader.header().clone());
        let mut sum = RestoreOutcome::default();
        while let Some((_, chunk)) = reader.next_chunk().expect("it is whole") {
            add(&mut sum, importer.take(chunk).await.expect("there is room"));
        }
        sum
    }
}

fn add(sum: &mut RestoreOutcome, one: RestoreOutcome) {
    sum.taken += one.taken;
    sum.known += one.known;
    sum.unwanted += one.unwanted;
}

/// Both have the same; or else the first of what they differ in is shown, and not all.
fn assert_same(found: &BTreeSet<Waiting>, expected: &BTreeSet<Waiting>, when: &str) {
    let lacking: Vec<_> = expected.difference(found).collect();
    let beyond: Vec<_> = found.difference(expected).collect();
    let counts = (lacking.len(), beyond.len());
    assert_eq!(counts, (0, 0), "{when}: lacks {:?} ..., and has {:?} ...", lacking.first(), beyond.first());
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    gateway: String,
    device: DeviceId,
    identity: Identity,
    class: Class,
    received_at_ms: i64,
    payload: Vec<u8>,
    casework: Option<String>,
    booted_at_ms: Option<i64>,
}

fn open(data_dir: &Path) -> Running {
    let mut policies = Policies::default();
    for class in Class::ALL {
        policies[class].linger = Duration::ZERO;
        policies[class].reserve_bytes = 0;
    }
    let options = StoreOptions {
        data_dir: data_dir.into(),
        medium: Medium::Files,
        max_bytes: 64 << 20,
        policies,
        sync_within: Duration::from_secs(1),
        flash_budget_bytes_per_day: 20 << 30,
        evidence_max_bytes: 32 << 20,
        keep_accepted: 5,
        keep_quarantined: 5,
        uplinks: Vec::new(),
        keep_journal: 10_000,
        session_limits: Default::default(),
        started_at_ms: 0,
        chance: fastrand::Rng::new(),
    };
    writer::start(options, Arc::default()).expect("the store opens")
}

fn report(class: Class, claimed: Option<RecordRef>, payload: impl Into<Bytes>) -> Item {
    let facts = || Facts::new(CaseKind::Event, "0501");
    let case = (class == Class::Incident).then(|| Box::new(CaseFile::new(r#"{"grid":"51"}"#, facts())));
    let content = Content::Report { class, claimed, case, anchor: None };
    let received_at_ms = claimed.map_or(99, |claimed| i64::from(claimed.seq) * 1000);
    Item { received_at_ms, payload: payload.into(), best_effort: false, content, beside: None }
}

/// A frame of a boot whose clock is not set; `anchor` is what another one of the same boot says.
fn clockless(device: &str, class: Class, boot: u32, seq: u32, anchor: Option<Anchor>) -> Item {
    let header = FrameHeader {
        device: DeviceTag::of(device),
        boot,
        seq,
        uptime_ms: 5_000,
        ..FrameHeader::of::<Telemetry>()
    };
    let mut payload = vec![0; MAX_FRAME_LEN];
    let len = seal(&header, &Telemetry::default(), &FrameKey::CRC32C, &mut payload).expect("a frame");
    payload.truncate(len);
    let content = Content::Report { class, claimed: Some(RecordRef { boot, seq }), case: None, anchor };
    Item { received_at_ms: 7, payload: payload.into(), best_effort: false, content, beside: None }
}

/// Every class but evidence, thousands of records in many segments and rows, some without a number of their own.
async fn filled() -> Gateway {
    let gateway = Gateway::new("box-a");
    let mut chance = fastrand::Rng::with_seed(3);
    for (round, class) in (0..20u32).flat_map(|round| Class::ALL.map(|class| (round, class))) {
        if class == Class::Evidence {
            continue;
        }
        let device = format!("car-{:02}", round % 3);
        let reports = |count: u32, chance: &mut fastrand::Rng| {
            let first = round * 10_000 + class as u32 * 1000;
            (first..first + count)
                .map(|seq| {
                    let len = chance.usize(..300);
                    let noise: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(len).collect();
                    let claimed = (seq % 7 != 0).then_some(RecordRef { boot: 1, seq });
                    report(class, claimed, noise)
                })
                .collect()
        };
        gateway.put(&device, reports(if class == Class::Telemetry { 300 } else { 60 }, &mut chance)).await;
    }
    let anchor = Some(Anchor { booted_at_ms: BOOTED_AT_MS, quality: TimeQuality::Gnss });
    let late = vec![
        clockless("car-09", Class::Incident, 3, 1, None),
        clockless("car-09", Class::Telemetry, 3, 2, anchor),
    ];
    gateway.put("car-09", late).await;
    gateway
}

/// The whole chunks of a file, and where each of them begins and the trailer does.
fn starts(file: &[u8]) -> Vec<usize> {
    let mut reader = ExportReader::open(file).expect("an export");
    let mut starts = vec![reader.header().encode().len()];
    while let Some((raw, _)) = reader.next_chunk().expect("it is whole") {
        starts.push(starts[starts.len() - 1] + raw.bytes().len());
    }
    starts
}

#[tokio::test]
async fn all_that_waits_in_one_store_waits_in_the_other_under_the_names_it_had_and_nothing_left_the_first() {
    let (a, b) = (filled().await, Gateway::new("box-b"));
    let before = a.backlog().await;
    let file = a.export().await;
    assert_same(&a.backlog().await, &before, "an export consumes nothing");
    let (_, totals) = verify(&file[..], |_| ()).expect("it is whole");
    assert_eq!(totals.sum().records, before.len() as u64);
    assert!(totals.chunks > 10, "{totals:?}");

    let outcome = b.import(&file).await;
    assert_eq!((outcome.taken, outcome.known, outcome.unwanted), (before.len() as u64, 0, 0));
    assert_same(&b.backlog().await, &before, "after the import");
    assert!(before.iter().any(|waiting| waiting.booted_at_ms == Some(BOOTED_AT_MS)), "anchors came along");

    // Again: the same file, a newer one with the same content, and the backlog on its way back home.
    assert_eq!(b.import(&file).await.taken, 0);
    assert_eq!(a.import(&file).await, RestoreOutcome { known: before.len() as u64, ..Default::default() });
    let back = b.export().await;
    assert_eq!(a.import(&back).await.taken, 0, "what comes home is recognised");
    assert_same(&a.backlog().await, &before, "the first at last");
    assert_same(&b.backlog().await, &before, "the second at last");
}

#[tokio::test]
async fn a_third_gateway_still_knows_who_took_a_record() {
    let (a, b, c) = (filled().await, Gateway::new("box-b"), Gateway::new("box-c"));
    b.put("cam-1", vec![report(Class::Incident, Some(RecordRef { boot: 1, seq: 1 }), "own")]).await;
    b.import(&a.export().await).await;
    let mut both = b.backlog().await;
    c.import(&Gateway::export(&b).await).await;
    assert_same(&c.backlog().await, &both, "over two files");
    both.retain(|waiting| waiting.gateway == "box-b");
    assert_eq!(both.len(), 1);
}

#[tokio::test]
async fn an_export_that_was_interrupted_anywhere_and_a_gateway_that_restarted_lose_nothing() {
    let (mut a, b) = (filled().await, Gateway::new("box-b"));
    let before = a.backlog().await;
    let file = a.export().await;
    let starts = starts(&file);
    for (round, &start) in starts.iter().enumerate() {
        // At the boundary, in the head, in the body; of the last "chunk" that is the trailer.
        for cut in [start, start + 20, (start + 100).min(file.len())] {
            if round % 4 == 0 && cut == start {
                a.restart().await;
            }
            let resumed = a.export_behind(&file[..cut]).await;
            let (_, totals) = verify(&resumed[..], |_| ()).expect("it is whole");
            assert_eq!(totals.sum().records, before.len() as u64, "cut at {cut}");
            if cut == start + 20 && round % 5 == 0 {
                let fresh = Gateway::new("box-b");
                fresh.import(&resumed).await;
                assert_same(&fresh.backlog().await, &before, &format!("cut at {cut}"));
            }
        }
    }
    b.import(&file).await;
    assert_same(&b.backlog().await, &before, "after the import");
}

#[tokio::test]
async fn an_export_ends_however_much_comes_in_meanwhile_and_has_all_that_was_there() {
    let a = filled().await;
    let before = a.backlog().await;
    let mut reader = BacklogReader::new(a.store().clone(), EXPORT, Class::ALL, Cursor::default(), 1);
    let (mut exported, mut seq) = (HashSet::new(), 1);
    while let Some(raw) = reader.next_chunk().await.expect("the store runs") {
        for class in Class::ALL.into_iter().filter(|class| *class != Class::Evidence) {
            let more = (seq..seq + 200).map(|seq| report(class, Some(RecordRef { boot: 5, seq }), "more"));
            a.put("car-05", more.collect()).await;
            seq += 200;
        }
        assert!(seq < 100_000, "it does not end");
        let chunk = raw.decode().expect("it was just made");
        exported.extend(chunk.records.into_iter().map(|exported| exported.record.identity));
    }
    for Waiting { identity, .. } in &before {
        assert!(exported.contains(identity), "{identity}");
    }
}

#[tokio::test]
async fn what_came_and_went_between_the_parts_of_an_export_is_told_as_it_is() {
    let mut a = Gateway::new("box-a");
    let incident = |seq| report(Class::Incident, Some(RecordRef { boot: 1, seq }), format!("incident {seq}"));
    a.put("car-01", (1..=2500).map(incident).collect()).await;
    let file = a.export().await;
    let cut = starts(&file)[2];
    // The platform came back for a while and took all of it; numbers of rows begin anew, and end below the cursor.
    let all = a.head(Class::Incident).await;
    a.accept(Class::Incident, all).await;
    a.restart().await;
    a.put("car-01", (3001..=3010).map(incident).collect()).await;
    let resumed = a.export_behind(&file[..cut]).await;
    let b = Gateway::new("box-b");
    b.import(&resumed).await;
    let seqs: HashSet<_> = b.backlog().await.into_iter().map(|waiting| waiting.identity).collect();
    for seq in (1..=2000).chain(3001..=3010) {
        assert!(seqs.contains(&Identity::Device { boot: 1, seq }), "{seq}");
    }
}

#[tokio::test]
async fn an_export_that_was_interrupted_goes_on_with_the_whole_backlog_of_a_store_that_was_replaced() {
    let (old, new) = (filled().await, Gateway::new("box-a"));
    let incident = |seq| report(Class::Incident, Some(RecordRef { boot: 9, seq }), "after it was replaced");
    new.put("car-01", (1..=50).map(incident).collect()).await;
    let file = old.export().await;
    let b = Gateway::new("box-b");
    b.import(&new.export_behind(&file[..starts(&file)[1]]).await).await;
    let identities: HashSet<_> = b.backlog().await.into_iter().map(|waiting| waiting.identity).collect();
    for seq in 1..=50 {
        assert!(identities.contains(&Identity::Device { boot: 9, seq }), "{seq}");
    }
}

#[tokio::test]
async fn an_import_that_was_interrupted_anywhere_goes_on_and_takes_nothing_twice() {
    let a = filled().await;
    let (before, file) = (a.backlog().await, a.export().await);
    let mut b = Gateway::new("box-b");
    let mut chunks = Vec::new();
    let header = verify(&file[..], |raw| chunks.push(raw.clone())).expect("it is whole").0;
    let mut taken = 0;
    for done in 0..=chunks.len() {
        // Each run begins with the first chunk again and ends one further on, with the process.
        let importer = b.importer(&header);
        assert_eq!(importer.taken_up_to().await.expect("it runs"), done.saturating_sub(1) as u32);
        for chunk in chunks.iter().take(done).map(RawChunk::decode) {
            taken += importer.take(chunk.expect("whole")).await.expect("there is room").taken;
        }
        drop(importer);
        b.restart().await;
    }
    assert_eq!(taken, before.len() as u64);
    assert_same(&b.backlog().await, &before, "after the import");
}

#[tokio::test]
async fn a_chunk_that_was_missing_is_still_taken_from_a_better_copy() {
    let a = filled().await;
    let (before, file) = (a.backlog().await, a.export().await);
    let starts = starts(&file);
    let mut damaged = file.clone();
    damaged[starts[2] + 100] ^= 1;
    damaged.truncate(starts[starts.len() - 1] + 8);
    let b = Gateway::new("box-b");
    for _ in 0..2 {
        let mut reader = SalvageReader::open(File::new(&damaged[..])).expect("the header is whole");
        let importer = b.importer(&reader.header().clone());
        while let Some((_, chunk)) = reader.next_chunk().expect("memory") {
            importer.take(chunk).await.expect("there is room");
        }
        assert_eq!((&reader.missing().gaps[..], reader.missing().is_cut), (&[(3, 3)][..], true));
        let lacking = before.difference(&b.backlog().await).count() as u64;
        assert!(lacking > 0 && lacking < 1300, "{lacking}");
    }
    b.import(&file).await;
    assert_same(&b.backlog().await, &before, "after the import");
}

#[tokio::test]
async fn without_room_nothing_of_a_chunk_is_taken_and_the_import_goes_on_when_there_is_some() {
    let (a, b) = (Gateway::new("box-a"), Gateway::new("box-b"));
    let big = |seq| report(Class::Incident, Some(RecordRef { boot: 1, seq }), vec![7; 200_000]);
    for seq in 0..200 {
        a.put("car-01", vec![big(seq)]).await;
        b.put("car-02", vec![big(seq)]).await;
    }
    let file = a.export().await;
    let mut chunks = Vec::new();
    let header = verify(&file[..], |raw| chunks.push(raw.clone())).expect("it is whole").0;
    let importer = b.importer(&header);
    let mut refused = None;
    for chunk in &chunks {
        let Chunk { number, .. } = chunk.decode().expect("whole");
        if importer.take(chunk.decode().expect("whole")).await.is_err() {
            refused.get_or_insert(number);
        }
    }
    let refused = refused.expect("there is no room for all");
    assert_eq!(importer.taken_up_to().await.expect("it runs"), refused - 1);
    let own: Vec<_> = b.head(Class::Incident).await;
    let (own, theirs): (Vec<_>, Vec<_>) =
        own.into_iter().partition(|pending| pending.record.device.as_str() == "car-02");
    assert_eq!(own.len(), 200);
    b.accept(Class::Incident, own).await;
    let outcome = b.import(&file).await;
    assert_eq!(outcome.taken + theirs.len() as u64, 200);
}

#[tokio::test]
async fn a_clock_that_came_along_dates_what_waits_here_too() {
    let (a, b) = (Gateway::new("box-a"), Gateway::new("box-b"));
    let anchor = Some(Anchor { booted_at_ms: BOOTED_AT_MS, quality: TimeQuality::Gnss });
    a.put("car-09", vec![clockless("car-09", Class::Incident, 3, 1, anchor)]).await;
    b.put("car-09", vec![clockless("car-09", Class::Incident, 3, 2, None)]).await;
    b.import(&a.export().await).await;
    let dated: Vec<_> = b.head(Class::Incident).await.into_iter().map(|pending| pending.anchor).collect();
    assert_eq!(dated, [anchor, anchor]);
}

#[tokio::test]
async fn what_is_damaged_at_rest_is_counted_and_passed_over() {
    let mut a = Gateway::new("box-a");
    let claimed = |seq| Some(RecordRef { boot: 1, seq });
    for seq in 1..=3 {
        a.put("car-01", vec![report(Class::Incident, claimed(seq), "incident")]).await;
        let telemetry = [10, 20].map(|more| report(Class::Telemetry, claimed(seq + more), "telemetry"));
        a.put("car-01", telemetry.into()).await;
    }
    let running = a.running.take().expect("it runs");
    running.store.close().await;
    running.ended.await.expect("the writer says how it ended").expect("it ends well");
    let database = rusqlite::Connection::open(a.dir.path().join("patrol.db")).expect("a database");
    for (table, column, at) in [("segment_telemetry", "blob", 30), ("record_incident", "payload", 2)] {
        let flip = format!(
            "UPDATE {table} SET {column} =
             CAST(substr({column}, 1, {at}) || x'FF' || substr({column}, {at} + 2) AS BLOB)
             WHERE id = (SELECT id FROM {table} ORDER BY id LIMIT 1 OFFSET 1)"
        );
        assert_eq!(database.execute(&flip, []).expect("a row"), 1);
    }
    drop(database);
    a.running = Some(open(a.dir.path()));
    let (_, totals) = verify(&a.export().await[..], |_| ()).expect("it is whole");
    let of = |class| (totals.class(class).records, totals.class(class).unreadable);
    assert_eq!((of(Class::Incident), of(Class::Telemetry)), ((2, 1), (4, 2)));
    assert_eq!(a.store().snapshot().borrow().quarantined, 0, "it stays where it is");
}

#[tokio::test]
async fn a_page_is_small_and_ends_between_rows() {
    let a = filled().await;
    let limit = Limit { records: 100, bytes: 16 * 1024 };
    for class in Class::ALL {
        let (mut cursor, mut seen) = (Cursor::default(), 0);
        loop {
            let page = a.store().scan(class, cursor, limit).await.expect("the store runs");
            if page.is_end {
                break;
            }
            // A segment of this store has 300 records at most.
            assert!(page.records.len() < 100 + 300, "{class}: {}", page.records.len());
            assert!(page.next.row <= page.last_row + 1 && page.next.row > cursor.row);
            (cursor, seen) = (page.next, seen + page.records.len());
        }
        assert_eq!(seen, a.head(class).await.len(), "{class}");
    }
}

#[tokio::test]
async fn the_command_waits_until_a_damaged_database_is_salvaged() {
    let mut a = filled().await;
    let before = a.backlog().await;
    let running = a.running.take().expect("it runs");
    running.store.close().await;
    running.ended.await.expect("the writer says how it ended").expect("it ends well");
    let path = a.dir.path().join("patrol.db");
    let database = rusqlite::Connection::open(&path).expect("a database");
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    drop(database);
    let mut bytes = std::fs::read(&path).expect("the database");
    bytes[..100].fill(0xA5);
    std::fs::write(&path, bytes).expect("the database");

    let file = a.dir.path().join("backlog");
    let export = std::process::Command::new(env!("CARGO_BIN_EXE_patrol-gateway"))
        .args(["export", "--to"])
        .arg(&file)
        .env("PATROL_GATEWAY__GATEWAY__ID", a.id)
        .env("PATROL_GATEWAY__GATEWAY__DATA_DIR", a.dir.path())
        .env("PATROL_GATEWAY__HTTP__BIND", "127.0.0.1:0")
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&export.stderr);
    assert!(export.status.success() && told.contains("The database is damaged"), "{told}");
    let b = Gateway::new("box-b");
    b.import(&std::fs::read(&file).expect("the file")).await;
    assert_same(&b.backlog().await, &before, "all of it could be read");
}
