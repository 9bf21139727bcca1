//! One event that gets no verdict holds nobody up, and a platform that refuses everything costs nobody a record.

use patrol_simulator::platform::Fault;
use patrol_tests::uplink_stage::{SOON, Stage};
use patrol_tests::wait_until;
use serde_json::json;

#[tokio::test]
async fn an_incident_without_a_verdict_stays_pending_and_everything_else_flows() {
    let mut stage = Stage::set("zstd", &[]).await;
    let silent = "car-01/1/2".to_owned();
    stage.fault(Fault::Partial { ids: [silent].into(), one_in: 1 }).await;
    stage.incidents(0..5).await;
    stage.telemetry(0..50).await;
    let all_but_one = async || stage.platform.counts().delivered == 54;
    wait_until("the others are delivered", SOON, all_but_one).await;
    let only_one = async || stage.gateway.status().await["pending_total"] == 1;
    wait_until("and released", SOON, only_one).await;
    stage.telemetry(50..60).await;
    wait_until("later ones too", SOON, async || stage.platform.counts().delivered == 64).await;
    let told = stage.gateway.status().await;
    assert_eq!(told["pending"]["incident"], 1, "{told:#}");
    stage.fault(Fault::Normal).await;
    stage.drained(65).await;
}

#[tokio::test]
async fn a_platform_that_refuses_every_batch_gets_no_record_buried() {
    let mut stage = Stage::set("zstd", &[]).await;
    stage.fault(Fault::Error { status: 400, retry_after_s: None, one_in: 1 }).await;
    stage.incidents(0..5).await;
    stage.telemetry(0..20).await;
    stage.more_requests(30).await;
    let told = stage.gateway.status().await;
    assert_eq!((&told["dead_letters"], &told["pending_total"]), (&json!(0), &json!(25)), "{told:#}");
    stage.complains("400").await;
    stage.fault(Fault::Normal).await;
    stage.drained(25).await;
}
