//! Accepts connections and sees to it that a device has one session: the one owner of who is connected.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::connection::{self, Shared};
use super::end::End;
use super::will::{LastWill, Wills};
use crate::access::Gate;
use crate::domain::access::ClientKey;
use crate::domain::topic::TopicLimits;
use crate::downlink::answers::Answers;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::store::handle::Store;

/// Claims that may wait; a connection that finds the queue full waits before its CONNACK.
const CLAIMS_QUEUE: usize = 64;
/// Pause after accept failed, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A peer whose system says nothing for so long is asked, and given up when it does not answer for as long again.
const PEER_QUIET_MAX: Duration = Duration::from_secs(60);

/// The listener's limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time.
    pub connections_max: usize,
    /// Bytes of one packet after its fixed header.
    pub packet_bytes_max: u32,
    /// Messages taken from one device before their commit.
    pub receive_maximum: NonZeroU16,
    /// Time for a complete CONNECT.
    pub connect_timeout: Duration,
    /// Topics and filters.
    pub topics: TopicLimits,
    /// Topics that a client may give a number.
    pub topic_alias_maximum: u16,
    /// Seconds that a session may outlive its connection.
    pub session_expiry_max_s: u32,
}

/// What the listener works with.
pub struct Uses {
    /// Who may connect.
    pub gate: Gate,
    /// Where messages become durable.
    pub store: Store,
    /// What they mean.
    pub intake: Intake,
    /// What devices ask.
    pub answers: Answers,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// What connections ask of the listener.
enum Request {
    /// The right to be a client's session.
    Claim { client: ClientKey, answer: oneshot::Sender<Claim> },
    /// To publish a will when its client has not come back in time.
    Hold { due: time::Instant, will: Box<LastWill> },
}

/// The connections' end of the queue of requests.
#[derive(Clone)]
pub(super) struct Claims(mpsc::Sender<Request>);

impl Claims {
    /// Becomes the client's session, taking over from an earlier one; `None` when the listener has ended.
    pub(super) async fn claim(&self, client: ClientKey) -> Option<Claim> {
        let (answer, claim) = oneshot::channel();
        self.0.send(Request::Claim { client, answer }).await.ok()?;
        claim.await.ok()
    }

    /// Has a will published later, unless its client comes back. When the listener has ended, nothing is.
    pub(super) async fn hold(&self, due: time::Instant, will: LastWill) {
        let _ = self.0.send(Request::Hold { due, will: Box::new(will) }).await;
    }
}

/// The right to be a client's session, until somebody else claims it. Dropping it gives it back.
pub(super) struct Claim {
    lost: CancellationToken,
}

impl Claim {
    /// Returns when another connection has taken over.
    pub(super) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.lost.cancel();
    }
}

/// The listener.
pub struct Listener {
    socket: TcpListener,
    shared: Shared,
    queue: mpsc::Receiver<Request>,
    /// Who is connected: cancelled tokens belong to sessions that have ended.
    claimed: HashMap<ClientKey, CancellationToken>,
    wills: Wills,
    connections: JoinSet<End>,
}

impl Listener {
    /// A listener on a bound socket. It works once [`Listener::run`] is polled.
    pub fn new(socket: TcpListener, limits: Limits, uses: Uses, stopping: CancellationToken) -> Listener {
        let Uses { gate, store, intake, answers, metrics } = uses;
        let (claims, queue) = mpsc::channel(CLAIMS_QUEUE);
        let shared =
            Shared { gate, store, intake, answers, metrics, claims: Claims(claims), stopping, limits };
        let (claimed, wills, connections) = (HashMap::new(), Wills::default(), JoinSet::new());
        Listener { socket, shared, queue, claimed, wills, connections }
    }

    /// Serves until told to stop; then waits for the connections to acknowledge what they took.
    pub async fn run(mut self) {
        let stopping = self.shared.stopping.clone();
        loop {
            let has_room = self.connections.len() < self.shared.limits.connections_max;
            let next_will = self.wills.next_due();
            tokio::select! {
                () = stopping.cancelled() => break,
                accepted = self.socket.accept(), if has_room => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer.ip()),
                    Err(error) => {
                        tracing::warn!(%error, "no connection accepted, pausing");
                        time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(request) = self.queue.recv() => self.answer(request),
                () = due(next_will) => self.publish_wills().await,
                Some(ended) = self.connections.join_next() => self.ended(ended),
            }
        }
        // Whoever still waits for a claim will not get one.
        drop((self.socket, self.queue));
        while let Some(ended) = self.connections.join_next().await {
            count(&self.shared.metrics, ended);
        }
    }

    fn serve(&mut self, stream: TcpStream, peer: IpAddr) {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "socket options refused");
        }
        let (reader, writer) = stream.into_split();
        self.connections.spawn(connection::serve(reader, writer, peer, self.shared.clone()));
    }

    fn answer(&mut self, request: Request) {
        let (client, answer) = match request {
            Request::Claim { client, answer } => (client, answer),
            Request::Hold { due, will } => {
                // It may be back by now.
                let is_back = self.claimed.get(&will.owner.client).is_some_and(|claim| !claim.is_cancelled());
                if !is_back {
                    self.wills.hold(due, *will);
                }
                return;
            }
        };
        self.wills.forget(&client);
        let lost = CancellationToken::new();
        if let Some(earlier) = self.claimed.insert(client, lost.clone()) {
            earlier.cancel();
        }
        // A connection that is gone drops its claim here.
        let _ = answer.send(Claim { lost });
        self.shared.metrics.mqtt_connections.set(self.claimed.len() as i64);
    }

    async fn publish_wills(&mut self) {
        for will in self.wills.take_due(time::Instant::now()) {
            let batch = will.into_batch(&self.shared.intake, self.shared.now());
            // When the store has stopped, so has the gateway.
            let _ = self.shared.store.submit(batch).await;
        }
    }

    fn ended(&mut self, ended: Result<End, tokio::task::JoinError>) {
        count(&self.shared.metrics, ended);
        self.claimed.retain(|_, claim| !claim.is_cancelled());
        self.shared.metrics.mqtt_connections.set(self.claimed.len() as i64);
    }
}

/// Returns at that time; never, when there is none.
async fn due(at: Option<time::Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Acknowledgements are small and must not wait for company; a peer that is gone without a word must be noticed even
/// when it asked for no keep-alive.
fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, PEER_QUIET_MAX)?;
    sockopt::set_tcp_user_timeout(stream, PEER_QUIET_MAX.as_millis() as u32)?;
    Ok(())
}

/// Counts how a connection ended. A panic in its task has ended nothing else.
fn count(metrics: &Metrics, ended: Result<End, tokio::task::JoinError>) {
    match ended {
        Ok(end) => {
            metrics.mqtt_disconnects.add(end.as_str(), 1);
            if end.is_refusal() {
                metrics.mqtt_refusals.add(end.as_str(), 1);
                tracing::info!(reason = end.as_str(), "connection ended by the gateway");
            }
        }
        Err(error) => {
            metrics.mqtt_disconnects.add("panic", 1);
            tracing::error!(%error, "connection task failed");
        }
    }
}
