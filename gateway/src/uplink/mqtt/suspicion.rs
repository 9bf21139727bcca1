//! Which event the connection always ends with.
//!
//! A broker may close the connection for one message (too large in MQTT 3.1.1, where it can't say so; a rule of its own), and would do
//! so for ever. Brokers answer in order, so the one to blame is the oldest without an answer. It is tried alone, then put aside, and
//! tried again later: it is never given up for that, and nobody waits behind it. A link that breaks by itself breaks with another
//! event each time, as long as anything gets through.

use std::time::Duration;

use tokio::time::Instant;

/// After so many connections in a row that ended with the same event it is sent alone.
const ALONE_AFTER: u32 = 2;
/// And after so many it is put aside.
const ASIDE_AFTER: u32 = 4;
/// For how long.
const ASIDE: Duration = Duration::from_secs(60);
/// Events that are put aside at most; then the oldest is tried again.
const ASIDE_MAX: usize = 16;

/// The event that is suspected, and those that were put aside.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    suspect: Option<(String, u32)>,
    aside: Vec<(String, Instant)>,
}

impl Suspicion {
    /// A connection has ended; `oldest` is the oldest event without an answer, if any was in flight.
    pub(super) fn connection_ended(&mut self, oldest: Option<&str>, now: Instant) {
        let Some(oldest) = oldest else { return };
        let times = match &self.suspect {
            Some((id, times)) if id == oldest => times + 1,
            _ => 1,
        };
        if times < ASIDE_AFTER {
            self.suspect = Some((oldest.to_owned(), times));
            return;
        }
        self.suspect = None;
        if self.aside.len() == ASIDE_MAX {
            self.aside.remove(0);
        }
        self.aside.push((oldest.to_owned(), now + ASIDE));
    }

    /// An event has its answer.
    pub(super) fn answered(&mut self, id: &str) {
        if self.suspect.as_ref().is_some_and(|(suspect, _)| suspect == id) {
            self.suspect = None;
        }
    }

    /// Whether one event at a time is to be sent.
    pub(super) fn is_careful(&self) -> bool {
        self.suspect.as_ref().is_some_and(|(_, times)| *times >= ALONE_AFTER)
    }

    /// Whether the event was put aside.
    pub(super) fn is_aside(&mut self, id: &str, now: Instant) -> bool {
        self.aside.retain(|(_, until)| *until > now);
        self.aside.iter().any(|(aside, _)| aside == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_again_and_again_is_tried_alone_then_put_aside_and_later_tried_again() {
        let mut suspicion = Suspicion::default();
        for times in 1..ASIDE_AFTER {
            suspicion.connection_ended(Some("a"), Instant::now());
            assert_eq!(suspicion.is_careful(), times >= ALONE_AFTER);
            assert!(!suspicion.is_aside("a", Instant::now()));
        }
        suspicion.connection_ended(Some("a"), Instant::now());
        assert!(suspicion.is_aside("a", Instant::now()) && !suspicion.is_careful());
        assert!(!suspicion.is_aside("b", Instant::now()));
        assert!(!suspicion.is_aside("a", Instant::now() + ASIDE), "its time comes again");
    }

    #[test]
    fn a_link_that_breaks_while_things_get_through_makes_nobody_a_suspect() {
        let mut suspicion = Suspicion::default();
        for round in 0..100 {
            suspicion.connection_ended(Some(&round.to_string()), Instant::now());
            suspicion.connection_ended(None, Instant::now());
            assert!(!suspicion.is_careful());
        }
        suspicion.connection_ended(Some("99"), Instant::now());
        assert!(suspicion.is_careful());
        suspicion.answered("99");
        assert!(!suspicion.is_careful());
    }

    #[test]
    fn what_is_put_aside_is_bounded() {
        let mut suspicion = Suspicion::default();
        for event in 0..3 * ASIDE_MAX {
            for _ in 0..ASIDE_AFTER {
                suspicion.connection_ended(Some(&event.to_string()), Instant::now());
            }
        }
        assert_eq!(suspicion.aside.len(), ASIDE_MAX);
    }
}
