//! Accepts connections and sees to it that a device has one session: the one owner of who is connected.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::connection::{self, Shared};
use super::end::End;
use super::pace::Rates;
use super::transport::doors::{Caller, Doors};
use super::transport::handshake::{Channel, Handshake};
use super::transport::renewal::Current;
use super::transport::unauthenticated::{Place, Unauthenticated};
use super::transport::upgrade::WebRules;
use super::will::{LastWill, Wills};
use crate::access::Gate;
use crate::domain::access::ClientKey;
use crate::domain::topic::TopicLimits;
use crate::downlink::answers::Answers;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::sightings::Sightings;
use crate::store::handle::Store;

/// Claims that may wait; a connection that finds the queue full waits before its CONNACK.
const CLAIMS_QUEUE: usize = 64;
/// Connections that the gateway ends are told one by one no more often than this.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A peer whose system says nothing for so long is asked, and given up when it does not answer for as long again.
const PEER_QUIET_MAX: Duration = Duration::from_secs(60);

/// The listener's limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time.
    pub connections_max: usize,
    /// Those of them that have not said yet who they are.
    pub unauthenticated_max: usize,
    /// Bytes of one packet after its fixed header.
    pub packet_bytes_max: u32,
    /// Messages taken from one device before their commit.
    pub receive_maximum: NonZeroU16,
    /// Time for a complete CONNECT and all handshakes before it.
    pub connect_timeout: Duration,
    /// What is read of one client in the long run.
    pub rates: Rates,
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
    /// What devices sent last.
    pub sightings: Sightings,
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

/// Where connections come in, and what they must go through first.
#[derive(Debug)]
pub struct Entrance {
    /// The sockets.
    pub doors: Doors,
    /// The certificate, when one of them has TLS.
    pub tls: Option<Current>,
    /// Who may open a WebSocket.
    pub web: WebRules,
}

/// The listener.
pub struct Listener {
    doors: Doors,
    handshake: Arc<Handshake>,
    unauthenticated: Unauthenticated,
    shared: Shared,
    queue: mpsc::Receiver<Request>,
    /// Who is connected: cancelled tokens belong to sessions that have ended.
    claimed: HashMap<ClientKey, CancellationToken>,
    wills: Wills,
    connections: JoinSet<End>,
    told_at: Option<Instant>,
}

impl Listener {
    /// A listener on bound sockets. It works once [`Listener::run`] is polled.
    pub fn new(entrance: Entrance, limits: Limits, uses: Uses, stopping: CancellationToken) -> Listener {
        let Uses { gate, store, intake, answers, sightings, metrics } = uses;
        let (claims, queue) = mpsc::channel(CLAIMS_QUEUE);
        let claims = Claims(claims);
        let shared = Shared { gate, store, intake, answers, sightings, metrics, claims, stopping, limits };
        let handshake = Arc::new(Handshake::new(entrance.tls, entrance.web, limits.packet_bytes_max));
        Listener {
            doors: entrance.doors,
            handshake,
            unauthenticated: Unauthenticated::new(limits.unauthenticated_max),
            shared,
            queue,
            claimed: HashMap::new(),
            wills: Wills::default(),
            connections: JoinSet::new(),
            told_at: None,
        }
    }

    /// Serves until told to stop; then waits for the connections to acknowledge what they took.
    pub async fn run(mut self) {
        let stopping = self.shared.stopping.clone();
        loop {
            let has_room = self.connections.len() < self.shared.limits.connections_max;
            let next_will = self.wills.next_due();
            tokio::select! {
                () = stopping.cancelled() => break,
                caller = self.doors.accept(), if has_room => self.serve(caller),
                Some(request) = self.queue.recv() => self.answer(request),
                () = due(next_will) => self.publish_wills().await,
                Some(ended) = self.connections.join_next() => self.ended(ended),
            }
        }
        // Whoever still waits for a claim will not get one.
        drop((self.doors, self.queue));
        while let Some(ended) = self.connections.join_next().await {
            count(&self.shared.metrics, ended, &mut self.told_at);
        }
    }

    fn serve(&mut self, caller: Caller) {
        if let Err(error) = prepare(&caller.stream) {
            tracing::debug!(%error, "socket options refused");
        }
        let deadline = Instant::now() + self.shared.limits.connect_timeout;
        let place = self.unauthenticated.enter(caller.address.ip(), deadline);
        self.connections.spawn(serve(caller, self.handshake.clone(), place, self.shared.clone()));
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
        count(&self.shared.metrics, ended, &mut self.told_at);
        self.claimed.retain(|_, claim| !claim.is_cancelled());
        self.shared.metrics.mqtt_connections.set(self.claimed.len() as i64);
    }
}

/// Serves one connection from its handshakes to its end.
async fn serve(caller: Caller, handshake: Arc<Handshake>, place: Place, shared: Shared) -> End {
    let opened = tokio::select! {
        opened = place.within(handshake.open(caller)) => opened,
        () = shared.stopping.cancelled() => Err(End::Stopping),
    };
    match opened {
        Ok((Channel::Plain(stream), peer)) => {
            let (reader, writer) = stream.into_split();
            connection::serve(reader, writer, peer, place, shared).await
        }
        Ok((Channel::Wrapped(stream), peer)) => {
            let (reader, writer) = tokio::io::split(stream);
            connection::serve(reader, writer, peer, place, shared).await
        }
        Err(end) => end,
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

/// Counts how a connection ended. A panic in its task has ended nothing else. Of a flood that is turned away, the log has
/// one line a second.
fn count(metrics: &Metrics, ended: Result<End, tokio::task::JoinError>, told_at: &mut Option<Instant>) {
    match ended {
        Ok(end) => {
            metrics.mqtt_disconnects.add(end.as_str(), 1);
            if end.is_refusal() {
                metrics.mqtt_refusals.add(end.as_str(), 1);
                if told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_EVERY) {
                    *told_at = Some(Instant::now());
                    tracing::info!(reason = end.as_str(), "connection ended by the gateway");
                }
            }
        }
        Err(error) => {
            metrics.mqtt_disconnects.add("panic", 1);
            tracing::error!(%error, "connection task failed");
        }
    }
}
