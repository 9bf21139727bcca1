//! Photos and clips in the store: what is there is known after any end, what is not wanted is not kept, and reports come first.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use patrol_gateway::domain::evidence::{Answer, File};
use patrol_gateway::domain::report::{Class, DeviceId, RecordRef, Sha256};
use patrol_gateway::metrics::Metrics;
use patrol_gateway::store::custody::Standing;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::snapshot::EvidenceFigures;
use patrol_gateway::store::submission::{ChunkPlace, Content, Item, Part};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use sha2::Digest;
use tempfile::TempDir;

use super::{Session, car, close, head, noise, open, options, policies, reopen, report};

const CHUNK_BYTES: u32 = 4096;
/// What stands before a piece's bytes in its payload, as a frame's header would.
const HEADER: &[u8] = b"header";

/// A photo on `car-01`, and the numbers it has used for its records.
struct Photo {
    content: Vec<u8>,
    file: File,
    last_seq: u32,
}

impl Photo {
    /// `seq` names it; the content is told apart by it.
    fn new(seq: u32, len: usize) -> Photo {
        let content: Vec<u8> = (0..len).map(|at| (at as u32 * 7 + at as u32 / 256 + seq) as u8).collect();
        let file = File {
            evidence: RecordRef { boot: 1, seq },
            size_bytes: len as u32,
            chunk_bytes: CHUNK_BYTES,
            sha256: Sha256(sha2::Sha256::digest(&content).into()),
        };
        Photo { content, file, last_seq: seq }
    }

    fn item(&self, seq: u32, payload: Bytes, part: Part) -> Item {
        let claimed = RecordRef { boot: 1, seq };
        let content = Content::Evidence { claimed, anchor: None, part: Box::new(part), photo: None };
        Item { received_at_ms: 0, payload, best_effort: false, content, beside: None }
    }

    /// Its description: the same record each time.
    fn meta(&self) -> Item {
        self.item(self.file.evidence.seq, Bytes::from_static(b"meta"), Part::Meta(self.file))
    }

    /// A piece under the next number; `change` may make it another one.
    fn piece(&mut self, index: u32, change: impl FnOnce(&mut ChunkPlace, &mut Vec<u8>)) -> Item {
        let from = index as usize * CHUNK_BYTES as usize;
        let mut data = self.content[from..self.content.len().min(from + CHUNK_BYTES as usize)].to_vec();
        let data_at = HEADER.len() as u32;
        let mut place =
            ChunkPlace { evidence: self.file.evidence, index, data_at, data_len: data.len() as u32 };
        change(&mut place, &mut data);
        self.last_seq += 1;
        let payload = [HEADER, &data, b"tag"].concat();
        self.item(self.last_seq, payload.into(), Part::Chunk(place))
    }

    fn pieces(&mut self, indexes: impl IntoIterator<Item = u32>) -> Vec<Item> {
        indexes.into_iter().map(|index| self.piece(index, |_, _| ())).collect()
    }

    async fn standing(&self, store: &Store) -> Standing {
        store.evidence(car(), self.file).await.expect("the store runs")
    }

    async fn lacking(&self, store: &Store) -> Vec<u32> {
        match self.standing(store).await {
            Standing::Told(answer @ Answer::Wanted { .. }) => {
                answer.body(self.file.evidence).expect("the bitmap fits").missing_chunks().collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Hashes what the store has, as whoever checks it does, and tells the store.
    async fn check(&self, store: &Store) -> bool {
        let Standing::Whole { id, mismatches } = self.standing(store).await else { panic!("it is whole") };
        let mut stored = Vec::new();
        let mut next = 0;
        while next < self.file.chunks() {
            let pieces = store.evidence_pieces(id, &self.file, next).await.expect("the store runs");
            assert!(!pieces.is_empty(), "piece {next} is there");
            next += pieces.len() as u32;
            stored.extend(pieces.concat());
        }
        let holds = stored == self.content;
        store.settle_evidence(car(), &self.file, (id, mismatches), holds).await.expect("there is room");
        holds
    }
}

/// Tells the store that the SHA-256 of a photo that is whole holds.
pub(super) async fn complete(store: &Store, device: &DeviceId, file: &File) {
    let standing = store.evidence(device.clone(), *file).await.expect("the store runs");
    let Standing::Whole { id, mismatches } = standing else { panic!("it is whole: {standing:?}") };
    store.settle_evidence(device.clone(), file, (id, mismatches), true).await.expect("there is room");
}

async fn put(store: &Store, items: Vec<Item>) {
    assert!(Session::new().put(store, items).await, "acknowledged");
}

fn figures(store: &Store) -> EvidenceFigures {
    store.snapshot().borrow().evidence
}

fn start(options: StoreOptions) -> (Running, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    (writer::start(options, metrics.clone()).expect("the store opens"), metrics)
}

fn small(dir: &Path, evidence_max_bytes: u64) -> StoreOptions {
    StoreOptions { evidence_max_bytes, ..options(dir) }
}

#[tokio::test]
async fn what_is_there_is_known_after_a_restart_and_the_file_is_complete_when_its_sha256_holds() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let mut photo = Photo::new(10, 300 * CHUNK_BYTES as usize + 77);
    put(&running.store, vec![photo.meta()]).await;
    assert_eq!(photo.lacking(&running.store).await, Vec::from_iter(0..256), "as many as one answer names");
    // In no order, in several commits, with a gap.
    for indexes in [vec![2, 0, 1], vec![299, 5, 300], (6..250).collect()] {
        put(&running.store, photo.pieces(indexes)).await;
    }
    for _ in 0..2 {
        let lacking: Vec<u32> = [3, 4].into_iter().chain(250..259).collect();
        assert_eq!(photo.lacking(&running.store).await, lacking);
        running = reopen(running, dir.path()).await;
    }
    put(&running.store, photo.pieces([3, 4].into_iter().chain(250..299))).await;
    running = reopen(running, dir.path()).await;
    assert!(photo.check(&running.store).await, "the bytes are those of the photo");
    for _ in 0..2 {
        put(&running.store, vec![photo.meta()]).await;
        assert_eq!(photo.standing(&running.store).await, Standing::Told(Answer::Complete));
        let EvidenceFigures { waiting, receiving, complete, .. } = figures(&running.store);
        assert_eq!((waiting, receiving, complete), (0, 0, 1));
        running = reopen(running, dir.path()).await;
    }
    let pending = running.store.snapshot().borrow().class(Class::Evidence).records;
    assert_eq!(pending, 302, "301 pieces and a description are kept, each once");
}

#[tokio::test]
async fn a_piece_that_no_file_lacks_is_acknowledged_counted_and_not_stored() {
    let dir = TempDir::new().expect("a directory");
    let (running, metrics) = start(options(dir.path()));
    let store = &running.store;
    let mut photo = Photo::new(10, 3 * CHUNK_BYTES as usize - 1);
    let early = photo.piece(0, |_, _| ());
    put(store, vec![early]).await;
    put(store, vec![photo.meta()]).await;
    let foreign = photo.piece(0, |place, _| place.evidence.seq = 999);
    let beyond = photo.piece(0, |place, _| place.index = 3);
    let short = photo.piece(0, |place, _| place.data_len -= 1);
    let long = photo.piece(2, |place, _| place.data_len += 1);
    put(store, vec![foreign, beyond, short, long]).await;
    assert_eq!(photo.lacking(store).await, [0, 1, 2], "none of them counts");
    let dropped = metrics.evidence_chunks_dropped.total();
    assert_eq!((dropped, store.snapshot().borrow().class(Class::Evidence).records), (5, 1));
    // The same piece under another number, and the same record again.
    let twice = photo.pieces([1, 1]);
    put(store, twice).await;
    let last = photo.piece(2, |_, _| ());
    photo.last_seq -= 1;
    put(store, vec![last]).await;
    let again = photo.piece(2, |_, _| ());
    put(store, vec![again]).await;
    assert_eq!(photo.lacking(store).await, [0]);
    assert_eq!(store.snapshot().borrow().class(Class::Evidence).records, 3);
    assert_eq!((metrics.duplicates.get(), metrics.evidence_chunks_dropped.total()), (2, 5));
}

#[tokio::test]
async fn a_file_whose_sha256_does_not_hold_starts_over_and_is_refused_when_that_is_once_too_often() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let mut photo = Photo::new(10, 5 * CHUNK_BYTES as usize);
    for round in 0..3 {
        put(&running.store, vec![photo.meta()]).await;
        let mut pieces = photo.pieces(0..4);
        pieces.push(photo.piece(4, |_, data| data[100] ^= 1));
        put(&running.store, pieces).await;
        running = reopen(running, dir.path()).await;
        assert!(!photo.check(&running.store).await);
        if round < 2 {
            assert_eq!(photo.lacking(&running.store).await, [0, 1, 2, 3, 4], "all is dropped");
        }
        assert_eq!(
            running.store.snapshot().borrow().class(Class::Evidence).records,
            1,
            "but its description"
        );
        running = reopen(running, dir.path()).await;
    }
    assert_eq!(photo.standing(&running.store).await, Standing::Told(Answer::Refused));
    assert_eq!(figures(&running.store).room_bytes, 0, "and its room is free");
    // A right one comes through all the same.
    let mut other = Photo::new(1_000, 5 * CHUNK_BYTES as usize);
    put(&running.store, vec![other.meta()]).await;
    put(&running.store, other.pieces(0..5)).await;
    assert!(other.check(&running.store).await);
}

#[tokio::test]
async fn a_verdict_on_what_has_changed_meanwhile_is_void() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    let store = &running.store;
    let mut photo = Photo::new(10, 2 * CHUNK_BYTES as usize);
    put(store, vec![photo.meta()]).await;
    put(store, photo.pieces(0..2)).await;
    let Standing::Whole { id, mismatches } = photo.standing(store).await else { panic!("it is whole") };
    let late = (id, mismatches);
    store.settle_evidence(car(), &photo.file, late, false).await.expect("there is room");
    store.settle_evidence(car(), &photo.file, late, true).await.expect("there is room");
    assert_eq!(photo.lacking(store).await, [0, 1], "nothing is complete that is not there");
    put(store, photo.pieces(0..2)).await;
    store.settle_evidence(car(), &photo.file, late, false).await.expect("there is room");
    assert!(photo.check(store).await, "nothing is dropped that was not looked at");
}

#[tokio::test]
async fn evidence_without_room_waits_and_reports_of_the_same_device_go_on() {
    let dir = TempDir::new().expect("a directory");
    let len = 64 * CHUNK_BYTES as usize;
    let room = Photo::new(1, len).file.room_bytes();
    let (running, metrics) = start(small(dir.path(), 2 * room));
    let store = &running.store;
    let mut photos: Vec<Photo> = (1..=3).map(|number| Photo::new(number * 1_000, len)).collect();
    let mut session = Session::new();
    for photo in &photos {
        assert!(session.put(store, vec![photo.meta()]).await);
    }
    assert_eq!(photos[2].standing(store).await, Standing::Told(Answer::Wait));
    // Pieces of the one that waits come between those of another one and incidents: all are acknowledged.
    let unwanted = photos[2].pieces(0..3);
    let mut items = photos[0].pieces(0..64);
    items.extend(unwanted);
    items.extend((90_000..90_005).map(|seq| report(Class::Incident, seq, b"stall")));
    assert!(session.put(store, items).await, "nothing is withheld");
    assert_eq!(head(store, Class::Incident).await.len(), 5);
    assert_eq!(metrics.evidence_chunks_dropped.total(), 3);
    // What has its room is finished, whatever else was begun.
    assert!(photos[0].check(store).await);
    assert_eq!(
        photos[2].standing(store).await,
        Standing::Told(Answer::Wait),
        "a complete one keeps its room"
    );
    // One that is given up at last leaves its room to the one that waits, once that asks again.
    for _ in 0..3 {
        let mut pieces = photos[1].pieces(1..64);
        pieces.push(photos[1].piece(0, |_, data| data[0] ^= 1));
        assert!(session.put(store, pieces).await);
        assert!(!photos[1].check(store).await);
    }
    assert!(session.put(store, vec![photos[2].meta()]).await);
    assert!(session.put(store, photos[2].pieces(0..64)).await);
    assert!(photos[2].check(store).await);
    let EvidenceFigures { waiting, complete, room_bytes, max_bytes, .. } = figures(store);
    assert_eq!((waiting, complete, room_bytes), (0, 2, max_bytes));
    let used = store.snapshot().borrow().used_bytes;
    assert!(used < room_bytes + (1 << 20), "the room was not promised too small: {used} for {room_bytes}");
}

#[tokio::test]
async fn what_can_never_have_room_and_what_contradicts_itself_is_refused() {
    let dir = TempDir::new().expect("a directory");
    let photo = Photo::new(10, 64 * CHUNK_BYTES as usize);
    let (mut running, metrics) = start(small(dir.path(), photo.file.room_bytes()));
    let large = Photo::new(500, 64 * CHUNK_BYTES as usize + 1);
    let mut crumbs = Photo::new(600, 64);
    crumbs.file = File { size_bytes: 64 * 16_385, chunk_bytes: 64, ..crumbs.file };
    put(&running.store, vec![photo.meta(), large.meta(), crumbs.meta()]).await;
    for refused in [&large, &crumbs] {
        assert_eq!(refused.standing(&running.store).await, Standing::Told(Answer::Refused));
    }
    let mut liar = Photo::new(10, 32 * CHUNK_BYTES as usize);
    for _ in 0..2 {
        let other = liar.item(700, Bytes::from_static(b"another"), Part::Meta(liar.file));
        put(&running.store, vec![other]).await;
        assert_eq!(liar.standing(&running.store).await, Standing::Told(Answer::Refused));
    }
    assert_eq!(metrics.quarantined.total(), 1, "kept for a person, once");
    assert_eq!(running.store.snapshot().borrow().quarantined, 1);
    liar.file = photo.file;
    running = reopen(running, dir.path()).await;
    assert_eq!(liar.lacking(&running.store).await.len(), 64, "the first word counts");
}

#[tokio::test]
async fn a_device_has_a_bounded_number_of_files_in_transfer() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    let store = &running.store;
    let mut photos: Vec<Photo> =
        (1..=9).map(|number| Photo::new(number * 100, CHUNK_BYTES as usize)).collect();
    put(store, photos.iter().map(Photo::meta).collect()).await;
    let Some(mut last) = photos.pop() else { panic!("nine photos") };
    assert_eq!(last.standing(store).await, Standing::Told(Answer::Wait));
    put(store, photos[3].pieces([0])).await;
    assert!(photos[3].check(store).await);
    put(store, vec![last.meta()]).await;
    put(store, last.pieces([0])).await;
    assert!(last.check(store).await);
}

#[tokio::test]
async fn a_full_store_makes_files_wait_and_drops_their_pieces_without_holding_anything_up() {
    let dir = TempDir::new().expect("a directory");
    let options = StoreOptions { max_bytes: 16 << 20, policies: policies(4 << 20), ..options(dir.path()) };
    let (running, metrics) = start(options);
    let store = &running.store;
    let mut photo = Photo::new(10, 8 * CHUNK_BYTES as usize);
    put(store, vec![photo.meta()]).await;
    let mut seq = 100_000;
    // The writer's housekeeping may find a page or two between two questions: then there is a little more to fill.
    while photo.standing(store).await != Standing::Told(Answer::Wait) {
        let mut session = Session::new();
        while session.put(store, vec![report(Class::Telemetry, seq, &noise(2_000))]).await {
            seq += 1;
        }
    }
    let mut items = photo.pieces(0..8);
    items.push(report(Class::Incident, 200_000, b"stall"));
    put(store, items).await;
    assert_eq!(head(store, Class::Incident).await.len(), 1);
    close(running).await;
    let database = rusqlite::Connection::open(dir.path().join("patrol.db")).expect("a database");
    let count = "SELECT count(*) FROM evidence_chunk";
    let kept: u32 = database.query_row(count, [], |row| row.get(0)).expect("a count");
    let dropped = metrics.evidence_chunks_dropped.total();
    assert_eq!(dropped + u64::from(kept), 8, "each piece is there or counted as dropped");
    assert!(dropped > 4, "a full store has no room for files, {dropped} dropped");
}

#[tokio::test]
async fn a_damaged_file_starts_over_and_is_never_called_complete() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let mut photo = Photo::new(10, 3 * CHUNK_BYTES as usize);
    put(&running.store, vec![photo.meta()]).await;
    put(&running.store, photo.pieces(0..2)).await;
    close(running).await;
    let database = rusqlite::Connection::open(dir.path().join("patrol.db")).expect("a database");
    let flipped = database.execute("UPDATE evidence_file SET stage = 2", []);
    assert_eq!(flipped.expect("an update"), 1);
    drop(database);
    running = open(dir.path());
    assert_eq!(photo.standing(&running.store).await, Standing::Told(Answer::Wait));
    put(&running.store, vec![photo.meta()]).await;
    assert_eq!(photo.lacking(&running.store).await, [0, 1, 2]);
    let EvidenceFigures { waiting, receiving, complete, room_bytes, .. } = figures(&running.store);
    assert_eq!((waiting, receiving, complete, room_bytes), (0, 1, 0, photo.file.room_bytes()));
    put(&running.store, photo.pieces(0..3)).await;
    // A flipped byte of a piece is found by the SHA-256.
    close(running).await;
    let database = rusqlite::Connection::open(dir.path().join("patrol.db")).expect("a database");
    let flip = "UPDATE record_evidence SET payload = CAST(substr(payload, 1, 50) || x'FFFE' || substr(payload, 53) AS BLOB)
                WHERE id = (SELECT max(id) FROM record_evidence)";
    assert_eq!(database.execute(flip, []).expect("an update"), 1);
    drop(database);
    running = open(dir.path());
    assert!(!photo.check(&running.store).await);
    put(&running.store, photo.pieces(0..3)).await;
    assert!(photo.check(&running.store).await);
}

#[tokio::test]
async fn starts_are_numbered_upwards_whatever_the_clock_shows() {
    let dir = TempDir::new().expect("a directory");
    let mut numbers = Vec::new();
    for started_at_ms in [-5, 0, 5_000_000, 1_000, 5_001_000, 1_795_396_364_000, 0, i64::MAX, 0] {
        let (running, _) = start(StoreOptions { started_at_ms, ..options(dir.path()) });
        numbers.push(running.start_number);
        close(running).await;
    }
    let expected = [1, 2, 5_000, 5_001, 5_002, 1_795_396_364, 1_795_396_365, u32::MAX, u32::MAX];
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_database_of_the_first_version_goes_on_with_all_it_holds() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    for class in [Class::Incident, Class::Status, Class::Telemetry] {
        put(&running.store, vec![report(class, class as u32 + 1, b"from before")]).await;
    }
    close(running).await;
    // What the first version's database is: all but what the later ones have added.
    let database = rusqlite::Connection::open(dir.path().join("patrol.db")).expect("a database");
    let back = "DROP TABLE anchor; DROP TABLE evidence_file; DROP TABLE evidence_chunk;
                DROP TABLE loss; DROP TABLE restore_progress; DROP TABLE kept_room;
                DROP TABLE mqtt_session; DROP TABLE mqtt_subscription; DROP TABLE mqtt_received;
                DROP TABLE journal; DROP TABLE photo; DROP TABLE urgent_incident;
                DROP TABLE mqtt_queued; DROP TABLE mqtt_retained; DROP TABLE uplink_progress;
                DROP INDEX dead_letter_once;
                ALTER TABLE dead_letter DROP COLUMN uplink; ALTER TABLE accepted_case DROP COLUMN uplink;
                CREATE UNIQUE INDEX dead_letter_once ON dead_letter (device, origin, major, minor);
                DELETE FROM tally WHERE name LIKE 'evidence_%'; DELETE FROM meta WHERE key = 'start';
                PRAGMA user_version = 1;";
    database.execute_batch(back).expect("as it was");
    for table in ["record_incident", "record_task", "record_evidence", "accepted_case", "dead_letter"] {
        let drop = format!("ALTER TABLE {table} DROP COLUMN gateway");
        database.execute_batch(&drop).expect("as it was");
    }
    for table in ["meta", "tally", "seen_window", "accepted_case", "dead_letter", "quarantine", "down"] {
        let drop = format!("ALTER TABLE {table} DROP COLUMN checksum");
        database.execute_batch(&drop).expect("as it was");
    }
    let shape = |database: &rusqlite::Connection| {
        let sql = "SELECT group_concat(sql, ';' ORDER BY name) FROM sqlite_schema WHERE sql IS NOT NULL";
        database.query_row(sql, [], |row| row.get::<_, String>(0)).expect("a schema")
    };
    let first = rusqlite::Connection::open_in_memory().expect("a database");
    first.execute_batch(include_str!("../../src/store/schema_1.sql")).expect("the first version's schema");
    assert_eq!(shape(&database), shape(&first));
    drop(database);
    let mut running = open(dir.path());
    for class in [Class::Incident, Class::Status, Class::Telemetry] {
        assert_eq!(head(&running.store, class).await.len(), 1, "{class}");
        put(&running.store, vec![report(class, class as u32 + 1, b"from before")]).await;
        assert_eq!(running.store.snapshot().borrow().class(class).records, 1, "a resend is recognised");
    }
    let mut photo = Photo::new(10, 3 * CHUNK_BYTES as usize);
    put(&running.store, vec![photo.meta()]).await;
    put(&running.store, photo.pieces(0..3)).await;
    running = reopen(running, dir.path()).await;
    assert!(photo.check(&running.store).await);
}
