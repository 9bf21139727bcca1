//! Whatever the platform's end does, nothing that was acknowledged is lost, nothing is sent more often than the fault
//! demands, and the status says what is wrong.

use std::time::Duration;

use patrol_simulator::platform::Fault;
use patrol_tests::uplink_stage::{SOON, Stage, with_each_compression};
use patrol_tests::wait_until;

/// Answers every request with this error.
fn error(status: u16) -> Fault {
    Fault::Error { status, retry_after_s: None, one_in: 1 }
}

#[tokio::test]
async fn errors_keep_everything_and_the_status_names_them() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[]).await;
        let mut owed = 0;
        // Its own trouble, ours to come later, and what a person has to put right: url and token.
        for status in [500, 502, 503, 504, 429, 408, 401, 403, 404, 301] {
            stage.fault(error(status)).await;
            stage.incidents(owed..owed + 3).await;
            stage.telemetry(owed..owed + 3).await;
            stage.more_requests(2).await;
            stage.complains(&status.to_string()).await;
            let told = stage.gateway.status().await;
            assert_eq!((&told["pending_total"], &told["dead_letters"]), (&6.into(), &0.into()), "{told:#}");
            stage.fault(Fault::Normal).await;
            owed += 3;
            stage.drained(2 * u64::from(owed)).await;
            let over = async || stage.gateway.status().await["uplink"]["last_error"].is_null();
            wait_until("the uplink has nothing to complain of", SOON, over).await;
        }
        assert_eq!(stage.platform.counts().duplicates, 0);
    })
    .await;
}

#[tokio::test]
async fn retry_after_is_obeyed_even_beyond_the_longest_wait_and_with_new_reports() {
    const ASKED: Duration = Duration::from_secs(2);
    let come_later = async |status: u16| {
        with_each_compression(async |compression| {
            let mut stage = Stage::set(compression, &[]).await;
            let retry_after_s = Some(ASKED.as_secs() as u32);
            stage.fault(Fault::Error { status, retry_after_s, one_in: 1 }).await;
            stage.incidents(0..1).await;
            wait_until("a first request", SOON, async || stage.platform.counts().requests == 1).await;
            stage.complains(&status.to_string()).await;
            stage.fault(Fault::Normal).await;
            stage.incidents(1..5).await;
            stage.drained(5).await;
            let times = stage.platform.request_times();
            let waited = times[1] - times[0];
            assert!(waited >= ASKED, "asked to come back after {ASKED:?}, it came after {waited:?}");
        })
        .await;
    };
    tokio::join!(come_later(429), come_later(503));
}

#[tokio::test]
async fn a_platform_that_stalls_is_given_up_after_the_total_time_and_gets_the_same_events_again() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[("uplink.timeout", "200ms")]).await;
        stage.fault(Fault::Stall { seconds: None, one_in: 1 }).await;
        stage.incidents(0..10).await;
        stage.more_requests(2).await;
        stage.complains("deadline passed").await;
        assert_eq!((stage.gateway.pending().await, stage.platform.counts().delivered), (10, 0));
        stage.fault(Fault::Normal).await;
        stage.drained(10).await;
    })
    .await;
}

#[tokio::test]
async fn answers_lost_on_the_way_cost_resends_that_the_platform_recognises() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[]).await;
        stage.fault(Fault::DropAnswer { one_in: 1 }).await;
        stage.incidents(0..10).await;
        stage.telemetry(0..10).await;
        stage.more_requests(3).await;
        assert_eq!(stage.gateway.pending().await, 20, "what the platform took it has not said so of");
        stage.fault(Fault::Normal).await;
        stage.drained(20).await;
        assert!(stage.platform.counts().duplicates > 0, "{:?}", stage.platform.counts());
    })
    .await;
}

#[tokio::test]
async fn a_platform_that_was_away_gets_everything_when_it_is_back() {
    with_each_compression(async |compression| {
        let mut stage = Stage::set(compression, &[]).await;
        let refused = "patrol_uplink_requests_total{result=\"no_answer\"}";
        for outage in 0..3 {
            stage.incidents(100 * outage..100 * outage + 5).await;
            stage.fault(Fault::Down { seconds: None }).await;
            let before = stage.gateway.metrics().await.get(refused).unwrap_or(0.0);
            stage.incidents(100 * outage + 50..100 * outage + 60).await;
            let tries = async || stage.gateway.metrics().await.get(refused).unwrap_or(0.0) >= before + 2.0;
            wait_until("it tries again and again", SOON, tries).await;
            let waits = async || stage.gateway.status().await["uplink"]["state"] == "backing_off";
            wait_until("it waits in between", SOON, waits).await;
            stage.fault(Fault::Normal).await;
            stage.drained(u64::from(outage + 1) * 15).await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_error_in_five_costs_at_most_three_requests_in_ten() {
    const OWED: u32 = 900;
    const BATCH: u64 = 20;
    with_each_compression(async |compression| {
        for fault in [
            Fault::Error { status: 500, retry_after_s: None, one_in: 5 },
            Fault::Error { status: 429, retry_after_s: None, one_in: 5 },
            Fault::DropAnswer { one_in: 5 },
        ] {
            let mut stage = Stage::set(compression, &[("uplink.batch_events", &BATCH.to_string())]).await;
            stage.fault(Fault::Down { seconds: None }).await;
            stage.telemetry(0..OWED).await;
            stage.fault(fault).await;
            stage.drained(OWED.into()).await;
            let (needed, counts) = (u64::from(OWED).div_ceil(BATCH), stage.platform.counts());
            assert!(10 * counts.requests <= 13 * needed, "{needed} requests would have done: {counts:?}");
            assert!(10 * counts.duplicates <= 3 * counts.delivered, "{counts:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn compression_is_what_the_configuration_says() {
    let sent_bytes = async |compression: &'static str| {
        let mut stage = Stage::set(compression, &[]).await;
        stage.fault(Fault::Down { seconds: None }).await;
        stage.telemetry(0..500).await;
        stage.fault(Fault::Normal).await;
        stage.drained(500).await;
        stage.gateway.metrics().await.sum("patrol_uplink_sent_bytes_total")
    };
    let (zstd, gzip, none) = tokio::join!(sent_bytes("zstd"), sent_bytes("gzip"), sent_bytes("none"));
    assert!(4.0 * zstd < none && 4.0 * gzip < none, "{zstd} {gzip} {none}");
}
