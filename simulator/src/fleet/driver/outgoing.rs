//! What a device's task says: records on time, photos of findings, questions, and whatever waits on the device.

use std::time::Duration;

use tokio::time::Instant;

use super::{Driver, Work, jittered};
use crate::device::{Class, Message, NotMade, Outgoing, Photo};
use crate::fleet::persona::Occasion;
use crate::fleet::session::Session;

/// Between two questions about the time on one connection.
const QUESTION_PERIOD: Duration = Duration::from_secs(20);

impl Work {
    pub(super) fn produce(&mut self) {
        let now = self.now();
        self.next_record_at += jittered(self.driver.period, &mut self.driver.rng);
        self.made += 1;
        let queued = self.driver.device.unacknowledged_records();
        let occasion = Occasion { count: self.made, uptime_ms: now.uptime_ms, queued };
        let Driver { device, persona, photo_period, ledger, outstanding, rng, .. } = &mut self.driver;
        let mut message = persona.message(occasion, rng);
        if let Message::Incident(incident) = &mut message
            && let Some(period) = *photo_period
            && Instant::now() >= self.next_photo_at
            // With a full album or outbox the finding goes without a photo.
            && let Ok(description) = device.describe(now, Photo::take(rng))
        {
            self.next_photo_at = Instant::now() + period;
            outstanding.record_made();
            incident.photo = Some(description);
        }
        match device.make(now, &message) {
            Ok(_) => {
                ledger.produced();
                outstanding.record_made();
            }
            Err(NotMade::Full) => ledger.dropped(),
            Err(error) => tracing::error!(device = device.name(), %error, "a record could not be made"),
        }
    }

    /// When something is due on the connection although nothing happened.
    pub(super) fn asks_at(&self, session: &Session) -> Option<Instant> {
        let photo_at = self.driver.device.photo_due_ms().map(|ms| self.start + Duration::from_millis(ms));
        let question_at = self.driver.asks_time.then_some(self.next_question_at);
        photo_at.into_iter().chain(question_at).min().filter(|_| session.connected)
    }

    /// Asks about the time when it is time to; what is due of a photo is done by [`send`](Self::send).
    pub(super) fn ask(&mut self, session: &mut Session) {
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
    pub(super) fn send(&mut self, session: &mut Session) {
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
        session.in_flight.push((outgoing.record, outgoing.class, notice));
        true
    }
}
