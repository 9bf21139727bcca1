//! One connection at work: polled all the while, and everything else beside that.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::{End, MqttLink, no_room};
use crate::mqtt_client::{Event, Events, Fate, Greeting, Lost, Message, Notice, Requests, Subscribed};
use crate::uplink::carrier::Trouble;
use crate::uplink::mqtt::flights::Flights;
use crate::uplink::mqtt::word::{Order, Word, too_large};
use crate::uplink::verdict::{self, Outcome};

/// Keep-alives without an acknowledgement while something is in flight: then the connection is given up.
const STALLED_AFTER_KEEP_ALIVES: u32 = 3;
/// That nobody has subscribed is told once in this time.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// The reason of MQTT 5 for what we may not do.
const NOT_AUTHORISED: u16 = 0x87;

impl MqttLink {
    /// Serves a connection until it ends, or the gateway stops.
    pub(super) async fn drive(
        &mut self,
        events: &mut Events,
        serving: &mut Serving<'_>,
        stopping: &CancellationToken,
    ) -> End {
        loop {
            let mut poll = pin!(events.poll());
            // The same poll goes on whatever happens beside it.
            let event = loop {
                match self.wait(poll.as_mut(), serving, stopping).await {
                    Wake::Event(event) => break event,
                    Wake::Answer(id, fate) => self.answered(&id, fate, serving.flights),
                    Wake::Order(order) => {
                        if let Err(trouble) = self.publish(order, serving) {
                            return End::Broken(trouble);
                        }
                    }
                    Wake::Subscribed(Subscribed::Refused(reasons)) => {
                        tracing::error!(reasons, "the broker refuses the subscription to receipts");
                        return End::Broken(Trouble::Denied { status: NOT_AUTHORISED });
                    }
                    Wake::Subscribed(_) => {
                        serving.subscribing = None;
                        self.up();
                    }
                    Wake::Stalled => {
                        let why = "the broker has acknowledged nothing for three keep-alives";
                        return End::Broken(Trouble::NoAnswer(why.to_owned()));
                    }
                    Wake::Stopping => return End::Stopping,
                }
            };
            match event {
                Ok(Event::Message(message)) => self.receipt(&message, serving.flights),
                Ok(Event::Answer | Event::Other) => {}
                Err(lost) => return End::Broken(Trouble::NoAnswer(lost.to_string())),
            }
        }
    }

    async fn wait(
        &mut self,
        poll: Pin<&mut impl Future<Output = Result<Event, Lost>>>,
        serving: &mut Serving<'_>,
        stopping: &CancellationToken,
    ) -> Wake {
        let most = self.target.window.min(serving.greeting.receive_maximum).max(1);
        let window = if self.suspicion.is_careful() { 1 } else { usize::from(most) };
        let keep_alive = Duration::from_secs(self.target.keep_alive_s.into());
        let stalls_at = serving.flights.progress_at + keep_alive * STALLED_AFTER_KEEP_ALIVES;
        let in_flight = serving.flights.published.len();
        let is_up = serving.subscribing.is_none();
        tokio::select! {
            event = poll => Wake::Event(event),
            Some((id, fate)) = serving.flights.published.next() => Wake::Answer(id, fate),
            Some(order) = self.orders.recv(), if is_up && in_flight < window => Wake::Order(order),
            subscribed = outcome(&mut serving.subscribing) => Wake::Subscribed(subscribed),
            () = time::sleep_until(stalls_at), if in_flight > 0 || !is_up => Wake::Stalled,
            () = stopping.cancelled() => Wake::Stopping,
        }
    }

    /// Publishes an event, unless it can't or need not be.
    fn publish(&mut self, order: Order, serving: &mut Serving<'_>) -> Result<(), Trouble> {
        let Order { connection, message, word } = order;
        let max = serving.greeting.packet_bytes_max;
        let early = if connection != self.connections {
            // Asked for while another connection stood, which others were lost with that go before it.
            Some(Word::Lost)
        } else if self.suspicion.is_aside(&message.id, Instant::now()) {
            Some(Word::PutAside)
        } else {
            max.filter(|max| message.packet_bytes > *max as usize)
                .map(|max| too_large(message.packet_bytes, max))
        };
        if let Some(early) = early {
            // Whoever has given up waiting needs no word.
            let _ = word.send(early);
            return Ok(());
        }
        if word.is_closed() {
            return Ok(());
        }
        let notice = serving.requests.publish(message.publication).map_err(|_| no_room())?;
        serving.flights.add(message.id, word, notice);
        Ok(())
    }

    /// The platform's decisions, if the message is from it and can be read.
    fn receipt(&self, message: &Message, flights: &mut Flights) {
        if self.receipts.as_deref() != Some(message.topic.as_str()) {
            return;
        }
        match verdict::read(&message.payload) {
            Ok(answer) => {
                for (id, decision) in answer.results.into_iter().filter_map(Outcome::decision) {
                    flights.decided(&id, decision);
                }
            }
            Err(error) => tracing::warn!(%error, "a receipt of the platform can't be read"),
        }
    }

    /// The broker has answered an event, which shows that the connection is good for something.
    pub(super) fn answered(&mut self, id: &str, fate: Fate, flights: &mut Flights) {
        if fate != Fate::Unknown {
            self.suspicion.answered(id);
            self.backoff.reset();
        }
        if fate == (Fate::Acknowledged { is_unheard: true }) {
            self.tell_unheard();
        }
        flights.answered(id, fate);
    }

    fn tell_unheard(&mut self) {
        if self.unheard_told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_EVERY) {
            self.unheard_told_at = Some(Instant::now());
            tracing::warn!(
                "the broker takes events, but nobody has subscribed to them: they reach no platform"
            );
        }
    }
}

/// What one connection has.
pub(super) struct Serving<'a> {
    pub(super) requests: &'a Requests,
    pub(super) greeting: Greeting,
    /// The subscription to receipts, until it is granted.
    pub(super) subscribing: Option<Notice<Subscribed>>,
    pub(super) flights: &'a mut Flights,
}

/// What woke the link.
enum Wake {
    Event(Result<Event, Lost>),
    Answer(String, Fate),
    Order(Order),
    Subscribed(Subscribed),
    Stalled,
    Stopping,
}

/// The outcome of the subscription; never, when there is none.
async fn outcome(subscribing: &mut Option<Notice<Subscribed>>) -> Subscribed {
    match subscribing {
        Some(notice) => notice.await,
        None => std::future::pending().await,
    }
}
