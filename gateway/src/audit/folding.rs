//! Equal events become one: the first is written at once, the others are counted and written together ten seconds later.
//!
//! When there are too many different ones within ten seconds, they are folded by where they came from, and then by what they
//! are. Nothing goes uncounted, and the lines that strangers can make written are bounded.

use std::collections::HashMap;

use super::event::{Event, Origin};

/// How long equal events are folded.
const WINDOW_MS: u64 = 10_000;
/// What anybody can make happen.
const STRANGERS: Bounds = Bounds { distinct_max: 64, coarse_max: 96 };
/// What only accounts can, which are known: a fleet that reconnects is told one by one.
const KNOWN: Bounds = Bounds { distinct_max: 512, coarse_max: 1024 };

/// How many different events are told apart within the time.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// As they are.
    distinct_max: usize,
    /// With those that have lost their names.
    coarse_max: usize,
}

/// An event as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) event: Event,
    /// When it happened, or the last one of several.
    pub(super) at_ms: i64,
    /// How many there were, when it is the sum of several.
    pub(super) folded: Option<u64>,
}

impl Noted {
    /// An event by itself.
    pub(super) fn once(event: Event, at_ms: i64) -> Noted {
        Noted { event, at_ms, folded: None }
    }

    /// How many events it stands for.
    pub(super) fn events(&self) -> u64 {
        match self.event {
            Event::Dropped { count } => count,
            _ => self.folded.unwrap_or(1),
        }
    }
}

struct Held {
    event: Event,
    since_ms: u64,
    /// Beyond the first, which was written.
    count: u64,
    last_at_ms: i64,
}

/// The events of the last seconds.
pub(super) struct Folding {
    strangers: Window,
    known: Window,
}

struct Window {
    bounds: Bounds,
    held: HashMap<String, Held>,
}

impl Default for Folding {
    fn default() -> Folding {
        let window = |bounds| Window { bounds, held: HashMap::new() };
        Folding { strangers: window(STRANGERS), known: window(KNOWN) }
    }
}

impl Folding {
    /// Takes an event; gives it back if it is to be written at once. `now_ms` never goes back, `at_ms` is what the clock shows.
    pub(super) fn take(&mut self, event: Event, now_ms: u64, at_ms: i64) -> Option<Noted> {
        match event.origin() {
            Origin::Gateway => Some(Noted::once(event, at_ms)),
            Origin::Account => self.known.take(event, now_ms, at_ms),
            Origin::Stranger => self.strangers.take(event, now_ms, at_ms),
        }
    }

    /// Sums whose time is over.
    pub(super) fn over(&mut self, now_ms: u64) -> Vec<Noted> {
        let is_over = |held: &Held| now_ms.saturating_sub(held.since_ms) >= WINDOW_MS;
        let windows = [&mut self.strangers, &mut self.known].into_iter();
        windows
            .flat_map(|window| window.held.extract_if(move |_, held| is_over(held)))
            .filter_map(|(_, held)| sum(held))
            .collect()
    }

    /// All sums: the end has come.
    pub(super) fn all(&mut self) -> Vec<Noted> {
        let windows = [&mut self.strangers, &mut self.known].into_iter();
        windows.flat_map(|window| window.held.drain()).filter_map(|(_, held)| sum(held)).collect()
    }
}

impl Window {
    fn take(&mut self, event: Event, now_ms: u64, at_ms: i64) -> Option<Noted> {
        let event = self.as_fine_as_possible(event);
        let key = key(&event);
        if let Some(held) = self.held.get_mut(&key) {
            held.count += 1;
            held.last_at_ms = at_ms;
            return None;
        }
        let first = Held { event: event.clone(), since_ms: now_ms, count: 0, last_at_ms: at_ms };
        self.held.insert(key, first);
        Some(Noted::once(event, at_ms))
    }

    fn as_fine_as_possible(&self, event: Event) -> Event {
        if self.held.len() < self.bounds.distinct_max || self.held.contains_key(&key(&event)) {
            return event;
        }
        let coarse = event.coarser(true);
        if self.held.len() < self.bounds.coarse_max || self.held.contains_key(&key(&coarse)) {
            return coarse;
        }
        event.coarser(false)
    }
}

fn sum(held: Held) -> Option<Noted> {
    let Held { event, count, last_at_ms, .. } = held;
    (count > 0).then_some(Noted { event, at_ms: last_at_ms, folded: Some(count) })
}

fn key(event: &Event) -> String {
    let fields = serde_json::Value::Object(event.fields());
    format!("{} {fields}", event.name())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::event::Who;
    use super::*;

    fn refused(peer: u8, user: u8) -> Event {
        let who = Who::new([10, 0, 0, peer].into(), Some(&format!("car-{user}")), "");
        Event::AuthenticationFailed { who, reason: "credentials" }
    }

    proptest! {
        /// Whoever tries whatever how often: every attempt is counted, and the lines are few.
        #[test]
        fn nothing_goes_uncounted_and_the_lines_are_bounded(
            attempts in prop::collection::vec((any::<u8>(), any::<u8>(), 0..30_u64), 1..600)
        ) {
            let mut folding = Folding::default();
            let (mut now_ms, mut told, mut lines) = (0, 0, 0);
            for (peer, user, later_ms) in &attempts {
                now_ms += later_ms;
                let written = folding.take(refused(*peer, *user), now_ms, 0);
                for noted in written.into_iter().chain(folding.over(now_ms)) {
                    told += noted.events();
                    lines += 1;
                }
                prop_assert!(folding.strangers.held.len() <= STRANGERS.coarse_max + 1);
            }
            told += folding.all().iter().map(Noted::events).sum::<u64>();
            prop_assert_eq!(told, attempts.len() as u64);
            let windows = now_ms / WINDOW_MS + 1;
            prop_assert!(lines <= windows * 2 * (STRANGERS.coarse_max as u64 + 1), "{lines} in {windows}");
        }
    }

    #[test]
    fn a_fleet_that_reconnects_is_told_one_by_one() {
        let mut folding = Folding::default();
        for car in 0..500 {
            let (who, account) = (Who::new([10, 0, 0, 1].into(), None, ""), format!("car-{car}"));
            let event = Event::Authenticated { who, account, by: "password" };
            assert_eq!(folding.take(event.clone(), 0, 0), Some(Noted::once(event, 0)));
        }
    }

    #[test]
    fn the_first_is_written_at_once_and_the_rest_as_a_sum() {
        let mut folding = Folding::default();
        assert!(folding.take(refused(1, 1), 0, 5).is_some());
        assert!(folding.take(refused(1, 1), 1, 6).is_none());
        assert!(folding.take(refused(1, 1), 2, 7).is_none());
        assert_eq!(folding.over(WINDOW_MS - 1), []);
        let sum = Noted { event: refused(1, 1), at_ms: 7, folded: Some(2) };
        assert_eq!(folding.over(WINDOW_MS), [sum]);
        assert!(folding.take(refused(1, 1), WINDOW_MS, 8).is_some(), "and it begins anew");
    }
}
