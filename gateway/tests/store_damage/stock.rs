//! A store with several thousand records of all classes, and what exactly is in it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use bytes::Bytes;
use firmware_protocol::body::{self, RecordRef as WireRef};
use firmware_protocol::{Bytes as WireBytes, DeviceTag, FrameKey, Header, seal};
use patrol_gateway::domain::admission;
use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::case_file::CaseFile;
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::evidence::File;
use patrol_gateway::domain::journal::Facts;
use patrol_gateway::domain::report::{CaseKind, Class, DeviceId, Identity, RecordRef, TimeQuality};
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Decision, Pending};
use patrol_gateway::store::submission::{Batch, Content, Item, Part};
use sha2::Digest;
use tempfile::TempDir;

use crate::store_evidence::complete;
use crate::{Session, accepted, close, head, settle, writer};

pub(super) const DEVICES: usize = 6;
const CHUNK_BYTES: usize = 4096;
const CHUNKS: usize = 9;

/// A record by its name.
pub(super) type Name = (Class, DeviceId, Identity);

/// A closed store in a directory, and what waits in it.
pub(super) struct Stock {
    pub(super) dir: TempDir,
    pub(super) records: HashMap<Name, StoredRecord>,
    /// Messages for the devices.
    pub(super) down: HashMap<DeviceId, Vec<Bytes>>,
    /// Complete photos.
    pub(super) photos: u64,
    /// Accepted cases, dead letters, quarantined payloads.
    pub(super) kept: (u64, u64, u64),
}

pub(super) fn name(record: &StoredRecord) -> Name {
    (record.class, record.device.clone(), record.identity)
}

pub(super) fn device(number: usize) -> DeviceId {
    DeviceId::parse(&format!("car-{number:02}")).expect("a device id")
}

/// Sends as a device would, and waits until it is durable.
pub(super) async fn send(store: &Store, device: &DeviceId, items: Vec<Item>) -> bool {
    let session = Session::new();
    let batch = Batch { device: device.clone(), line: session.line.clone(), first_mark: 1, items };
    let last = batch.items.len() as u64;
    store.submit(batch).await.expect("the store runs");
    while session.line.durable() < last && !session.line.is_withheld() {
        session.line.changed().await;
    }
    session.line.durable() >= last
}

/// A report with chance in it; the class and number are in it too, so that no two are alike.
pub(super) fn report(class: Class, seq: u32, chance: &mut fastrand::Rng) -> Item {
    let len = chance.usize(20..600);
    let noise: String = std::iter::repeat_with(|| chance.alphanumeric()).take(len).collect();
    let facts = || Facts::new(CaseKind::Event, "0501");
    let case =
        (class == Class::Incident).then(|| Box::new(CaseFile::new(format!(r#"{{"grid":{seq}}}"#), facts())));
    let anchor = Anchor { booted_at_ms: 1_795_000_000_000, quality: TimeQuality::Gnss };
    let claimed = Some(RecordRef { boot: 1, seq });
    Item {
        received_at_ms: 1_795_396_364_000 + i64::from(seq),
        payload: format!(r#"{{"class":"{class}","seq":{seq},"noise":"{noise}"}}"#).into(),
        best_effort: false,
        beside: None,
        content: Content::Report { class, claimed, case, anchor: Some(anchor) },
    }
}

fn frame<B: body::Body>(device: &DeviceId, seq: u32, body: &B) -> Bytes {
    let header = Header { device: DeviceTag::of(device.as_str()), boot: 1, seq, ..Header::of::<B>() };
    let mut out = vec![0; firmware_protocol::MAX_FRAME_LEN];
    let len = seal(&header, body, &FrameKey::CRC32C, &mut out).expect("a frame");
    out.truncate(len);
    out.into()
}

fn evidence(seq: u32, payload: Bytes) -> Item {
    let report = admission::reread(Coordinates::default(), Class::Evidence, &payload)
        .expect("a frame that is understood");
    let part = Box::new(Part::of(&report.body, &payload).expect("a part of a photo"));
    let claimed = RecordRef { boot: 1, seq };
    drop(report);
    Item {
        received_at_ms: 0,
        payload,
        best_effort: false,
        beside: None,
        content: Content::Evidence { claimed, anchor: None, part, photo: None },
    }
}

/// A photo, described and with `pieces` of its nine pieces, in frames.
fn photo(device: &DeviceId, seq: u32, pieces: usize, chance: &mut fastrand::Rng) -> Vec<Item> {
    let content: Vec<u8> =
        std::iter::repeat_with(|| chance.u8(..)).take(CHUNKS * CHUNK_BYTES - 100).collect();
    let named = WireRef { boot: 1, seq };
    let meta = body::EvidenceMeta {
        evidence: named,
        size_bytes: content.len() as u32,
        chunk_size_log2: CHUNK_BYTES.ilog2() as u8,
        sha256: sha2::Sha256::digest(&content).into(),
        ..body::EvidenceMeta::default()
    };
    let mut items = vec![evidence(seq, frame(device, seq, &meta))];
    for (index, data) in content.chunks(CHUNK_BYTES).enumerate().take(pieces) {
        let data = WireBytes::new(data).expect("it fits");
        let chunk = body::EvidenceChunk { evidence: named, index: index as u32, data };
        let seq = seq + 1 + index as u32;
        items.push(evidence(seq, frame(device, seq, &chunk)));
    }
    items
}

impl Stock {
    /// `scale` records or so of each class.
    pub(super) async fn build(scale: u32, chance: &mut fastrand::Rng) -> Stock {
        let dir = TempDir::new().expect("a directory");
        let running = writer::start(super::roomy(dir.path()), Default::default()).expect("the store opens");
        let store = &running.store;
        for class in Class::ALL.into_iter().filter(|class| *class != Class::Evidence) {
            let mut seq = class as u32 * 100_000;
            let end = seq + scale;
            while seq < end {
                let last = (seq + chance.u32(1..60)).min(end);
                let items = (seq..last).map(|seq| report(class, seq, chance)).collect();
                assert!(send(store, &device(chance.usize(..DEVICES)), items).await);
                seq = last;
            }
        }
        unnumbered(store, chance).await;
        let photos = build_photos(store, chance).await;
        settle_some(store).await;
        suspects(store, chance).await;
        let stock = Stock::take(store, photos).await;
        close(running).await;
        Stock { dir, ..stock }
    }

    async fn take(store: &Store, photos: u64) -> Stock {
        let (mut records, mut down) = (HashMap::new(), HashMap::new());
        for class in Class::ALL {
            for pending in head(store, class).await {
                records.insert(name(&pending.record), pending.record);
            }
        }
        for device in (0..DEVICES).map(device) {
            let messages = store.down_after(device.clone(), 0, 10_000).await.expect("the store runs");
            down.insert(device, messages.into_iter().map(|message| message.payload).collect());
        }
        let snapshot = *store.snapshot().borrow();
        let kept = (snapshot.accepted_kept, snapshot.dead_letters, snapshot.quarantined);
        Stock { dir: TempDir::new().expect("a directory"), records, down, photos, kept }
    }

    /// A copy of it, to be damaged.
    pub(super) fn copy(&self) -> TempDir {
        let copy = TempDir::new().expect("a directory");
        copy_files(self.dir.path(), copy.path());
        copy
    }
}

pub(super) fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
}

/// Two photos a device: one complete, one that is still being sent.
async fn build_photos(store: &Store, chance: &mut fastrand::Rng) -> u64 {
    for device in (0..DEVICES).map(device) {
        for (seq, pieces) in [(900_000, CHUNKS), (900_100, CHUNKS / 2)] {
            assert!(send(store, &device, photo(&device, seq, pieces, chance)).await);
        }
        complete(store, &device, &photo_file(store, &device).await).await;
    }
    store.snapshot().borrow().evidence.complete
}

async fn photo_file(store: &Store, device: &DeviceId) -> File {
    let described = head(store, Class::Evidence).await.into_iter().find_map(|pending| {
        let report =
            admission::reread(Coordinates::default(), Class::Evidence, &pending.record.payload).ok()?;
        match Part::of(&report.body, &pending.record.payload)? {
            Part::Meta(file) if pending.record.device == *device => Some(file),
            _ => None,
        }
    });
    described.expect("it was described")
}

/// Some incidents become cases, with receipts on their way; some reports are refused for good.
async fn settle_some(store: &Store) {
    let some = |pending: Vec<Pending>, every: usize| pending.into_iter().step_by(every);
    settle(store, Class::Incident, some(head(store, Class::Incident).await, 6), accepted()).await;
    let refused = Decision::Rejected { reason: "no such street".into() };
    settle(store, Class::Task, some(head(store, Class::Task).await, 10), refused).await;
}

/// Reports without numbers of their device's own: nothing but the salvage itself sees to it that they don't come twice.
async fn unnumbered(store: &Store, chance: &mut fastrand::Rng) {
    for class in [Class::Task, Class::Reading, Class::Telemetry] {
        for _ in 0..40 {
            let mut item = report(class, 0, chance);
            item.content = Content::Report { class, claimed: None, case: None, anchor: None };
            assert!(send(store, &device(0), vec![item]).await);
        }
    }
}

/// A payload that was not understood.
pub(super) fn suspect(noise: u64) -> Item {
    Item {
        received_at_ms: 7,
        payload: format!("?{noise}").into(),
        best_effort: false,
        beside: None,
        content: Content::Quarantine { topic: "t".into(), reason: "malformed_json", detail: "?".into() },
    }
}

async fn suspects(store: &Store, chance: &mut fastrand::Rng) {
    for device in (0..DEVICES).map(device) {
        assert!(send(store, &device, vec![suspect(chance.u64(..))]).await);
    }
}

/// Which pages of the file each record stands on, by SQLite's own account of its pages: rows in the order of their trees.
pub(super) fn places(dir: &Path) -> BTreeMap<u32, Vec<Name>> {
    let connection = rusqlite::Connection::open(dir.join("patrol.db")).expect("a database");
    let mut on_page: BTreeMap<u32, Vec<Name>> = BTreeMap::new();
    for class in Class::ALL {
        let is_segments = matches!(class, Class::Status | Class::Reading | Class::Telemetry);
        let table = format!("{}_{class}", if is_segments { "segment" } else { "record" });
        let rows = rows_of(&connection, &table, class, is_segments);
        let mut rows = rows.into_iter();
        let sql =
            "SELECT pageno, path, ncell FROM dbstat WHERE name = ?1 AND pagetype = 'leaf' ORDER BY path";
        let mut leaves = connection.prepare(sql).expect("dbstat");
        let leaves = leaves.query_map([&table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        for leaf in leaves.expect("dbstat") {
            let (page, path, cells): (u32, String, u32) = leaf.expect("a page");
            for cell in 0..cells {
                let names = rows.next().expect("a row for each cell");
                let below = format!(
                    "{}{cell:03x}+",
                    if path.ends_with('/') { path.clone() } else { format!("{path}/") }
                );
                let sql = "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'overflow' AND path LIKE ?2 || '%'";
                let mut overflow = connection.prepare_cached(sql).expect("dbstat");
                let pages = overflow.query_map([&table, &below], |row| row.get::<_, u32>(0)).expect("dbstat");
                for page in std::iter::once(page).chain(pages.map(|page| page.expect("a page"))) {
                    on_page.entry(page).or_default().extend(names.iter().cloned());
                }
            }
        }
        assert!(rows.next().is_none(), "{table}: every row has its place");
    }
    on_page
}

/// The names of the records in each row, in the order of the rows.
fn rows_of(
    connection: &rusqlite::Connection,
    table: &str,
    class: Class,
    is_segments: bool,
) -> Vec<Vec<Name>> {
    if is_segments {
        let mut rows = connection.prepare(&format!("SELECT blob FROM {table} ORDER BY id")).expect("a table");
        let blobs = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("rows");
        let names = |blob: Vec<u8>| {
            let records = patrol_gateway::store::segment::decode(class, &blob.into()).expect("a segment");
            records.iter().map(name).collect()
        };
        return blobs.map(|blob| names(blob.expect("a blob"))).collect();
    }
    let sql = format!("SELECT device, origin, major, minor FROM {table} ORDER BY id");
    let mut rows = connection.prepare(&sql).expect("a table");
    let name = |row: &rusqlite::Row<'_>| {
        let device = DeviceId::parse(&row.get::<_, String>(0)?).expect("a device");
        let identity = match row.get::<_, u8>(1)? {
            0 => Identity::Device { boot: row.get(2)?, seq: row.get(3)? },
            _ => Identity::Minted { run: row.get::<_, i64>(2)? as u64, number: row.get(3)? },
        };
        Ok(vec![(class, device, identity)])
    };
    rows.query_map([], name).expect("rows").map(|row| row.expect("a row")).collect()
}
