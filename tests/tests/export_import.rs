//! The backlog of a dead uplink goes on a stick and into another gateway, and reaches the platform once, as reports of the
//! gateway that took them; whatever is interrupted goes on, and nothing is lost or taken twice.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use firmware_protocol::body::{CaseKind, Incident, Telemetry};
use firmware_protocol::device::Transfer;
use firmware_protocol::{DeviceTag, FrameKey, Header, TimeQuality, TimeSource};
use patrol_simulator::platform::Platform;
use patrol_tests::firmware::{Firmware, Photo, with_keys};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{sealed_as, up};
use patrol_tests::site::{Site, argument, run_words};

use patrol_tests::{FileSystem, SmallDisk, World, note, seeded, wait_until};
use serde_json::json;

const SOON: Duration = Duration::from_secs(60);
/// Nobody listens there.
const DEAD: &str = "http://127.0.0.1:1";

/// (source, id) of everything the platform took in; each once.
fn taken_in(platform: &Platform) -> BTreeSet<(String, String)> {
    let arrivals = platform.arrivals();
    let names: BTreeSet<_> = arrivals
        .iter()
        .map(|delivery| {
            (delivery.source.trim_start_matches("urn:patrol-gateway:").to_owned(), delivery.id.to_string())
        })
        .collect();
    assert_eq!((names.len(), platform.counts().conflicts), (arrivals.len(), 0));
    names
}

/// What `car-07` numbered `0..count` in its boot, as taken by a gateway.
fn owed(gateway: &str, boot: u32, count: usize) -> BTreeSet<(String, String)> {
    (0..count).map(|seq| (gateway.to_owned(), format!("car-07/{boot}/{seq}"))).collect()
}

/// Both are the same; or else the first of what they differ in is shown.
fn assert_same(found: &BTreeSet<(String, String)>, expected: &BTreeSet<(String, String)>) {
    let (lacking, beyond) = (expected.difference(found).next(), found.difference(expected).next());
    assert_eq!((lacking, beyond), (None, None), "{} of {}", found.len(), expected.len());
}

/// An incident of a device without a clock, and a telemetry of the same boot with one.
async fn late_clock(site: &Site) {
    let header = |seq, uptime_ms| Header {
        device: DeviceTag::of("car-09"),
        boot: 3,
        seq,
        uptime_ms,
        ..Header::of::<Incident>()
    };
    let incident = Incident { category: 501, kind: CaseKind::EVENT, ..Incident::default() };
    let incident = sealed_as(&header(1, 5_000), &incident, &FrameKey::CRC32C);
    let time_quality = TimeQuality { source: TimeSource::GNSS, ..TimeQuality::default() };
    let told = Header { unix_ms: 1_795_396_364_000, time_quality, ..Header::of::<Telemetry>() };
    let told = Header { device: DeviceTag::of("car-09"), boot: 3, seq: 2, uptime_ms: 60_000, ..told };
    let told = sealed_as(&told, &Telemetry::default(), &FrameKey::CRC32C);
    let mut device = Connection::connect(&site.gateway, Version::V5, "car-09").await;
    device.report(1, &up("car-09", "incident"), incident).await;
    device.report(2, &up("car-09", "telemetry"), told).await;
}

async fn drained(site: &Site) {
    wait_until("the backlog is empty", SOON, async || site.gateway.pending().await == 0).await;
}

#[tokio::test]
async fn a_backlog_goes_by_stick_into_another_gateway_and_reaches_the_platform_once_whichever_way_comes_first()
 {
    const COUNT: usize = 3200;
    let world = World::new();
    let platform = world.platform().await;
    let stick = world.dir().join("backlog.patrol");
    let first = Site::start(&world, "box-a", Some(DEAD), &[]).await;
    first.reports("car-07", 1, 200, COUNT - 200).await;
    late_clock(&first).await;
    // Without numbers of its own: the gateway's word is all that tells it from its like.
    let mut nameless = Connection::connect(&first.gateway, Version::V5, "car-08").await;
    nameless
        .report_all(&up("car-08", "status"), (0..20).map(|n| json!({"battery_percent": n}).to_string()))
        .await;
    let pending = first.gateway.pending().await;
    assert_eq!(pending, COUNT as u64 + 22);

    let exported = first.run(&["export", "--to", argument(&stick)]).await;
    assert_eq!((exported.code, exported.stderr.as_str()), (Some(0), ""), "{exported:?}");
    assert!(
        exported.stdout.contains("Exported 3222 ") && exported.stdout.contains("incident  201\n"),
        "{exported:?}"
    );
    assert_eq!(first.gateway.pending().await, pending, "an export consumes nothing");
    assert!(!Path::new(&format!("{}.part", stick.display())).exists());

    let second = Site::start(&world, "box-b", Some(&platform.url()), &[]).await;
    let imported = second.run(&["import", argument(&stick)]).await;
    assert_eq!((imported.code, imported.stderr.as_str()), (Some(0), ""), "{imported:?}");
    assert!(imported.stdout.contains("Imported 3222 ") && imported.stdout.contains("; 0 "), "{imported:?}");
    drained(&second).await;
    let names = taken_in(&platform);
    assert_eq!(names.len(), COUNT + 22);
    assert!(names.is_superset(&owed("box-a", 1, COUNT)), "under the first gateway's name");
    assert!(names.iter().all(|(source, _)| source == "box-a"));
    let dated = platform.event("car-09/3/1").expect("the incident is there");
    assert_eq!(dated["data"]["properties"]["time_quality"], "anchored", "{dated}");

    // Twice into the second, and home to the first.
    for site in [&second, &first] {
        let again = site.run(&["import", argument(&stick)]).await;
        assert_eq!(again.code, Some(0), "{again:?}");
        assert!(again.stdout.contains("Imported 0 ") && again.stdout.contains("; 3222 "), "{again:?}");
    }
    assert_eq!((second.gateway.pending().await, first.gateway.pending().await), (0, pending));

    // The first gateway's uplink comes back: the platform has all of it already.
    drop(first);
    let first = Site::start(&world, "box-a", Some(&platform.url()), &[]).await;
    drained(&first).await;
    assert_same(&taken_in(&platform), &names);
    assert!(platform.counts().duplicates >= pending, "{:?}", platform.counts());
}

#[tokio::test]
async fn commands_that_are_killed_in_the_middle_go_on_and_nothing_is_lost_or_taken_twice() {
    const COUNT: usize = 20_000;
    let mut chance = seeded("commands_that_are_killed_in_the_middle");
    let world = World::new();
    let platform = world.platform().await;
    let mut first = Site::start(&world, "box-a", None, &[("listener.max_messages_per_s", "0")]).await;
    first.reports("car-07", 1, 500, COUNT - 500).await;
    let stick = world.dir().join("backlog.patrol");
    let part = world.dir().join("backlog.patrol.part");
    let size = || std::fs::metadata(&part).map_or(0, |part| part.len());

    // From the running gateway, then from its store.
    let mut kills = 0;
    for round in 0..6 {
        if round == 3 {
            first.gateway.kill9().await;
        }
        let before = size();
        let mut export = first.begin(&["export", "--to", argument(&stick)]);
        wait_until("something was written, or all", SOON, async || size() > before + 100 || stick.exists())
            .await;
        export.kill().await.expect("it can be killed");
        kills += u32::from(!stick.exists());
        if stick.exists() && round < 3 {
            std::fs::rename(&stick, world.dir().join(format!("whole-{round}"))).expect("a file");
        }
    }
    if !stick.exists() {
        let exported = first.run(&["export", "--to", argument(&stick)]).await;
        assert_eq!(exported.code, Some(0), "{exported:?}");
        assert!(exported.stdout.contains(&format!("Exported {COUNT} ")), "{exported:?}");
    }
    note(&format!("{kills} of 6 exports were killed in the middle"));
    assert!(kills >= 2, "{kills}");

    // Into a running gateway, whose backlog grows.
    let mut second = Site::start(&world, "box-b", None, &[]).await;
    let mut cuts = Vec::new();
    for _ in 0..5 {
        let before = second.gateway.pending().await;
        let mut import = second.begin(&["import", argument(&stick)]);
        let more = async || {
            second.gateway.pending().await > before || second.gateway.pending().await == COUNT as u64
        };
        wait_until("something is taken", SOON, more).await;
        import.kill().await.expect("it can be killed");
        cuts.push(second.gateway.pending().await);
    }
    // And into its store, while it does not run.
    second.gateway.kill9().await;
    for _ in 0..3 {
        let mut import = second.begin(&["import", argument(&stick)]);
        tokio::time::sleep(Duration::from_millis(chance.u64(1..25))).await;
        import.kill().await.expect("it can be killed");
    }
    let imported = second.run(&["import", argument(&stick)]).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    note(&format!("imports were killed at {cuts:?} of {COUNT}; the last one: {}", imported.stdout.trim()));
    assert!(cuts.iter().any(|cut| (1..COUNT as u64).contains(cut)), "in the middle: {cuts:?}");

    drop(second);
    let second = Site::start(&world, "box-b", Some(&platform.url()), &[]).await;
    drained(&second).await;
    assert_same(&taken_in(&platform), &owed("box-a", 1, COUNT));
    assert_eq!(platform.counts().duplicates, 0, "nothing was taken twice");
}

#[tokio::test]
async fn a_damaged_or_incomplete_file_is_refused_untouched_and_its_whole_chunks_are_taken_on_request() {
    const COUNT: u64 = 4000;
    let world = World::new();
    let first = Site::start(&world, "box-a", None, &[]).await;
    first.reports("car-07", 1, 0, COUNT as usize).await;
    let stick = world.dir().join("backlog.patrol");
    let exported = first.run(&["export", "--to", argument(&stick)]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let whole = std::fs::read(&stick).expect("the file");
    let second = Site::start(&world, "box-b", None, &[]).await;

    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    for (name, bytes) in
        [("flipped", &flipped[..]), ("cut", &whole[..middle]), ("empty", b""), ("other", b"no export at all")]
    {
        let file = world.file(name, bytes);
        let refused = second.run(&["import", argument(&file)]).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{name}: {refused:?}");
        assert!(refused.stderr.contains("Nothing was taken"), "{name}: {refused:?}");
        assert_eq!(second.gateway.pending().await, 0, "{name}");
    }
    let missing = second.run(&["import", "/nowhere/file"]).await;
    assert!(missing.code == Some(1) && missing.stderr.contains("/nowhere/file"), "{missing:?}");

    let partial = second.run(&["import", argument(&world.dir().join("flipped")), "--partial"]).await;
    assert!(
        partial.code == Some(1) && partial.stderr.contains("1 chunks are missing or damaged: "),
        "{partial:?}"
    );
    let taken = second.gateway.pending().await;
    assert!((COUNT - 1500..COUNT).contains(&taken), "{taken}");
    let cut = second.run(&["import", argument(&world.dir().join("cut")), "--partial"]).await;
    assert!(cut.code == Some(1) && cut.stderr.contains("the end is missing"), "{cut:?}");
    let rest = second.run(&["import", argument(&stick)]).await;
    assert_eq!((rest.code, second.gateway.pending().await), (Some(0), COUNT), "{rest:?}");
}

#[tokio::test]
async fn a_stick_that_is_full_or_fails_is_told_and_the_export_goes_on_with_what_is_there() {
    const COUNT: usize = 6000;
    let world = World::new();
    let first = Site::start(&world, "box-a", None, &[]).await;
    // Payloads that can't be compressed: a file of more than a MiB.
    let mut chance = seeded("a_stick_that_is_full");
    let mut device = Connection::connect(&first.gateway, Version::V5, "car-07").await;
    for first_seq in (0..COUNT as u32).step_by(1000) {
        let described = (first_seq..first_seq + 1000).map(|seq| {
            let noise: String = std::iter::repeat_with(|| chance.alphanumeric()).take(400).collect();
            json!({"boot": 1, "seq": seq, "kind": "event", "code": "0501", "description": noise}).to_string()
        });
        device.report_all(&up("car-07", "incident"), described.collect::<Vec<_>>()).await;
    }
    let disk = SmallDisk::mount(FileSystem::Tmpfs, world.dir(), 1);
    let file = disk.path().join("backlog.patrol");
    let full = first.run(&["export", "--to", argument(&file)]).await;
    assert_eq!((full.code, full.stdout.as_str()), (Some(1), ""), "{full:?}");
    assert!(
        full.stderr.contains("no space left") && full.stderr.contains("the same command goes on"),
        "{full:?}"
    );
    let part = disk.path().join("backlog.patrol.part");
    assert!(part.exists() && !file.exists());
    // Taken to a larger one, it goes on; first into a failing one.
    let larger = world.dir().join("backlog.patrol");
    std::fs::copy(&part, world.dir().join("backlog.patrol.part")).expect("a copy");
    let failing = first.run_with_fault("fsync:error=EIO", &["export", "--to", argument(&larger)]).await;
    assert_eq!(failing.code, Some(1), "{failing:?}");
    assert!(failing.stderr.contains("backlog.patrol.part") && !larger.exists(), "{failing:?}");
    let done = first.run(&["export", "--to", argument(&larger)]).await;
    assert!(done.code == Some(0) && done.stdout.contains(&format!("Exported {COUNT} ")), "{done:?}");
    let again = first.run(&["export", "--to", argument(&larger)]).await;
    assert!(again.code == Some(1) && again.stderr.contains("is there already"), "{again:?}");

    let second = Site::start(&world, "box-b", None, &[]).await;
    let imported = second.run(&["import", argument(&larger)]).await;
    assert_eq!((imported.code, second.gateway.pending().await), (Some(0), COUNT as u64), "{imported:?}");
}

#[tokio::test]
async fn a_class_can_be_exported_alone_and_the_commands_say_what_hinders_them() {
    let world = World::new();
    let mut first = Site::start(&world, "box-a", None, &[]).await;
    first.reports("car-07", 1, 5, 50).await;
    let file = world.dir().join("incidents");
    let exported = first.run(&["export", "--class", "incident", "--to", argument(&file)]).await;
    assert!(exported.code == Some(0) && exported.stdout.contains("Exported 5 "), "{exported:?}");
    let unknown = first.run(&["export", "--class", "incidents", "--to", "x"]).await;
    assert!(unknown.code == Some(2) && unknown.stderr.contains("telemetry"), "{unknown:?}");

    let export_to_b = ["export", "--to", argument(&world.dir().join("b"))].map(str::to_owned);
    let args: Vec<_> = export_to_b.iter().map(String::as_str).collect();
    let without_token = run_words(first.words_without("http.token_file", &args)).await;
    assert!(without_token.code == Some(1) && without_token.stderr.contains("401"), "{without_token:?}");
    let import = ["import", argument(&file)];
    let without_token = run_words(first.words_without("http.token_file", &import)).await;
    assert!(
        without_token.code == Some(1) && without_token.stderr.contains("http.token_file"),
        "{without_token:?}"
    );
    // Where the API can't be reached, the lock of the store speaks.
    let elsewhere = run_words(first.words_without("http.bind", &args)).await;
    assert!(
        elsewhere.code == Some(1) && elsewhere.stderr.contains("another gateway is running on it"),
        "{elsewhere:?}"
    );
    let other = run_words(first.words_without("gateway.id", &args)).await;
    assert!(other.code == Some(1) && other.stderr.contains("gateway box-a answers"), "{other:?}");

    first.gateway.kill9().await;
    let offline = first.run(&args).await;
    assert!(offline.code == Some(0) && offline.stdout.contains("Exported 55 "), "{offline:?}");
    std::fs::remove_dir_all(first.gateway.dir().join("data")).expect("its data");
    for args in [&args[..], &import] {
        let nothing = first.run(args).await;
        assert!(nothing.code == Some(1) && nothing.stderr.contains("no gateway has run on"), "{nothing:?}");
    }
    assert!(!first.gateway.dir().join("data").exists(), "no store is made by the way");
}

#[tokio::test]
async fn a_photo_goes_along_and_its_device_need_not_send_it_again() {
    let mut chance = seeded("a_photo_goes_along");
    let world = World::new();
    let keys = |id: &str| with_keys(world.gateway_named(id), &["cam-1"]);
    let key_file = keys("box-a").dir().join("keys.toml").display().to_string();
    let first = Site::start(&world, "box-a", None, &[("devices.keys", &key_file)]).await;
    let photo = Photo::new(&mut chance, 100_000, 12);
    let pieces = photo.chunks().count() as u64;
    let mut camera = Firmware::new("cam-1");
    camera.take_photo(photo);
    camera.connect(&first.gateway).await;
    assert_eq!(camera.until_told().await, Transfer::Complete);

    let stick = world.dir().join("backlog.patrol");
    let exported = first.run(&["export", "--class", "evidence", "--to", argument(&stick)]).await;
    assert!(
        exported.code == Some(0) && exported.stdout.contains(&format!("Exported {} ", pieces + 1)),
        "{exported:?}"
    );
    let second = Site::start(&world, "box-b", None, &[("devices.keys", &key_file)]).await;
    let imported = second.run(&["import", argument(&stick)]).await;
    assert!(
        imported.code == Some(0) && imported.stdout.contains(&format!("Imported {} ", pieces + 1)),
        "{imported:?}"
    );
    let status = second.gateway.status().await;
    assert_eq!(
        (&status["pending"]["evidence"], &status["evidence"]["receiving"]),
        (&(pieces + 1).into(), &1.into())
    );
    // Its device asks the second gateway, which has all of it and finds it whole.
    camera.reboot();
    camera.connect(&second.gateway).await;
    assert_eq!(camera.until_told().await, Transfer::Complete);
    assert!(camera.sent.is_empty(), "no piece is sent again");

    // Without room its parts are not taken, and that is said.
    let third = Site::start(
        &world,
        "box-c",
        None,
        &[("devices.keys", &key_file), ("store.evidence_max_bytes", "50KiB")],
    )
    .await;
    let imported = third.run(&["import", argument(&stick)]).await;
    assert!(
        imported.code == Some(0) && imported.stdout.contains(&format!("{pieces} parts of photos")),
        "{imported:?}"
    );
}
