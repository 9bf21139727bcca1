//! The link: owns the connection to the broker, publishes what it is asked to, and gives each event its word.
//!
//! One task. It keeps polling the connection whatever else it does, publishes only while the window has room, and begins a new
//! connection, never an old one anew: see [`crate::mqtt_client`].

mod driving;

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use self::driving::Serving;
use super::flights::Flights;
use super::suspicion::Suspicion;
use super::word::Order;
use crate::config::Uplink;
use crate::domain::backoff::Backoff;
use crate::mqtt_client::{self, ConnectError, Events, Greeting, Notice, Requests, Subscribed, Target};
use crate::uplink::carrier::Trouble;

/// Orders that may wait for room in the window; a carrier that finds the queue full waits.
const ORDERS_MAX: usize = 64;
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
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Stopping,
    Broken(Trouble),
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
