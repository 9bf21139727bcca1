//! The sessions of MQTT clients: what they have subscribed to, what waits for them, and what stays of a topic.
//!
//! - A session that outlives its connection is in the database, and so is every message above QoS 0 that waits for it: in the
//!   transaction of the message itself. What others get lives as long as their connection, in a mailbox of limited size.
//! - Nobody gets a message before it is committed.
//! - The book here is ahead of the database by the group in hand at most. A group that fails tells its askers so; they close
//!   their connections.

mod parcel;
mod post;
mod retained;
mod rows;

pub use self::parcel::{Epoch, Moment, Parcel, Queued, expiry_left};
pub(super) use self::post::Deliveries;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU16;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use self::retained::Retained;
use super::line::DeviceLine;
use super::settlement::Unsettled;
use crate::domain::access::ClientKey;
use crate::domain::publication::Wish;
use crate::domain::routing::Routes;
use crate::domain::topic::Filter;

/// A session that never ends by itself.
pub const FOR_EVER_S: u32 = u32::MAX;

/// What sessions may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Sessions that outlive their connections; beyond, the one that is away for the longest time goes.
    pub kept_max: usize,
    /// Messages that wait for one session; beyond, the new ones are dropped, and counted.
    pub queued_max: usize,
    /// Subscriptions of one session.
    pub subscriptions_max: usize,
}

impl Default for SessionLimits {
    fn default() -> SessionLimits {
        SessionLimits { kept_max: 1000, queued_max: 1000, subscriptions_max: 100 }
    }
}

/// What a connection wants of its session.
#[derive(Debug)]
pub struct Opening {
    /// Whose.
    pub client: ClientKey,
    /// Nothing of an earlier one.
    pub clean_start: bool,
    /// Seconds that it outlives the connection.
    pub expiry_s: u32,
    /// Where the session is rung.
    pub line: Arc<DeviceLine>,
}

/// An open session.
#[derive(Debug)]
pub struct Opened {
    /// There was one already.
    pub present: bool,
    /// What waits for it above QoS 0 waits in the store.
    pub is_stored: bool,
    /// Names this connection among those of the client.
    pub generation: u64,
    /// Packet ids of messages at QoS 2 that were taken and not yet released.
    pub received: Vec<NonZeroU16>,
    /// What it has subscribed to.
    pub subscriptions: Vec<(Filter, Wish)>,
    /// The number of the last message that an earlier connection was sent, as far as that is known.
    pub sent_to: i64,
    /// What comes for it while it is connected.
    pub mailbox: mpsc::Receiver<Parcel>,
}

/// How a connection leaves its session.
#[derive(Debug)]
pub struct Leaving {
    /// Whose session.
    pub client: ClientKey,
    /// Which connection.
    pub generation: u64,
    /// How long the session is to last from now on, if that has changed.
    pub expiry_s: Option<u32>,
    /// The number of the last message from the store that was sent.
    pub sent_to: i64,
}

/// What became of a wish to subscribe.
#[derive(Debug)]
pub enum Subscribed {
    /// It is served.
    Granted {
        /// There was a subscription to that filter already.
        existed: bool,
        /// What stayed of the topics that it selects.
        retained: Vec<Parcel>,
    },
    /// It would be one more than a session may have.
    TooMany,
}

/// A wish to subscribe, and who hears what became of it.
#[derive(Debug)]
pub(super) struct Subscribing {
    pub(super) client: ClientKey,
    pub(super) generation: u64,
    pub(super) filters: Vec<(Filter, Wish)>,
    pub(super) answer: oneshot::Sender<Result<Vec<Subscribed>, Unsettled>>,
}

/// A wish to end subscriptions.
#[derive(Debug)]
pub(super) struct Unsubscribing {
    pub(super) client: ClientKey,
    pub(super) generation: u64,
    pub(super) filters: Vec<Filter>,
    pub(super) answer: oneshot::Sender<Result<Vec<bool>, Unsettled>>,
}

/// What a change of a session writes.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Keep(ClientKey, u32),
    Forget(ClientKey),
    Subscribe(ClientKey, Filter, Wish),
    Unsubscribe(ClientKey, Filter),
}

impl Change {
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Change::Keep(client, expiry_s) => rows::keep(connection, client, *expiry_s),
            Change::Forget(client) => rows::forget(connection, client),
            Change::Subscribe(client, filter, wish) => rows::subscribe(connection, client, filter, wish),
            Change::Unsubscribe(client, filter) => rows::unsubscribe(connection, client, filter),
        }
    }
}

#[derive(Debug)]
struct Session {
    /// Names the connection that it has, or had last.
    generation: u64,
    expiry_s: u32,
    /// It has rows in the database.
    is_stored: bool,
    /// Since when nobody is connected.
    away_since: Option<Instant>,
    subscriptions: BTreeMap<Filter, Wish>,
    /// Messages that wait in the store; `None` when they must be counted.
    queued: Option<u64>,
    sent_to: i64,
    mailbox: Option<mpsc::Sender<Parcel>>,
    line: Weak<DeviceLine>,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        let away = self.away_since.map(|since| now.saturating_duration_since(since));
        let lasts = Duration::from_secs(self.expiry_s.into());
        self.expiry_s != FOR_EVER_S && away.is_some_and(|away| away >= lasts)
    }
}

/// The book of sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    clients: HashMap<ClientKey, Session>,
    routes: Routes<ClientKey, Wish>,
    retained: Retained,
    limits: SessionLimits,
    generation: u64,
    pub(super) epoch: Epoch,
}

impl Sessions {
    /// Reads what outlived the process. Nobody is connected; how long each was away counts from now.
    pub(super) fn load(
        connection: &Connection,
        limits: SessionLimits,
        run: u32,
    ) -> rusqlite::Result<Sessions> {
        let mut sessions = Sessions {
            clients: HashMap::new(),
            routes: Routes::default(),
            retained: Retained::load(connection)?,
            limits,
            generation: 0,
            epoch: Epoch::begin(run),
        };
        for (client, expiry_s) in rows::sessions(connection)? {
            let session = Session { is_stored: true, ..sessions.empty(expiry_s) };
            sessions.clients.insert(client, session);
        }
        for (client, filter, wish) in rows::subscriptions(connection)? {
            if let Some(session) = sessions.clients.get_mut(&client) {
                session.subscriptions.insert(filter.clone(), wish);
                sessions.routes.insert(&filter, client, wish);
            }
        }
        Ok(sessions)
    }

    fn empty(&self, expiry_s: u32) -> Session {
        Session {
            generation: 0,
            expiry_s,
            is_stored: false,
            away_since: Some(Instant::now()),
            subscriptions: BTreeMap::new(),
            queued: None,
            sent_to: 0,
            mailbox: None,
            line: Weak::new(),
        }
    }

    /// True when a published message may be wanted by somebody.
    pub(super) fn has_subscribers(&self) -> bool {
        !self.routes.is_empty()
    }

    /// Takes over from the book of the damaged database that this one's replaces: nobody notices, but for what waited. Writes
    /// all that is to outlive the process.
    pub(super) fn go_on_from(
        &mut self,
        before: &mut Sessions,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        std::mem::swap(self, before);
        for (client, session) in &mut self.clients {
            session.queued = None;
            if session.is_stored {
                rows::keep(connection, client, session.expiry_s)?;
                for (filter, wish) in &session.subscriptions {
                    rows::subscribe(connection, client, filter, wish)?;
                }
            }
        }
        self.retained.write_all(connection)
    }

    /// Opens a session for a connection; it is in the book at once.
    pub(super) fn open(
        &mut self,
        connection: &Connection,
        opening: Opening,
        changes: &mut Vec<Change>,
    ) -> rusqlite::Result<Opened> {
        let Opening { client, clean_start, expiry_s, line } = opening;
        let before = self.clients.remove(&client);
        let is_wanted =
            |session: &Session| !clean_start && session.is_stored && !session.is_over(Instant::now());
        let (mut session, present) = match before {
            Some(session) if is_wanted(&session) => (session, true),
            Some(session) => {
                self.end(&client, session, changes);
                (self.empty(0), false)
            }
            None => (self.empty(0), false),
        };
        let received = if present { rows::received(connection, &client)? } else { Vec::new() };
        // One that is stored and is to end with this connection stays stored until then.
        if session.is_stored && session.expiry_s != expiry_s || expiry_s > 0 && !session.is_stored {
            changes.push(Change::Keep(client.clone(), expiry_s));
            session.is_stored = true;
        }
        self.generation += 1;
        let (post, mailbox) = mpsc::channel(self.limits.queued_max);
        session.expiry_s = expiry_s;
        session.generation = self.generation;
        session.away_since = None;
        session.mailbox = Some(post);
        session.line = Arc::downgrade(&line);
        let (is_stored, sent_to) = (session.is_stored, session.sent_to);
        let subscriptions =
            session.subscriptions.iter().map(|(filter, wish)| (filter.clone(), *wish)).collect();
        self.clients.insert(client, session);
        self.make_room(changes);
        let generation = self.generation;
        Ok(Opened { present, is_stored, generation, received, subscriptions, sent_to, mailbox })
    }

    /// A connection has ended. Nothing, when another one has the session by now.
    pub(super) fn leave(&mut self, leaving: &Leaving, changes: &mut Vec<Change>) {
        let Leaving { client, generation, expiry_s, sent_to } = leaving;
        let Some(session) = self.clients.get_mut(client).filter(|session| session.generation == *generation)
        else {
            return;
        };
        session.sent_to = session.sent_to.max(*sent_to);
        let expiry_s = expiry_s.unwrap_or(session.expiry_s);
        if expiry_s > 0 && (!session.is_stored || session.expiry_s != expiry_s) {
            changes.push(Change::Keep(client.clone(), expiry_s));
            session.is_stored = true;
        }
        session.expiry_s = expiry_s;
        session.mailbox = None;
        session.away_since = Some(Instant::now());
        if expiry_s == 0
            && let Some(session) = self.clients.remove(client)
        {
            self.end(client, session, changes);
        }
    }

    /// Ends what has been away for too long.
    pub(super) fn expire(&mut self, now: Instant, changes: &mut Vec<Change>) {
        let over: Vec<ClientKey> = self
            .clients
            .iter()
            .filter(|(_, session)| session.is_over(now))
            .map(|(client, _)| client.clone())
            .collect();
        for client in over {
            if let Some(session) = self.clients.remove(&client) {
                self.end(&client, session, changes);
            }
        }
    }

    fn end(&mut self, client: &ClientKey, session: Session, changes: &mut Vec<Change>) {
        for filter in session.subscriptions.keys() {
            self.routes.remove(filter, client);
        }
        if session.is_stored {
            changes.push(Change::Forget(client.clone()));
        }
    }

    /// Beyond the bound the session goes that has been away for the longest time.
    fn make_room(&mut self, changes: &mut Vec<Change>) {
        if self.clients.values().filter(|session| session.is_stored).count() <= self.limits.kept_max {
            return;
        }
        let away = self.clients.iter().filter(|(_, session)| session.is_stored);
        let away = away.filter_map(|(client, session)| Some((session.away_since?, client.clone())));
        if let Some((_, client)) = away.min()
            && let Some(session) = self.clients.remove(&client)
        {
            tracing::warn!(
                ?client,
                "too many sessions are kept, the one that is away for the longest time ends"
            );
            self.end(&client, session, changes);
        }
    }

    /// Adds a subscription, or replaces the one to the same filter.
    pub(super) fn subscribe(
        &mut self,
        client: &ClientKey,
        generation: u64,
        filter: Filter,
        wish: Wish,
        changes: &mut Vec<Change>,
    ) -> Subscribed {
        let Some(session) = self.clients.get_mut(client).filter(|session| session.generation == generation)
        else {
            return Subscribed::TooMany;
        };
        let existed = session.subscriptions.contains_key(&filter);
        if !existed && session.subscriptions.len() >= self.limits.subscriptions_max {
            return Subscribed::TooMany;
        }
        if session.is_stored {
            changes.push(Change::Subscribe(client.clone(), filter.clone(), wish));
        }
        self.routes.insert(&filter, client.clone(), wish);
        // Who shares a subscription shares no past.
        let now = self.epoch.now();
        let retained = if filter.group().is_some() { Vec::new() } else { self.retained.select(&filter, now) };
        if let Some(session) = self.clients.get_mut(client) {
            session.subscriptions.insert(filter, wish);
        }
        Subscribed::Granted { existed, retained }
    }

    /// Ends a subscription; false when there was none.
    pub(super) fn unsubscribe(
        &mut self,
        client: &ClientKey,
        generation: u64,
        filter: &Filter,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(session) = self.clients.get_mut(client).filter(|session| session.generation == generation)
        else {
            return false;
        };
        if session.subscriptions.remove(filter).is_none() {
            return false;
        }
        if session.is_stored {
            changes.push(Change::Unsubscribe(client.clone(), filter.clone()));
        }
        self.routes.remove(filter, client)
    }

    /// Messages that wait for a session in the store, with numbers above `after`.
    pub(super) fn queued_after(
        &self,
        connection: &Connection,
        client: &ClientKey,
        after: i64,
        limit: u32,
    ) -> rusqlite::Result<Vec<Queued>> {
        rows::queued_after(connection, client, after, limit)
    }
}
