//! The way in: one connection after another, each message to the store and then acknowledged.

mod messages;

use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::attended::Attended;
use super::custody::{Custody, Durable, Handover};
use super::errands::Errand;
use super::{CONNECT_WITHIN, RETRY, Uses};
use crate::domain::backoff::Backoff;
use crate::mqtt_client::{self, Event, Events, Lost, Notice, Requests, Subscribed, Target};
use crate::store::handle::Stopped;

/// How long what was taken may need to become durable and acknowledged at the end.
const FAREWELL: Duration = Duration::from_secs(3);

/// The way in.
pub(super) struct Taking {
    target: Target,
    filters: Vec<String>,
    uses: Uses,
    errands: mpsc::Sender<Errand>,
    backoff: Backoff,
    random: fastrand::Rng,
    /// Devices that are attended to by the way down.
    attended: Attended,
}

/// How a connection ended.
enum End {
    Stopping,
    /// The store is gone, and the process with it.
    NoStore,
    Broken(String),
}

impl Taking {
    pub(super) fn new(
        target: Target,
        filters: Vec<String>,
        uses: Uses,
        errands: mpsc::Sender<Errand>,
        random: fastrand::Rng,
    ) -> Taking {
        let (backoff, attended) = (Backoff::new(RETRY.0, RETRY.1), Attended::default());
        Taking { target, filters, uses, errands, backoff, random, attended }
    }

    pub(super) async fn run(mut self, stopping: CancellationToken) {
        loop {
            let connecting = mqtt_client::connect(&self.target, CONNECT_WITHIN);
            let Some(connected) = stopping.run_until_cancelled(connecting).await else { return };
            let error = match connected {
                Err(error) => error.to_string(),
                Ok((requests, events, greeting)) => {
                    let session_present = greeting.session_present;
                    tracing::info!(session_present, "subscribing at the broker");
                    match self.serve(&requests, events, &stopping).await {
                        End::Stopping => return,
                        // Whoever sees to the store ends the process.
                        End::NoStore => return stopping.cancelled().await,
                        End::Broken(error) => error,
                    }
                }
            };
            let wait = self.backoff.next(self.random.f64());
            tracing::warn!(error, wait_ms = wait.as_millis() as u64, "nothing is taken from the broker");
            if stopping.run_until_cancelled(time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    async fn serve(&mut self, requests: &Requests, mut events: Events, stopping: &CancellationToken) -> End {
        // Asked for each time: the session may be another one, and the filters too.
        let Some(subscribing) = requests.subscribe(&self.filters) else {
            return End::Broken("the client's queue is full".to_owned());
        };
        let mut connection = Connection {
            requests,
            custody: Custody::new(),
            subscribing: Some(subscribing),
            submitting: None,
        };
        let begun = Instant::now();
        let end = self.drive(&mut events, &mut connection, stopping).await;
        if begun.elapsed() > CONNECT_WITHIN {
            self.backoff.reset();
        }
        if let End::Stopping = end {
            requests.disconnect();
            let _ = time::timeout(FAREWELL, async { while events.poll().await.is_ok() {} }).await;
        }
        end
    }

    async fn drive(
        &mut self,
        events: &mut Events,
        connection: &mut Connection<'_>,
        stopping: &CancellationToken,
    ) -> End {
        // Once the gateway stops: what was taken becomes durable and is acknowledged, and nothing more is taken.
        let mut leaves_at: Option<Instant> = None;
        loop {
            let mut poll = pin!(events.poll());
            // The same poll goes on whatever happens beside it.
            let event = loop {
                if connection.custody.line().is_withheld() {
                    // The broker sends everything again that was not acknowledged.
                    return End::Broken("the store has no room".to_owned());
                }
                self.tell_durable(connection);
                self.submit(connection);
                if leaves_at.is_some() && connection.is_settled() {
                    return End::Stopping;
                }
                let has_room = connection.custody.has_room();
                let leaves = leaves_at.unwrap_or_else(Instant::now);
                tokio::select! {
                    event = &mut poll, if has_room => break event,
                    woken = connection.woken() => {
                        if let Some(end) = self.woken(woken, connection) {
                            return end;
                        }
                    }
                    () = stopping.cancelled(), if leaves_at.is_none() => {
                        leaves_at = Some(Instant::now() + FAREWELL);
                    }
                    () = time::sleep_until(leaves), if leaves_at.is_some() => return End::Stopping,
                }
            };
            match event {
                Ok(Event::Message(message)) if leaves_at.is_none() => {
                    self.take(message, &mut connection.custody);
                }
                Ok(_) => {}
                Err(Lost(error)) => return End::Broken(error),
            }
        }
    }

    fn woken(&self, woken: Woken, connection: &mut Connection<'_>) -> Option<End> {
        match woken {
            Woken::Line => {}
            Woken::Submitted(Ok(())) => connection.submitting = None,
            Woken::Submitted(Err(Stopped)) => return Some(End::NoStore),
            Woken::Subscribed(Subscribed::Refused(reasons)) => {
                tracing::error!(reasons, filters = ?self.filters, "the broker refuses the subscription");
                return Some(End::Broken("the broker refuses the subscription".to_owned()));
            }
            Woken::Subscribed(_) => connection.subscribing = None,
        }
        None
    }

    /// Acknowledges what is durable, and sees to what its device wants to know then.
    fn tell_durable(&mut self, connection: &mut Connection<'_>) {
        while let Some(Durable { ack, from, enquiry }) = connection.custody.next_durable() {
            if let Some(device) = from {
                self.attend(device);
            }
            if let Some((device, enquiry)) = enquiry {
                self.errand(Errand::Enquire(device, enquiry));
            }
            let Some(ack) = ack else { continue };
            if let Err(ack) = connection.requests.acknowledge(ack) {
                // As soon as the connection has taken some of those before it.
                connection.custody.put_back(ack);
                return;
            }
            self.backoff.reset();
        }
    }

    /// Hands the next batch to the store, one at a time, so that they come in order.
    fn submit(&self, connection: &mut Connection<'_>) {
        if connection.submitting.is_some() {
            return;
        }
        let Some(Handover { batch, mapped }) = connection.custody.hand_over() else { return };
        match (&mapped, batch.items.first()) {
            (Some((topic, payload)), Some(item)) => {
                self.uses.sightings.note_mapped(&batch.device, topic, payload, item);
            }
            _ => self.uses.sightings.note(&batch.device, &batch.items),
        }
        let store = self.uses.store.clone();
        connection.submitting = Some(Box::pin(async move { store.submit(batch).await }));
    }
}

type Submitting = Pin<Box<dyn Future<Output = Result<(), Stopped>> + Send>>;

/// What one connection has.
struct Connection<'a> {
    requests: &'a Requests,
    custody: Custody,
    subscribing: Option<Notice<Subscribed>>,
    submitting: Option<Submitting>,
}

/// What woke it besides its socket.
enum Woken {
    Line,
    Submitted(Result<(), Stopped>),
    Subscribed(Subscribed),
}

impl Connection<'_> {
    fn is_settled(&self) -> bool {
        self.custody.is_settled() && self.submitting.is_none()
    }

    /// Waits until something but the socket has to be seen to.
    async fn woken(&mut self) -> Woken {
        tokio::select! {
            () = self.custody.line().changed() => Woken::Line,
            submitted = outcome(&mut self.submitting) => Woken::Submitted(submitted),
            subscribed = outcome(&mut self.subscribing) => Woken::Subscribed(subscribed),
        }
    }
}

/// What comes of it; never, when there is nothing.
async fn outcome<T>(pending: &mut Option<Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match pending {
        Some(pending) => pending.await,
        None => std::future::pending().await,
    }
}
