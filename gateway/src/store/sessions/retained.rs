//! Messages that stay: the last of each topic that was published to stay, for whoever subscribes later.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::parcel::{Moment, Parcel, expiry_left};
use super::rows;
use crate::domain::publication::{Publication, Qos};
use crate::domain::topic::Filter;

/// Topics that may have one ...
const TOPICS_MAX: usize = 10_000;
/// ... and the bytes of all together: they are held in memory.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The retained messages by topic.
#[derive(Debug, Default)]
pub(super) struct Retained {
    messages: BTreeMap<Box<str>, Parcel>,
    bytes: usize,
}

impl Retained {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Retained> {
        let mut retained = Retained::default();
        for parcel in rows::retained(connection)? {
            retained.set(parcel);
        }
        Ok(retained)
    }

    /// Writes what a published message changes; false when there is no room for another one.
    pub(super) fn write(
        &self,
        connection: &Connection,
        publication: &Arc<Publication>,
        since: Moment,
    ) -> rusqlite::Result<bool> {
        if publication.payload.is_empty() {
            rows::unretain(connection, &publication.topic)?;
            return Ok(true);
        }
        let is_known = self.messages.contains_key(&publication.topic);
        let bytes = self.bytes + publication.topic.len() + publication.payload.len();
        if bytes > BYTES_MAX || !is_known && self.messages.len() >= TOPICS_MAX {
            return Ok(false);
        }
        rows::retain(connection, &parcel(publication, since))?;
        Ok(true)
    }

    /// The message was committed.
    pub(super) fn committed(&mut self, publication: &Arc<Publication>, since: Moment) {
        if publication.payload.is_empty() {
            if let Some(gone) = self.messages.remove(&publication.topic) {
                self.bytes -= size(&gone.publication);
            }
        } else {
            self.set(parcel(publication, since));
        }
    }

    fn set(&mut self, parcel: Parcel) {
        self.bytes += size(&parcel.publication);
        if let Some(before) = self.messages.insert(parcel.publication.topic.clone(), parcel) {
            self.bytes -= size(&before.publication);
        }
    }

    /// What a filter selects, but for what has expired.
    pub(super) fn select(&self, filter: &Filter, now: Moment) -> Vec<Parcel> {
        // Without a wildcard it is one topic; the others are looked through.
        let exact = self.messages.get(filter.selection()).into_iter();
        let selected: Vec<&Parcel> = if filter.selection().contains(['+', '#']) {
            self.messages.values().filter(|parcel| filter.matches(&parcel.publication.topic)).collect()
        } else {
            exact.collect()
        };
        let lives = |parcel: &&&Parcel| {
            expiry_left(parcel.publication.properties.expiry_s, parcel.since, now).is_some()
        };
        selected.iter().filter(lives).map(|parcel| (*parcel).clone()).collect()
    }

    /// Writes all of them, into a database that has none.
    pub(super) fn write_all(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.messages.values().try_for_each(|parcel| rows::retain(connection, parcel))
    }
}

/// A retained message goes out at its own quality of service, or below.
fn parcel(publication: &Arc<Publication>, since: Moment) -> Parcel {
    let (publication, qos): (_, Qos) = (publication.clone(), publication.qos);
    Parcel { publication, qos, retain: true, subscription_ids: Vec::new(), since }
}

fn size(publication: &Publication) -> usize {
    publication.topic.len() + publication.payload.len()
}
