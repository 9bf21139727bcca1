//! Telemetry as columns: whoever reads it gets the events, member for member; it goes to platforms that say that they read it, and
//! to no others. The reader and the platform are the simulator's, which knows the format from its reference.

mod telemetry_columns {
    pub mod fleet;
    pub mod whatever;
}

use patrol_gateway::config::{Https, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::store::settlement::{Decision, Pending};
use patrol_gateway::uplink::carrier::{Carrier, Room, Trouble};
use patrol_gateway::uplink::cloudevent::{self, columns::Columns};
use patrol_gateway::uplink::https::Platform;
use patrol_gateway::uplink::https::carrier::EventCarrier;
use patrol_simulator::platform::{self, Fault, columns};
use proptest::prelude::*;
use serde_json::Value;
use telemetry_columns::fleet::{fleet, pending};
use telemetry_columns::whatever::telemetry;

const GATEWAY: &str = "box-017";
const ROOM: Room = Room { records: 500, bytes: 1 << 20 };

/// The events as whoever reads JSON gets them.
fn events(records: &[Pending]) -> Vec<Value> {
    let event = |pending: &Pending| {
        let mut text = Vec::new();
        let Pending { record, anchor, .. } = pending;
        cloudevent::write_event(&mut text, GATEWAY, Coordinates::default(), record, *anchor);
        serde_json::from_slice(&text).expect("an event is JSON")
    };
    records.iter().map(event).collect()
}

fn body(records: &[Pending]) -> (Vec<u8>, usize) {
    let mut columns = Columns::default();
    for Pending { record, anchor, .. } in records {
        let event = cloudevent::event(GATEWAY, Coordinates::default(), record, *anchor);
        columns.push(serde_json::to_value(event).expect("an event is JSON"));
    }
    let whole = columns.whole();
    (columns.into_body(), whole)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_reader_gets_the_same_events_back_whatever_devices_say(records in prop::collection::vec(telemetry(), 0..40)) {
        let events = events(&records);
        let (body, _) = body(&records);
        prop_assert_eq!(columns::read(&body).expect("a body"), events);
    }
}

#[test]
fn what_vehicles_say_fits_the_columns_and_is_small() {
    let records = fleet(20, 25);
    let events = events(&records);
    let (body, whole) = body(&records);
    assert_eq!(whole, 0);
    assert_eq!(columns::read(&body).expect("a body"), events);
    let packed = zstd::bulk::compress(&body, 3).expect("it fits into memory");
    assert!(packed.len() <= 14 * records.len(), "{} bytes for {} points", packed.len(), records.len());
}

/// A carrier to a platform, with the platform.
async fn stage(compact: bool, reads_columns: bool) -> (EventCarrier, platform::Platform) {
    let platform = platform::Platform::start(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    platform.set_reads_columns(reads_columns);
    let mut uplink = Uplink::to(platform.url().parse().expect("a URL"));
    if let Way::Https(Https { compact: configured, .. }) = &mut uplink.way {
        *configured = compact;
    }
    let to = Platform::new(&uplink).expect("no files to read");
    (EventCarrier::new(to, GATEWAY.to_owned(), Coordinates::default()), platform)
}

/// Sends these records as one batch: what the platform said, and the bytes of the body.
async fn send(
    carrier: &EventCarrier,
    records: &[Pending],
) -> (Result<Vec<Option<Decision>>, Trouble>, usize) {
    let records: Vec<&Pending> = records.iter().collect();
    let packed = carrier.pack(&records, ROOM);
    assert_eq!(packed.records, records.len());
    let answer = carrier.send(packed.parcel).await;
    (answer.map(|answer| answer.decisions), packed.wire_bytes)
}

fn accepted() -> Option<Decision> {
    Some(Decision::Accepted { case_number: None })
}

#[tokio::test]
async fn columns_go_once_the_platform_has_said_that_it_reads_them_and_say_what_json_says() {
    let (carrier, platform) = stage(true, true).await;
    let records = fleet(10, 10);
    let (first, json_bytes) = send(&carrier, &records).await;
    assert_eq!(first.expect("an answer"), vec![accepted(); 100]);
    // The same records again, as columns: each is known, and with the same content.
    let (again, columns_bytes) = send(&carrier, &records).await;
    assert_eq!(again.expect("an answer"), vec![accepted(); 100]);
    assert!(5 * columns_bytes < json_bytes, "{columns_bytes} bytes before compression, {json_bytes} as JSON");
    let counts = platform.counts();
    assert_eq!((counts.delivered, counts.duplicates, counts.conflicts), (100, 100, 0), "{counts:?}");
}

#[tokio::test]
async fn columns_go_neither_to_a_platform_that_did_not_say_so_nor_when_they_are_switched_off() {
    for (compact, reads_columns) in [(true, false), (false, true)] {
        let (carrier, _platform) = stage(compact, reads_columns).await;
        let records = fleet(10, 10);
        let (_, before) = send(&carrier, &records).await;
        let (_, after) = send(&carrier, &records).await;
        assert_eq!(before, after, "{compact} {reads_columns}");
    }
}

#[tokio::test]
async fn what_a_platform_rejects_or_leaves_out_of_columns_is_that_record_and_no_other() {
    let (carrier, platform) = stage(true, true).await;
    let records = fleet(2, 6);
    send(&carrier, &records[..2]).await.0.expect("an answer");
    let id = |pending: &Pending| format!("{}/{}", pending.record.device, pending.record.identity);
    platform.set_fault(Fault::Reject { ids: [id(&records[5])].into(), one_in: 1 }).await.expect("it obeys");
    let decisions = send(&carrier, &records).await.0.expect("an answer");
    let rejected = Some(Decision::Rejected { reason: "told to reject it".into() });
    let expected = |at: usize, odd: &Option<Decision>| if at == 5 { odd.clone() } else { accepted() };
    assert_eq!(decisions, (0..12).map(|at| expected(at, &rejected)).collect::<Vec<_>>());
    platform.set_fault(Fault::Partial { ids: [id(&records[5])].into(), one_in: 1 }).await.expect("it obeys");
    let decisions = send(&carrier, &records).await.0.expect("an answer");
    assert_eq!(decisions, (0..12).map(|at| expected(at, &None)).collect::<Vec<_>>(), "no word, no release");
    assert_eq!(platform.counts().conflicts, 0);
}

#[tokio::test]
async fn columns_that_are_refused_whole_blame_no_record_and_json_goes_instead() {
    let (carrier, platform) = stage(true, true).await;
    let records = fleet(2, 6);
    send(&carrier, &records[..2]).await.0.expect("an answer");
    platform.set_fault(Fault::Error { status: 400, retry_after_s: None, one_in: 1 }).await.expect("it obeys");
    let (refused, columns_bytes) = send(&carrier, &records).await;
    assert!(matches!(refused, Err(Trouble::Unavailable { status: 400, .. })), "{refused:?}");
    platform.set_fault(Fault::Normal).await.expect("it obeys");
    let (answered, json_bytes) = send(&carrier, &records).await;
    assert_eq!(answered.expect("an answer"), vec![accepted(); 12]);
    assert!(json_bytes > columns_bytes);
}

#[tokio::test]
async fn records_that_are_no_telemetry_go_as_json() {
    let (carrier, platform) = stage(true, true).await;
    send(&carrier, &fleet(1, 2)).await.0.expect("an answer");
    let incident = pending(
        "car-01",
        9,
        1,
        patrol_gateway::domain::report::Class::Incident,
        r#"{"kind":"event","code":"0501"}"#,
    );
    let decisions = send(&carrier, &[incident]).await.0.expect("an answer");
    assert!(matches!(&decisions[0], Some(Decision::Accepted { case_number: Some(_) })), "{decisions:?}");
    assert_eq!(platform.counts().cases, 1);
}
