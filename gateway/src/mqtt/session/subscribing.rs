//! What a client wants to subscribe to: what is wrong with it is known here, the rest is for the store.

use std::num::NonZeroU16;

use bytestring::ByteString;

use crate::audit::Action;
use crate::domain::access::Principal;
use crate::domain::publication::{Qos, Wish};
use crate::domain::topic::{Filter, TopicLimits};
use crate::mqtt::end::End;
use crate::mqtt::packet::{Grant, RetainHandling, Subscribe, SubscribeOptions};

/// A question of the session to the store; until it is answered, nothing more is read.
#[derive(Debug)]
pub(in crate::mqtt) enum Ask {
    Subscribe(Subscribing),
    Unsubscribe {
        packet_id: NonZeroU16,
        /// `None` for what is no filter.
        filters: Vec<Option<Filter>>,
    },
}

/// Wishes to subscribe in the order of their packet.
#[derive(Debug)]
pub(in crate::mqtt) struct Subscribing {
    pub(in crate::mqtt) packet_id: NonZeroU16,
    pub(in crate::mqtt) wanted: Vec<Wanted>,
}

/// One filter of the packet.
#[derive(Debug)]
pub(in crate::mqtt) enum Wanted {
    Refused(Grant),
    Asked { filter: Filter, wish: Wish, retain_handling: RetainHandling },
}

impl Subscribing {
    /// Those that are for the store to decide.
    pub(in crate::mqtt) fn asked(&self) -> Vec<(Filter, Wish)> {
        let asked = self.wanted.iter().filter_map(|wanted| match wanted {
            Wanted::Asked { filter, wish, .. } => Some((filter.clone(), *wish)),
            Wanted::Refused(_) => None,
        });
        asked.collect()
    }
}

/// Looks through a SUBSCRIBE.
pub(super) fn look_through(
    packet: Subscribe,
    principal: &Principal,
    limits: TopicLimits,
    denied: &mut Vec<(Action, Box<str>)>,
) -> Result<Subscribing, End> {
    let Subscribe { packet_id, id, filters } = packet;
    let mut wanted = Vec::new();
    for (text, options) in filters {
        let one = one(&text, options, id, principal, limits)?;
        if matches!(one, Wanted::Refused(Grant::NotAuthorized)) {
            denied.push((Action::Subscribe, (&*text).into()));
        }
        wanted.push(one);
    }
    Ok(Subscribing { packet_id, wanted })
}

fn one(
    text: &str,
    options: SubscribeOptions,
    id: u32,
    principal: &Principal,
    limits: TopicLimits,
) -> Result<Wanted, End> {
    let Ok(filter) = Filter::parse(text, limits) else { return Ok(Wanted::Refused(Grant::Invalid)) };
    if options.no_local && filter.group().is_some() {
        // Whoever publishes would never know who of the group gets it.
        return Err(End::Protocol);
    }
    if !principal.may_subscribe(&filter) {
        return Ok(Wanted::Refused(Grant::NotAuthorized));
    }
    let SubscribeOptions { qos, no_local, retain_as_published, retain_handling } = options;
    let wish = Wish { qos, no_local, retain_as_published, id };
    Ok(Wanted::Asked { filter, wish, retain_handling })
}

/// Looks through an UNSUBSCRIBE.
pub(super) fn filters(texts: Vec<ByteString>, limits: TopicLimits) -> Vec<Option<Filter>> {
    texts.iter().map(|text| Filter::parse(text, limits).ok()).collect()
}

/// The kinds of the gateway's own messages that a device listens for, and at which quality of service.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<(Box<str>, Qos)>);

impl Kinds {
    /// Adds or replaces a subscription to a kind, or to all (`+`, `#`).
    pub(super) fn set(&mut self, kind: &str, qos: Qos) {
        self.remove(kind);
        self.0.push((kind.into(), qos));
    }

    pub(super) fn remove(&mut self, kind: &str) {
        self.0.retain(|(known, _)| **known != *kind);
    }

    pub(super) fn granted(&self, kind: &str) -> Option<Qos> {
        let matching = self.0.iter().filter(|(known, _)| **known == *kind || matches!(&**known, "+" | "#"));
        matching.map(|(_, qos)| *qos).max()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
