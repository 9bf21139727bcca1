//! The keeper: the one owner of the registry in force and of all that is known about attempts.

mod following;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::file::{self, Stamp};
use super::passwords;
use super::remembered::Remembered;
use super::work::{self, Done, Enrolled, Job};
use super::{Admitted, Asked, Gate, QUEUE_HELLOS, Refused};
use crate::audit::{Audit, Event, Who};
use crate::clock;
use crate::domain::access::Principal;
use crate::domain::attempts::Attempts;
use crate::domain::registry::deciding::{Need, Shown};
use crate::domain::registry::{PasswordHash, Registry, RegistryFault};
use crate::domain::report::DeviceId;
use crate::domain::roster::Roster;
use crate::store::handle::Store;

/// Verifications at the same time.
const VERIFYING_MAX: usize = 2;
/// Verifications that wait, of everybody ...
const WAITING_MAX: usize = 256;
/// ... and of one address.
const WAITING_PER_ADDRESS_MAX: usize = 64;
/// Lanes of addresses whose failures are remembered.
const SOURCES_MAX: usize = 4096;
/// Lanes of an address: a device with a wrong password holds up few of its neighbours, and one address gets that many tries a minute.
const LANES: u64 = 64;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Whose failures are counted together: those of one address whose user names fall into one lane. Known and unknown names alike, so that
/// waits say nothing about who is known.
type Source = (IpAddr, u64);

/// The owner of the registry in force.
pub struct Keeper {
    path: PathBuf,
    registry: Registry,
    /// How often the registry has changed.
    changes: u64,
    /// The version of the file that was last looked at, usable or not.
    seen: Option<Stamp>,
    asked: mpsc::Receiver<Asked>,
    /// Cancelled when an account's credentials are no longer good. Only of accounts that have come in.
    sessions: HashMap<DeviceId, CancellationToken>,
    /// Cancelled when nobody is taken on its word any more.
    on_word: CancellationToken,
    remembered: Remembered,
    attempts: Attempts<Source>,
    lanes: RandomState,
    waiting: VecDeque<Job>,
    verifying: JoinSet<Done>,
    errands: JoinSet<Done>,
    is_loading: bool,
    /// Tells whoever follows it who belongs where.
    roster: watch::Sender<Arc<Roster>>,
    store: Store,
    audit: Audit,
    started: Instant,
    stopping: CancellationToken,
}

impl Keeper {
    /// A keeper of this registry, which was read from `path`; it works once [`Keeper::run`] is polled.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(
        path: PathBuf,
        (registry, seen): (Registry, Option<Stamp>),
        store: Store,
        audit: Audit,
        stopping: CancellationToken,
    ) -> Result<(Gate, Keeper), getrandom::Error> {
        let (asking, asked) = mpsc::channel(QUEUE_HELLOS);
        let gate = Gate { asked: asking, audit: audit.clone() };
        let keeper = Keeper {
            path,
            roster: watch::Sender::new(Arc::new(Roster::of(&registry))),
            registry,
            changes: 0,
            seen,
            asked,
            sessions: HashMap::new(),
            on_word: CancellationToken::new(),
            remembered: Remembered::new()?,
            attempts: Attempts::new(SOURCES_MAX),
            lanes: RandomState::new(),
            waiting: VecDeque::new(),
            verifying: JoinSet::new(),
            errands: JoinSet::new(),
            is_loading: false,
            store,
            audit,
            started: Instant::now(),
            stopping,
        };
        Ok((gate, keeper))
    }

    /// Who belongs where; changes with the registry.
    pub fn roster(&self) -> watch::Receiver<Arc<Roster>> {
        self.roster.subscribe()
    }

    /// Answers until told to stop.
    pub async fn run(mut self) {
        self.note_loaded();
        let stopping = self.stopping.clone();
        let mut look = time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                Some(asked) = self.asked.recv() => self.hello(asked),
                Some(done) = self.verifying.join_next() => self.done(done),
                Some(done) = self.errands.join_next() => self.done(done),
                _ = look.tick() => self.look(),
            }
            while self.verifying.len() < VERIFYING_MAX
                && let Some(job) = self.waiting.pop_front()
            {
                let path = self.path.clone();
                self.verifying.spawn_blocking(move || job.run(&path));
            }
        }
    }

    fn hello(&mut self, asked: Asked) {
        let shown = Shown {
            client_id: &asked.client_id,
            user: asked.user.as_deref(),
            has_password: asked.password.is_some(),
            certificate: asked.certificate.as_deref(),
            is_local: asked.peer.to_canonical().is_loopback(),
        };
        match self.registry.need(shown) {
            Ok(Need::Word(device)) => {
                let revoked = self.on_word.clone();
                self.admit(asked, Admitted { principal: Principal::Device(device), revoked }, "word");
            }
            Ok(Need::Certified(name)) => self.enter(asked, &name, "certificate"),
            Ok(Need::Password(name)) => self.password(asked, name),
            Ok(Need::Code(device)) => self.code(asked, device),
            Err(refusal) => self.refuse(asked, refusal.into()),
        }
    }

    fn password(&mut self, asked: Asked, name: Option<DeviceId>) {
        let account = name.and_then(|name| {
            let hash = self.hash_of(&name)?.clone();
            Some((name, hash))
        });
        if let (Some((name, hash)), Some(password)) = (&account, &asked.password)
            && self.remembered.knows(name, hash, password)
        {
            let name = name.clone();
            return self.enter(asked, &name, "password");
        }
        self.wait(Job::Verify { account, asked });
    }

    fn hash_of(&self, name: &DeviceId) -> Option<&PasswordHash> {
        self.registry.credentials(name)?.password.as_ref()
    }

    fn code(&mut self, asked: Asked, device: DeviceId) {
        let code = passwords::code_hash(asked.password.as_deref().unwrap_or_default());
        let source = self.source(&asked);
        if !self.attempts.may_try(&source, self.now_ms()) {
            return self.refuse(asked, Refused::Busy);
        }
        if self.registry.may_enrol(&code, &device, clock::unix_ms()) {
            return self.wait(Job::Enrol { device, code, asked });
        }
        self.attempts.failed(source, self.now_ms());
        let is_known = self.registry.enrolments().iter().any(|open| open.code == code);
        self.refuse(asked, if is_known { Refused::NotAuthorized } else { Refused::Credentials });
    }

    /// Puts a job into the queue, if its source may try and there is room.
    fn wait(&mut self, job: Job) {
        let address = address(job.asked().peer);
        let of_address = self.waiting.iter().filter(|job| self::address(job.asked().peer) == address).count();
        let has_room = self.waiting.len() < WAITING_MAX && of_address < WAITING_PER_ADDRESS_MAX;
        if has_room && self.attempts.may_try(&self.source(job.asked()), self.now_ms()) {
            self.waiting.push_back(job);
        } else {
            self.refuse(job.into_asked(), Refused::Busy);
        }
    }

    fn source(&self, asked: &Asked) -> Source {
        let user = asked.user.as_deref().unwrap_or(&asked.client_id);
        (address(asked.peer), self.lanes.hash_one(user) % LANES)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// An account that has proven to be the one of this name comes in, if it may.
    fn enter(&mut self, asked: Asked, name: &DeviceId, by: &'static str) {
        let principal = match self.registry.admit(name, &asked.client_id) {
            Ok(principal) => principal,
            Err(refusal) => return self.refuse(asked, refusal.into()),
        };
        let is_first_use = self.registry.device(name).is_some_and(|device| device.enrolled_with.is_some());
        if is_first_use && by == "password" {
            let (path, device) = (self.path.clone(), name.clone());
            self.errands.spawn_blocking(move || work::confirm(&path, &device));
        }
        let revoked = self.sessions.entry(name.clone()).or_default().clone();
        self.admit(asked, Admitted { principal, revoked }, by);
    }

    fn admit(&self, asked: Asked, admitted: Admitted, by: &'static str) {
        let account = match &admitted.principal {
            Principal::Device(device) => device.to_string(),
            Principal::Application(application) => application.name.to_string(),
        };
        self.audit.note(Event::Authenticated { who: who(&asked), account, by });
        // A connection that is gone wants no answer.
        let _ = asked.answer.send(Ok(admitted));
    }

    fn refuse(&self, asked: Asked, refused: Refused) {
        self.audit.note(Event::AuthenticationFailed { who: who(&asked), reason: refused.as_str() });
        let _ = asked.answer.send(Err(refused));
    }

    fn done(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(Done::Verified { account, asked, is_right }) => self.verified(account, asked, is_right),
            Ok(Done::Enrolled { device, asked, enrolled: Ok(enrolled) }) => {
                let Enrolled { registry, stamp, password } = enrolled;
                self.apply(registry, stamp);
                self.errands.spawn(work::tell(self.store.clone(), device, password, asked));
            }
            Ok(Done::Enrolled { device, asked, enrolled: Err(error) }) => {
                tracing::warn!(%device, %error, "a device could not be enrolled");
                let is_refused =
                    matches!(error, work::EnrolError::File(file::FileError::Refused(RegistryFault::Code(_))));
                self.refuse(asked, if is_refused { Refused::NotAuthorized } else { Refused::Busy });
            }
            Ok(Done::Told { device, asked, is_stored: true }) => {
                tracing::info!(%device, "a device has enrolled");
                self.audit.note(Event::Enrolled { device: device.to_string(), peer: asked.peer });
                self.enter(asked, &device, "enrolment");
            }
            // It comes again with its code, which is not used up before it has its password.
            Ok(Done::Told { asked, is_stored: false, .. }) => self.refuse(asked, Refused::Busy),
            Ok(Done::Loaded { after, loaded }) => self.loaded(after, loaded),
            Ok(Done::Confirmed { confirmed: Ok((registry, stamp)) }) => self.apply(registry, stamp),
            Ok(Done::Confirmed { confirmed: Err(error) }) => {
                tracing::warn!(%error, "an enrolment could not be closed for a device");
            }
            // Whoever waited for its answer is refused, as nobody answers.
            Err(error) => tracing::error!(%error, "a verification has failed"),
        }
    }

    fn verified(&mut self, account: Option<(DeviceId, PasswordHash)>, asked: Asked, is_right: bool) {
        match account {
            // The entry may have changed meanwhile.
            Some((name, hash)) if is_right && self.hash_of(&name) == Some(&hash) => {
                self.remembered.keep(&name, &hash, asked.password.as_deref().unwrap_or_default());
                self.enter(asked, &name, "password");
            }
            _ => {
                self.attempts.failed(self.source(&asked), self.now_ms());
                self.refuse(asked, Refused::Credentials);
            }
        }
    }
}

/// What counts as one address: of IPv6 a network, as a device has as many addresses there as it likes.
fn address(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

fn who(asked: &Asked) -> Who {
    Who::new(asked.peer, asked.user.as_deref(), &asked.client_id)
}
