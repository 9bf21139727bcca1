//! From a message that is being committed to those who get it.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::{Arc, Weak};

use rusqlite::Connection;

use super::parcel::{Moment, Parcel};
use super::{Sessions, rows};
use crate::domain::access::ClientKey;
use crate::domain::publication::{Publication, Qos};
use crate::store::quota::Quota;

/// What a group brings to sessions, once it is committed.
#[derive(Debug, Default)]
pub(in crate::store) struct Deliveries {
    /// Into mailboxes.
    parcels: Vec<(ClientKey, Parcel)>,
    /// For whom something waits in the store.
    ring: Vec<ClientKey>,
    retained: Vec<(Arc<Publication>, Moment)>,
    /// Messages that a session does not get, because too many wait for it.
    dropped: u64,
}

/// What several subscriptions of one client come to.
struct Match {
    qos: Qos,
    retain: bool,
    ids: Vec<u32>,
}

impl Sessions {
    /// Writes what a published message leaves behind, and notes who gets it when it is committed.
    pub(in crate::store) fn post(
        &mut self,
        connection: &Connection,
        quota: &mut Quota,
        publisher: &ClientKey,
        publication: &Arc<Publication>,
        deliveries: &mut Deliveries,
    ) -> rusqlite::Result<()> {
        let since = self.epoch.now();
        if publication.retain {
            if self.retained.write(connection, publication, since)? {
                deliveries.retained.push((publication.clone(), since));
            } else {
                deliveries.dropped += 1;
            }
        }
        for (client, found) in self.select(publisher, publication) {
            let parcel = Parcel {
                publication: publication.clone(),
                qos: found.qos,
                retain: found.retain,
                subscription_ids: found.ids,
                since,
            };
            self.post_to(connection, quota, client, parcel, deliveries)?;
        }
        Ok(())
    }

    /// Who gets it, and how: a client that several of its subscriptions select gets one message, on the best terms.
    fn select(&mut self, publisher: &ClientKey, publication: &Publication) -> BTreeMap<ClientKey, Match> {
        let mut matches = BTreeMap::<ClientKey, Match>::new();
        let clients = &self.clients;
        let is_there =
            |client: &ClientKey| clients.get(client).is_some_and(|session| session.mailbox.is_some());
        self.routes.select(&publication.topic, is_there, |client, wish| {
            if wish.no_local && client == publisher {
                return;
            }
            let found = matches.entry(client.clone()).or_insert(Match {
                qos: Qos::AtMostOnce,
                retain: false,
                ids: Vec::new(),
            });
            found.qos = found.qos.max(wish.qos.min(publication.qos));
            found.retain |= wish.retain_as_published && publication.retain;
            found.ids.extend((wish.id > 0).then_some(wish.id));
        });
        matches
    }

    fn post_to(
        &mut self,
        connection: &Connection,
        quota: &mut Quota,
        client: ClientKey,
        parcel: Parcel,
        deliveries: &mut Deliveries,
    ) -> rusqlite::Result<()> {
        let queued_max = self.limits.queued_max as u64;
        let Some(session) = self.clients.get_mut(&client) else { return Ok(()) };
        if !session.is_stored || parcel.qos == Qos::AtMostOnce {
            deliveries.parcels.push((client, parcel));
            return Ok(());
        }
        let queued = match session.queued {
            Some(queued) => queued,
            None => rows::queued_count(connection, &client)?,
        };
        session.queued = Some(queued);
        let bytes = parcel.publication.topic.len() + parcel.publication.payload.len();
        if queued >= queued_max || !quota.take_for_session(bytes) {
            deliveries.dropped += 1;
            return Ok(());
        }
        rows::queue(connection, &client, &parcel)?;
        session.queued = Some(queued + 1);
        deliveries.ring.push(client);
        Ok(())
    }

    /// The group is committed: mailboxes are filled, sessions rung. Returns how many messages somebody does not get.
    pub(in crate::store) fn committed(&mut self, deliveries: Deliveries) -> u64 {
        let Deliveries { parcels, ring, retained, mut dropped } = deliveries;
        for (publication, since) in retained {
            self.retained.committed(&publication, since);
        }
        for (client, parcel) in parcels {
            let mailbox = self.clients.get(&client).and_then(|session| session.mailbox.as_ref());
            // At QoS 0 nobody is owed anything who is not there.
            dropped += u64::from(mailbox.is_some_and(|mailbox| mailbox.try_send(parcel).is_err()));
        }
        for client in ring {
            if let Some(line) = self.clients.get(&client).and_then(|session| Weak::upgrade(&session.line)) {
                line.ring();
            }
        }
        dropped
    }

    /// The group failed: what waits must be counted again.
    pub(in crate::store) fn undo(&mut self) {
        self.clients.values_mut().for_each(|session| session.queued = None);
    }

    /// The client has let go of a message: it is deleted.
    pub(in crate::store) fn done(
        &mut self,
        connection: &Connection,
        client: &ClientKey,
        id: i64,
    ) -> rusqlite::Result<()> {
        if rows::queued_done(connection, client, id)?
            && let Some(session) = self.clients.get_mut(client)
        {
            session.queued = session.queued.map(|queued| queued.saturating_sub(1));
        }
        Ok(())
    }

    /// The client has a message at QoS 2.
    pub(in crate::store) fn taken(
        &self,
        connection: &Connection,
        client: &ClientKey,
        id: i64,
    ) -> rusqlite::Result<()> {
        rows::queued_taken(connection, client, id)
    }

    /// Remembers the packet id of a message at QoS 2, with the message itself.
    pub(in crate::store) fn receive(
        &self,
        connection: &Connection,
        client: &ClientKey,
        packet_id: NonZeroU16,
    ) -> rusqlite::Result<()> {
        rows::receive(connection, client, packet_id)
    }

    /// The client will not send that message again.
    pub(in crate::store) fn release(
        &self,
        connection: &Connection,
        client: &ClientKey,
        packet_id: NonZeroU16,
    ) -> rusqlite::Result<()> {
        rows::release(connection, client, packet_id)
    }
}
