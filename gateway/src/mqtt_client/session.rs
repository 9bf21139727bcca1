//! What the library is told of an earlier connection's session: that nothing of it is in flight here.
//!
//! MQTT 5 asks a client to refuse a session of the broker's of which it knows nothing itself. We know all that matters: what we owe
//! the broker is in the store and is sent anew, and what the broker owes us it sends again by itself. Asked once for each connection;
//! once connected nothing is asked or told any more.

use std::pin::Pin;

use rumqttc::{
    AckMode, MqttOptions, PersistedAckMode, PersistedSession, SessionStore, SessionStoreError,
    SessionStoreKey,
};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// A session with nothing in flight.
#[derive(Debug)]
pub(super) struct NothingInFlight(PersistedSession);

impl NothingInFlight {
    /// The session for a client with these options.
    pub(super) fn of(options: &MqttOptions) -> NothingInFlight {
        NothingInFlight(PersistedSession {
            format_version: 1,
            client_id: options.client_id(),
            clean_start: options.clean_start(),
            session_expiry_interval: options.session_expiry_interval(),
            outgoing_inflight_upper_limit: options.get_outgoing_inflight_upper_limit(),
            ack_mode: match options.ack_mode() {
                AckMode::Automatic => PersistedAckMode::Automatic,
                AckMode::Manual => PersistedAckMode::Manual,
            },
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        })
    }
}

impl SessionStore for NothingInFlight {
    fn load<'a>(&'a self, _: &'a SessionStoreKey) -> Answer<'a, Option<PersistedSession>> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }

    fn save<'a>(&'a self, _: &'a SessionStoreKey, _: &'a PersistedSession) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn clear<'a>(&'a self, _: &'a SessionStoreKey) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
