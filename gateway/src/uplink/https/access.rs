//! How a request gets to the platform: the connections, the token, and the files behind both.
//!
//! - At most [`REQUESTS_MAX`] requests are under way at the same time, whoever sends them: so at most as many sockets are, and
//!   one with HTTP/2. A request waits for its place within its own deadline.
//! - The files of token, authority and certificate are looked at every [`LOOK_EVERY`] while requests are made. When one has
//!   changed, all are read, and connections are made anew. Files that can't be used change nothing: that is told once, when
//!   they have stayed as they are for a second look, since a certificate and its key come as two files.
//! - A connection on which a deadline passed is not used again: it may be half open, and with HTTP/2 every later request would
//!   go the same way.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, RequestBuilder};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{self, Instant};

use super::SetupError;
use super::tls::expiry::{Alarm, CertificateNews};
use super::tls::floor::ClockFloor;
use super::tls::{self, Tls};
use crate::config::Uplink;
use crate::uplink::carrier::Trouble;

/// Requests to one platform at the same time, from all lanes.
const REQUESTS_MAX: usize = 4;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For the name, the connection and TLS together, and never longer than the request may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Keepalive, and the longest that sent data stays unacknowledged: a half-open connection is given up.
const TCP_TIMEOUT: Duration = Duration::from_secs(20);
/// HTTP/2 asks for a sign of life so often while a request is under way, and waits as long for it.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// What tells one version of a file from another.
type Stamp = Option<(u64, u64, i64, i64)>;

/// The way to one platform.
pub(super) struct Access {
    uplink: Uplink,
    floor: ClockFloor,
    news: watch::Sender<CertificateNews>,
    places: Semaphore,
    state: Mutex<State>,
}

struct State {
    /// The connections in use, and how often they were made anew.
    client: Client,
    generation: u64,
    tls: Tls,
    authorization: Option<HeaderValue>,
    looked_at: Instant,
    /// The files as they were when they were read and could be used.
    used: Vec<Stamp>,
    /// The files as they were when they were read and could not.
    refused: Option<Vec<Stamp>>,
    alarm: Alarm,
}

/// A place for one request, and what it goes with.
pub(super) struct Place<'a> {
    client: Client,
    generation: u64,
    authorization: Option<HeaderValue>,
    _permit: SemaphorePermit<'a>,
}

impl Access {
    /// Reads the files. Connects to nobody yet.
    pub(super) fn open(uplink: &Uplink, floor: ClockFloor) -> Result<Access, SetupError> {
        let news = watch::Sender::new(CertificateNews::default());
        // Before they are read: what changes meanwhile is read again.
        let used = stamps(uplink);
        let (tls, authorization) = (tls::load(uplink, &floor, &news)?, token(uplink)?);
        let client = connect(uplink, &tls)?;
        news.send_modify(|news| news.client_expires_at_ms = tls.client_expires_at_ms);
        let state = State {
            client,
            generation: 0,
            tls,
            authorization,
            looked_at: Instant::now(),
            used,
            refused: None,
            alarm: Alarm::default(),
        };
        let (uplink, places) = (uplink.clone(), Semaphore::new(REQUESTS_MAX));
        Ok(Access { uplink, floor, news, places, state: Mutex::new(state) })
    }

    /// What is known of the certificates.
    pub(super) fn news(&self) -> watch::Receiver<CertificateNews> {
        self.news.subscribe()
    }

    /// Waits for a place.
    pub(super) async fn place(&self) -> Result<Place<'_>, Trouble> {
        let permit = time::timeout(self.uplink.timeout, self.places.acquire()).await;
        let permit = permit.map_err(|_| Trouble::Deadline)?;
        let permit = permit.map_err(|_| Trouble::NoAnswer("closed".to_owned()))?;
        let mut state = self.state();
        if state.looked_at.elapsed() >= LOOK_EVERY {
            state.looked_at = Instant::now();
            self.look(&mut state);
        }
        Ok(Place {
            client: state.client.clone(),
            generation: state.generation,
            authorization: state.authorization.clone(),
            _permit: permit,
        })
    }

    /// What is left of the total time for a request that began then.
    pub(super) fn left_since(&self, began: Instant) -> Duration {
        self.uplink.timeout.saturating_sub(began.elapsed())
    }

    /// A deadline has passed on the connections of this place: the next request makes new ones.
    pub(super) fn give_up(&self, place: &Place<'_>) {
        let mut state = self.state();
        if state.generation == place.generation
            && let Ok(client) = connect(&self.uplink, &state.tls)
        {
            (state.client, state.generation) = (client, state.generation + 1);
        }
    }

    fn look(&self, state: &mut State) {
        let now = stamps(&self.uplink);
        if now != state.used {
            self.renew(state, now);
        } else if state.refused.take().is_some() {
            self.news.send_modify(|news| news.unusable = None);
        }
        state.alarm.look(&self.news.borrow(), self.floor.now_unix_s());
    }

    /// Reads the files that have changed, and uses them if they can be used.
    fn renew(&self, state: &mut State, now: Vec<Stamp>) {
        if self.news.borrow().unusable.is_some() && state.refused.as_ref() == Some(&now) {
            return;
        }
        match self.read() {
            Ok((tls, authorization, client)) => {
                tracing::info!(
                    uplink = self.uplink.name,
                    "the uplink uses the new files of its token or certificates"
                );
                let client_expires_at_ms = tls.client_expires_at_ms;
                (state.tls, state.authorization, state.client) = (tls, authorization, client);
                state.generation += 1;
                (state.used, state.refused) = (now, None);
                self.news.send_modify(|news| {
                    (news.client_expires_at_ms, news.unusable) = (client_expires_at_ms, None);
                });
            }
            Err(error) if state.refused.as_ref() == Some(&now) => {
                tracing::error!(uplink = self.uplink.name, %error, "THE UPLINK'S NEW FILES CAN'T BE USED, the old ones stay");
                self.news.send_modify(|news| news.unusable = Some(error.to_string().into()));
            }
            Err(_) => state.refused = Some(now),
        }
    }

    fn read(&self) -> Result<(Tls, Option<HeaderValue>, Client), SetupError> {
        let tls = tls::load(&self.uplink, &self.floor, &self.news)?;
        let client = connect(&self.uplink, &tls)?;
        Ok((tls, token(&self.uplink)?, client))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// The connections, for a request without our token.
    pub(super) fn stranger(&self) -> &Client {
        &self.client
    }

    /// A request with our token.
    pub(super) fn request(&self, begin: impl FnOnce(&Client) -> RequestBuilder) -> RequestBuilder {
        let request = begin(&self.client);
        match &self.authorization {
            Some(token) => request.header(AUTHORIZATION, token),
            None => request,
        }
    }
}

/// Connections to be made: proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`).
fn connect(uplink: &Uplink, tls: &Tls) -> Result<Client, SetupError> {
    Client::builder()
        .user_agent(concat!("patrol-gateway/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls.config.clone())
        // A redirect could lead from https to http, and to somebody else.
        .redirect(reqwest::redirect::Policy::none())
        .timeout(uplink.timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(uplink.timeout))
        .pool_max_idle_per_host(REQUESTS_MAX)
        .tcp_keepalive(TCP_TIMEOUT)
        .tcp_user_timeout(TCP_TIMEOUT.min(uplink.timeout))
        .http2_keep_alive_interval(PING_TIMEOUT)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .build()
        .map_err(|source| SetupError::Tls(source.to_string()))
}

/// The header with the platform's token, if there is one.
fn token(uplink: &Uplink) -> Result<Option<HeaderValue>, SetupError> {
    let Some(path) = &uplink.token_file else { return Ok(None) };
    let content = tls::read(path)?;
    let wrong = || SetupError::Token { path: path.clone() };
    let token = std::str::from_utf8(&content).map_err(|_| wrong())?.trim();
    if token.is_empty() {
        return Err(wrong());
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn stamps(uplink: &Uplink) -> Vec<Stamp> {
    let pair = uplink.client.as_ref().map(|client| [&client.certificate, &client.key]);
    let files = uplink.token_file.iter().chain(&uplink.ca_file).chain(pair.into_iter().flatten());
    files.map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("uplink", &self.uplink.name).finish_non_exhaustive()
    }
}
