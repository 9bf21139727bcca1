//! What the writer does for the sessions of MQTT clients.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Writer;
use crate::store::group::{Group, SessionAnswer};
use crate::store::sessions::{Leaving, Opened, Opening, Subscribing, Unsubscribing};
use crate::store::settlement::Unsettled;

impl Writer {
    pub(super) fn open_session(
        &mut self,
        opening: Opening,
        answer: oneshot::Sender<Result<Opened, Unsettled>>,
        group: &mut Group,
    ) -> rusqlite::Result<()> {
        let (client, line) = (opening.client.clone(), opening.line.clone());
        let database = &mut self.database;
        let opened = database.sessions.open(&database.connection, opening, &mut group.session_changes)?;
        let waits = opened.is_stored
            && !database.sessions.queued_after(&database.connection, &client, 0, 1)?.is_empty();
        if waits {
            line.ring();
        }
        group.session_answers.push(SessionAnswer::Opened(opened, answer));
        self.sessions_changed(group);
        Ok(())
    }

    pub(super) fn leave_session(&mut self, leaving: &Leaving, group: &mut Group) {
        self.database.sessions.leave(leaving, &mut group.session_changes);
        self.sessions_changed(group);
    }

    pub(super) fn subscribe(&mut self, subscribing: Subscribing, group: &mut Group) {
        let Subscribing { client, generation, filters, answer } = subscribing;
        let (sessions, changes) = (&mut self.database.sessions, &mut group.session_changes);
        let subscribed = filters
            .into_iter()
            .map(|(filter, wish)| sessions.subscribe(&client, generation, filter, wish, changes))
            .collect();
        group.session_answers.push(SessionAnswer::Subscribed(subscribed, answer));
        self.sessions_changed(group);
    }

    pub(super) fn unsubscribe(&mut self, unsubscribing: Unsubscribing, group: &mut Group) {
        let Unsubscribing { client, generation, filters, answer } = unsubscribing;
        let (sessions, changes) = (&mut self.database.sessions, &mut group.session_changes);
        let existed =
            filters.iter().map(|filter| sessions.unsubscribe(&client, generation, filter, changes)).collect();
        group.session_answers.push(SessionAnswer::Unsubscribed(existed, answer));
        self.sessions_changed(group);
    }

    /// Ends the sessions that were away for too long.
    pub(super) fn end_sessions(&mut self) -> rusqlite::Result<()> {
        let mut group = Group::default();
        self.database.sessions.expire(Instant::now(), &mut group.session_changes);
        self.sessions_changed(&mut group);
        self.commit(group)
    }

    /// Whoever publishes must know whether somebody listens, before whoever has just subscribed hears that it is so. What has
    /// changed is committed soon, and at once when somebody waits for it.
    fn sessions_changed(&self, group: &mut Group) {
        self.has_subscribers.store(self.database.sessions.has_subscribers(), Ordering::Release);
        if !(group.session_changes.is_empty() && group.session_answers.is_empty()) {
            group.ask_for_commit(Instant::now(), Duration::ZERO);
        }
    }
}
