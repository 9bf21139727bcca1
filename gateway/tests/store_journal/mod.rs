//! What is remembered of incidents: once each, also when the platform has them, dated and linked as soon as anything tells.

use bytes::Bytes;
use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::case_file::CaseFile;
use patrol_gateway::domain::casework::Casework;
use patrol_gateway::domain::clock_quality::TrustedTime;
use patrol_gateway::domain::disposal::{Photo, Shows, Taken};
use patrol_gateway::domain::evidence::File;
use patrol_gateway::domain::findings::{Nearness, Sight};
use patrol_gateway::domain::journal::{Entry, Facts};
use patrol_gateway::domain::report::{CaseKind, Class, ObservedAt, RecordRef, Sha256, TimeQuality};
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::restore::{Restoration, Restored};
use patrol_gateway::store::submission::{Content, Item, Part};
use patrol_gateway::store::writer;
use tempfile::TempDir;

use super::{Session, accepted, close, head, open, options, reopen, seqs, settle};

const NOON: i64 = 1_795_752_000_000;

/// Casework that reads back, as the city makes it.
const CASEWORK: &str = r#"{"geotag":null,"assignment":{"unassigned":{"because":"no_fix","candidates":[]}},"code":null,
                           "data":{"grids":"g@1","codes":""}}"#;

fn case() -> CaseFile {
    let observed_at = Some(ObservedAt { unix_ms: NOON, quality: TimeQuality::Gnss });
    CaseFile { observed_at, ..CaseFile::new(CASEWORK, Facts::new(CaseKind::Event, "0501")) }
}

/// An incident seen `north_m` metres north of a place, `after_ms` after noon.
fn seen(north_m: f64, after_ms: i64) -> CaseFile {
    let sight = Sight {
        kind: CaseKind::Event,
        code: "0501".into(),
        stall_card: None,
        at: (104.398, 31.127 + north_m / 111_195.0),
        time: TrustedTime::vouched(NOON + after_ms),
    };
    CaseFile { sight: Some((sight, Nearness { radius_m: 30.0, within_ms: 600_000 })), ..case() }
}

/// An incident of a device that knew only how long it had been up.
fn undated(uptime_ms: i64) -> CaseFile {
    CaseFile { observed_at: None, uptime_ms: Some(uptime_ms), ..case() }
}

fn item(content: Content) -> Item {
    let payload = Bytes::from_static(b"{\"kind\":\"event\",\"code\":\"0501\"}");
    Item { received_at_ms: NOON, payload, best_effort: false, content, beside: None }
}

fn incident((boot, seq): (u32, u32), case: CaseFile) -> Item {
    let (class, claimed) = (Class::Incident, Some(RecordRef { boot, seq }));
    item(Content::Report { class, claimed, case: Some(Box::new(case)), anchor: None })
}

/// A status by which the boot's clock is known.
fn clock((boot, seq): (u32, u32), anchor: Anchor) -> Item {
    let claimed = Some(RecordRef { boot, seq });
    item(Content::Report { class: Class::Status, claimed, case: None, anchor: Some(anchor) })
}

/// The description of a photo of incident 1/1.
fn photo(seq: u32, shows: Shows, uptime_ms: i64, incident: Option<RecordRef>) -> Item {
    let (claimed, sha256) = (RecordRef { boot: 1, seq }, Sha256([seq as u8; 32]));
    let file = File { evidence: claimed, size_bytes: 100, chunk_bytes: 64, sha256 };
    let taken = Taken { boot: 1, uptime_ms: Some(uptime_ms), at_ms: Some(NOON + uptime_ms) };
    let photo = Photo { evidence: claimed, incident, shows, taken, sha256 };
    let (part, photo) = (Box::new(Part::Meta(file)), Some(Box::new(photo)));
    item(Content::Evidence { claimed, anchor: None, part, photo })
}

async fn put(store: &Store, item: Item) {
    assert!(Session::new().put(store, vec![item]).await);
}

async fn entries(store: &Store) -> Vec<Entry> {
    store.journal(0, 1000).await.expect("the store runs")
}

#[tokio::test]
async fn an_incident_is_remembered_once_and_longer_than_its_record() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    put(&running.store, incident((1, 1), case())).await;
    put(&running.store, incident((1, 1), case())).await;
    let pending = head(&running.store, Class::Incident).await;
    settle(&running.store, Class::Incident, pending, accepted()).await;
    running = reopen(running, dir.path()).await;
    let entries = entries(&running.store).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].facts, case().facts);
    assert_eq!((entries[0].observed_at, entries[0].back_stamped), (case().observed_at, false));
    assert_eq!(running.store.snapshot().borrow().journal_entries, 1);
    close(running).await;
}

#[tokio::test]
async fn the_journal_keeps_so_many_and_the_oldest_leave() {
    let dir = TempDir::new().expect("a directory");
    let options = writer::StoreOptions { keep_journal: 3, ..options(dir.path()) };
    let running = writer::start(options, Default::default()).expect("the store opens");
    for seq in 1..=5 {
        put(&running.store, incident((1, seq), case())).await;
    }
    let kept: Vec<String> =
        entries(&running.store).await.iter().map(|entry| entry.identity.to_string()).collect();
    assert_eq!(kept, ["1/3", "1/4", "1/5"]);
    let page = running.store.journal(3, 1).await.expect("the store runs");
    assert_eq!(page.iter().map(|entry| entry.number).collect::<Vec<_>>(), [4], "by pages");
    close(running).await;
}

#[tokio::test]
async fn urgent_incidents_are_handed_out_first_each_kind_in_its_order_also_after_a_restart() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    for seq in 1..=6 {
        let mut case = case();
        case.facts.urgent = seq % 3 == 0;
        put(&running.store, incident((1, seq), case)).await;
    }
    assert_eq!(running.store.snapshot().borrow().urgent_taken, 2);
    running = reopen(running, dir.path()).await;
    let pending = head(&running.store, Class::Incident).await;
    assert_eq!(seqs(&pending), [3, 6, 1, 2, 4, 5]);
    settle(&running.store, Class::Incident, pending.into_iter().take(1), accepted()).await;
    assert_eq!(seqs(&head(&running.store, Class::Incident).await), [6, 1, 2, 4, 5]);
    close(running).await;
}

#[tokio::test]
async fn reports_of_one_thing_are_linked_on_the_report_and_in_the_journal_over_a_restart() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    put(&running.store, incident((1, 1), seen(0.0, 0))).await;
    put(&running.store, incident((2, 1), seen(10.0, 60_000))).await;
    running = reopen(running, dir.path()).await;
    put(&running.store, incident((3, 1), seen(-10.0, 120_000))).await;
    put(&running.store, incident((3, 2), seen(100.0, 120_000))).await;
    let first = Some("car-01/1/1");
    let witness_of: Vec<_> =
        entries(&running.store).await.into_iter().map(|entry| entry.witness_of).collect();
    assert_eq!(witness_of.iter().map(Option::as_deref).collect::<Vec<_>>(), [None, first, first, None]);
    let pending = head(&running.store, Class::Incident).await;
    assert_eq!(pending.len(), 4, "nothing is dropped");
    let on_report = |pending: &super::Pending| {
        let casework = Casework::from_json(pending.record.casework.as_deref()?)?;
        casework.finding.map(|witness| witness.first)
    };
    let on_reports: Vec<_> = pending.iter().map(on_report).collect();
    assert_eq!(on_reports, witness_of);
    close(running).await;
}

#[tokio::test]
async fn what_was_reported_before_the_clock_was_set_is_dated_when_it_is_also_over_a_restart() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    put(&running.store, incident((1, 1), undated(5_000))).await;
    put(&running.store, incident((2, 1), undated(5_000))).await;
    running = reopen(running, dir.path()).await;
    assert!(entries(&running.store).await.iter().all(|entry| entry.observed_at.is_none()));
    let anchor = |quality, booted_at_ms| Anchor { quality, booted_at_ms };
    put(&running.store, clock((1, 2), anchor(TimeQuality::Rtc, NOON - 7_200_000))).await;
    put(&running.store, clock((1, 3), anchor(TimeQuality::Gnss, NOON - 60_000))).await;
    put(&running.store, incident((1, 4), undated(9_000))).await;
    running = reopen(running, dir.path()).await;
    let told: Vec<_> = entries(&running.store)
        .await
        .iter()
        .map(|entry| (entry.observed_at.map(|at| (at.unix_ms - NOON, at.quality)), entry.back_stamped))
        .collect();
    let gnss = |after_ms| (Some((after_ms, TimeQuality::Gnss)), true);
    assert_eq!(
        told,
        [gnss(-55_000), (None, false), gnss(-51_000)],
        "the better clock dates, other boots wait"
    );
    close(running).await;
}

#[tokio::test]
async fn photos_of_before_and_after_prove_that_a_case_was_handled_in_whatever_order_they_come() {
    let incident_ref = Some(RecordRef { boot: 1, seq: 1 });
    let naming = CaseFile { photos: vec![RecordRef { boot: 1, seq: 3 }], ..case() };
    // The incident names photo 3, photo 2 names the incident.
    let parts = || {
        [
            incident((1, 1), naming.clone()),
            photo(2, Shows::Before, 1_000, incident_ref),
            photo(3, Shows::After, 9_000, None),
        ]
    };
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let dir = TempDir::new().expect("a directory");
        let running = open(dir.path());
        for at in order {
            let [first, second, third] = parts();
            put(&running.store, [first, second, third].into_iter().nth(at).unwrap()).await;
        }
        let entry = &entries(&running.store).await[0];
        assert_eq!((entry.self_disposed, entry.handled_at_ms), (true, Some(NOON + 9_000)), "{order:?}");
        let record = &head(&running.store, Class::Incident).await[0].record;
        let casework = Casework::from_json(record.casework.as_deref().unwrap()).unwrap();
        let is_last = order[2] == 0;
        assert_eq!(
            casework.self_disposed.is_some(),
            is_last,
            "what comes later can't change a report: {order:?}"
        );
        close(running).await;
    }
}

#[tokio::test]
async fn a_photo_of_after_that_was_taken_before_proves_nothing() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    let of = Some(RecordRef { boot: 1, seq: 1 });
    put(&running.store, incident((1, 1), case())).await;
    put(&running.store, photo(2, Shows::Before, 9_000, of)).await;
    put(&running.store, photo(3, Shows::After, 1_000, of)).await;
    assert!(!entries(&running.store).await[0].self_disposed);
    close(running).await;
}

#[tokio::test]
async fn a_finding_is_handled_when_one_of_its_witnesses_has_handled_it() {
    for photos_last in [true, false] {
        let dir = TempDir::new().expect("a directory");
        let running = open(dir.path());
        put(&running.store, incident((9, 1), seen(0.0, 0))).await;
        let of = Some(RecordRef { boot: 1, seq: 1 });
        let photos = || [photo(2, Shows::Before, 1_000, of), photo(3, Shows::After, 9_000, of)];
        if !photos_last {
            for photo in photos() {
                put(&running.store, photo).await;
            }
        }
        put(&running.store, incident((1, 1), seen(5.0, 60_000))).await;
        if photos_last {
            for photo in photos() {
                put(&running.store, photo).await;
            }
        }
        let entries = entries(&running.store).await;
        assert_eq!(entries[1].witness_of.as_deref(), Some("car-01/9/1"));
        let handled = entries.iter().map(|entry| (entry.self_disposed, entry.handled_at_ms));
        assert_eq!(handled.collect::<Vec<_>>(), [(true, Some(NOON + 9_000)); 2], "{photos_last}");
        close(running).await;
    }
}

#[tokio::test]
async fn an_incident_that_comes_back_from_elsewhere_is_as_urgent_as_it_was() {
    let (here, there) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let (here, there) = (open(here.path()), open(there.path()));
    let decided =
        r#","handling":{"owner":{"unit":"u","role":"fallback"},"urgent":true,"decided_by":{"owner":"o"}}}"#;
    let urgent = format!("{}{decided}", CASEWORK.strip_suffix('}').expect("an object"));
    assert!(Casework::from_json(&urgent).is_some_and(|casework| casework.handling.is_some()));
    put(&there.store, incident((1, 1), case())).await;
    put(&there.store, incident((1, 2), CaseFile { casework: urgent.into(), ..case() })).await;
    let records = head(&there.store, Class::Incident).await;
    let records = records.into_iter().map(|pending| Restored::new(pending.record)).collect();
    let restoration = Restoration { source: "import/1".into(), cursor: 1, class: Class::Incident, records };
    here.store.restore(restoration).await.expect("there is room");
    assert_eq!(seqs(&head(&here.store, Class::Incident).await), [2, 1]);
    close(here).await;
    close(there).await;
}

#[tokio::test]
async fn a_description_that_is_refused_proves_nothing() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    let of = Some(RecordRef { boot: 1, seq: 1 });
    put(&running.store, incident((1, 1), case())).await;
    put(&running.store, photo(2, Shows::Before, 1_000, of)).await;
    // Photo 3 was described before, without saying what it shows, and with another SHA-256.
    let evidence = RecordRef { boot: 1, seq: 3 };
    let file = File { evidence, size_bytes: 100, chunk_bytes: 64, sha256: Sha256([9; 32]) };
    let part = Box::new(Part::Meta(file));
    let first = Content::Evidence { claimed: RecordRef { boot: 1, seq: 8 }, anchor: None, part, photo: None };
    put(&running.store, item(first)).await;
    put(&running.store, photo(3, Shows::After, 9_000, of)).await;
    assert!(!entries(&running.store).await[0].self_disposed);
    close(running).await;
}
