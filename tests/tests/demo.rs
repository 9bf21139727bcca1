//! The README's first command does what it says, and its verdict would find a loss.

use std::path::Path;
use std::time::Duration;

use patrol_simulator::fleet::{Fleet, FleetOptions};
use patrol_simulator::ledger::{DeviceLedger, Entry, read};
use patrol_simulator::platform::Platform;
use patrol_tests::{Ended, World, note, program, run_to_end, wait_until};

const SOON: Duration = Duration::from_secs(60);
/// About ten seconds, and what a busy machine may add.
const DEMO_WITHIN: Duration = Duration::from_secs(180);

#[tokio::test]
async fn the_demonstration_ends_with_a_verdict_without_a_loss() {
    let ended = run_to_end(program("patrol-simulator"), ["demo", "--quick"], DEMO_WITHIN).await;
    let said = &ended.stdout;
    assert_eq!(ended.code, Some(0), "{said}{}", ended.stderr);
    let figure =
        |name: &str| figure(said, name).unwrap_or_else(|| panic!("no figure for {name:?} in\n{said}"));
    let (acknowledged, lost) =
        (figure("acknowledged to devices"), figure("lost (acknowledged, never arrived, not explained)"));
    note(&format!("demo: acknowledged {acknowledged}, lost {lost}"));
    assert!(acknowledged > 100, "{said}");
    assert_eq!(lost, 0, "{said}");
    assert!(figure("duplicates suppressed") > 0, "it was killed after a receipt was lost: {said}");
    assert!(figure("cases opened") > 0 && figure("receipts back at the device") > 0, "{said}");
    let photos = figure("photos described to the gateway");
    assert!(photos > 0 && figure("photos the gateway says it has whole") == photos, "{said}");
    assert!(said.contains("every promise was kept"), "{said}");
    assert_eq!(said.matches("takes devices again after").count(), 2, "it was killed twice: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_planted_in_the_ledgers_of_a_real_run_is_found_and_named() {
    let world = World::new();
    let (devices, platform) = (world.dir().join("devices.jsonl"), world.dir().join("platform.jsonl"));
    real_run(&world, &devices, &platform).await;
    let honest = verify(&devices, &platform).await;
    assert_eq!(honest.code, Some(0), "{}", honest.stdout);
    assert_eq!(figure(&honest.stdout, "lost (acknowledged, never arrived, not explained)"), Some(0));

    let text = std::fs::read_to_string(&platform).expect("the platform's ledger");
    let delivered = read(&platform).expect("a ledger").map(|entry| entry.expect("an entry"));
    let ids: Vec<_> = delivered
        .filter_map(|entry| if let Entry::Delivered { id, .. } = entry { Some(id) } else { None })
        .collect();
    let victim = &ids[ids.len() / 2];
    let kept = text.lines().filter(|line| !line.contains(&format!("\"{victim}\"")));
    let planted = world.file("planted.jsonl", kept.map(|line| format!("{line}\n")).collect::<String>());
    let found = verify(&devices, &planted).await;
    assert_eq!(found.code, Some(1), "{}", found.stdout);
    assert_eq!(figure(&found.stdout, "lost (acknowledged, never arrived, not explained)"), Some(1));
    assert!(found.stdout.contains(&format!("lost: {victim}")), "{victim} in {}", found.stdout);
}

/// A fleet, a gateway and a platform until everything has arrived, both ledgers in files.
async fn real_run(world: &World, devices: &Path, platform: &Path) {
    let any = ([127, 0, 0, 1], 0).into();
    let platform = Platform::start_with_ledger(any, platform).await.expect("a platform");
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let options = FleetOptions::new(&gateway.mqtt().ip().to_string(), gateway.mqtt().port());
    let options = FleetOptions { vehicles: 3, cameras: 1, sensors: 1, ..options }.with_rate(50.0);
    let ledger = DeviceLedger::with_file(devices).expect("a ledger");
    let mut fleet = Fleet::spawn(&options, &ledger).expect("a fleet");
    wait_until("the fleet has reported", SOON, async || ledger.counts().acknowledged >= 100).await;
    fleet.stop_producing();
    assert_eq!(fleet.drained(SOON).await, 0);
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    fleet.leave().await;
}

async fn verify(devices: &Path, platform: &Path) -> Ended {
    let args = [
        "verify".as_ref(),
        "--devices".as_ref(),
        devices.as_os_str(),
        "--platform".as_ref(),
        platform.as_os_str(),
    ];
    run_to_end(program("patrol-simulator"), args, SOON).await
}

/// The number in the verdict's line about `name`.
fn figure(verdict: &str, name: &str) -> Option<u64> {
    let line = verdict.lines().rfind(|line| line.contains(name))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}
