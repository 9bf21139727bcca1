//! How the parts are doing, as they say it themselves: each part owns the sender of a watch channel, the HTTP
//! API and the metrics read. Here, so that the parts need not know each other.

use std::sync::Arc;

use crate::domain::schedule::Outlook;

/// What the process needs before it takes devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// The MQTT listener is bound.
    pub listener_bound: bool,
    /// The store is open and migrated.
    pub store_open: bool,
}

impl Readiness {
    /// Devices can be served.
    pub fn is_ready(self) -> bool {
        self.listener_bound && self.store_open
    }
}

/// What the uplink is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UplinkState {
    /// There is no uplink.
    #[default]
    None,
    /// Nothing to send.
    Idle,
    /// A batch is on its way or about to be.
    Sending,
    /// The last attempt failed; the next one waits.
    BackingOff,
    /// Something waits for another link, another day, or its turn.
    HeldBack,
}

impl UplinkState {
    /// The name in the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            UplinkState::None => "none",
            UplinkState::Idle => "idle",
            UplinkState::Sending => "sending",
            UplinkState::BackingOff => "backing_off",
            UplinkState::HeldBack => "held_back",
        }
    }
}

/// An uplink's account of itself, published whenever it changes. The default is "no uplink".
#[derive(Debug, Clone, PartialEq)]
pub struct UplinkStatus {
    /// Its name.
    pub name: Arc<str>,
    /// What its platform speaks, by the name in the configuration; "none" without an uplink.
    pub kind: &'static str,
    /// What it is doing.
    pub state: UplinkState,
    /// Why the last attempt failed, for the technician; `None` after a success. Never holds a secret.
    pub last_error: Option<Arc<str>>,
    /// When the platform last accepted something, in milliseconds since 1970, by this gateway's clock.
    pub last_accepted_at_ms: Option<i64>,
    /// Reports the platform accepted since the process started, duplicates it knew already included.
    pub accepted_total: u64,
    /// Reports it refused for good since the process started.
    pub rejected_total: u64,
    /// How fast, until when, and what holds something back.
    pub outlook: Outlook,
    /// When the platform's certificate expires, in milliseconds since 1970, if one was seen.
    pub platform_certificate_expires_at_ms: Option<i64>,
    /// When the gateway's own certificate for it expires, if it has one.
    pub client_certificate_expires_at_ms: Option<i64>,
    /// Why files that have changed can't be used: those before are still in use.
    pub unusable_files: Option<Arc<str>>,
}

impl Default for UplinkStatus {
    fn default() -> UplinkStatus {
        UplinkStatus {
            name: "none".into(),
            kind: "none",
            state: UplinkState::None,
            last_error: None,
            last_accepted_at_ms: None,
            accepted_total: 0,
            rejected_total: 0,
            outlook: Outlook::default(),
            platform_certificate_expires_at_ms: None,
            client_certificate_expires_at_ms: None,
            unusable_files: None,
        }
    }
}
