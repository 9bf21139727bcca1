//! The composition root: builds the parts, starts their tasks, and ends them in order.
//!
//! Nothing else starts a task that lives as long as the process. Order of the end: stop accepting; let what was taken be
//! committed and its acknowledgements leave; stop the lane (what is unanswered simply remains); stop the API; close the
//! store last. Whoever misses the deadline is named.

pub(crate) mod entrance;
pub(crate) mod uplinks;

use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU64};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time;
use tokio_util::sync::CancellationToken;

use self::uplinks::{SetupError, Shared, Uplinks};

use crate::access::Keeper;
use crate::access::describe;
use crate::access::file::{self, FileError, Stamp};
use crate::audit::{self, Audit, Event};
use crate::city::{self, CityError};
use crate::clock;
use crate::config::Config;
use crate::domain::city::City;
use crate::domain::journal::Entry;
use crate::domain::keyring::Keyring;
use crate::domain::registry::Registry;
use crate::domain::topic::TopicLimits;
use crate::downlink::answers::Answers;
use crate::external;
use crate::health::{Readiness, UplinkStatus};
use crate::http::journal::{Journal, JournalPages};
use crate::http::losses::LossList;
use crate::http::token::{Token, TokenError};
use crate::http::transfer::Transfer;
use crate::http::{self, View, WriterProbe};
use crate::intake::Intake;
use crate::keys::{self, KeysError};
use crate::metrics::Metrics;
use crate::mqtt::listener::{Entrance, Limits, Listener, Uses};
use crate::mqtt::pace::Rates;
use crate::mqtt::transport::certificate::CertificateError;
use crate::register;
use crate::sightings::Sightings;
use crate::store::handle::Store;
use crate::store::medium::Medium;
use crate::store::schema::OpenError;
use crate::store::sessions::SessionLimits;
use crate::store::writer::{self, Running, StoreOptions, WriteError};
use crate::uplink::https::ClockFloor;

/// How long the parts may take to end, one after the other: below five seconds in all.
const MQTT_END_MAX: Duration = Duration::from_secs(2);
const PART_END_MAX: Duration = Duration::from_millis(500);
const STORE_END_MAX: Duration = Duration::from_millis(1500);

/// Why the gateway could not run, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A file of the city is missing or wrong.
    #[error("city data: {0}")]
    City(#[from] CityError),
    /// The file of the devices' keys is missing or wrong.
    #[error("device keys: {0}")]
    Keys(#[from] KeysError),
    /// The registry of devices and applications is wrong.
    #[error("registry: {0}")]
    Registry(#[from] FileError),
    /// The file of the API's token is missing or wrong.
    #[error("http.token_file: {0}")]
    Token(#[from] TokenError),
    /// The listener's certificate can't be used.
    #[error("listener: {0}")]
    Certificate(#[from] CertificateError),
    /// The store can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The uplink's files or TLS are wrong.
    #[error("uplink: {0}")]
    Uplink(#[from] SetupError),
    /// An address can't be bound.
    #[error("{what} on {addr}: {source}")]
    Bind {
        /// What wanted to listen.
        what: &'static str,
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Signals or standard output are not to be had.
    #[error("process: {0}")]
    Process(#[from] io::Error),
    /// The database failed while running; nothing was acknowledged after it did.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The store's thread ended without a word.
    #[error("the store's thread has died")]
    StoreDied,
    /// The store did not close in time, most likely for a disk that hangs. What is acknowledged is safe.
    #[error("the store did not close in time")]
    StoreStuck,
    /// A part that must not end has ended.
    #[error("{0} has died")]
    PartDied(&'static str),
}

/// A part's task, and its name for when it misses the deadline.
struct Part {
    name: &'static str,
    task: JoinHandle<()>,
}

impl Part {
    fn spawn(name: &'static str, work: impl Future<Output = ()> + Send + 'static) -> Part {
        Part { name, task: tokio::spawn(work) }
    }

    /// Waits for the task to end, `at_most` so long. A task that was already seen to end is not waited for again.
    async fn end(&mut self, at_most: Duration) {
        if self.task.is_finished() {
            return;
        }
        if time::timeout(at_most, &mut self.task).await.is_err() {
            tracing::error!(part = self.name, "did not end in time, left behind");
            self.task.abort();
        }
    }
}

/// Runs the gateway until SIGTERM or SIGINT.
///
/// # Errors
/// [`AppError`]: it could not start, or a part without which it must not go on has failed.
pub async fn run(config: Config) -> Result<(), AppError> {
    let mut signals = StopSignals::new()?;
    let city = Arc::new(city::load(&config.geography)?);
    let configured_stalls = config.geography.stalls.as_deref().map(city::stalls).transpose()?;
    let camera_events = city::camera_events(&config.geography)?;
    let keyring = keyring(&config)?;
    let registry = registry(&config)?;
    let token = config.http.token_file.as_deref().map(Token::read).transpose()?;
    let metrics = Arc::new(Metrics::new());
    let (entrance, renewal) = entrance::open(&config.listener, &registry.0, &metrics).await?;
    let http_socket = bind("http", config.http.bind).await?;
    let running = writer::start(store_options(&config), metrics.clone())?;
    let Running { store, start_number, newest_accepted_at_ms, ended: mut store_ended } = running;
    let (mqtt_stop, rest_stop) = (CancellationToken::new(), CancellationToken::new());

    let (stall_keeper, stalls) =
        register::Keeper::open(&config.gateway.data_dir, configured_stalls, metrics.clone());
    let (shared_config, stopping) = (&config, &rest_stop);
    let shared = Shared {
        config: shared_config,
        store: &store,
        metrics: &metrics,
        stalls: &stalls,
        floor: floor(newest_accepted_at_ms),
        city_clock: city.rules.calendar().clock(),
        stopping,
    };
    let uplinks = Uplinks::build(&shared)?;
    let (readiness, ready) = watch::channel(Readiness { listener_bound: true, store_open: true });
    let transfer = Transfer::new(store.clone(), token);
    let sightings = Sightings::default();
    let view = view(&config, &store, uplinks.statuses, ready, &metrics, &sightings, &city, transfer);
    let announcement = announce(&config, &city, &stalls, &keyring, &registry.0, &entrance, &http_socket)?;
    let (audit, auditing) = Audit::start(audit::folder(&config.gateway.data_dir))?;
    audit.note(started(&config));
    let (gate, keeper) =
        Keeper::new(config.registry_file(), registry, store.clone(), audit.clone(), rest_stop.clone())
            .map_err(io::Error::other)?;
    let keyring = Arc::new(keyring);
    let intake = Intake::new(keyring.clone(), city, metrics.clone())
        .with_mapping(Arc::new(config.mapping.rules.clone().with_camera_events(&camera_events)))
        .with_roster(keeper.roster())
        .with_stalls(stalls.in_force.clone())
        .at_site(config.gateway.site.map(|site| (site.lon_deg, site.lat_deg)));
    let answers = Answers::new(store.clone(), keyring, start_number, metrics.clone());
    let broker = config.broker.as_ref().map(|section| {
        let (store, rules, random) = (store.clone(), &config.mapping.rules, fastrand::Rng::new());
        let (intake, answers, metrics) = (intake.clone(), answers.clone(), metrics.clone());
        let uses = external::Uses { store, intake, answers, sightings: sightings.clone(), metrics };
        external::Broker::new(section, &config.gateway.id, rules, uses, random)
    });
    let uses = Uses { gate, store: store.clone(), intake, answers, sightings, metrics };
    let listener = Listener::new(entrance, limits(&config), uses, mqtt_stop.clone());

    let mut access = Part::spawn("access", keeper.run());
    let mut mqtt = Part::spawn("mqtt listener", listener.run());
    let mut http = Part::spawn("http", http::serve(http_socket, view, rest_stop.clone()));
    let mut certificate = renewal.map(|it| Part::spawn("certificate", it.run(rest_stop.clone())));
    let mut uplinks: Vec<Part> =
        uplinks.parts.into_iter().map(|(name, work)| Part::spawn(name, work)).collect();
    let mut broker = broker.map(|it| Part::spawn("broker", it.run(mqtt_stop.clone())));
    let mut register = Part::spawn("stall register", stall_keeper.run(rest_stop.clone()));
    print(&announcement)?;

    let ended = tokio::select! {
        () = signals.recv() => Ok(()),
        ended = &mut store_ended => Err(store_error(ended)),
        ended = &mut access.task => Err(died(access.name, ended)),
        ended = &mut mqtt.task => Err(died(mqtt.name, ended)),
        ended = &mut http.task => Err(died(http.name, ended)),
        ended = any_ended(&mut uplinks) => Err(ended),
        ended = &mut register.task => Err(died(register.name, ended)),
        ended = part_ended(&mut certificate) => Err(ended),
        ended = part_ended(&mut broker) => Err(ended),
    };
    readiness.send_replace(Readiness::default());
    if matches!(ended, Err(AppError::Write(_) | AppError::StoreDied)) {
        // Nothing can be committed any more: every connection must close without another acknowledgement.
        return ended;
    }
    tracing::info!("stopping");
    mqtt_stop.cancel();
    let end_broker = async {
        if let Some(broker) = &mut broker {
            broker.end(MQTT_END_MAX).await;
        }
    };
    tokio::join!(mqtt.end(MQTT_END_MAX), end_broker);
    rest_stop.cancel();
    let end_uplinks = async {
        let deadline = time::Instant::now() + PART_END_MAX;
        for part in &mut uplinks {
            part.end(deadline.saturating_duration_since(time::Instant::now())).await;
        }
    };
    tokio::join!(end_uplinks, end(&mut certificate), access.end(PART_END_MAX), register.end(PART_END_MAX));
    http.end(PART_END_MAX).await;
    audit.note(Event::Stopped);
    // A disk that hangs must not hold the store's end up: what is left is the end of the log.
    let _ = time::timeout(PART_END_MAX, tokio::task::spawn_blocking(|| auditing.end())).await;
    let closed = async {
        store.close().await;
        store_ended.await
    };
    match time::timeout(STORE_END_MAX, closed).await {
        Ok(Ok(Ok(()))) => ended,
        Ok(closed) => Err(store_error(closed)),
        Err(_) => Err(AppError::StoreStuck),
    }
}

async fn bind(what: &'static str, addr: SocketAddr) -> Result<TcpListener, AppError> {
    TcpListener::bind(addr).await.map_err(|source| AppError::Bind { what, addr, source })
}

fn keyring(config: &Config) -> Result<Keyring, AppError> {
    let keys = keys::load(&config.devices)?;
    if let Some(file) = &keys.exposed {
        tracing::warn!(file = %file.display(), "others may read or write the file of the devices' keys");
    }
    Ok(keys.keyring)
}

/// The time that is over for certain: certificates of platforms were good then.
fn floor(newest_accepted_at_ms: Option<i64>) -> ClockFloor {
    let floor = ClockFloor::default();
    if let Some(at_ms) = newest_accepted_at_ms {
        floor.raise(at_ms.div_euclid(1000));
    }
    floor
}

/// The registry of devices and applications, and which version of its file it is.
fn registry(config: &Config) -> Result<(Registry, Option<Stamp>), AppError> {
    let (registry, stamp) = file::read(&config.registry_file())?;
    if stamp.is_some_and(|stamp| stamp.is_exposed()) {
        tracing::warn!(file = %config.registry_file().display(), "others may read or write the registry");
    }
    Ok((registry, stamp))
}

/// What is noted of the start.
fn started(config: &Config) -> Event {
    let config_sha256 = audit::chain::hex(&Sha256::digest(config.to_toml().as_bytes()));
    Event::Started { version: env!("CARGO_PKG_VERSION"), config_sha256 }
}

/// How the configured store is set up.
pub(crate) fn store_options(config: &Config) -> StoreOptions {
    StoreOptions {
        data_dir: config.gateway.data_dir.clone(),
        medium: Medium::Files,
        max_bytes: config.store.max_bytes,
        policies: config.store.policies,
        uplinks: uplinks::plans(config),
        sync_within: config.store.sync_within,
        flash_budget_bytes_per_day: config.store.flash_budget_bytes_per_day,
        evidence_max_bytes: config.store.evidence_max_bytes,
        keep_accepted: config.store.keep_accepted,
        keep_quarantined: config.store.keep_quarantined,
        keep_journal: config.store.keep_journal,
        session_limits: SessionLimits {
            kept_max: config.listener.max_sessions,
            queued_max: config.listener.max_queued,
            subscriptions_max: config.listener.max_subscriptions,
        },
        started_at_ms: clock::unix_ms(),
        chance: fastrand::Rng::new(),
    }
}

/// What the listener bounds.
pub(crate) fn limits(config: &Config) -> Limits {
    let listener = &config.listener;
    Limits {
        connections_max: entrance::connections_max(config),
        unauthenticated_max: listener.max_unauthenticated,
        packet_bytes_max: u32::try_from(listener.max_packet_bytes).unwrap_or(u32::MAX),
        receive_maximum: NonZeroU16::new(listener.max_in_flight).unwrap_or(NonZeroU16::MIN),
        connect_timeout: listener.connect_timeout,
        topics: TopicLimits { bytes_max: listener.max_topic_bytes, levels_max: listener.max_topic_levels },
        topic_alias_maximum: listener.max_topic_aliases,
        session_expiry_max_s: listener.max_session_expiry.as_secs().try_into().unwrap_or(u32::MAX),
        rates: Rates {
            messages_per_s: NonZeroU64::new(listener.max_messages_per_s.into()),
            bytes_per_s: NonZeroU64::new(listener.max_bytes_per_s),
        },
    }
}

#[expect(clippy::too_many_arguments, reason = "one for each thing that the API shows")]
fn view(
    config: &Config,
    store: &Store,
    uplinks: Vec<watch::Receiver<UplinkStatus>>,
    readiness: watch::Receiver<Readiness>,
    metrics: &Arc<Metrics>,
    sightings: &Sightings,
    city: &Arc<City>,
    transfer: Transfer,
) -> View {
    let probe = store.clone();
    let writer = WriterProbe::new(move || {
        let probe = probe.clone();
        async move { probe.ping().await.is_ok() }
    });
    let book = store.clone();
    let losses = LossList::new(move |after, limit| {
        let book = book.clone();
        async move { book.losses(after, limit).await.ok() }
    });
    let book = store.clone();
    let pages = JournalPages::new(move |after, limit| {
        let book = book.clone();
        async move { book.journal(after, limit).await.ok() }
    });
    let (shown_by, points, calendar) = (city.rules.calendar().clock(), city.points.clone(), city.clone());
    let due = move |entry: &Entry| calendar.due_at_ms(entry);
    let journal = Journal::new(pages, shown_by, due, points, clock::unix_ms);
    View {
        gateway: config.gateway.id.as_str().into(),
        store: store.snapshot(),
        uplinks,
        readiness,
        metrics: metrics.clone(),
        writer,
        losses,
        journal,
        sightings: sightings.clone(),
        transfer,
    }
}

/// What a person needs to know who has just started the gateway; ends with the line `ready`.
fn announce(
    config: &Config,
    city: &City,
    stalls: &register::Handle,
    keyring: &Keyring,
    registry: &Registry,
    entrance: &Entrance,
    http: &TcpListener,
) -> Result<String, AppError> {
    let (mqtt, http) = (entrance.doors.plain()?, http.local_addr()?);
    let doors = entrance::describe(entrance)?;
    let uplink = uplinks::describe(config);
    let try_it = format!(
        "mosquitto_pub -h {} -p {} -i car-01 -q 1 -t patrol/v1/up/car-01/incident -m \
         '{{\"kind\":\"event\",\"code\":\"0501\",\"position\":{{\"lon\":104.398,\"lat\":31.127,\"crs\":\"wgs84\"}}}}'",
        mqtt.ip(),
        mqtt.port()
    );
    Ok(format!(
        "patrol-gateway {}\n\
         gateway  {} ({})\n\
         {doors}\
         http     http://{http}\n\
         data     {}\n\
         uplink   {uplink}\n\
         city     {}\n\
         rules    {}\n\
         stalls   {}\n\
         devices  {}\n\
         access   {}\n\
         try      {try_it}\n\
         ready\n",
        env!("CARGO_PKG_VERSION"),
        config.gateway.id,
        config.gateway.kind.as_str(),
        config.gateway.data_dir.display(),
        city::describe(&config.geography, city),
        city::describe_rules(&config.geography, &city.rules),
        register::describe(&stalls.in_force.borrow()),
        keys::describe(&config.devices, keyring),
        access(config, registry),
    ))
}

/// Who may connect; the second line says why the listener is not where it was meant to be.
fn access(config: &Config, registry: &Registry) -> String {
    let mut text = describe::accounts(registry);
    let wanted = config.listener.bind;
    if describe::allowed_bind(wanted, registry) != wanted {
        text.push_str(&format!(
            "\n         NOT LISTENING ON {wanted} UNTIL SOMEBODY HAS CREDENTIALS: patrol-gateway device add ID, \
             then restart 未设账号，仅监听本机"
        ));
    }
    text
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// The signals that ask for an orderly end. They are caught from the beginning: whoever has read `ready` may send one
/// at once.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> io::Result<StopSignals> {
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(StopSignals { terminate: signal(terminate)?, interrupt: signal(interrupt)? })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn store_error(ended: Result<Result<(), WriteError>, oneshot::error::RecvError>) -> AppError {
    match ended {
        Ok(Err(error)) => AppError::Write(error),
        Ok(Ok(())) | Err(_) => AppError::StoreDied,
    }
}

fn died(name: &'static str, ended: Result<(), JoinError>) -> AppError {
    if let Err(error) = ended {
        tracing::error!(part = name, %error, "task failed");
    }
    AppError::PartDied(name)
}

/// Waits for the first of the parts that ends; for ever when there is none.
async fn any_ended(parts: &mut [Part]) -> AppError {
    poll_fn(|context| {
        for part in parts.iter_mut() {
            if let Poll::Ready(ended) = Pin::new(&mut part.task).poll(context) {
                return Poll::Ready(died(part.name, ended));
            }
        }
        Poll::Pending
    })
    .await
}

/// Waits for the end of the part, if there is one.
async fn end(part: &mut Option<Part>) {
    if let Some(part) = part {
        part.end(PART_END_MAX).await;
    }
}

/// Resolves when the part, if there is one, has ended.
async fn part_ended(part: &mut Option<Part>) -> AppError {
    match part {
        Some(part) => died(part.name, (&mut part.task).await),
        None => std::future::pending().await,
    }
}
