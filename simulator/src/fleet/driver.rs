//! The one task of a device: it runs the connection, produces on time, sends what the device gives and settles what comes
//! back.
//!
//! `poll()` of the client is kept pinned over all other events, because it must not be cancelled while it connects.
//! A client that makes no progress is thrown away and built anew: the device, not the client, is the truth.

mod incoming;
mod outgoing;

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::link::{self, Client, Events, LinkError, LinkEvent, Version};
use super::persona::Persona;
use super::session::Session;
use super::{Outstanding, Phase};
use crate::device::{Device, Moment};
use crate::ledger::DeviceLedger;

/// Time for a DISCONNECT to leave.
const FAREWELL: Duration = Duration::from_secs(1);

/// Everything a device's task starts with.
pub(super) struct Driver {
    pub(super) device: Device,
    pub(super) persona: Persona,
    pub(super) version: Version,
    pub(super) host: String,
    pub(super) port: u16,
    /// Records in flight at most.
    pub(super) window: u16,
    /// Mean time between two records.
    pub(super) period: Duration,
    /// Least time between two photos; `None` for a device that takes none.
    pub(super) photo_period: Option<Duration>,
    /// Whether it asks about the time.
    pub(super) asks_time: bool,
    pub(super) rng: fastrand::Rng,
    pub(super) ledger: DeviceLedger,
    pub(super) outstanding: Outstanding,
    pub(super) phase: watch::Receiver<Phase>,
}

/// Why one client's life ended.
enum Ended {
    /// The fleet is leaving.
    Leaving,
    /// No progress; build another.
    Stalled,
}

impl Driver {
    /// Runs until the fleet leaves.
    pub(super) async fn run(mut self) {
        let start = Instant::now();
        let next_record_at = start + jittered(self.period, &mut self.rng);
        let mut work = Work {
            driver: self,
            start,
            next_record_at,
            next_photo_at: start,
            next_question_at: start,
            made: 0,
            open_photos: 0,
            producing: true,
        };
        loop {
            let driver = &work.driver;
            let (client, mut events) =
                link::open(driver.version, driver.device.name(), &driver.host, driver.port, driver.window);
            let mut session = Session::new(client);
            let ended = work.live(&mut session, &mut events).await;
            work.driver.device.disconnected();
            match ended {
                Ended::Stalled => {
                    tracing::warn!(device = work.driver.device.name(), "no progress, new client")
                }
                Ended::Leaving => return farewell(session.client, events).await,
            }
        }
    }
}

/// Between half the period and one and a half.
fn jittered(period: Duration, rng: &mut fastrand::Rng) -> Duration {
    period.mul_f64(0.5 + rng.f64())
}

/// A device at work, over however many clients.
struct Work {
    driver: Driver,
    start: Instant,
    next_record_at: Instant,
    next_photo_at: Instant,
    next_question_at: Instant,
    made: u64,
    /// Photos that the fleet was told the gateway still has to get.
    open_photos: usize,
    /// Until it has heard that the fleet drains.
    producing: bool,
}

impl Work {
    /// Lives one client's life.
    async fn live(&mut self, session: &mut Session, events: &mut Events) -> Ended {
        let mut delay = Duration::ZERO;
        loop {
            match self.work_until(session, polled_after(delay, events)).await {
                Ok(polled) => delay = self.on_link(session, polled),
                Err(ended) => return ended,
            }
            self.send(session);
        }
    }

    /// Works on while the connection is polled, until it has something to say.
    async fn work_until(
        &mut self,
        session: &mut Session,
        polled: impl Future<Output = Result<LinkEvent, LinkError>>,
    ) -> Result<Result<LinkEvent, LinkError>, Ended> {
        let mut polled = pin!(polled);
        loop {
            let phase = *self.driver.phase.borrow_and_update();
            if phase != Phase::Producing && std::mem::take(&mut self.producing) {
                self.driver.outstanding.device_stopped();
            }
            if phase == Phase::Leaving {
                return Err(Ended::Leaving);
            }
            let next_record_at = self.producing.then_some(self.next_record_at);
            let (asks_at, stalled_at) = (self.asks_at(session), session.stalled_at());
            tokio::select! {
                result = &mut polled => return Ok(result),
                (record, class, fate) = session.next_fate() => self.settle(session, record, class, fate),
                () = until(next_record_at) => self.produce(),
                () = until(asks_at) => self.ask(session),
                gone = self.driver.phase.changed() => gone.map_err(|_| Ended::Leaving)?,
                () = until(stalled_at) => return Err(Ended::Stalled),
            }
            self.send(session);
        }
    }

    fn now(&self) -> Moment {
        let unix_ms = if self.driver.persona.has_clock() { unix_ms() } else { 0 };
        Moment { uptime_ms: self.start.elapsed().as_millis() as u64, unix_ms }
    }
}

async fn polled_after(delay: Duration, events: &mut Events) -> Result<LinkEvent, LinkError> {
    if !delay.is_zero() {
        sleep(delay).await;
    }
    events.poll().await
}

/// Until the instant, or for ever.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Lets the DISCONNECT leave, for at most [`FAREWELL`].
async fn farewell(client: Client, mut events: Events) {
    client.disconnect();
    let said = async { while events.poll().await.is_ok() {} };
    tokio::time::timeout(FAREWELL, said).await.ok();
}

/// The simulator's devices have a clock in agreement with this machine's.
fn unix_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default()
}
