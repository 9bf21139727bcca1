//! What is noted, and how it reads as JSON.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

/// Longest name that is repeated of what a stranger sent, in characters.
const NAME_CHARS_MAX: usize = 64;
/// Longest topic.
const TOPIC_CHARS_MAX: usize = 256;

/// Who connects, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Where it comes from; `None` stands for many.
    pub peer: Option<IpAddr>,
    /// The user name that it gave.
    pub user: Option<String>,
    /// Its client id; `None` stands for many.
    pub client_id: Option<String>,
}

impl Who {
    /// From what a connection shows.
    pub fn new(peer: IpAddr, user: Option<&str>, client_id: &str) -> Who {
        let name = |text: &str| shortened(text, NAME_CHARS_MAX);
        Who { peer: Some(peer), user: user.map(name), client_id: Some(name(client_id)) }
    }
}

/// What somebody wanted to do with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Publish to it.
    Publish,
    /// Subscribe to it.
    Subscribe,
}

/// Who can make an event happen, as often as they like: equal ones of others than the gateway itself are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The gateway, or its operator.
    Gateway,
    /// Whoever has an account.
    Account,
    /// Anybody.
    Stranger,
}

/// Something that is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The gateway has started.
    Started {
        /// Its version.
        version: &'static str,
        /// The SHA-256 of the configuration in effect, as `patrol-gateway config` prints it.
        config_sha256: String,
    },
    /// The gateway ends in order.
    Stopped,
    /// A connection has come in.
    Authenticated {
        /// What it said.
        who: Who,
        /// Whose account it is.
        account: String,
        /// What it has shown: `word`, `certificate`, `password` or `enrolment`.
        by: &'static str,
    },
    /// A connection has not come in.
    AuthenticationFailed {
        /// What it said.
        who: Who,
        /// Why.
        reason: &'static str,
    },
    /// A client wanted what is not its own.
    Denied {
        /// Whose session.
        client: Option<String>,
        /// What it wanted.
        action: Action,
        /// With which topic or filter.
        topic: Option<String>,
    },
    /// A client has come to a limit, such as `max_messages_per_s`.
    LimitHit {
        /// Which.
        limit: &'static str,
        /// Whose session.
        client: Option<String>,
        /// Where it comes from.
        peer: Option<IpAddr>,
    },
    /// The registry was read: at the start, or because the file had changed.
    RegistryLoaded {
        /// Devices in it.
        devices: usize,
        /// Applications in it.
        applications: usize,
        /// Revoked ones among them.
        revoked: usize,
    },
    /// The file of the registry can't be used; the one before stays in force.
    RegistryUnusable {
        /// Why.
        reason: String,
    },
    /// A command has changed the registry.
    RegistryChanged {
        /// `add`, `rotate` or `revoke`.
        change: &'static str,
        /// `device` or `application`.
        kind: &'static str,
        /// Whose account.
        account: String,
    },
    /// A command has opened an enrolment.
    EnrolmentOpened {
        /// How many devices may come.
        devices: u32,
        /// For how long, in seconds.
        for_s: u64,
    },
    /// A device has enrolled.
    Enrolled {
        /// The device.
        device: String,
        /// Where it came from.
        peer: IpAddr,
    },
    /// Events that could not be noted.
    Dropped {
        /// How many.
        count: u64,
    },
    /// The last lines of the log are gone: there were some up to this number.
    Missing {
        /// The number of the last one.
        last: u64,
    },
}

impl Event {
    /// A client was denied a topic or filter.
    pub fn denied(client: &str, action: Action, topic: &str) -> Event {
        let (client, topic) = (shortened(client, 2 * NAME_CHARS_MAX), shortened(topic, TOPIC_CHARS_MAX));
        Event::Denied { client: Some(client), action, topic: Some(topic) }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Started { .. } => "started",
            Event::Stopped => "stopped",
            Event::Authenticated { .. } => "authenticated",
            Event::AuthenticationFailed { .. } => "authentication_failed",
            Event::Denied { .. } => "denied",
            Event::LimitHit { .. } => "limit_hit",
            Event::RegistryLoaded { .. } => "registry_loaded",
            Event::RegistryUnusable { .. } => "registry_unusable",
            Event::RegistryChanged { .. } => "registry_changed",
            Event::EnrolmentOpened { .. } => "enrolment_opened",
            Event::Enrolled { .. } => "enrolled",
            Event::Dropped { .. } => "dropped",
            Event::Missing { .. } => "missing",
        }
    }

    /// What it says beside its name; what is not known is left out.
    pub fn fields(&self) -> Map<String, Value> {
        let fields = match self {
            Event::Started { version, config_sha256 } => {
                json!({"version": version, "config_sha256": config_sha256})
            }
            Event::Stopped => json!({}),
            Event::Authenticated { who, account, by } => {
                let Who { peer, user, client_id } = who;
                json!({"peer": peer, "user": user, "client_id": client_id, "account": account, "by": by})
            }
            Event::AuthenticationFailed { who: Who { peer, user, client_id }, reason } => {
                json!({"peer": peer, "user": user, "client_id": client_id, "reason": reason})
            }
            Event::Denied { client, action, topic } => {
                let action = match action {
                    Action::Publish => "publish",
                    Action::Subscribe => "subscribe",
                };
                json!({"client": client, "action": action, "topic": topic})
            }
            Event::LimitHit { limit, client, peer } => {
                json!({"limit": limit, "client": client, "peer": peer})
            }
            Event::RegistryLoaded { devices, applications, revoked } => {
                json!({"devices": devices, "applications": applications, "revoked": revoked})
            }
            Event::RegistryUnusable { reason } => json!({"reason": reason}),
            Event::RegistryChanged { change, kind, account } => {
                json!({"change": change, "kind": kind, "account": account})
            }
            Event::EnrolmentOpened { devices, for_s } => json!({"devices": devices, "for_s": for_s}),
            Event::Enrolled { device, peer } => json!({"device": device, "peer": peer}),
            Event::Dropped { count } => json!({"count": count}),
            Event::Missing { last } => json!({"last": last}),
        };
        let Value::Object(fields) = fields else { return Map::new() };
        fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    /// Who can make it happen.
    pub(super) fn origin(&self) -> Origin {
        match self {
            Event::Authenticated { by: "word", .. }
            | Event::AuthenticationFailed { .. }
            | Event::Denied { .. }
            | Event::LimitHit { .. } => Origin::Stranger,
            Event::Authenticated { .. } => Origin::Account,
            _ => Origin::Gateway,
        }
    }

    /// The same without who exactly it was, and then without where from: what stands for many when there are too many to tell apart.
    pub(super) fn coarser(&self, with_peer: bool) -> Event {
        let kept = |peer: &Option<IpAddr>| peer.filter(|_| with_peer);
        match self {
            Event::AuthenticationFailed { who, reason } => {
                let who = Who { peer: kept(&who.peer), user: None, client_id: None };
                Event::AuthenticationFailed { who, reason }
            }
            Event::Authenticated { who, account, by } if with_peer => {
                let who = Who { peer: who.peer, user: None, client_id: None };
                Event::Authenticated { who, account: account.clone(), by }
            }
            Event::Authenticated { by, .. } => {
                let who = Who { peer: None, user: None, client_id: None };
                Event::Authenticated { who, account: "*".to_owned(), by }
            }
            Event::Denied { client, action, .. } => {
                Event::Denied { client: client.clone().filter(|_| with_peer), action: *action, topic: None }
            }
            Event::LimitHit { limit, peer, .. } => Event::LimitHit { limit, client: None, peer: kept(peer) },
            other => other.clone(),
        }
    }
}

/// The beginning of a text. What a stranger sent has no control characters in the log: JSON escapes them.
fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
