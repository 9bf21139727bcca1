//! The link: owns the connection to the broker, publishes what it is asked to, and gives each event its word.
//!
//! One task. It keeps polling the connection whatever else it does, publishes only while the window has room, and begins a new
//! connection, never an old one anew: see [`crate::mqtt_client`].

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::flights::Flights;
use super::suspicion::Suspicion;
use super::word::{Order, Word, too_large};
use crate::config::Uplink;
use crate::domain::backoff::Backoff;
use crate::mqtt_client::{
    self, ConnectError, Event, Events, Fate, Greeting, Lost, Message, Notice, Requests, Subscribed, Target,
};
use crate::uplink::carrier::Trouble;
use crate::uplink::verdict::{self, Outcome};

/// Orders that may wait for room in the window; a carrier that finds the queue full waits.
const ORDERS_MAX: usize = 64;
/// Keep-alives without an acknowledgement while something is in flight: then the connection is given up.
const STALLED_AFTER_KEEP_ALIVES: u32 = 3;
/// That nobody has subscribed is told once in this time.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// The reason of MQTT 5 for what we may not do.
const NOT_AUTHORISED: u16 = 0x87;
/// How long a DISCONNECT may take at the end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Whether there is a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No; why.
    Down(Trouble),
    /// Yes.
    Up {
        /// Its number; the next one has another.
        connection: u64,
    },
}

/// The connection to the platform's broker; [`MqttLink::run`] keeps it.
pub struct MqttLink {
    target: Target,
    /// The topic of the platform's receipts, if there are some.
    receipts: Option<String>,
    connect_within: Duration,
    orders: mpsc::Receiver<Order>,
    state: watch::Sender<State>,
    connections: u64,
    backoff: Backoff,
    random: fastrand::Rng,
    suspicion: Suspicion,
    unheard_told_at: Option<Instant>,
}

impl MqttLink {
    /// A link, where it takes orders, and what it says of itself.
    pub(super) fn new(
        target: Target,
        receipts: Option<String>,
        uplink: &Uplink,
        random: fastrand::Rng,
    ) -> (MqttLink, mpsc::Sender<Order>, watch::Receiver<State>) {
        let (order, orders) = mpsc::channel(ORDERS_MAX);
        let not_yet = State::Down(Trouble::Unreachable("not connected yet".to_owned()));
        let (state, states) = watch::channel(not_yet);
        let backoff = Backoff::new(uplink.retry_min, uplink.retry_max);
        let (connect_within, suspicion) = (uplink.timeout, Suspicion::default());
        let link = MqttLink {
            target,
            receipts,
            connect_within,
            orders,
            state,
            connections: 0,
            backoff,
            random,
            suspicion,
            unheard_told_at: None,
        };
        (link, order, states)
    }

    /// The same, with a ping after so many seconds of silence in place of 20.
    #[must_use]
    pub fn with_keep_alive_s(mut self, seconds: u16) -> MqttLink {
        self.target.keep_alive_s = seconds;
        self
    }

    /// What the link says of itself.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Keeps the connection until told to stop. What is unanswered then simply remains in the store.
    pub async fn run(mut self, stopping: CancellationToken) {
        loop {
            let connecting = mqtt_client::connect(&self.target, self.connect_within);
            let Some(connected) = stopping.run_until_cancelled(connecting).await else { return };
            let trouble = match connected {
                Err(error) => trouble(error),
                Ok((requests, events, greeting)) => {
                    let session_present = greeting.session_present;
                    tracing::info!(session_present, "connected to the platform's broker");
                    match self.serve(&requests, events, greeting, &stopping).await {
                        End::Stopping => return,
                        End::Broken(trouble) => trouble,
                    }
                }
            };
            let wait = self.backoff.next(self.random.f64());
            tracing::warn!(%trouble, wait_ms = wait.as_millis() as u64, "no connection to the platform's broker");
            self.state.send_replace(State::Down(trouble));
            if stopping.run_until_cancelled(time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Serves one connection to its end. Those that are in flight then are told so, and come again.
    async fn serve(
        &mut self,
        requests: &Requests,
        mut events: Events,
        greeting: Greeting,
        stopping: &CancellationToken,
    ) -> End {
        self.connections += 1;
        let mut flights = Flights::new(self.receipts.is_some());
        let end = match self.subscribe(requests) {
            Ok(subscribing) => {
                let mut serving = Serving { requests, greeting, subscribing, flights: &mut flights };
                self.drive(&mut events, &mut serving, stopping).await
            }
            Err(trouble) => End::Broken(trouble),
        };
        if end == End::Stopping {
            requests.disconnect();
            let farewell = async { while events.poll().await.is_ok() {} };
            let _ = time::timeout(FAREWELL, farewell).await;
            return end;
        }
        // What was acknowledged with the connection's last bytes counts.
        while let Some(Some((id, fate))) = flights.published.next().now_or_never() {
            self.answered(&id, fate, &mut flights);
        }
        self.suspicion.connection_ended(flights.oldest(), Instant::now());
        end
    }

    /// Asks for receipts, if there are some; without them the connection is up at once.
    fn subscribe(&self, requests: &Requests) -> Result<Option<Notice<Subscribed>>, Trouble> {
        let Some(topic) = &self.receipts else {
            self.up();
            return Ok(None);
        };
        requests.subscribe(std::slice::from_ref(topic)).map(Some).ok_or_else(no_room)
    }

    fn up(&self) {
        self.state.send_replace(State::Up { connection: self.connections });
    }

    async fn drive(
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
    fn answered(&mut self, id: &str, fate: Fate, flights: &mut Flights) {
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
struct Serving<'a> {
    requests: &'a Requests,
    greeting: Greeting,
    /// The subscription to receipts, until it is granted.
    subscribing: Option<Notice<Subscribed>>,
    flights: &'a mut Flights,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Stopping,
    Broken(Trouble),
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

/// The client has room for a full window and more; should it ever have none, a new one has.
fn no_room() -> Trouble {
    Trouble::NoAnswer("the client's queue is full".to_owned())
}

fn trouble(error: ConnectError) -> Trouble {
    match error {
        ConnectError::Refused { code, reason } => {
            tracing::error!(code, reason, "the platform's broker refuses the connection");
            Trouble::Denied { status: code.into() }
        }
        ConnectError::Busy { code, .. } => Trouble::Unavailable { status: code.into(), retry_after: None },
        ConnectError::Setup(what) => Trouble::Setup(what),
        ConnectError::NoAnswer(what) => Trouble::Unreachable(what),
    }
}
