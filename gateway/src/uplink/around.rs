//! What is the case around the uplinks: which link there is, and which day it is.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::domain::civil::CityClock;
use crate::domain::schedule::{Around, Link};

/// How often the file of the link's state is read.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A file of one word is no longer than this.
const STATE_BYTES_MAX: usize = 64;
/// Before this, in seconds since 1970 (November 2023), no clock that is set can be: the day is not known then.
const PLAUSIBLE_UNIX_S: i64 = 1_700_000_000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Looks what is the case, and tells the uplinks.
#[derive(Debug)]
pub struct Lookout {
    /// The link, as long as no file says otherwise.
    usual: Link,
    state_file: Option<PathBuf>,
    city_clock: CityClock,
    around: watch::Sender<Around>,
    /// The file could not be understood the last time.
    is_puzzled: bool,
}

impl Lookout {
    /// A lookout that has looked once.
    pub fn new(metered: bool, state_file: Option<PathBuf>, city_clock: CityClock) -> Lookout {
        let usual = Link { metered, depot: false };
        let around = watch::Sender::new(Around { link: usual, day: None });
        let mut lookout = Lookout { usual, state_file, city_clock, around, is_puzzled: false };
        lookout.look();
        lookout
    }

    /// What is the case.
    pub fn around(&self) -> watch::Receiver<Around> {
        self.around.subscribe()
    }

    /// Looks every few seconds until told to stop.
    pub async fn run(mut self, stopping: CancellationToken) {
        let mut ticks = time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            self.look();
        }
    }

    fn look(&mut self) {
        let unix_ms = clock::unix_ms();
        let is_plausible = unix_ms >= PLAUSIBLE_UNIX_S * 1000;
        let day = if is_plausible { self.day(unix_ms) } else { None };
        let now = Around { link: self.link(), day };
        self.around.send_if_modified(|around| {
            let is_news = *around != now;
            *around = now;
            is_news
        });
    }

    /// The number of the city's day; grows by one a day.
    fn day(&self, unix_ms: i64) -> Option<i64> {
        let midnight = self.city_clock.shows(unix_ms).date().at(0, 0, 0, 0);
        Some(self.city_clock.unix_ms(midnight)?.div_euclid(DAY_MS))
    }

    /// The link by its file. A file that is missing or not understood leaves the usual one, and is told once.
    fn link(&mut self) -> Link {
        let Some(path) = &self.state_file else { return self.usual };
        let text = std::fs::read(path).ok().filter(|bytes| bytes.len() <= STATE_BYTES_MAX);
        let link = text.and_then(|bytes| Link::from_word(std::str::from_utf8(&bytes).ok()?));
        if link.is_none() != self.is_puzzled {
            self.is_puzzled = link.is_none();
            if self.is_puzzled {
                tracing::warn!(path = %path.display(), "no word on the link in its state file, the usual one counts");
            }
        }
        link.unwrap_or(self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routers_word_counts_and_without_one_the_configuration_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("link");
        let mut lookout = Lookout::new(true, Some(path.clone()), CityClock::default());
        let seen = lookout.around();
        assert_eq!(seen.borrow().link, Link { metered: true, depot: false }, "there is no file yet");
        for (word, link) in [
            ("depot\n", Link { metered: false, depot: true }),
            ("unmetered", Link { metered: false, depot: false }),
            ("metered", Link { metered: true, depot: false }),
            ("perhaps", Link { metered: true, depot: false }),
        ] {
            std::fs::write(&path, word).unwrap();
            lookout.look();
            assert_eq!(seen.borrow().link, link, "{word}");
        }
        assert!(seen.borrow().day.is_some(), "the clock of whoever tests is set");
    }
}
