//! What the platform says that it reads: an `Accept-Post` header in its answers (W3C Linked Data Platform, section 7.1).
//!
//! Telemetry goes as columns only to a platform that has said so. One that refuses such a body as a whole gets events in JSON
//! for a while, whatever it says: if one record is to blame, it is found there, and no record is lost to a fault in reading
//! columns.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::uplink::cloudevent::columns;

/// After a body of columns was refused.
const MISTRUST: Duration = Duration::from_secs(600);

/// Whether the platform reads columns.
#[derive(Debug, Default)]
pub(super) struct Reading(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: bool,
    mistrusted_until: Option<Instant>,
}

impl Reading {
    /// Takes note of an answer.
    pub(super) fn note(&self, headers: &HeaderMap) {
        let types = headers.get_all("accept-post").iter().filter_map(|value| value.to_str().ok());
        let mut names =
            types.flat_map(|types| types.split(',')).map(|name| name.split(';').next().unwrap_or(""));
        if names.any(|name| name.trim().eq_ignore_ascii_case(columns::CONTENT_TYPE)) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).said = true;
        }
    }

    /// A body of columns was refused.
    pub(super) fn mistrust(&self, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { said: false, mistrusted_until: Some(now + MISTRUST) };
    }

    /// Whether columns may be sent now.
    pub(super) fn columns(&self, now: Instant) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.said && state.mistrusted_until.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(accept_post: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("accept-post", accept_post.parse().unwrap());
        headers
    }

    #[test]
    fn columns_are_sent_once_the_platform_has_named_them_and_not_for_a_while_after_a_refusal() {
        let (reading, now) = (Reading::default(), Instant::now());
        reading.note(&HeaderMap::new());
        reading.note(&answer("application/cloudevents-batch+json"));
        assert!(!reading.columns(now));
        let both = format!("application/cloudevents-batch+json, {}; v=1", columns::CONTENT_TYPE);
        reading.note(&answer(&both));
        assert!(reading.columns(now));
        reading.mistrust(now);
        reading.note(&answer(&both));
        assert!(!reading.columns(now), "whatever it says");
        assert!(reading.columns(now + MISTRUST));
    }
}
