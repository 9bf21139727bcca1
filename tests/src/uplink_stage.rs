//! A gateway with a platform that can be told to misbehave, and a device that reports.

use std::time::Duration;

use patrol_simulator::platform::{Fault, Platform};

use crate::gateway::Gateway;
use crate::packets::Version;
use crate::raw_mqtt::Connection;
use crate::reports::{incident, telemetry, up};
use crate::wait::wait_until;
use crate::world::World;

/// Whatever is awaited comes within this time. Generous: nothing is measured by it.
pub const SOON: Duration = Duration::from_secs(60);

/// Ways to compress a request.
pub const COMPRESSIONS: [&str; 3] = ["zstd", "gzip", "none"];

/// A gateway, its platform, and a device `car-01`. The uplink retries after 10 to 100 ms.
#[derive(Debug)]
pub struct Stage {
    /// The platform.
    pub platform: Platform,
    /// The gateway.
    pub gateway: Gateway,
    /// The device.
    pub device: Connection,
    _world: World,
}

impl Stage {
    /// Sets it up with this compression and these further keys of the configuration.
    pub async fn set(compression: &str, keys: &[(&str, &str)]) -> Stage {
        let world = World::new();
        let platform = world.platform().await;
        let plan = world.gateway().uplink(&platform.url()).set("uplink.compression", compression);
        let plan = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms");
        let plan = keys.iter().fold(plan, |plan, (key, value)| plan.set(key, value));
        let gateway = plan.start().await;
        let device = Connection::connect(&gateway, Version::V5, "car-01").await;
        Stage { platform, gateway, device, _world: world }
    }

    /// From now on the platform does this.
    ///
    /// # Panics
    /// When it does not obey.
    pub async fn fault(&self, fault: Fault) {
        self.platform.set_fault(fault).await.expect("the platform obeys");
    }

    /// The device reports incidents with these numbers of its first boot; all are acknowledged.
    pub async fn incidents(&mut self, numbers: std::ops::Range<u32>) {
        self.device.report_all(&up("car-01", "incident"), numbers.map(|seq| incident(1, seq))).await;
    }

    /// The same for telemetry, of its second boot.
    pub async fn telemetry(&mut self, numbers: std::ops::Range<u32>) {
        self.device.report_all(&up("car-01", "telemetry"), numbers.map(|seq| telemetry(2, seq))).await;
    }

    /// Waits until this many more requests have come to the platform.
    pub async fn more_requests(&self, count: u64) {
        let enough = self.platform.counts().requests + count;
        wait_until("the gateway tries again", SOON, async || self.platform.counts().requests >= enough).await;
    }

    /// Waits until nothing is pending any more; then the platform must have taken in exactly `owed` events, and none
    /// with other content than before.
    pub async fn drained(&self, owed: u64) {
        wait_until("the backlog is empty", SOON, async || self.gateway.pending().await == 0).await;
        let counts = self.platform.counts();
        assert_eq!((counts.delivered, counts.conflicts), (owed, 0), "{counts:?}");
    }

    /// Waits until the uplink says that its last attempt failed with these words.
    pub async fn complains(&self, words: &str) {
        let said = async || {
            let status = self.gateway.status().await;
            status["uplink"]["last_error"].as_str().is_some_and(|error| error.contains(words))
        };
        wait_until(&format!("the uplink says {words:?}"), SOON, said).await;
    }
}

/// Plays a scene with each compression, all three at the same time.
pub async fn with_each_compression(scene: impl AsyncFn(&'static str)) {
    let [zstd, gzip, none] = COMPRESSIONS;
    tokio::join!(scene(zstd), scene(gzip), scene(none));
}
