//! The one task of a device: it runs the connection, produces on time, sends what the device gives and settles what comes
//! back.
//!
//! `poll()` of the client is kept pinned over all other events, because it must not be cancelled while it connects.
//! A client that makes no progress is thrown away and built anew: the device, not the client, is the truth.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use firmware_protocol::MAGIC;
use firmware_protocol::body::RecordRef;
use firmware_protocol::device::{TimeAnswer, Transfer};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::link::{self, Client, Events, Fate, LinkError, LinkEvent, Version};
use super::persona::{Occasion, Persona};
use super::session::Session;
use super::{Outstanding, Phase};
use crate::device::{Class, Device, Message, Moment, NotMade, Outgoing, Photo, Received, Settled};
use crate::ledger::{DeviceLedger, Receipt};

/// Time for a DISCONNECT to leave.
const FAREWELL: Duration = Duration::from_secs(1);
/// Between two questions about the time on one connection.
const QUESTION_PERIOD: Duration = Duration::from_secs(20);

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
                (record, fate) = session.next_fate() => self.settle(session, record, fate),
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

    /// Takes note of what the connection did and says how long to wait before it is polled again.
    fn on_link(&mut self, session: &mut Session, polled: Result<LinkEvent, LinkError>) -> Duration {
        match polled {
            Ok(LinkEvent::Connected { session_present }) => self.connected(session, session_present),
            Ok(LinkEvent::Message { topic, payload }) => self.on_message(&topic, &payload),
            Ok(LinkEvent::Other) => {}
            Err(error) => {
                tracing::debug!(device = self.driver.device.name(), %error, "connection lost");
                session.connected = false;
                return session.reconnect_delay(&mut self.driver.rng);
            }
        }
        Duration::ZERO
    }

    fn connected(&mut self, session: &mut Session, session_present: bool) {
        session.connected = true;
        session.failures = 0;
        session.progress_at = Instant::now();
        self.driver.ledger.connected();
        if !session_present {
            // The client has given up what was in flight, so nobody knows what became of it.
            session.in_flight.clear();
            self.driver.device.disconnected();
            if !session.client.subscribe(&self.driver.device.down_topic("#")) {
                tracing::warn!(device = self.driver.device.name(), "no room to subscribe");
            }
        }
        self.next_question_at = Instant::now();
    }

    fn on_message(&mut self, topic: &Bytes, payload: &Bytes) {
        if payload.first() == Some(&MAGIC) {
            self.on_frame(payload);
        } else if topic.as_ref() == self.driver.device.down_topic("receipt").as_bytes() {
            self.on_receipt(payload);
        }
    }

    fn on_frame(&mut self, payload: &Bytes) {
        let now = self.now();
        let Driver { device, ledger, .. } = &mut self.driver;
        match device.receive(now, payload) {
            Received::Time(TimeAnswer::Taken) => ledger.time_set(),
            Received::Photo(photo, Transfer::Complete) => ledger.photo_complete(&device.record_name(photo)),
            Received::Photo(photo, Transfer::Refused) => ledger.photo_refused(&device.record_name(photo)),
            Received::Refused(refused) => {
                tracing::warn!(device = device.name(), %refused, "a frame that does not count")
            }
            Received::Photo(..) | Received::Time(_) | Received::Nothing => {}
        }
    }

    fn on_receipt(&self, payload: &Bytes) {
        match serde_json::from_slice::<ReceiptMessage>(payload) {
            Ok(said) => {
                self.driver.ledger.receipt(&said.id, Receipt { result: said.result, case: said.case })
            }
            Err(error) => {
                tracing::warn!(device = self.driver.device.name(), %error, "a receipt that can't be read")
            }
        }
    }

    fn settle(&mut self, session: &mut Session, record: RecordRef, fate: Fate) {
        let now = self.now();
        let Driver { device, ledger, outstanding, .. } = &mut self.driver;
        let settled = match &fate {
            Fate::Acknowledged => device.acknowledged(now, record),
            Fate::Refused(_) => device.refused(now, record),
            Fate::Unknown => return device.unacknowledged(now, record),
        };
        session.progress_at = Instant::now();
        let name = device.record_name(record);
        match (fate, settled) {
            (_, Settled::Chunk | Settled::Nothing | Settled::Description { first: false }) => return,
            (Fate::Refused(reason), _) => ledger.refused(&name, &reason),
            (_, Settled::Description { first: true }) => ledger.described(&name),
            (_, Settled::Record) => ledger.acknowledged(&name),
        }
        outstanding.record_settled();
    }

    fn produce(&mut self) {
        let now = self.now();
        self.next_record_at += jittered(self.driver.period, &mut self.driver.rng);
        self.made += 1;
        let queued = self.driver.device.unacknowledged_records();
        let occasion = Occasion { count: self.made, uptime_ms: now.uptime_ms, queued };
        let persona = self.driver.persona.clone();
        let mut message = persona.message(occasion, &mut self.driver.rng);
        if let Message::Incident(incident) = &mut message {
            incident.photo = self.photograph(now);
        }
        let Driver { device, ledger, outstanding, .. } = &mut self.driver;
        match device.make(now, &message) {
            Ok(_) => {
                ledger.produced();
                outstanding.record_made();
            }
            Err(NotMade::Full) => ledger.dropped(),
            Err(error) => tracing::error!(device = device.name(), %error, "a record could not be made"),
        }
    }

    /// Takes a photo of what was found, if it is time for one.
    fn photograph(&mut self, now: Moment) -> Option<RecordRef> {
        let Driver { device, photo_period, rng, outstanding, .. } = &mut self.driver;
        let period = photo_period.filter(|_| Instant::now() >= self.next_photo_at)?;
        // A full album or outbox: the finding goes without a photo.
        let description = device.describe(now, Photo::take(rng)).ok()?;
        self.next_photo_at = Instant::now() + period;
        outstanding.record_made();
        Some(description)
    }

    /// When something is due on the connection although nothing happened.
    fn asks_at(&self, session: &Session) -> Option<Instant> {
        let photo_at = self.driver.device.photo_due_ms().map(|ms| self.start + Duration::from_millis(ms));
        let question_at = self.driver.asks_time.then_some(self.next_question_at);
        photo_at.into_iter().chain(question_at).min().filter(|_| session.connected)
    }

    /// Asks about the time when it is time to; what is due of a photo is done by [`send`](Self::send).
    fn ask(&mut self, session: &mut Session) {
        if self.driver.asks_time && Instant::now() >= self.next_question_at {
            self.next_question_at = Instant::now() + QUESTION_PERIOD;
            let now = self.now();
            let device = &mut self.driver.device;
            if let Some(question) = device.time_question(now) {
                session.client.publish_once(&device.up_topic(Class::Status), question);
            }
        }
    }

    /// Hands the client whatever may be sent now.
    fn send(&mut self, session: &mut Session) {
        if session.connected {
            let window = usize::from(self.driver.window);
            while let Some(chunk) = self.driver.device.next_chunk(self.now())
                && self.publish(session, chunk)
            {}
            while let Some(outgoing) = self.driver.device.next_to_send(window)
                && self.publish(session, outgoing)
            {}
        }
        let open_photos = self.driver.device.open_photos();
        self.driver.outstanding.photos_changed(self.open_photos, open_photos);
        self.open_photos = open_photos;
    }

    /// `false` when the client has no room for it now.
    fn publish(&mut self, session: &mut Session, outgoing: Outgoing) -> bool {
        if session.in_flight.is_empty() {
            session.progress_at = Instant::now();
        }
        let topic = self.driver.device.up_topic(outgoing.class);
        let Some(notice) = session.client.publish(&topic, outgoing.payload) else {
            let now = self.now();
            self.driver.device.unacknowledged(now, outgoing.record);
            return false;
        };
        if outgoing.resend {
            self.driver.ledger.resent();
        }
        session.in_flight.push((outgoing.record, notice));
        true
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
