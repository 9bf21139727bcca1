//! A photo arrives whole or is still on its device: over lost connections, over the gateway's death in the middle of it, with
//! damaged pieces, and without room. What the gateway calls complete is complete, and photos hold up no incident.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::time::Duration;

use firmware_protocol::device::Transfer;
use patrol_tests::firmware::{Firmware, Heard, Photo, with_keys};
use patrol_tests::{Gateway, World, seeded, wait_until};

const SOON: Duration = Duration::from_secs(60);
const LEN: usize = 200_000;
/// Pieces of 1 KiB: a page of the database holds each in one stretch.
const LOG2: u8 = 10;

/// How many files are (waiting, receiving, complete).
async fn files(gateway: &Gateway) -> (u64, u64, u64) {
    let evidence = &gateway.status().await["evidence"];
    let number = |name: &str| evidence[name].as_u64().expect("a number");
    (number("waiting"), number("receiving"), number("complete"))
}

/// The pieces that are nowhere in the gateway's data.
fn missing_on_disk(data: &Path, photo: &Photo) -> usize {
    let mut stored = Vec::new();
    for entry in std::fs::read_dir(data).expect("the data folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            stored.extend(std::fs::read(path).expect("a file"));
        }
    }
    let is_there = |piece: &[u8]| {
        let mut places = stored.windows(8).enumerate().filter(|(_, window)| *window == &piece[..8]);
        places.any(|(at, _)| stored[at..].starts_with(piece))
    };
    photo.chunks().filter(|piece| !is_there(piece)).count()
}

#[tokio::test]
async fn a_photo_comes_through_lost_connections_reboots_and_kills_in_the_middle_of_it() {
    let mut chance = seeded("a_photo_comes_through_lost_connections_reboots_and_kills_in_the_middle_of_it");
    let world = World::new();
    let mut gateway = with_keys(world.gateway(), &["cam-1"]).start().await;
    let photo = Photo::new(&mut chance, LEN, LOG2);
    let pieces = photo.chunks().count();
    let mut device = Firmware::new("cam-1");
    device.take_photo(photo.clone());
    device.connect(&gateway).await;
    // After so many words heard the connection breaks, the device is switched off, or the gateway is killed, in turn.
    let mut breaks = (0..6).map(|number| (number, 8 + chance.u32(..16))).collect::<VecDeque<_>>();
    let (mut heard, mut sent) = (0, BTreeSet::<u32>::new());
    loop {
        device.send_due().await;
        sent.extend(&device.sent);
        // What is under way at that moment was published and is not acknowledged.
        if let Some((number, _)) = breaks.pop_front_if(|(_, after)| heard >= *after && !device.is_settled()) {
            heard = 0;
            match number % 3 {
                0 => device.cut(),
                1 => device.reboot(),
                _ => {
                    gateway.kill9().await;
                    gateway.restart().await;
                }
            }
            device.connect(&gateway).await;
            continue;
        }
        match device.hear().await {
            Heard::Told(Transfer::Sending) | Heard::Ack => heard += 1,
            Heard::Told(Transfer::Complete) => break,
            other => panic!("{other:?}"),
        }
        assert!(
            sent.len() == pieces || files(&gateway).await.2 == 0,
            "nothing is complete before all of it was sent"
        );
    }
    assert_eq!(sent.len(), pieces);
    assert!(breaks.is_empty(), "all breaks were in the middle: {breaks:?}");
    assert_eq!(files(&gateway).await, (0, 0, 1));
    // It is told again for as long as it asks, whatever happens.
    for _ in 0..2 {
        gateway.kill9().await;
        gateway.restart().await;
        device.reboot();
        device.connect(&gateway).await;
        assert_eq!(device.until_told().await, Transfer::Complete);
        assert!(device.sent.is_empty(), "no piece is sent again");
    }
    let kept = gateway.status().await["pending"]["evidence"].as_u64().expect("a number");
    assert_eq!(kept, pieces as u64 + 1, "each piece is kept once, and its description");
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0));
    assert_eq!(missing_on_disk(&gateway.dir().join("data"), &photo), 0, "the bytes on disk are the photo's");
}

#[tokio::test]
async fn a_damaged_piece_is_found_and_the_photo_is_sent_again() {
    let mut chance = seeded("a_damaged_piece_is_found_and_the_photo_is_sent_again");
    let world = World::new();
    let gateway = with_keys(world.gateway(), &["cam-1"]).start().await;
    let mut device = Firmware::new("cam-1");
    let photo = Photo::new(&mut chance, LEN, 12).with_flaw(chance.usize(..LEN));
    let pieces = photo.chunks().count();
    device.take_photo(photo);
    device.connect(&gateway).await;
    assert_eq!(device.until_told().await, Transfer::StartsOver);
    assert_eq!(files(&gateway).await, (0, 1, 0));
    let kept = async || gateway.status().await["pending"]["evidence"].as_u64().expect("a number");
    assert_eq!(kept().await, 1, "all pieces are dropped, and the description stays");
    device.photo().flaw = None;
    device.pass_ms(20_000);
    assert_eq!(device.until_told().await, Transfer::Complete);
    assert_eq!((files(&gateway).await, kept().await), ((0, 0, 1), pieces as u64 + 1));
}

#[tokio::test]
async fn a_photo_that_never_fits_its_description_is_refused_at_last() {
    let mut chance = seeded("a_photo_that_never_fits_its_description_is_refused_at_last");
    let world = World::new();
    let gateway = with_keys(world.gateway(), &["cam-1"]).start().await;
    let mut device = Firmware::new("cam-1");
    device.take_photo(Photo::new(&mut chance, 20_000, 12).with_flaw(7));
    device.connect(&gateway).await;
    for _ in 0..2 {
        assert_eq!(device.until_told().await, Transfer::StartsOver);
        device.pass_ms(60_000);
    }
    assert_eq!(device.until_told().await, Transfer::Refused);
    // Too large is refused at once, kept for a person to see, and costs nothing.
    device.take_photo(Photo::new(&mut chance, (16 << 20) + 1, 15));
    assert_eq!(device.until_told().await, Transfer::Refused);
    let told = gateway.status().await;
    assert_eq!((&told["quarantined"], &told["evidence"]["room_bytes"]), (&1.into(), &0.into()));
    // And the next photo comes through.
    device.take_photo(Photo::new(&mut chance, 20_000, 12));
    assert_eq!(device.until_told().await, Transfer::Complete);
}

#[tokio::test]
async fn without_room_a_photo_waits_and_incidents_of_its_device_go_on() {
    let mut chance = seeded("without_room_a_photo_waits_and_incidents_of_its_device_go_on");
    let world = World::new();
    let platform = world.platform().await;
    let plan = with_keys(world.gateway().uplink(&platform.url()), &["cam-1", "cam-2"]);
    let gateway = plan.set("store.evidence_max_bytes", "300KiB").start().await;
    let (mut first, mut second) = (Firmware::new("cam-1"), Firmware::new("cam-2"));
    first.take_photo(Photo::new(&mut chance, LEN, 12));
    first.connect(&gateway).await;
    second.take_photo(Photo::new(&mut chance, LEN, 12));
    second.connect(&gateway).await;
    // The first has its room as soon as it has described its photo, before any piece has come.
    first.send_due().await;
    while first.hear().await != Heard::Told(Transfer::Sending) {}
    for delivered in 1..=3 {
        assert_eq!(second.until_told().await, Transfer::Waiting);
        second.find_something();
        second.send_due().await;
        while !second.is_settled() {
            assert_eq!(second.hear().await, Heard::Ack);
        }
        wait_until("the incident is at the platform", SOON, async || {
            platform.counts().delivered == delivered
        })
        .await;
        second.pass_ms(700_000);
    }
    assert_eq!(second.sent.len(), 0, "nothing is sent that is not asked for");
    assert_eq!(files(&gateway).await, (1, 1, 0));
    assert_eq!(first.until_told().await, Transfer::Complete);
    assert_eq!(second.until_told().await, Transfer::Waiting);
    assert_eq!(files(&gateway).await, (1, 0, 1));
    // One that could never have room is told so.
    second.take_photo(Photo::new(&mut chance, 2 * LEN, 12));
    assert_eq!(second.until_told().await, Transfer::Refused);
}
