//! The one task of a device: it runs the connection, produces on time, sends what the outbox holds and settles what
//! comes back.
//!
//! `poll()` of the client is kept pinned over all other events, because it must not be cancelled while it connects.
//! A client that makes no progress is thrown away and built anew: the outbox, not the client, is the truth.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::link::{self, Client, Events, Fate, LinkError, LinkEvent, Version};
use super::persona::Persona;
use super::session::Session;
use super::{Outstanding, Phase};
use crate::device::{Device, Moment, NotMade, RecordId};
use crate::ledger::{DeviceLedger, Receipt};

/// Time for a DISCONNECT to leave.
const FAREWELL: Duration = Duration::from_secs(1);

/// Everything a device's task starts with.
pub(super) struct Driver {
    pub(super) device: Device,
    pub(super) persona: Persona,
    pub(super) version: Version,
    pub(super) host: String,
    pub(super) port: u16,
    /// Publishes in flight at most.
    pub(super) window: u16,
    /// Mean time between two records.
    pub(super) period: Duration,
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
        let mut work = Work { driver: self, start, next_record_at, made: 0, producing: true };
        loop {
            let driver = &work.driver;
            let (client, mut events) =
                link::open(driver.version, driver.device.name(), &driver.host, driver.port, driver.window);
            let mut session = Session::new(client);
            let ended = work.live(&mut session, &mut events).await;
            session.abandon(&mut work.driver.device);
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
    made: u64,
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
            let stalled_at = session.stalled_at();
            tokio::select! {
                result = &mut polled => return Ok(result),
                (id, fate) = session.next_fate() => self.settle(session, id, fate),
                () = until(next_record_at) => self.produce(),
                gone = self.driver.phase.changed() => gone.map_err(|_| Ended::Leaving)?,
                () = until(stalled_at) => return Err(Ended::Stalled),
            }
            self.send(session);
        }
    }

    /// Takes note of what the connection did and says how long to wait before it is polled again.
    fn on_link(&mut self, session: &mut Session, polled: Result<LinkEvent, LinkError>) -> Duration {
        match polled {
            Ok(LinkEvent::Connected { session_present }) => {
                session.connected = true;
                session.failures = 0;
                session.progress_at = Instant::now();
                self.driver.ledger.connected();
                if !session_present && !session.client.subscribe(&self.driver.device.receipt_topic()) {
                    tracing::warn!(device = self.driver.device.name(), "no room to subscribe for receipts");
                }
                Duration::ZERO
            }
            Ok(LinkEvent::Message { topic, payload }) => {
                self.on_message(&topic, &payload);
                Duration::ZERO
            }
            Ok(LinkEvent::Other) => Duration::ZERO,
            Err(error) => {
                tracing::debug!(device = self.driver.device.name(), %error, "connection lost");
                session.connected = false;
                session.reconnect_delay(&mut self.driver.rng)
            }
        }
    }

    fn on_message(&self, topic: &Bytes, payload: &Bytes) {
        if topic.as_ref() != self.driver.device.receipt_topic().as_bytes() {
            return;
        }
        match serde_json::from_slice::<ReceiptMessage>(payload) {
            Ok(said) => {
                self.driver.ledger.receipt(&said.id, Receipt { result: said.result, case: said.case })
            }
            Err(error) => {
                tracing::warn!(device = self.driver.device.name(), %error, "a receipt that can't be read")
            }
        }
    }

    fn settle(&mut self, session: &mut Session, id: RecordId, fate: Fate) {
        let Driver { device, ledger, outstanding, .. } = &mut self.driver;
        let name = device.record_name(id);
        match fate {
            Fate::Acknowledged => ledger.acknowledged(&name),
            Fate::Refused(reason) => ledger.refused(&name, &reason),
            Fate::Unknown => return device.unsettled(id),
        }
        session.progress_at = Instant::now();
        if device.settled(id) {
            outstanding.record_settled();
        }
    }

    fn produce(&mut self) {
        let Driver { device, persona, ledger, outstanding, rng, period, .. } = &mut self.driver;
        self.next_record_at += jittered(*period, rng);
        self.made += 1;
        let elapsed = self.start.elapsed();
        let now = Moment { uptime_ms: elapsed.as_millis() as u64, unix_ms: unix_ms() };
        let message = persona.message(self.made, elapsed.as_secs_f64(), device.unacknowledged(), rng);
        match device.make(now, &message) {
            Ok(_) => {
                ledger.produced();
                outstanding.record_made();
            }
            Err(NotMade::Full) => ledger.dropped(),
            Err(error) => tracing::error!(device = device.name(), %error, "a record could not be made"),
        }
    }

    /// Hands the client whatever the window allows.
    fn send(&mut self, session: &mut Session) {
        let Driver { device, ledger, window, .. } = &mut self.driver;
        while session.connected
            && let Some(outgoing) = device.next_to_send(usize::from(*window))
        {
            if session.in_flight.is_empty() {
                session.progress_at = Instant::now();
            }
            let topic = device.up_topic(outgoing.class);
            let Some(notice) = session.client.publish(&topic, outgoing.payload) else {
                return device.unsettled(outgoing.id);
            };
            if outgoing.resend {
                ledger.resent();
            }
            session.in_flight.push((outgoing.id, notice));
        }
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

/// The receipt as it travels; `boot` and `seq` beside the id repeat it.
#[derive(Deserialize)]
struct ReceiptMessage {
    id: String,
    result: String,
    #[serde(default)]
    case: Option<String>,
}
