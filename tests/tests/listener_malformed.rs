//! Whatever bytes come: the connection they come on is closed or answered, the gateway lives, and a good device's report is
//! acknowledged after each.

use std::time::{Duration, Instant};

use patrol_tests::malformed::{self, Case, DEVICE};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{telemetry, up};
use patrol_tests::{Gateway, World, seeded};

/// What is promised to those who behave, whatever others do.
const GOOD_ACK_WITHIN: Duration = Duration::from_secs(1);
/// Lives of a device that are damaged at random, for each version.
const DAMAGED_LIVES: usize = 150;

/// A device that behaves, whatever others do.
struct Witness {
    device: Connection,
    seq: u32,
}

impl Witness {
    async fn connect(gateway: &Gateway) -> Witness {
        Witness { device: Connection::connect(gateway, Version::V5, "witness").await, seq: 0 }
    }

    /// Its report is acknowledged.
    async fn reports(&mut self) {
        let start = Instant::now();
        self.seq += 1;
        self.device.report(1, &up("witness", "telemetry"), telemetry(1, self.seq)).await;
        assert!(start.elapsed() < GOOD_ACK_WITHIN, "its acknowledgement took {:?}", start.elapsed());
    }

    /// In the end nothing has gone wrong, and nothing but its own reports is stored.
    async fn is_content(&self, gateway: &Gateway) {
        let (status, metrics) = (gateway.status().await, gateway.metrics().await);
        assert_eq!(metrics.get(r#"patrol_mqtt_disconnects_total{reason="panic"}"#), None);
        assert_eq!(
            (&status["pending_total"], &status["quarantined"]),
            (&self.seq.into(), &0.into()),
            "{status:#}"
        );
    }
}

#[tokio::test]
async fn a_first_packet_that_is_no_good_connect_is_refused() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut witness = Witness::connect(&gateway).await;
    let unknown = malformed::first_packets().into_iter().map(|case| (Version::V311, case));
    let old = malformed::connects(Version::V311).into_iter();
    // What MQTT 5 has words for, MQTT 3.1.1 closes without any.
    let old = old.map(|(what, bytes, _)| (Version::V311, (what, bytes, None)));
    let new = malformed::connects(Version::V5).into_iter().map(|case| (Version::V5, case));
    for (version, (what, bytes, code)) in unknown.chain(old).chain(new) {
        let mut device = Connection::open(&gateway, version).await;
        device.throw(&bytes).await;
        let told: Vec<_> = code.map(|code| Packet::ConnAck { code }).into_iter().collect();
        assert_eq!(device.until_closed().await, told, "{version:?}: {what}");
        witness.reports().await;
    }
    witness.is_content(&gateway).await;
}

#[tokio::test]
async fn a_malformed_packet_ends_the_connection_with_its_code() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut witness = Witness::connect(&gateway).await;
    for version in Version::BOTH {
        for (what, bytes, code) in malformed::later_packets(version) {
            let mut device = Connection::connect(&gateway, version, DEVICE).await;
            device.throw(&bytes).await;
            let code = code.filter(|_| version == Version::V5);
            let told: Vec<_> = code.map(|code| Packet::Disconnect { code }).into_iter().collect();
            assert_eq!(device.until_closed().await, told, "{version:?}: {what}");
            witness.reports().await;
        }
    }
    witness.is_content(&gateway).await;
}

#[tokio::test]
async fn a_packet_cut_anywhere_is_nothing_yet_and_ends_with_its_connection() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut witness = Witness::connect(&gateway).await;
    for version in Version::BOTH {
        for (place, whole) in malformed::good_life(version).into_iter().enumerate() {
            for end in 1..whole.len() {
                let mut device = match place {
                    0 => Connection::open(&gateway, version).await,
                    _ => Connection::connect(&gateway, version, DEVICE).await,
                };
                device.send(&whole[..end]).await;
                device.finish().await;
                assert_eq!(device.until_closed().await, [], "{version:?}: {end} bytes of {whole:02x?}");
            }
            witness.reports().await;
        }
    }
    witness.is_content(&gateway).await;
}

#[tokio::test]
async fn lives_damaged_at_random_end_and_disturb_nobody() {
    let mut chance = seeded("lives_damaged_at_random_end_and_disturb_nobody");
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut witness = Witness::connect(&gateway).await;
    for version in Version::BOTH {
        for _ in 0..DAMAGED_LIVES {
            let mut life = malformed::good_life(version).concat();
            for _ in 0..chance.usize(1..=4) {
                damage(&mut life, &mut chance);
            }
            let mut device = Connection::open(&gateway, version).await;
            device.throw(&life).await;
            device.finish().await;
            device.until_closed().await;
            witness.reports().await;
        }
    }
    assert_eq!(gateway.metrics().await.get(r#"patrol_mqtt_disconnects_total{reason="panic"}"#), None);
}

/// Changes, adds, drops or repeats bytes somewhere.
fn damage(life: &mut Vec<u8>, chance: &mut fastrand::Rng) {
    let at = chance.usize(..life.len());
    match chance.u8(..6) {
        0 => life[at] ^= 1 << chance.u8(..8),
        1 => life[at] = chance.u8(..),
        2 => life[at] = [0, 1, 0x7F, 0x80, 0xFF][chance.usize(..5)],
        3 => life.insert(at, chance.u8(..)),
        4 if life.len() > 1 => drop(life.remove(at)),
        _ => {
            let end = (at + chance.usize(1..=20)).min(life.len());
            let piece = life[at..end].to_vec();
            life.splice(at..at, piece);
        }
    }
}

/// The tables are as large as they seem, and no case stands in them twice.
#[test]
fn there_are_more_than_165_cases() {
    let of = |version| malformed::connects(version).into_iter().chain(malformed::later_packets(version));
    let tables: [Vec<Case>; 3] =
        [malformed::first_packets(), of(Version::V5).collect(), of(Version::V311).collect()];
    for cases in &tables {
        let distinct: std::collections::HashSet<_> = cases.iter().map(|(_, bytes, _)| bytes).collect();
        assert_eq!(distinct.len(), cases.len());
    }
    let [first, new, old] = tables.map(|cases| cases.len());
    assert!(first + new > 110 && first + new + old > 165, "{first} {new} {old}");
}
