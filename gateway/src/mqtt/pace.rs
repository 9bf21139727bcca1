//! How fast a client is read: at most its rate in the long run. Beyond that its socket waits; nothing is refused and nobody
//! is closed for it.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::bucket::Bucket;
use crate::metrics::Metrics;

/// Shortest pause: a wake-up for every single message would cost more than the message.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// What is read of one client in a second, in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Packets other than acknowledgements; `None` is no limit.
    pub messages_per_s: Option<NonZeroU64>,
    /// Bytes; `None` is no limit.
    pub bytes_per_s: Option<NonZeroU64>,
}

/// The pace of one connection.
pub(super) struct Pace {
    began: Instant,
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
    pause: Option<Pause>,
    /// Whether it was ever kept waiting.
    was_throttled: bool,
    metrics: Arc<Metrics>,
}

#[derive(Clone, Copy)]
struct Pause {
    since: Instant,
    until: Instant,
}

impl Pace {
    pub(super) fn new(rates: Rates, now: Instant, metrics: Arc<Metrics>) -> Pace {
        let bucket = |rate: Option<NonZeroU64>| rate.map(|rate| Bucket::new(rate, Duration::ZERO));
        Pace {
            began: now,
            messages: bucket(rates.messages_per_s),
            bytes: bucket(rates.bytes_per_s),
            pause: None,
            was_throttled: false,
            metrics,
        }
    }

    /// So much was read from the socket.
    pub(super) fn read_bytes(&mut self, bytes: usize) {
        if let Some(bucket) = &mut self.bytes {
            bucket.take(bytes as u64);
        }
    }

    /// A packet was taken from what was read.
    pub(super) fn took_packet(&mut self) {
        if let Some(bucket) = &mut self.messages {
            bucket.take(1);
        }
    }

    /// One of the packets was an acknowledgement: those are not the client's to choose.
    pub(super) fn was_acknowledgement(&mut self) {
        if let Some(bucket) = &mut self.messages {
            bucket.put_back(1);
        }
    }

    /// True while the client has used up what it may.
    pub(super) fn is_spent(&self) -> bool {
        self.buckets().any(Bucket::is_empty)
    }

    /// Whether more may be read at this time; when not, [`Pace::pauses_until`] says when.
    pub(super) fn may_read(&mut self, now: Instant) -> bool {
        if self.messages.is_none() && self.bytes.is_none() {
            return true;
        }
        for bucket in [&mut self.messages, &mut self.bytes].into_iter().flatten() {
            bucket.fill(now - self.began);
        }
        match self.pause {
            Some(pause) if now < pause.until => return false,
            Some(pause) => self.end(pause, now),
            None => {}
        }
        let Some(wait) = self.buckets().filter(|bucket| bucket.is_empty()).map(Bucket::refills_in).max()
        else {
            return true;
        };
        self.pause = Some(Pause { since: now, until: now + wait.max(PAUSE_MIN) });
        self.metrics.mqtt_throttles.inc();
        false
    }

    /// The end of the pause, if there is one.
    pub(super) fn pauses_until(&self) -> Option<Instant> {
        self.pause.map(|pause| pause.until)
    }

    /// True once, after the client was kept waiting for the first time.
    pub(super) fn take_news(&mut self) -> bool {
        self.pause.is_some() && !std::mem::replace(&mut self.was_throttled, true)
    }

    fn end(&mut self, pause: Pause, now: Instant) {
        self.metrics.mqtt_throttled_seconds.inc_by((now - pause.since).as_secs_f64());
        self.pause = None;
    }

    fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        [&self.messages, &self.bytes].into_iter().flatten()
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        if let Some(pause) = self.pause {
            self.end(pause, Instant::now().min(pause.until));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(messages_per_s: u64, bytes_per_s: u64) -> Pace {
        let rates = Rates {
            messages_per_s: NonZeroU64::new(messages_per_s),
            bytes_per_s: NonZeroU64::new(bytes_per_s),
        };
        Pace::new(rates, Instant::now(), Arc::default())
    }

    /// Reads as fast as it may for so long, and gives how many packets of 100 bytes that were.
    fn flood(pace: &mut Pace, seconds: u64) -> u64 {
        let (mut now, mut packets) = (pace.began, 0);
        let end = now + Duration::from_secs(seconds);
        while now < end {
            while pace.may_read(now) {
                pace.read_bytes(100);
                pace.took_packet();
                packets += 1;
            }
            now = pace.pauses_until().expect("it is made to wait");
        }
        packets
    }

    #[test]
    fn a_flood_is_held_to_the_stricter_of_the_two_rates_and_its_waiting_is_counted() {
        for (messages, bytes) in [(50, 0), (0, 5_000), (50, 1 << 40), (1 << 20, 5_000)] {
            let mut pace = pace(messages, bytes);
            let metrics = pace.metrics.clone();
            let packets = flood(&mut pace, 60);
            // Ten seconds' worth at once, and then sixty seconds.
            assert!((3_450..=3_552).contains(&packets), "{messages} {bytes}: {packets}");
            assert!(pace.take_news() && !pace.take_news());
            drop(pace);
            let throttled_s = metrics.mqtt_throttled_seconds.get();
            assert!((58.0..=60.1).contains(&throttled_s), "{throttled_s}");
            assert!(metrics.mqtt_throttles.get() > 100);
        }
    }

    #[test]
    fn acknowledgements_cost_nothing_and_without_limits_nothing_does() {
        let mut pace = pace(1, 0);
        for _ in 0..1000 {
            assert!(pace.may_read(pace.began));
            pace.took_packet();
            pace.was_acknowledgement();
        }
        let mut free = self::pace(0, 0);
        free.read_bytes(usize::MAX);
        free.took_packet();
        assert!(free.may_read(free.began) && free.pauses_until().is_none() && !free.take_news());
    }
}
