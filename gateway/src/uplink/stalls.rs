//! The lane of the stall register: asks the platform whether it has another one, `GET /v1/gateways/{id}/stalls`.
//!
//! - Asked at the start, then every [`PAUSE`]; every [`ABSENT_PAUSE`] while the platform has none. Failures back off like the other
//!   lanes; a platform that does not let us ask is asked no sooner than after a pause. All waits are jittered.
//! - What is known is named by its entity tag, the platform's own or `stalls@` and the CRC-32C of the content, so that nothing is sent
//!   twice. What is sent is handed to whoever owns the register, and counts as known once that one has settled it.

use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;

use super::carrier::Trouble;
use super::https::Platform;
use super::https::document::Document;
use super::patience::Patience;
use crate::config::Uplink;
use crate::domain::stalls::REGISTER_BYTES_MAX;

/// Between two questions.
pub const PAUSE: Duration = Duration::from_secs(300);
/// The same while the platform has no register.
pub const ABSENT_PAUSE: Duration = Duration::from_secs(3600);
/// Waits are this share longer at most, so that gateways that started together don't ask together.
const JITTER: f64 = 0.1;

/// The lane. `take` hands a register over; it says whether that is settled.
pub struct StallLane<T> {
    path: String,
    platform: Platform,
    patience: Patience,
    random: fastrand::Rng,
    /// The version that the platform sent last, and its own tag if that is another.
    known: Vec<String>,
    take: T,
}

impl<T, F> StallLane<T>
where
    T: Fn(Vec<u8>) -> F,
    F: Future<Output = bool>,
{
    /// A lane from `platform`. `known` is the version of the register that it sent last, if any.
    pub fn new(
        gateway_id: &str,
        uplink: &Uplink,
        platform: Platform,
        known: Option<String>,
        mut random: fastrand::Rng,
        take: T,
    ) -> StallLane<T> {
        let path = format!("/v1/gateways/{gateway_id}/stalls");
        let patience = Patience::new(uplink, random.fork());
        StallLane { path, platform, patience, random, known: known.into_iter().collect(), take }
    }

    /// Asks until told to stop.
    pub async fn run(mut self, stopping: CancellationToken) {
        let ask = async {
            loop {
                let wait = self.ask().await;
                time::sleep(wait).await;
            }
        };
        let _: Option<()> = stopping.run_until_cancelled(ask).await;
    }

    /// Asks once; gives the wait before the next question.
    async fn ask(&mut self) -> Duration {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let pause = match self.platform.get(&self.path, &known, REGISTER_BYTES_MAX).await {
            Ok(Document::Known) => PAUSE,
            Ok(Document::Absent) => ABSENT_PAUSE,
            Ok(Document::Content { bytes, tag }) => {
                let version = format!("stalls@{:08x}", crc32c::crc32c(&bytes));
                if !(self.take)(bytes).await {
                    return self.patience.wait(None);
                }
                let own = tag.filter(|tag| *tag != version);
                self.known = std::iter::once(version).chain(own).collect();
                PAUSE
            }
            Err(error) => return self.failed(&error),
        };
        self.patience.reset();
        self.jittered(pause)
    }

    fn failed(&mut self, error: &Trouble) -> Duration {
        let wait = self.patience.wait(error.retry_after());
        let wait = match error {
            Trouble::Denied { .. } | Trouble::Garbled(_) => self.jittered(PAUSE.max(wait)),
            _ => wait,
        };
        tracing::debug!(%error, wait_ms = wait.as_millis() as u64, "stall register not asked for, backing off");
        wait
    }

    fn jittered(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(1.0 + JITTER * self.random.f64())
    }
}
