//! The rows of sessions, subscriptions, queues and retained messages.

use std::num::NonZeroU16;

use rusqlite::{Connection, params};

use super::parcel::{Moment, Parcel, Queued, from_parts, to_terms};
use crate::domain::access::ClientKey;
use crate::domain::publication::{Publication, Qos, Wish};
use crate::domain::topic::{Filter, TopicLimits};
use crate::store::checksum::Checksum;

/// What was stored was checked before: no limit but the standard's.
const STORED: TopicLimits = TopicLimits { bytes_max: 65_535, levels_max: 65_536 };
const QOS: i64 = 0b11;
const NO_LOCAL: i64 = 0b100;
const RETAIN_AS_PUBLISHED: i64 = 0b1000;

/// Writes that a session outlives its connections.
pub(super) fn keep(connection: &Connection, client: &ClientKey, expiry_s: u32) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO mqtt_session (client, expiry_s, checksum) VALUES (?1, ?2, ?3)";
    let (client, expiry_s) = (client.as_str(), i64::from(expiry_s));
    connection.prepare_cached(sql)?.execute(params![client, expiry_s, session_sum(client, expiry_s)])?;
    Ok(())
}

/// Deletes all of a session.
pub(super) fn forget(connection: &Connection, client: &ClientKey) -> rusqlite::Result<()> {
    for table in ["mqtt_session", "mqtt_subscription", "mqtt_received", "mqtt_queued"] {
        let sql = format!("DELETE FROM {table} WHERE client = ?1");
        connection.prepare_cached(&sql)?.execute([client.as_str()])?;
    }
    Ok(())
}

/// Writes a subscription.
pub(super) fn subscribe(
    connection: &Connection,
    client: &ClientKey,
    filter: &Filter,
    wish: &Wish,
) -> rusqlite::Result<()> {
    let options = i64::from(wish.qos.level())
        | if wish.no_local { NO_LOCAL } else { 0 }
        | if wish.retain_as_published { RETAIN_AS_PUBLISHED } else { 0 };
    let (client, filter, id) = (client.as_str(), filter.as_str(), i64::from(wish.id));
    let sql = "INSERT OR REPLACE INTO mqtt_subscription (client, filter, options, id, checksum) VALUES (?1, ?2, ?3, ?4, ?5)";
    let checksum = subscription_sum(client, filter, options, id);
    connection.prepare_cached(sql)?.execute(params![client, filter, options, id, checksum])?;
    Ok(())
}

/// Deletes a subscription.
pub(super) fn unsubscribe(
    connection: &Connection,
    client: &ClientKey,
    filter: &Filter,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM mqtt_subscription WHERE client = ?1 AND filter = ?2";
    connection.prepare_cached(sql)?.execute([client.as_str(), filter.as_str()])?;
    Ok(())
}

/// The sessions: client and how long each lasts. A damaged one is passed over: its client begins anew.
pub(super) fn sessions(connection: &Connection) -> rusqlite::Result<Vec<(ClientKey, u32)>> {
    let mut statement = connection.prepare("SELECT client, expiry_s, checksum FROM mqtt_session")?;
    let mut rows = statement.query([])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        let (client, expiry_s): (String, i64) = (row.get(0)?, row.get(1)?);
        if row.get::<_, u32>(2)? == session_sum(&client, expiry_s) {
            sessions.push((ClientKey::from_text(&client), u32::try_from(expiry_s).unwrap_or(u32::MAX)));
        }
    }
    Ok(sessions)
}

/// All subscriptions. A damaged one is passed over.
pub(super) fn subscriptions(connection: &Connection) -> rusqlite::Result<Vec<(ClientKey, Filter, Wish)>> {
    let mut statement =
        connection.prepare("SELECT client, filter, options, id, checksum FROM mqtt_subscription")?;
    let mut rows = statement.query([])?;
    let mut subscriptions = Vec::new();
    while let Some(row) = rows.next()? {
        let (client, text): (String, String) = (row.get(0)?, row.get(1)?);
        let (options, id): (i64, i64) = (row.get(2)?, row.get(3)?);
        let holds = row.get::<_, u32>(4)? == subscription_sum(&client, &text, options, id);
        let (filter, qos) = (Filter::parse(&text, STORED), Qos::from_level((options & QOS) as u8));
        let (true, Ok(filter), Some(qos)) = (holds, filter, qos) else { continue };
        let wish = Wish {
            qos,
            no_local: options & NO_LOCAL != 0,
            retain_as_published: options & RETAIN_AS_PUBLISHED != 0,
            id: u32::try_from(id).unwrap_or(0),
        };
        subscriptions.push((ClientKey::from_text(&client), filter, wish));
    }
    Ok(subscriptions)
}

/// Packet ids of messages at QoS 2 that were taken and not yet released.
pub(super) fn received(connection: &Connection, client: &ClientKey) -> rusqlite::Result<Vec<NonZeroU16>> {
    let sql = "SELECT packet_id FROM mqtt_received WHERE client = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([client.as_str()], |row| row.get::<_, u16>(0))?;
    ids.filter_map(|id| id.map(NonZeroU16::new).transpose()).collect()
}

/// Remembers a packet id with the message it brought.
pub(super) fn receive(
    connection: &Connection,
    client: &ClientKey,
    packet_id: NonZeroU16,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO mqtt_received (client, packet_id) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![client.as_str(), packet_id.get()])?;
    Ok(())
}

/// Forgets a packet id: from now on it stands for another message.
pub(super) fn release(
    connection: &Connection,
    client: &ClientKey,
    packet_id: NonZeroU16,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM mqtt_received WHERE client = ?1 AND packet_id = ?2";
    connection.prepare_cached(sql)?.execute(params![client.as_str(), packet_id.get()])?;
    Ok(())
}

/// Stores a message that waits for a session.
pub(super) fn queue(connection: &Connection, client: &ClientKey, parcel: &Parcel) -> rusqlite::Result<()> {
    let Publication { topic, payload, .. } = &*parcel.publication;
    let (client, terms, since) = (client.as_str(), to_terms(parcel), parcel.since);
    let checksum = message_sum(client, topic, &terms, payload);
    let sql = "INSERT INTO mqtt_queued (client, released, run, at_ms, topic, terms, payload, checksum)
               VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        client,
        since.run,
        since.at_ms as i64,
        topic,
        terms,
        &payload[..],
        checksum
    ])?;
    Ok(())
}

/// Messages that wait for a session, with numbers above `after`, oldest first. A damaged one is passed over.
pub(super) fn queued_after(
    connection: &Connection,
    client: &ClientKey,
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<Queued>> {
    let sql = "SELECT id, released, run, at_ms, topic, terms, payload, checksum FROM mqtt_queued
               WHERE client = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![client.as_str(), after, limit])?;
    let mut queued = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, released) = (row.get(0)?, row.get(1)?);
        let since = Moment { run: row.get(2)?, at_ms: row.get::<_, i64>(3)? as u64 };
        let (topic, terms, payload): (String, Vec<u8>, Vec<u8>) = (row.get(4)?, row.get(5)?, row.get(6)?);
        let holds = row.get::<_, u32>(7)? == message_sum(client.as_str(), &topic, &terms, &payload);
        match from_parts(&topic, &terms, payload, since).filter(|_| holds) {
            Some(parcel) => queued.push(Queued { id, released, parcel }),
            None => tracing::error!(?client, id, "a message for a session is damaged at rest"),
        }
    }
    Ok(queued)
}

/// How many messages wait for a session.
pub(super) fn queued_count(connection: &Connection, client: &ClientKey) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM mqtt_queued WHERE client = ?1";
    let count = connection.prepare_cached(sql)?.query_row([client.as_str()], |row| row.get::<_, i64>(0))?;
    Ok(count as u64)
}

/// Its client has a message at QoS 2.
pub(super) fn queued_taken(connection: &Connection, client: &ClientKey, id: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE mqtt_queued SET released = 1 WHERE id = ?1 AND client = ?2";
    connection.prepare_cached(sql)?.execute(params![id, client.as_str()])?;
    Ok(())
}

/// Deletes a message that its session is done with; false when it is not there.
pub(super) fn queued_done(connection: &Connection, client: &ClientKey, id: i64) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM mqtt_queued WHERE id = ?1 AND client = ?2";
    Ok(connection.prepare_cached(sql)?.execute(params![id, client.as_str()])? > 0)
}

/// Writes the retained message of a topic.
pub(super) fn retain(connection: &Connection, parcel: &Parcel) -> rusqlite::Result<()> {
    let Publication { topic, payload, .. } = &*parcel.publication;
    let (terms, since) = (to_terms(parcel), parcel.since);
    let checksum = message_sum("", topic, &terms, payload);
    let sql = "INSERT OR REPLACE INTO mqtt_retained (topic, run, at_ms, terms, payload, checksum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(sql)?.execute(params![
        topic,
        since.run,
        since.at_ms as i64,
        terms,
        &payload[..],
        checksum
    ])?;
    Ok(())
}

/// Deletes the retained message of a topic.
pub(super) fn unretain(connection: &Connection, topic: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM mqtt_retained WHERE topic = ?1")?.execute([topic])?;
    Ok(())
}

/// All retained messages. A damaged one is passed over.
pub(super) fn retained(connection: &Connection) -> rusqlite::Result<Vec<Parcel>> {
    let sql = "SELECT topic, run, at_ms, terms, payload, checksum FROM mqtt_retained";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut retained = Vec::new();
    while let Some(row) = rows.next()? {
        let since = Moment { run: row.get(1)?, at_ms: row.get::<_, i64>(2)? as u64 };
        let (topic, terms, payload): (String, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(3)?, row.get(4)?);
        let holds = row.get::<_, u32>(5)? == message_sum("", &topic, &terms, &payload);
        retained.extend(from_parts(&topic, &terms, payload, since).filter(|_| holds));
    }
    Ok(retained)
}

fn session_sum(client: &str, expiry_s: i64) -> u32 {
    Checksum::of("mqtt_session").text(client).number(expiry_s).sum()
}

fn subscription_sum(client: &str, filter: &str, options: i64, id: i64) -> u32 {
    Checksum::of("mqtt_subscription").text(client).text(filter).number(options).number(id).sum()
}

fn message_sum(client: &str, topic: &str, terms: &[u8], payload: &[u8]) -> u32 {
    Checksum::of("mqtt_message").text(client).text(topic).bytes(terms).bytes(payload).sum()
}
