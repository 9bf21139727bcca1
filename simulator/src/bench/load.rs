//! The load: connections that keep a fixed number of publishes in flight and time every acknowledgement.
//!
//! All connections run on one thread of their own. A packet id is a slot: its acknowledgement sends the next message
//! under the same id, so acks may come in any order and every one belongs to exactly one message. Whatever one read
//! brought is answered with one write. The clock is read once a wake-up.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::histogram::Histogram;
use super::payload::{Payload, PayloadError, PayloadKind};
use super::way::{Channel, Way};
use super::wire::{self, PublishTemplate, WireError};

/// Time for connecting and for the last answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes taken with one read.
const READ_BYTES: usize = 16 << 10;

/// What the load is.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Connections, each a device of its own.
    pub connections: u16,
    /// Publishes in flight on each.
    pub in_flight: u16,
    /// Which payload.
    pub payload: PayloadKind,
    /// Its length in bytes; a frame has its own.
    pub payload_bytes: usize,
    /// Time before the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub measured: Duration,
}

/// The load could not be put on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The broker went away or refused.
    #[error("connection {device}: {source}")]
    Connection {
        /// The device.
        device: String,
        /// What the system said.
        source: io::Error,
    },
    /// The payload can't be made.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A task or thread of the load failed.
    #[error("the load generator failed: {0}")]
    Failed(String),
}

/// What came of it.
#[derive(Debug)]
pub(super) struct LoadResult {
    /// Acknowledgements within the measured time, with their latencies.
    pub(super) latencies: Histogram,
    /// All acknowledgements, warm-up included.
    pub(super) acknowledged: u64,
    /// Bytes of their payloads.
    pub(super) payload_bytes: u64,
}

impl LoadResult {
    fn new() -> LoadResult {
        LoadResult { latencies: Histogram::new(), acknowledged: 0, payload_bytes: 0 }
    }
}

/// When the measurement is, the same for all connections.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Instant,
    until: Instant,
}

/// Connects everything, then calls `started` once as the load begins, and runs it to its end.
pub(super) async fn run(
    way: &Way,
    options: &LoadOptions,
    started: impl FnOnce() + Send + 'static,
) -> Result<LoadResult, LoadError> {
    let mut connections = JoinSet::new();
    let ready = Arc::new(Barrier::new(usize::from(options.connections) + 1));
    let (go, gone) = tokio::sync::watch::channel(None);
    for index in 0..options.connections {
        let device = format!("bench-{index:02}");
        let payload = Payload::new(options.payload, &device, options.payload_bytes)?;
        let (way, ready, mut gone) = (way.clone(), ready.clone(), gone.clone());
        let in_flight = options.in_flight;
        connections.spawn(async move {
            let work = async {
                let stream = timeout(PATIENCE, open(&way, &device)).await.map_err(io::Error::from)??;
                ready.wait().await;
                let window = gone.wait_for(Option::is_some).await.map_err(io::Error::other)?;
                let Some(window) = *window else { return Err(io::Error::other("no window")) };
                Ok((stream, window))
            };
            let named = |source| LoadError::Connection { device: device.clone(), source };
            let (stream, window) = work.await.map_err(named)?;
            let publisher = Publisher::new(&device, payload, in_flight, window);
            let run = match stream {
                Channel::Plain(stream) => publisher.run(stream).await,
                Channel::Tls(stream) => publisher.run(stream).await,
            };
            run.map_err(named)
        });
    }
    begin(&mut connections, &ready, options, go, started).await?;
    let mut result = LoadResult::new();
    while let Some(ended) = connections.join_next().await {
        let one = ended.map_err(|error| LoadError::Failed(error.to_string()))??;
        result.latencies.merge(&one.latencies);
        result.acknowledged += one.acknowledged;
        result.payload_bytes += one.payload_bytes;
    }
    Ok(result)
}

/// Waits until every connection is there; a connection that fails before is the run's failure.
async fn begin(
    connections: &mut JoinSet<Result<LoadResult, LoadError>>,
    ready: &Barrier,
    options: &LoadOptions,
    go: tokio::sync::watch::Sender<Option<Window>>,
    started: impl FnOnce(),
) -> Result<(), LoadError> {
    tokio::select! {
        _ = ready.wait() => {}
        Some(ended) = connections.join_next() => {
            ended.map_err(|error| LoadError::Failed(error.to_string()))??;
            return Err(LoadError::Failed("a connection ended before the load began".to_owned()));
        }
    }
    let from = Instant::now() + options.warm_up;
    started();
    go.send_replace(Some(Window { from, until: from + options.measured }));
    Ok(())
}

async fn open(way: &Way, client_id: &str) -> io::Result<Channel> {
    let mut channel = way.connect().await?;
    match &mut channel {
        Channel::Plain(stream) => greet(stream, client_id, true).await?,
        Channel::Tls(stream) => greet(stream, client_id, true).await?,
    }
    Ok(channel)
}

async fn greet<S>(stream: &mut S, client_id: &str, clean_session: bool) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&wire::connect(client_id, clean_session)).await?;
    stream.flush().await?;
    let mut answer = [0; wire::CONNACK_ACCEPTED.len()];
    stream.read_exact(&mut answer).await?;
    if answer == wire::CONNACK_ACCEPTED { Ok(()) } else { Err(refused(&answer)) }
}

fn refused(answer: &[u8]) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, format!("refused with {answer:02x?}"))
}

/// Leaves a session on the broker that wants everything and is away: what is published has to be kept for it.
pub(super) async fn leave_offline_subscriber(way: &Way, filter: &str) -> io::Result<()> {
    let subscribe = async {
        match way.connect().await? {
            Channel::Plain(stream) => subscribe_and_leave(stream, filter).await,
            Channel::Tls(stream) => subscribe_and_leave(stream, filter).await,
        }
    };
    timeout(PATIENCE, subscribe).await?
}

async fn subscribe_and_leave<S>(mut stream: S, filter: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    greet(&mut stream, "bench-sink", false).await?;
    stream.write_all(&wire::subscribe(filter)).await?;
    stream.flush().await?;
    let mut granted = [0; wire::SUBACK_QOS1.len()];
    stream.read_exact(&mut granted).await?;
    stream.write_all(&wire::DISCONNECT).await?;
    stream.shutdown().await?;
    if granted == wire::SUBACK_QOS1 { Ok(()) } else { Err(refused(&granted)) }
}

/// One connection's state. Slot `n` holds when the message with packet id `n + 1` was sent, while it is in flight.
struct Publisher {
    template: PublishTemplate,
    payload: Payload,
    slots: Vec<Option<Instant>>,
    sent: u32,
    window: Window,
    result: LoadResult,
}

impl Publisher {
    fn new(device: &str, payload: Payload, in_flight: u16, window: Window) -> Publisher {
        let topic = format!("patrol/v1/up/{device}/telemetry");
        Publisher {
            template: PublishTemplate::new(&topic, payload.template()),
            payload,
            slots: vec![None; usize::from(in_flight)],
            sent: 0,
            window,
            result: LoadResult::new(),
        }
    }

    async fn run<S>(mut self, mut stream: S) -> io::Result<LoadResult>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut outgoing = Vec::new();
        let mut incoming = Vec::with_capacity(READ_BYTES);
        for slot in 0..self.slots.len() {
            self.send(slot, Instant::now(), &mut outgoing);
        }
        stream.write_all(&outgoing).await?;
        stream.flush().await?;
        let mut end = std::pin::pin!(sleep_until(self.window.until));
        loop {
            tokio::select! {
                biased;
                read = stream.read_buf(&mut incoming) => if read? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                },
                () = &mut end => break,
            }
            outgoing.clear();
            self.on_bytes(&mut incoming, &mut outgoing)?;
            stream.write_all(&outgoing).await?;
            stream.flush().await?;
            if Instant::now() >= self.window.until {
                break;
            }
        }
        stream.write_all(&wire::DISCONNECT).await?;
        stream.flush().await?;
        self.result.payload_bytes = self.result.acknowledged * self.payload.template().len() as u64;
        Ok(self.result)
    }

    fn send(&mut self, slot: usize, now: Instant, out: &mut Vec<u8>) {
        let (payload, index) = (&self.payload, self.sent);
        self.template.append(out, slot as u16 + 1, |place| payload.patch(index, place));
        self.slots[slot] = Some(now);
        self.sent += 1;
    }

    /// Answers every complete acknowledgement with the next message.
    fn on_bytes(&mut self, incoming: &mut Vec<u8>, outgoing: &mut Vec<u8>) -> io::Result<()> {
        let now = Instant::now();
        let mut unexpected = None;
        let used = wire::parse_acks(incoming, |packet_id| {
            let slot = usize::from(packet_id).wrapping_sub(1);
            match self.slots.get_mut(slot).and_then(Option::take) {
                Some(sent_at) => {
                    self.result.acknowledged += 1;
                    if (self.window.from..self.window.until).contains(&now) {
                        self.result.latencies.record(now - sent_at);
                    }
                    self.send(slot, now, outgoing);
                }
                None => unexpected = Some(packet_id),
            }
        });
        let used = used.map_err(|error: WireError| io::Error::new(io::ErrorKind::InvalidData, error))?;
        incoming.drain(..used);
        match unexpected {
            Some(id) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("an ack for {id}, not in flight")))
            }
            None => Ok(()),
        }
    }
}
