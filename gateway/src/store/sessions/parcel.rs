//! A message on its way to one session, and how the terms it travels on are stored.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::publication::{Properties, Publication, Qos};

/// A message for one session.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// What was published.
    pub publication: Arc<Publication>,
    /// The lower of what it was published with and what was subscribed to.
    pub qos: Qos,
    /// The retain flag that the session is to see.
    pub retain: bool,
    /// Identifiers of the subscriptions that selected it.
    pub subscription_ids: Vec<u32>,
    /// When it came.
    pub since: Moment,
}

/// A moment of the gateway's own time, which no clock can turn back: milliseconds after a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The number of the start.
    pub run: u32,
    /// Milliseconds after it.
    pub at_ms: u64,
}

/// From when the gateway's own time counts.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    run: u32,
    opened_at: Instant,
}

impl Epoch {
    /// The start with this number is now.
    pub fn begin(run: u32) -> Epoch {
        Epoch { run, opened_at: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> Moment {
        Moment { run: self.run, at_ms: self.opened_at.elapsed().as_millis() as u64 }
    }
}

impl Moment {
    /// Whole seconds from this moment to a later one. Of a moment before this start only the time since the start is known: what
    /// is stored never expires too early.
    pub fn seconds_to(self, now: Moment) -> u64 {
        let from_ms = if self.run == now.run { self.at_ms } else { 0 };
        now.at_ms.saturating_sub(from_ms) / 1000
    }
}

/// What is left of the life of a message; `None` when it is over.
pub fn expiry_left(expiry_s: Option<u32>, since: Moment, now: Moment) -> Option<Option<u32>> {
    let Some(expiry_s) = expiry_s else { return Some(None) };
    let left = u64::from(expiry_s).checked_sub(since.seconds_to(now)).filter(|left| *left > 0)?;
    Some(u32::try_from(left).ok())
}

/// A message that waits in the store for a session.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Its number; grows with every message.
    pub id: i64,
    /// At QoS 2: its client has it.
    pub released: bool,
    /// The message.
    pub parcel: Parcel,
}

/// What is stored beside topic and payload.
#[derive(Serialize, Deserialize)]
struct Terms {
    qos: u8,
    published_qos: u8,
    retain: bool,
    subscription_ids: Vec<u32>,
    properties: Properties,
}

/// The terms of a message as they are stored.
pub(super) fn to_terms(parcel: &Parcel) -> Vec<u8> {
    let terms = Terms {
        qos: parcel.qos.level(),
        published_qos: parcel.publication.qos.level(),
        retain: parcel.retain,
        subscription_ids: parcel.subscription_ids.clone(),
        properties: parcel.publication.properties.clone(),
    };
    // Postcard fails on a length that is not known and on a buffer that is full; here is neither.
    postcard::to_allocvec(&terms).unwrap_or_default()
}

/// A message from its stored parts; `None` when the terms are none.
pub(super) fn from_parts(topic: &str, terms: &[u8], payload: Vec<u8>, since: Moment) -> Option<Parcel> {
    let terms: Terms = postcard::from_bytes(terms).ok()?;
    let publication = Publication {
        topic: topic.into(),
        payload: Bytes::from(payload),
        qos: Qos::from_level(terms.published_qos)?,
        retain: terms.retain,
        properties: terms.properties,
    };
    Some(Parcel {
        publication: Arc::new(publication),
        qos: Qos::from_level(terms.qos)?,
        retain: terms.retain,
        subscription_ids: terms.subscription_ids,
        since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_lives_by_the_time_the_gateway_has_run() {
        let now = Moment { run: 3, at_ms: 10_000 };
        let came = |run, at_ms| Moment { run, at_ms };
        assert_eq!(expiry_left(None, came(3, 0), now), Some(None));
        assert_eq!(expiry_left(Some(8), came(3, 4_000), now), Some(Some(2)));
        assert_eq!(expiry_left(Some(6), came(3, 4_000), now), None);
        assert_eq!(expiry_left(Some(11), came(2, 999_000), now), Some(Some(1)), "since this start only");
    }

    #[test]
    fn a_message_comes_out_of_the_store_as_it_went_in() {
        let properties = Properties {
            is_utf8: true,
            expiry_s: Some(9),
            content_type: Some("text/plain".into()),
            response_topic: Some("a/b".into()),
            correlation_data: Some(vec![0, 255]),
            user: vec![("k".into(), "v".into()), ("k".into(), "w".into())],
        };
        let publication = Publication {
            topic: "t/1".into(),
            payload: Bytes::from_static(b"p"),
            qos: Qos::ExactlyOnce,
            retain: true,
            properties,
        };
        let since = Moment { run: 1, at_ms: 5 };
        let parcel = Parcel {
            publication: Arc::new(publication.clone()),
            qos: Qos::AtLeastOnce,
            retain: true,
            subscription_ids: vec![7, 268_435_455],
            since,
        };
        let back = from_parts("t/1", &to_terms(&parcel), b"p".to_vec(), since).unwrap();
        assert_eq!((&*back.publication, back.qos, back.retain), (&publication, Qos::AtLeastOnce, true));
        assert_eq!(back.subscription_ids, parcel.subscription_ids);
        assert!(from_parts("t/1", &[9, 9], Vec::new(), since).is_none());
    }
}
