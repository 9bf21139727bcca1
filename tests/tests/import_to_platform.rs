//! A technician's laptop with a network sends a stick's backlog to the platform: verdict by verdict, resumable, and what the
//! platform refuses is listed and kept.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::site::{Site, argument};
use patrol_tests::{Ended, World, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
const COUNT: u64 = 3000;

/// A file of 3000 reports that box-a took, and a laptop configured for the platform. Nothing runs on the laptop.
struct Depot {
    platform: Platform,
    laptop: Site,
    file: PathBuf,
    world: World,
}

impl Depot {
    async fn new() -> Depot {
        let world = World::new();
        let platform = world.platform().await;
        let first = Site::start(&world, "box-a", None, &[]).await;
        first.reports("car-07", 1, 100, COUNT as usize - 100).await;
        let file = world.dir().join("backlog.patrol");
        let exported = first.run(&["export", "--to", argument(&file)]).await;
        assert_eq!(exported.code, Some(0), "{exported:?}");
        let mut laptop =
            Site::start(&world, "laptop", Some(&platform.url()), &[("uplink.timeout", "1s")]).await;
        laptop.gateway.kill9().await;
        Depot { platform, laptop, file, world }
    }

    async fn fault(&self, fault: Fault) {
        self.platform.set_fault(fault).await.expect("the platform obeys");
    }

    async fn send(&self) -> Ended {
        self.laptop.run(&["import", argument(&self.file), "--to-platform"]).await
    }

    /// The platform has every report once, from box-a, but for so many.
    fn assert_delivered(&self, but: u64) {
        let counts = self.platform.counts();
        assert_eq!((counts.delivered, counts.conflicts), (COUNT - but, 0), "{counts:?}");
        let is_first = |source: &str| source == "urn:patrol-gateway:box-a";
        assert!(self.platform.arrivals().iter().all(|delivery| is_first(&delivery.source)));
    }

    fn journal(&self) -> Vec<Value> {
        let text =
            std::fs::read_to_string(self.world.dir().join("backlog.patrol.progress")).expect("a journal");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

#[tokio::test]
async fn all_of_a_file_is_sent_once_and_a_second_time_nothing() {
    let depot = Depot::new().await;
    let sent = depot.send().await;
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""), "{sent:?}");
    assert!(
        sent.stdout.contains("Accepted by the platform: 3000 ") && sent.stdout.contains("rejected: 0"),
        "{sent:?}"
    );
    depot.assert_delivered(0);
    let requests = depot.platform.counts().requests;
    let again = depot.send().await;
    assert!(again.code == Some(0) && again.stdout.contains(": 3000 "), "{again:?}");
    assert_eq!((depot.platform.counts().requests, depot.platform.counts().duplicates), (requests, 0));
}

#[tokio::test]
async fn a_platform_that_fails_now_and_then_gets_all_of_it() {
    let depot = Depot::new().await;
    for fault in [
        Fault::Error { status: 503, retry_after_s: None, one_in: 2 },
        Fault::DropAnswer { one_in: 3 },
        Fault::Partial { ids: BTreeSet::new(), one_in: 7 },
    ] {
        depot.fault(fault.clone()).await;
        let _ = std::fs::remove_file(depot.world.dir().join("backlog.patrol.progress"));
        let sent = depot.send().await;
        assert!(sent.code == Some(0) && sent.stdout.contains(": 3000 "), "{fault:?}: {sent:?}");
        depot.assert_delivered(0);
    }
}

#[tokio::test]
async fn a_platform_that_is_away_is_given_up_soon_and_the_same_command_goes_on_when_it_is_back() {
    let depot = Depot::new().await;
    depot.fault(Fault::Down { seconds: None }).await;
    let away = depot.send().await;
    assert!(away.code == Some(1) && away.stderr.contains("the same command goes on"), "{away:?}");
    assert!(away.stdout.contains(": 0 "), "{away:?}");
    depot.fault(Fault::Error { status: 401, retry_after_s: None, one_in: 1 }).await;
    let denied = depot.send().await;
    assert!(denied.code == Some(1) && denied.stderr.contains("check url and token"), "{denied:?}");
    // Killed in the middle, three times.
    depot.fault(Fault::Normal).await;
    for killed_at in [500, 1500, 2000] {
        let mut sending = depot.laptop.begin(&["import", argument(&depot.file), "--to-platform"]);
        let enough = async || depot.platform.counts().delivered >= killed_at;
        wait_until("some of it is there", SOON, enough).await;
        sending.kill().await.expect("it can be killed");
    }
    let sent = depot.send().await;
    assert!(sent.code == Some(0) && sent.stdout.contains(": 3000 "), "{sent:?}");
    depot.assert_delivered(0);
    let counts = depot.platform.counts();
    assert!(counts.duplicates <= 3 * 500, "at most the batch in flight is sent again: {counts:?}");
}

#[tokio::test]
async fn what_the_platform_refuses_is_listed_and_kept_alone_or_with_its_batch() {
    let depot = Depot::new().await;
    let ids = |seqs: &[u32]| seqs.iter().map(|seq| format!("car-07/1/{seq}")).collect::<BTreeSet<_>>();
    depot.fault(Fault::Reject { ids: ids(&[7, 2500]), one_in: 1 }).await;
    let sent = depot.send().await;
    assert_eq!(sent.code, Some(1), "{sent:?}");
    assert!(sent.stdout.contains(": 2998 ") && sent.stdout.contains("rejected: 2"), "{sent:?}");
    assert!(
        sent.stdout.contains("box-a car-07/1/7: ") && sent.stdout.contains("box-a car-07/1/2500: "),
        "{sent:?}"
    );
    depot.assert_delivered(2);
    let again = depot.send().await;
    assert!(again.code == Some(1) && again.stdout.contains("rejected: 2"), "it is told again: {again:?}");

    // A platform that refuses the whole batch for one event in it; the very first one among them.
    std::fs::remove_file(depot.world.dir().join("backlog.patrol.progress")).expect("the journal");
    depot.fault(Fault::Poison { ids: ids(&[0, 2500]), status: 422 }).await;
    let sent = depot.send().await;
    assert!(sent.code == Some(1) && sent.stdout.contains("rejected: 2"), "{sent:?}");
    assert!(sent.stdout.contains("box-a car-07/1/0: 422"), "{sent:?}");
    // 7 is taken now, and 0 was before.
    depot.assert_delivered(1);
    assert!(depot.file.exists());
    let listed: Vec<_> = depot
        .journal()
        .iter()
        .flat_map(|line| line["settled"]["rejected"].as_array().cloned().unwrap_or_default())
        .collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!((&listed[0]["source"], &listed[0]["id"]), (&json!("box-a"), &json!("car-07/1/0")));
}

#[tokio::test]
async fn a_journal_of_another_file_or_platform_and_a_damaged_file_send_nothing() {
    let depot = Depot::new().await;
    depot.world.file("backlog.patrol.progress", "{\"sending\":{\"export\":\"00\",\"platform\":\"x\"}}\n");
    let other = depot.send().await;
    assert!(other.code == Some(1) && other.stderr.contains("another file or another platform"), "{other:?}");
    std::fs::remove_file(depot.world.dir().join("backlog.patrol.progress")).expect("the journal");
    let mut bytes = std::fs::read(&depot.file).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&depot.file, bytes).expect("the file");
    let damaged = depot.send().await;
    assert!(damaged.code == Some(1) && damaged.stderr.contains("Nothing was taken"), "{damaged:?}");
    assert_eq!(depot.platform.counts().requests, 0);
    let partial = depot.laptop.run(&["import", argument(&depot.file), "--to-platform", "--partial"]).await;
    assert!(partial.code == Some(1) && partial.stderr.contains("missing or damaged"), "{partial:?}");
    assert!((COUNT - 2000..COUNT).contains(&depot.platform.counts().delivered));
}
