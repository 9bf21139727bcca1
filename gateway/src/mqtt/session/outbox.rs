//! Messages on their way to one client: what was sent and is not yet done with.
//!
//! The truth of what must arrive is in the store: a message leaves it when the client is done with it. Here is only the window
//! that was sent, and what need not outlive the connection.

use std::collections::VecDeque;
use std::num::NonZeroU16;

use crate::domain::publication::Qos;
use crate::store::handle::DownMessage;
use crate::store::sessions::{Parcel, Queued};

/// Messages sent and unacknowledged at most.
const WINDOW: usize = 64;

/// Where a message is kept until its client is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mqtt) enum Source {
    /// Nowhere else.
    Here,
    /// Among the messages of the gateway for its device.
    Down(i64),
    /// Among those that wait for the session.
    Queued(i64),
}

/// A message that was sent.
#[derive(Debug)]
struct Flight {
    packet_id: NonZeroU16,
    qos: Qos,
    source: Source,
    /// QoS 2: the client has it.
    released: bool,
}

/// What to send.
#[derive(Debug)]
pub(super) enum Sending {
    /// A message; `packet_id` above QoS 0.
    Publish { packet_id: Option<NonZeroU16>, dup: bool, parcel: Parcel },
    /// QoS 2: that the client has a message was noted before.
    PubRel(NonZeroU16),
}

/// What a PUBREC means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// The client has the message: to be noted there before it is released.
    Note(Source),
    /// It was noted before, or the client refuses the message, which is done with then.
    Again,
    Refused(Source),
    Unknown,
}

/// The way out of one session.
#[derive(Debug)]
pub(super) struct Outbox {
    window: usize,
    flights: VecDeque<Flight>,
    /// What is sent as soon as there is room: retained messages of a new subscription.
    waiting: VecDeque<Parcel>,
    down: Feed,
    queued: Feed,
    /// The number of the last queued message that an earlier connection was sent.
    sent_before: i64,
    /// The next queued message waits for its packet id to be free.
    is_blocked: bool,
    last_packet_id: u16,
}

/// How far the messages in the store were looked at.
#[derive(Debug, Clone, Copy)]
struct Feed {
    cursor: i64,
    /// There may be more behind the cursor.
    more: bool,
}

impl Outbox {
    /// `receive_maximum` is what the client takes unacknowledged; `sent_before` the last queued message that it was sent before.
    pub(super) fn new(receive_maximum: u16, sent_before: i64) -> Outbox {
        let feed = Feed { cursor: 0, more: false };
        Outbox {
            window: usize::from(receive_maximum).min(WINDOW),
            flights: VecDeque::new(),
            waiting: VecDeque::new(),
            down: feed,
            queued: feed,
            sent_before,
            is_blocked: false,
            last_packet_id: 0,
        }
    }

    fn room(&self) -> usize {
        self.window.saturating_sub(self.flights.len())
    }

    /// True while a message may be sent that needs a place in the window.
    pub(super) fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// The store may have something new.
    pub(super) fn ring(&mut self) {
        self.down.more = true;
        self.queued.more = true;
    }

    /// Messages of the gateway that nobody wanted before may be wanted now.
    pub(super) fn look_again(&mut self) {
        self.down = Feed { cursor: 0, more: true };
    }

    /// What to ask the store for of the gateway's own messages, as (after, limit), if anything.
    pub(super) fn wants_down(&self) -> Option<(i64, u32)> {
        (self.down.more && self.has_room()).then_some((self.down.cursor, self.room() as u32))
    }

    /// The same of what waits for the session.
    pub(super) fn wants_queued(&self) -> Option<(i64, u32)> {
        (self.queued.more && self.has_room()).then_some((self.queued.cursor, self.room() as u32))
    }

    /// Takes what the store has for the device; `granted` says at which quality of service a kind is wanted, if it is. Returns what
    /// to send, and which messages are done with by that.
    pub(super) fn fill_down(
        &mut self,
        messages: Vec<DownMessage>,
        limit: u32,
        granted: impl Fn(&str) -> Option<Qos>,
        parcel: impl Fn(DownMessage, Qos) -> Parcel,
    ) -> Vec<(Source, Sending)> {
        self.down.more = messages.len() as u32 >= limit;
        let mut sendings = Vec::new();
        for message in messages {
            self.down.cursor = self.down.cursor.max(message.id);
            let source = Source::Down(message.id);
            let is_sent = self.flights.iter().any(|flight| flight.source == source);
            // Above QoS 1 nothing is gained: the device knows a message by its content.
            let Some(qos) = granted(&message.topic).filter(|_| !is_sent) else { continue };
            let parcel = parcel(message, qos.min(Qos::AtLeastOnce));
            let packet_id = self.take_off(parcel.qos, source, None);
            sendings.push((source, Sending::Publish { packet_id, dup: false, parcel }));
        }
        sendings
    }

    /// Takes what waits for the session.
    pub(super) fn fill_queued(
        &mut self,
        messages: Vec<Queued>,
        limit: u32,
        this_run: u32,
    ) -> Vec<(Source, Sending)> {
        self.queued.more = messages.len() as u32 >= limit;
        let mut sendings = Vec::new();
        for Queued { id, released, parcel } in messages {
            // After a restart, under the same packet id: the client may know the message by it.
            let packet_id = packet_id_of(id);
            if self.flights.iter().any(|flight| flight.packet_id == packet_id) {
                // Sent already, or 65,535 messages ago and not done with.
                let is_sent = self.flights.iter().any(|flight| flight.source == Source::Queued(id));
                if is_sent {
                    self.queued.cursor = id;
                    continue;
                }
                (self.queued.more, self.is_blocked) = (false, true);
                break;
            }
            self.queued.cursor = id;
            let source = Source::Queued(id);
            self.take_off(parcel.qos, source, Some(packet_id));
            if released {
                self.flights
                    .iter_mut()
                    .filter(|flight| flight.source == source)
                    .for_each(|flight| flight.released = true);
                sendings.push((source, Sending::PubRel(packet_id)));
                continue;
            }
            let dup = id <= self.sent_before || parcel.since.run != this_run;
            sendings.push((source, Sending::Publish { packet_id: Some(packet_id), dup, parcel }));
        }
        sendings
    }

    /// Adds what is to be sent when there is room.
    pub(super) fn wait(&mut self, parcels: impl IntoIterator<Item = Parcel>) {
        self.waiting.extend(parcels);
    }

    /// The next of what was waiting, if there is room for it.
    pub(super) fn next_waiting(&mut self) -> Option<Sending> {
        let is_free = self.waiting.front()?.qos == Qos::AtMostOnce;
        if !is_free && !self.has_room() {
            return None;
        }
        let parcel = self.waiting.pop_front()?;
        Some(self.send(parcel))
    }

    /// True when nothing waits before what comes next.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends a message that need not outlive the connection.
    fn send(&mut self, parcel: Parcel) -> Sending {
        let packet_id = self.take_off(parcel.qos, Source::Here, None);
        Sending::Publish { packet_id, dup: false, parcel }
    }

    /// Gives a message its place in the window and its packet id; none at QoS 0.
    fn take_off(&mut self, qos: Qos, source: Source, packet_id: Option<NonZeroU16>) -> Option<NonZeroU16> {
        if qos == Qos::AtMostOnce {
            return None;
        }
        let packet_id = packet_id.unwrap_or_else(|| self.next_packet_id());
        self.flights.push_back(Flight { packet_id, qos, source, released: false });
        Some(packet_id)
    }

    /// QoS 1: the client is done with a message. `None` when none was sent under this packet id.
    pub(super) fn acknowledged(&mut self, packet_id: NonZeroU16) -> Option<Source> {
        self.land(packet_id, |flight| flight.qos == Qos::AtLeastOnce)
    }

    /// QoS 2: the client has a message, or refuses it.
    pub(super) fn received(&mut self, packet_id: NonZeroU16, refused: bool) -> Received {
        let is_it = |flight: &&mut Flight| flight.packet_id == packet_id && flight.qos == Qos::ExactlyOnce;
        let Some(flight) = self.flights.iter_mut().find(is_it) else { return Received::Unknown };
        let source = flight.source;
        if refused && !flight.released {
            self.land(packet_id, |_| true);
            return Received::Refused(source);
        }
        if std::mem::replace(&mut flight.released, true) { Received::Again } else { Received::Note(source) }
    }

    /// QoS 2: the client has let go of the packet id.
    pub(super) fn completed(&mut self, packet_id: NonZeroU16) -> Option<Source> {
        self.land(packet_id, |flight| flight.released)
    }

    /// A message can't be sent after all: it is done with.
    pub(super) fn give_up(&mut self, packet_id: NonZeroU16) {
        self.land(packet_id, |_| true);
    }

    fn land(&mut self, packet_id: NonZeroU16, is_due: impl Fn(&Flight) -> bool) -> Option<Source> {
        let place = self.flights.iter().position(|flight| flight.packet_id == packet_id)?;
        if !self.flights.get(place).is_some_and(is_due) {
            return None;
        }
        self.queued.more |= std::mem::take(&mut self.is_blocked);
        self.flights.remove(place).map(|flight| flight.source)
    }

    /// The number of the last queued message that was sent.
    pub(super) fn sent_to(&self) -> i64 {
        self.queued.cursor.max(self.sent_before)
    }

    fn next_packet_id(&mut self) -> NonZeroU16 {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1);
            if let Some(id) = NonZeroU16::new(self.last_packet_id)
                && !self.flights.iter().any(|flight| flight.packet_id == id)
            {
                return id;
            }
        }
    }
}

/// The packet id of a message that waits in the store: always the same.
fn packet_id_of(id: i64) -> NonZeroU16 {
    let place = id.rem_euclid(i64::from(u16::MAX)) as u16;
    NonZeroU16::new(place.saturating_add(1)).unwrap_or(NonZeroU16::MIN)
}
