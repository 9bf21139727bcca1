//! Accepts connections and sees to it that a device has one session: the one owner of who is connected.

use std::collections::HashMap;
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
use crate::domain::report::DeviceId;
use crate::downlink::answers::Answers;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::sightings::Sightings;
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
}

/// Asks for the right to be a device's session.
struct ClaimRequest {
    device: DeviceId,
    answer: oneshot::Sender<Claim>,
}

/// The connections' end of the claim queue.
#[derive(Clone)]
pub(super) struct Claims(mpsc::Sender<ClaimRequest>);

impl Claims {
    /// Becomes the device's session, taking over from an earlier one; `None` when the listener has ended.
    pub(super) async fn claim(&self, device: DeviceId) -> Option<Claim> {
        let (answer, claim) = oneshot::channel();
        self.0.send(ClaimRequest { device, answer }).await.ok()?;
        claim.await.ok()
    }
}

/// The right to be a device's session, until somebody else claims it. Dropping it gives it back.
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
    queue: mpsc::Receiver<ClaimRequest>,
    /// Who is connected: cancelled tokens belong to sessions that have ended.
    claimed: HashMap<DeviceId, CancellationToken>,
    connections: JoinSet<End>,
}

impl Listener {
    /// A listener on a bound socket. It works once [`Listener::run`] is polled.
    pub fn new(
        socket: TcpListener,
        limits: Limits,
        store: Store,
        intake: Intake,
        answers: Answers,
        metrics: Arc<Metrics>,
        stopping: CancellationToken,
    ) -> Listener {
        let (claims, queue) = mpsc::channel(CLAIMS_QUEUE);
        let (claims, sightings) = (Claims(claims), Sightings::default());
        let shared = Shared { store, intake, answers, metrics, sightings, claims, stopping, limits };
        let (claimed, connections) = (HashMap::new(), JoinSet::new());
        Listener { socket, shared, queue, claimed, connections }
    }

    /// The same, and takes note there of what devices send.
    pub fn with_sightings(mut self, sightings: Sightings) -> Listener {
        self.shared.sightings = sightings;
        self
    }

    /// Serves until told to stop; then waits for the connections to acknowledge what they took.
    pub async fn run(mut self) {
        let stopping = self.shared.stopping.clone();
        loop {
            let has_room = self.connections.len() < self.shared.limits.connections_max;
            tokio::select! {
                () = stopping.cancelled() => break,
                accepted = self.socket.accept(), if has_room => match accepted {
                    Ok((stream, _)) => self.serve(stream),
                    Err(error) => {
                        tracing::warn!(%error, "no connection accepted, pausing");
                        time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(request) = self.queue.recv() => self.claim(request),
                Some(ended) = self.connections.join_next() => self.ended(ended),
            }
        }
        // Whoever still waits for a claim will not get one.
        drop((self.socket, self.queue));
        while let Some(ended) = self.connections.join_next().await {
            count(&self.shared.metrics, ended);
        }
    }

    fn serve(&mut self, stream: TcpStream) {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "socket options refused");
        }
        let (reader, writer) = stream.into_split();
        self.connections.spawn(connection::serve(reader, writer, self.shared.clone()));
    }

    fn claim(&mut self, request: ClaimRequest) {
        let lost = CancellationToken::new();
        if let Some(earlier) = self.claimed.insert(request.device, lost.clone()) {
            earlier.cancel();
        }
        // A connection that is gone drops its claim here.
        let _ = request.answer.send(Claim { lost });
        self.shared.metrics.mqtt_connections.set(self.claimed.len() as i64);
    }

    fn ended(&mut self, ended: Result<End, tokio::task::JoinError>) {
        count(&self.shared.metrics, ended);
        self.claimed.retain(|_, claim| !claim.is_cancelled());
        self.shared.metrics.mqtt_connections.set(self.claimed.len() as i64);
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
