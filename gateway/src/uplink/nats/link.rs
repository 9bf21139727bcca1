//! The connection to the cluster: made when it is first needed, made again by the client itself, never written to while it is down.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{
    Auth, AuthError, Client, ClientError, ConnectErrorKind, ConnectOptions, Event, ServerAddr, ServerError,
};
use rustls::ClientConfig;
use tokio::sync::watch;

use super::{SetupError, tls};
use crate::config::{Uplink, Way};
use crate::uplink::carrier::Trouble;

/// Messages on their way from a batch to the socket; beyond, the batch waits.
const QUEUE_MESSAGES: usize = 1024;
/// First and longest wait between two attempts to connect again; each is drawn evenly from zero to it.
const RECONNECT_WAIT_MIN: Duration = Duration::from_millis(250);
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest time for one attempt, TLS included.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Between two pings on an idle connection; three without an answer end it.
const PING: Duration = Duration::from_secs(20);

/// How to connect.
pub(super) struct Plan {
    servers: Vec<ServerAddr>,
    needs_tls: bool,
    tls: ClientConfig,
    name: String,
    username: Option<String>,
    token_file: Option<PathBuf>,
    connect_within: Duration,
    retry_max: Duration,
    /// Acknowledgements that may wait to be read: those of a batch.
    acks_max: usize,
    seed: u64,
}

/// What the client has said about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Standing {
    /// How often the connection was lost.
    losses: u64,
    /// How often a server complained while it was up, and what about the last time.
    complaints: u64,
    complaint: String,
    /// Why it is not up.
    obstacle: Option<String>,
}

/// A client that has been connected at least once.
pub(super) struct Link {
    pub(super) client: Client,
    standing: watch::Receiver<Standing>,
}

/// Follows a client's standing from a moment at which it was connected.
pub(super) struct Follower {
    standing: watch::Receiver<Standing>,
    losses: u64,
    complaints: u64,
}

impl Plan {
    pub(super) fn new(
        uplink: &Uplink,
        gateway_id: &str,
        mut random: fastrand::Rng,
    ) -> Result<Plan, SetupError> {
        let Way::Nats(nats) = &uplink.way else { return Err(SetupError::NotNats(uplink.url.to_string())) };
        let urls = std::iter::once(&uplink.url).chain(&nats.servers);
        let servers = urls
            .map(|url| ServerAddr::from_url(url.clone()).map_err(|_| SetupError::NotNats(url.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(path) = &uplink.token_file {
            secret(path)?;
        }
        Ok(Plan {
            needs_tls: servers.iter().any(ServerAddr::tls_required),
            servers,
            tls: tls::config(uplink)?,
            name: format!("patrol-gateway {gateway_id}"),
            username: nats.username.clone(),
            token_file: uplink.token_file.clone(),
            connect_within: uplink.timeout.min(CONNECT_MAX),
            retry_max: uplink.retry_max.min(RECONNECT_WAIT_MAX),
            acks_max: uplink.batch_events + 1,
            seed: random.u64(..),
        })
    }

    /// Connects to one of the servers, each tried once.
    pub(super) async fn connect(&self) -> Result<Link, Trouble> {
        let (tell, standing) = watch::channel(Standing::default());
        let (username, token_file) = (self.username.clone(), self.token_file.clone());
        let (seed, draws, longest) = (self.seed, AtomicU64::new(0), self.retry_max);
        let options = ConnectOptions::with_auth_callback(move |_| {
            // Read each time, so that a new password counts from the next connection on.
            std::future::ready(credentials(username.as_deref(), token_file.as_deref()))
        });
        let client = options
            .name(&self.name)
            .tls_client_config(self.tls.clone())
            .require_tls(self.needs_tls)
            // Servers would name others in plain text, before TLS. The operator names them.
            .ignore_discovered_servers()
            .connection_timeout(self.connect_within)
            .ping_interval(PING)
            .client_capacity(QUEUE_MESSAGES)
            .subscription_capacity(self.acks_max)
            .reconnect_delay_callback(move |attempt| {
                let draw = draws.fetch_add(1, Ordering::Relaxed);
                let share = fastrand::Rng::with_seed(seed.wrapping_add(draw)).f64();
                reconnect_wait(attempt, longest, share)
            })
            .event_callback(move |event| {
                tell.send_if_modified(|standing| standing.note(event));
                std::future::ready(())
            })
            .connect(self.servers.as_slice())
            .await
            .map_err(|error| obstacle(error.kind(), error.to_string()))?;
        Ok(Link { client, standing })
    }
}

impl Link {
    /// Follows what the client says, from now on. Refused with the reason while the connection is down.
    pub(super) fn follow(&self) -> Result<Follower, Trouble> {
        let mut standing = self.standing.clone();
        let now = standing.borrow_and_update().clone();
        match self.client.connection_state() {
            State::Connected => Ok(Follower { standing, losses: now.losses, complaints: now.complaints }),
            State::Pending | State::Disconnected => Err(match now.obstacle {
                Some(text) if text == ConnectErrorKind::AuthorizationViolation.to_string() => unauthorised(),
                Some(text) => Trouble::NoAnswer(format!("connecting again: {text}")),
                None => Trouble::NoAnswer("the connection was lost, connecting again".into()),
            }),
        }
    }

    /// Gives the connection up for another one; false when the client does not even take the command.
    pub(super) async fn renew(&self) -> bool {
        let asked = tokio::time::timeout(RECONNECT_WAIT_MIN, self.client.force_reconnect()).await;
        matches!(asked, Ok(Ok(())))
    }
}

impl Follower {
    /// Waits until the connection is lost, or a server complains. May be given up and called again.
    pub(super) async fn trouble(&mut self) -> Trouble {
        loop {
            if self.standing.changed().await.is_err() {
                return Trouble::NoAnswer("the client has ended".into());
            }
            let now = self.standing.borrow_and_update();
            if now.losses != self.losses {
                return Trouble::NoAnswer("the connection was lost".into());
            }
            if now.complaints != self.complaints {
                return Trouble::Setup(format!("the server complains: {}", now.complaint));
            }
        }
    }
}

impl Standing {
    /// Notes an event; says whether that changed anything.
    fn note(&mut self, event: Event) -> bool {
        let before = self.clone();
        match event {
            Event::Connected => self.obstacle = None,
            Event::Disconnected => self.losses += 1,
            Event::ClientError(ClientError::Other(text)) => self.obstacle = Some(text),
            Event::ServerError(error) => {
                self.complaints += 1;
                self.complaint = complaint(error);
            }
            _ => {}
        }
        *self != before
    }
}

fn complaint(error: ServerError) -> String {
    match error {
        ServerError::Other(text) => text.chars().take(300).collect(),
        other => other.to_string(),
    }
}

/// Why no server could be connected to.
fn obstacle(kind: ConnectErrorKind, said: String) -> Trouble {
    match kind {
        ConnectErrorKind::AuthorizationViolation => unauthorised(),
        ConnectErrorKind::Authentication => Trouble::Setup(format!("token_file: {said}")),
        ConnectErrorKind::TimedOut => Trouble::Deadline,
        _ => Trouble::NoAnswer(said.chars().take(300).collect()),
    }
}

fn unauthorised() -> Trouble {
    Trouble::Setup("the server does not let us in: check token_file, username and client certificate".into())
}

/// Full jitter below a ceiling that doubles: gateways that lost a server together come back spread.
fn reconnect_wait(attempt: usize, longest: Duration, share: f64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    RECONNECT_WAIT_MIN.saturating_mul(1 << doublings).min(longest).mul_f64(share.clamp(0.0, 1.0))
}

fn credentials(username: Option<&str>, token_file: Option<&Path>) -> Result<Auth, AuthError> {
    let mut auth = Auth::new();
    let secret = token_file.map(secret).transpose().map_err(AuthError::new)?;
    match username {
        Some(name) => (auth.username, auth.password) = (Some(name.to_owned()), secret),
        None => auth.token = secret,
    }
    Ok(auth)
}

/// The password or token in a file.
fn secret(path: &Path) -> Result<String, SetupError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| SetupError::File { path: path.to_owned(), source })?;
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err(SetupError::Token { path: path.to_owned() });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_between_attempts_double_are_bounded_and_spread_down_to_zero() {
        let longest = Duration::from_secs(5);
        let waits =
            |share| [1, 2, 3, 5, 6, 9, usize::MAX].map(|attempt| reconnect_wait(attempt, longest, share));
        assert_eq!(waits(1.0).map(|wait| wait.as_millis()), [250, 500, 1000, 4000, 5000, 5000, 5000]);
        assert_eq!(waits(0.0), [Duration::ZERO; 7]);
        assert_eq!(reconnect_wait(9, Duration::from_millis(10), 1.0), Duration::from_millis(10));
    }

    #[test]
    fn what_a_client_says_is_kept_until_it_is_connected_again() {
        let mut standing = Standing::default();
        assert!(standing.note(Event::ServerError(ServerError::Other("Permissions Violation".into()))));
        assert!(
            standing.note(Event::ServerError(ServerError::Other("Permissions Violation".into()))),
            "each time"
        );
        assert_eq!((standing.complaints, standing.complaint.as_str()), (2, "Permissions Violation"));
        assert!(standing.note(Event::Disconnected));
        assert!(standing.note(Event::ClientError(ClientError::Other("IO error".into()))));
        assert!(!standing.note(Event::ClientError(ClientError::Other("IO error".into()))));
        assert!(standing.note(Event::Connected));
        assert_eq!((standing.losses, standing.obstacle), (1, None));
    }

    #[test]
    fn a_secret_is_a_password_beside_a_name_and_a_token_without_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "s3cret\n").unwrap();
        let auth = credentials(Some("box"), Some(&path)).unwrap();
        assert_eq!(
            (auth.username.as_deref(), auth.password.as_deref(), auth.token),
            (Some("box"), Some("s3cret"), None)
        );
        let auth = credentials(None, Some(&path)).unwrap();
        assert_eq!((auth.username, auth.password, auth.token.as_deref()), (None, None, Some("s3cret")));
        std::fs::write(&path, "two\nlines").unwrap();
        let error = credentials(None, Some(&path)).err().unwrap().to_string();
        assert!(error.contains("one line") && !error.contains("two"), "{error}");
    }
}
