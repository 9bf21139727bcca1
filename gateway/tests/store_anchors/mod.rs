//! Reports of devices that did not know the time are dated by those of the same boot that did.

use bytes::Bytes;
use firmware_protocol::body::Telemetry;
use firmware_protocol::{DeviceTag, FrameKey, Header, MAX_FRAME_LEN, seal};
use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::report::{Class, RecordRef, TimeQuality};
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::submission::{Content, Item};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Session, car, close, head, open, reopen};

/// 2026-11-23T01:12:44Z.
const BOOTED_AT_MS: i64 = 1_795_396_364_000;

fn anchor(quality: TimeQuality, booted_at_ms: i64) -> Anchor {
    Anchor { booted_at_ms, quality }
}

/// A frame of `car-01` without a time, as admission hands it on; `anchor` is what another one of the same boot says.
fn frame(class: Class, boot: u32, seq: u32, anchor: Option<Anchor>) -> Item {
    let header = Header {
        device: DeviceTag::of(car().as_str()),
        boot,
        seq,
        uptime_ms: 5_000,
        ..Header::of::<Telemetry>()
    };
    let mut payload = vec![0; MAX_FRAME_LEN];
    let len = seal(&header, &Telemetry::default(), &FrameKey::CRC32C, &mut payload).expect("a frame");
    payload.truncate(len);
    let content = Content::Report { class, claimed: Some(RecordRef { boot, seq }), case: None, anchor };
    Item { received_at_ms: 0, payload: Bytes::from(payload), best_effort: false, content, beside: None }
}

async fn put(store: &Store, items: Vec<Item>) {
    assert!(Session::new().put(store, items).await);
}

/// The anchors that the records of a class are handed out with.
async fn anchors(store: &Store, class: Class) -> Vec<Option<Anchor>> {
    head(store, class).await.iter().map(|pending| pending.anchor).collect()
}

#[tokio::test]
async fn a_clockless_record_is_dated_by_its_boot_whichever_came_first_and_over_a_restart() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let gnss = anchor(TimeQuality::Gnss, BOOTED_AT_MS);
    for class in [Class::Incident, Class::Telemetry] {
        let first = class as u32 * 10;
        put(&running.store, vec![frame(class, 7, first, None), frame(class, 8, first, None)]).await;
        assert_eq!(anchors(&running.store, class).await, [None, None], "nobody has told the time yet");
    }
    put(&running.store, vec![frame(Class::Status, 7, 900, Some(gnss))]).await;
    for _ in 0..2 {
        for class in [Class::Incident, Class::Telemetry] {
            assert_eq!(
                anchors(&running.store, class).await,
                [Some(gnss), None],
                "the other boot waits for its own"
            );
        }
        running = reopen(running, dir.path()).await;
    }
    put(&running.store, vec![frame(Class::Task, 7, 901, None)]).await;
    assert_eq!(anchors(&running.store, Class::Task).await, [Some(gnss)]);
}

#[tokio::test]
async fn the_better_clock_dates_and_only_news_is_written() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let rtc = anchor(TimeQuality::Rtc, BOOTED_AT_MS - 60_000);
    let gnss = |drift_ms| anchor(TimeQuality::Gnss, BOOTED_AT_MS + drift_ms);
    // What is said, one record a commit, and what is then known.
    let says =
        [(rtc, rtc), (gnss(0), gnss(0)), (gnss(900), gnss(0)), (rtc, gnss(0)), (gnss(1_500), gnss(1_500))];
    put(&running.store, vec![frame(Class::Incident, 7, 1, None)]).await;
    for (seq, (said, known)) in (2..).zip(says) {
        put(&running.store, vec![frame(Class::Telemetry, 7, seq, Some(said))]).await;
        assert_eq!(anchors(&running.store, Class::Incident).await, [Some(known)], "{seq}");
    }
    // All in one commit, with another boot between.
    let mut batch: Vec<_> =
        (10..).zip(says).map(|(seq, (said, _))| frame(Class::Telemetry, 9, seq, Some(said))).collect();
    batch.insert(2, frame(Class::Telemetry, 10, 20, Some(rtc)));
    batch.extend([frame(Class::Incident, 9, 21, None), frame(Class::Incident, 10, 22, None)]);
    put(&running.store, batch).await;
    running = reopen(running, dir.path()).await;
    let expected = [Some(gnss(1_500)), Some(gnss(1_500)), Some(rtc)];
    assert_eq!(anchors(&running.store, Class::Incident).await, expected);
    close(running).await;
    let database = Connection::open(dir.path().join("patrol.db")).expect("a database");
    let written = database.query_row("SELECT count(*), max(commit_seq) FROM anchor", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    });
    assert_eq!(
        written.expect("a count"),
        (3, 7),
        "a row a boot, last written in the commit of the last news"
    );
}

#[tokio::test]
async fn the_anchors_of_a_device_are_bounded_and_a_damaged_one_dates_nothing() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    // A counter that was lost starts low again: what was told of last counts, not what is highest.
    for boot in [100, 101, 102, 103, 1, 2] {
        let told = anchor(TimeQuality::Gnss, BOOTED_AT_MS + i64::from(boot) * 1_000_000);
        put(&running.store, vec![frame(Class::Telemetry, boot, 1, Some(told))]).await;
        put(&running.store, vec![frame(Class::Incident, boot, 2, None)]).await;
    }
    running = reopen(running, dir.path()).await;
    let is_dated = |anchors: &[Option<Anchor>]| anchors.iter().map(Option::is_some).collect::<Vec<_>>();
    let dated = is_dated(&anchors(&running.store, Class::Incident).await);
    assert_eq!(dated, [false, false, true, true, true, true]);
    close(running).await;
    let database = Connection::open(dir.path().join("patrol.db")).expect("a database");
    let flipped = database.execute("UPDATE anchor SET booted_at = booted_at + 4096 WHERE boot = 102", []);
    assert_eq!(flipped.expect("an update"), 1);
    drop(database);
    let running = open(dir.path());
    let dated = is_dated(&anchors(&running.store, Class::Incident).await);
    assert_eq!(dated, [false, false, false, true, true, true]);
}
