//! The way down: receipts and answers to devices behind the broker, by a connection of its own.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::errands::Errand;
use super::{CONNECT_WITHIN, DOWN_WINDOW, RETRY, Uses};
use crate::domain::access;
use crate::domain::backoff::Backoff;
use crate::domain::evidence::Enquiry;
use crate::domain::report::DeviceId;
use crate::metrics::Metrics;
use crate::mqtt_client::{self, Events, Fate, Publication, Requests, Target};
use crate::store::handle::{DownMessage, Stopped, Store};
use crate::store::line::DeviceLine;

/// Enquiries that are worked on at the same time; a further one is forgotten, and the device asks again.
const ENQUIRIES_MAX: usize = 16;
/// Messages of one device that are read from the store at once.
const MESSAGES: u32 = 16;
/// How long a device is left alone that has not subscribed to what is for it.
const UNHEARD_PAUSE: Duration = Duration::from_secs(30);

type Work<T> = Pin<Box<dyn Future<Output = Result<T, Stopped>> + Send>>;

/// The way down.
pub(super) struct Down {
    target: Target,
    uses: Uses,
    errands: mpsc::Receiver<Errand>,
    random: fastrand::Rng,
}

/// The connection, when there is one; each time another.
type Wire = watch::Sender<Option<Requests>>;

impl Down {
    pub(super) fn new(
        target: Target,
        uses: Uses,
        errands: mpsc::Receiver<Errand>,
        random: fastrand::Rng,
    ) -> Down {
        Down { target, uses, errands, random }
    }

    pub(super) async fn run(self, stopping: CancellationToken) {
        let Down { target, uses, errands, random } = self;
        let wire = Wire::new(None);
        let desk = Desk::new(uses, wire.subscribe());
        let serving = async {
            // Whoever sees to the store ends the process when it has stopped.
            tokio::join!(connect(target, &wire, random), desk.serve(errands));
        };
        let _: Option<()> = stopping.run_until_cancelled(serving).await;
    }
}

/// Keeps the connection.
async fn connect(target: Target, wire: &Wire, mut random: fastrand::Rng) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    loop {
        let error = match mqtt_client::connect(&target, CONNECT_WITHIN).await {
            Err(error) => error.to_string(),
            Ok((requests, events, _)) => {
                wire.send_replace(Some(requests));
                let (lived, error) = live(events).await;
                wire.send_replace(None);
                if lived > CONNECT_WITHIN {
                    backoff.reset();
                }
                error
            }
        };
        let wait = backoff.next(random.f64());
        tracing::debug!(
            error,
            wait_ms = wait.as_millis() as u64,
            "nothing goes down to the broker's devices"
        );
        time::sleep(wait).await;
    }
}

/// Runs a connection to its end; how long that was, and why it ended.
async fn live(mut events: Events) -> (Duration, String) {
    let begun = time::Instant::now();
    loop {
        if let Err(lost) = events.poll().await {
            return (begun.elapsed(), lost.to_string());
        }
    }
}

/// Where errands are done.
struct Desk {
    uses: Uses,
    wire: watch::Receiver<Option<Requests>>,
    window: Arc<Semaphore>,
    /// One for each device that is attended to; it ends when its guard is dropped, or with the store.
    attending: FuturesUnordered<Work<()>>,
    /// As many as the way in asks for.
    guards: HashMap<DeviceId, DropGuard>,
    enquiries: FuturesUnordered<Work<(DeviceId, Option<Bytes>)>>,
}

impl Desk {
    fn new(uses: Uses, wire: watch::Receiver<Option<Requests>>) -> Desk {
        Desk {
            uses,
            wire,
            window: Arc::new(Semaphore::new(DOWN_WINDOW.into())),
            attending: FuturesUnordered::new(),
            guards: HashMap::new(),
            enquiries: FuturesUnordered::new(),
        }
    }

    async fn serve(mut self, mut errands: mpsc::Receiver<Errand>) {
        loop {
            tokio::select! {
                Some(errand) = errands.recv() => self.take(errand),
                Some(ended) = self.attending.next() => if let Err(Stopped) = ended {
                    return;
                },
                Some(answered) = self.enquiries.next() => match answered {
                    Ok((device, Some(answer))) => self.send(&device, "evidence", answer),
                    Ok((_, None)) => self.drop_answer(),
                    Err(Stopped) => return,
                },
                else => return,
            }
        }
    }

    fn take(&mut self, errand: Errand) {
        match errand {
            Errand::Attend(device) => {
                let (store, metrics) = (self.uses.store.clone(), self.uses.metrics.clone());
                let (wire, window) = (self.wire.clone(), self.window.clone());
                let leaving = CancellationToken::new();
                self.guards.insert(device.clone(), leaving.clone().drop_guard());
                let attendant = Attendant { device, store, wire, window, metrics };
                self.attending.push(Box::pin(async move {
                    leaving.run_until_cancelled(attendant.attend()).await.unwrap_or(Ok(()))
                }));
            }
            Errand::Forget(device) => drop(self.guards.remove(&device)),
            Errand::Send { device, kind, payload } => self.send(&device, kind, payload),
            Errand::Enquire(device, enquiry) if self.enquiries.len() < ENQUIRIES_MAX => {
                self.enquire(device, *enquiry);
            }
            Errand::Enquire(..) => self.drop_answer(),
        }
    }

    fn enquire(&self, device: DeviceId, enquiry: Enquiry) {
        let answers = self.uses.answers.clone();
        self.enquiries.push(Box::pin(async move {
            let answer = answers.evidence(&device, enquiry).await?;
            Ok((device, answer))
        }));
    }

    /// Sends an answer that nobody keeps, if there is a connection with room for it.
    fn send(&self, device: &DeviceId, kind: &'static str, payload: Bytes) {
        let wire = self.wire.borrow().clone();
        let sent = wire.map(|requests| requests.publish(publication(device, kind, payload)));
        if !matches!(sent, Some(Ok(_))) {
            self.drop_answer();
        }
    }

    fn drop_answer(&self) {
        self.uses.metrics.down_answers_dropped.inc();
    }
}

fn publication(device: &DeviceId, kind: &str, payload: Bytes) -> Publication {
    Publication { topic: access::down(device, kind), payload, content_type: None, properties: Vec::new() }
}

/// Sees to one device.
struct Attendant {
    device: DeviceId,
    store: Store,
    wire: watch::Receiver<Option<Requests>>,
    window: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Attendant {
    /// Publishes what waits for the device, oldest first, one at a time; what the broker has is done with.
    async fn attend(mut self) -> Result<(), Stopped> {
        let line = Arc::<DeviceLine>::default();
        self.store.attach(self.device.clone(), line.clone()).await?;
        loop {
            let waiting = self.store.down_after(self.device.clone(), 0, MESSAGES).await?;
            if waiting.is_empty() {
                line.changed().await;
                line.take_down();
            }
            for DownMessage { id, topic, payload } in waiting {
                self.metrics.down_published.inc();
                match self.publish(&topic, payload).await {
                    Fate::Acknowledged { is_unheard: false } => {
                        self.store.down_done(self.device.clone(), id).await?;
                        self.metrics.down_delivered.inc();
                    }
                    // It has not subscribed: the broker has nobody to keep it for.
                    Fate::Acknowledged { is_unheard: true } | Fate::Refused(_) => {
                        time::sleep(UNHEARD_PAUSE).await;
                        break;
                    }
                    Fate::Unknown => break,
                }
            }
        }
    }

    /// Publishes a message by the next connection that has room.
    async fn publish(&mut self, kind: &str, payload: Bytes) -> Fate {
        let requests = match self.wire.wait_for(Option::is_some).await {
            Ok(wire) => wire.clone(),
            // It never closes while this is polled.
            Err(_) => None,
        };
        let (Some(requests), Ok(_room)) = (requests, self.window.acquire().await) else {
            return Fate::Unknown;
        };
        match requests.publish(publication(&self.device, kind, payload)) {
            Ok(notice) => notice.await,
            // The connection has ended meanwhile, or answers fill its queue.
            Err(_) => {
                time::sleep(RETRY.0).await;
                Fate::Unknown
            }
        }
    }
}
