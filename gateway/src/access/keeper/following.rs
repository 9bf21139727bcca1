//! How the keeper follows the file of the registry, and what a new one ends.

use std::sync::Arc;

use super::Keeper;
use crate::access::file::{self, Stamp};
use crate::access::work::Done;
use crate::audit::Event;
use crate::domain::registry::Registry;
use crate::domain::roster::Roster;

impl Keeper {
    /// Looks whether the file is another one.
    pub(super) fn look(&mut self) {
        if self.is_loading {
            return;
        }
        match file::stamp(&self.path) {
            Ok(stamp) if stamp == self.seen => {}
            Ok(Some(stamp)) => {
                self.seen = Some(stamp);
                self.is_loading = true;
                let (path, after) = (self.path.clone(), self.changes);
                self.errands.spawn_blocking(move || Done::Loaded { after, loaded: file::read(&path) });
            }
            Ok(None) => {
                self.seen = None;
                self.keep_old("the file is gone");
            }
            Err(error) => tracing::debug!(%error, "the registry can't be looked at"),
        }
    }

    pub(super) fn loaded(&mut self, after: u64, loaded: Result<(Registry, Option<Stamp>), file::FileError>) {
        self.is_loading = false;
        match loaded {
            // The gateway itself has changed it meanwhile: what was read may be older than that.
            Ok(_) if after != self.changes => self.seen = None,
            Ok((_, None)) => self.keep_old("the file is gone"),
            Ok((registry, stamp)) => {
                if stamp.is_some_and(|stamp| stamp.is_exposed()) {
                    tracing::warn!(file = %self.path.display(), "others may read or write the registry");
                }
                self.apply(registry, stamp);
                self.note_loaded();
            }
            Err(error) => self.keep_old(&error.to_string()),
        }
    }

    fn keep_old(&self, reason: &str) {
        tracing::error!(%reason, "the registry can't be used, the one before stays in force");
        self.audit.note(Event::RegistryUnusable { reason: reason.to_owned() });
    }

    pub(super) fn note_loaded(&self) {
        let census = self.registry.census();
        let (devices, applications, revoked) = (census.devices, census.applications, census.revoked);
        let enrolments = census.enrolments;
        tracing::info!(devices, applications, revoked, enrolments, "registry in force");
        self.audit.note(Event::RegistryLoaded { devices, applications, revoked });
    }

    /// A registry comes into force: sessions that would not come in as they did end.
    pub(super) fn apply(&mut self, newer: Registry, stamp: Option<Stamp>) {
        let superseded = self.sessions.extract_if(|name, _| self.registry.is_superseded(&newer, name));
        superseded.for_each(|(_, session)| session.cancel());
        if newer.asks_for_credentials() && !self.registry.asks_for_credentials() {
            std::mem::take(&mut self.on_word).cancel();
        }
        self.remembered.retain(&newer);
        self.roster.send_replace(Arc::new(Roster::of(&newer)));
        (self.registry, self.seen) = (newer, stamp);
        self.changes += 1;
    }
}
