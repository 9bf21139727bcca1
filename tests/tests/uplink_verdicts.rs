//! Each report is treated as the platform said of it: kept until its receipt, released by it, sent again without one, and
//! a dead letter when it is refused. The most urgent go first.

use patrol_simulator::platform::Fault;
use patrol_tests::reports::{down, receipt};
use patrol_tests::uplink_stage::{SOON, Stage, with_each_compression};
use patrol_tests::wait_until;
use serde_json::json;

#[tokio::test]
async fn nothing_is_deleted_before_the_platforms_receipt() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[]).await;
        // Received and not answered; taken in and the answer lost; answered without a word on any of them.
        let silences = [
            Fault::Stall { seconds: None, one_in: 1 },
            Fault::DropAnswer { one_in: 1 },
            Fault::Partial { ids: Default::default(), one_in: 1 },
        ];
        stage.fault(silences[0].clone()).await;
        stage.incidents(0..7).await;
        stage.more_requests(1).await;
        assert_eq!(stage.gateway.status().await["pending"]["incident"], 7);
        // The request that stalls ends with its connection.
        stage.fault(Fault::Down { seconds: None }).await;
        for silence in &silences[1..] {
            stage.fault(silence.clone()).await;
            stage.more_requests(3).await;
            let told = stage.gateway.status().await;
            assert_eq!(
                (&told["pending"]["incident"], &told["uplink"]["accepted_total"]),
                (&7.into(), &0.into())
            );
        }
        stage.fault(Fault::Normal).await;
        stage.drained(7).await;
    })
    .await;
}

#[tokio::test]
async fn events_without_a_result_come_again_and_those_with_one_do_not() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[]).await;
        stage.fault(Fault::Down { seconds: None }).await;
        stage.incidents(0..30).await;
        stage.telemetry(0..30).await;
        stage.fault(Fault::Partial { ids: Default::default(), one_in: 3 }).await;
        stage.drained(60).await;
        // The stand-in takes in what it answers for. So everything came until it was answered, and not once more.
        assert_eq!(stage.platform.counts().duplicates, 0);
        let requests: std::collections::BTreeSet<u64> =
            stage.platform.arrivals().iter().map(|delivery| delivery.request).collect();
        assert!(requests.len() > 2, "what was left out came with a later request: {requests:?}");
    })
    .await;
}

#[tokio::test]
async fn a_rejected_report_is_a_dead_letter_its_device_is_told_and_the_others_flow() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[]).await;
        let rejected = ["car-01/1/3".to_owned(), "car-01/2/4".to_owned()];
        stage.fault(Fault::Reject { ids: rejected.clone().into(), one_in: 1 }).await;
        stage.incidents(0..10).await;
        stage.telemetry(0..10).await;
        let mut results = receipts(&mut stage, 10).await;
        assert_eq!(
            results.remove("car-01/1/3").expect("a receipt"),
            json!({"id": "car-01/1/3", "boot": 1, "seq": 3, "result": "rejected", "reason": "told to reject it"})
        );
        let cases = stage.platform.ledger().delivered;
        for (id, receipt) in results {
            assert_eq!((&receipt["result"], &receipt["case"]), (&json!("accepted"), &json!(cases[id.as_str()])));
        }
        stage.drained(18).await;
        let told = stage.gateway.status().await;
        assert_eq!((&told["dead_letters"], &told["uplink"]["last_error"]), (&2.into(), &json!(null)), "{told:#}");
        assert_eq!(stage.platform.counts().rejected, 2, "neither came again");
    })
    .await;
}

#[tokio::test]
async fn one_poison_record_in_a_refused_batch_is_found_and_only_it_becomes_a_dead_letter() {
    let find = async |compression: &'static str, status: u16, poison: u32| {
        let mut stage = Stage::set(compression, &[]).await;
        stage.fault(Fault::Down { seconds: None }).await;
        stage.incidents(0..64).await;
        stage.telemetry(0..64).await;
        let id = format!("car-01/1/{poison}");
        stage.fault(Fault::Poison { ids: [id.clone()].into(), status }).await;
        stage.drained(127).await;
        let told = stage.gateway.status().await;
        assert_eq!(told["dead_letters"], 1, "{told:#}");
        assert!(!stage.platform.ledger().delivered.contains_key(id.as_str()), "the platform never took it");
        let results = receipts(&mut stage, 64).await;
        let rejected: Vec<_> = results.values().filter(|receipt| receipt["result"] == "rejected").collect();
        assert_eq!(rejected.len(), 1, "{rejected:?}");
        assert_eq!(rejected[0]["id"], id);
        let reason = rejected[0]["reason"].as_str().expect("a reason");
        assert!(reason.starts_with(&status.to_string()), "{reason}");
        // Halving 64 takes six steps; each may be followed by good batches while it grows again.
        let counts = stage.platform.counts();
        assert!(counts.requests <= 30, "found by halving, not one by one: {counts:?}");
        assert_eq!(counts.duplicates, 0, "a batch refused whole was not taken in");
    };
    with_each_compression(async |compression| {
        tokio::join!(find(compression, 400, 0), find(compression, 413, 37), find(compression, 422, 63));
    })
    .await;
}

#[tokio::test]
async fn after_an_outage_incidents_go_before_any_telemetry() {
    with_each_compression(async |compression| {
        // With several batches under way the last one with incidents may be overtaken on the way: what is sent first is asked here.
        let keys = [("uplink.batch_events", "10"), ("uplink.in_flight", "1")];
        let mut stage = Stage::set(compression, &keys).await;
        stage.fault(Fault::Down { seconds: None }).await;
        stage.telemetry(0..300).await;
        stage.incidents(0..50).await;
        // The attempt that was on its way when the last incident came is over after two more.
        let refused = "patrol_uplink_requests_total{result=\"no_answer\"}";
        let before = stage.gateway.metrics().await.get(refused).unwrap_or(0.0);
        let tries = async || stage.gateway.metrics().await.get(refused).unwrap_or(0.0) >= before + 2.0;
        wait_until("it tries again", SOON, tries).await;
        stage.fault(Fault::Normal).await;
        stage.drained(350).await;
        let classes: Vec<bool> =
            stage.platform.arrivals().iter().map(|delivery| delivery.case.is_some()).collect();
        assert!(classes[..50].iter().all(|is_incident| *is_incident), "{classes:?}");
    })
    .await;
}

/// The device's receipts by the id they are about, once it asks for them.
async fn receipts(stage: &mut Stage, count: usize) -> std::collections::HashMap<String, serde_json::Value> {
    stage.device.subscribe(&down("car-01", "receipt")).await;
    let mut receipts = std::collections::HashMap::new();
    while receipts.len() < count {
        let receipt = receipt(stage.device.message().await);
        let id = receipt["id"].as_str().expect("an id").to_owned();
        assert!(receipts.insert(id, receipt).is_none(), "each receipt comes once");
    }
    receipts
}
