//! What time it is: the device's own clock where it has one, else the gateway's by question and answer.

use crate::body::TimeSync;
use crate::header::Header;
use crate::time::{ErrorBound, TimeQuality, TimeSource};

/// Times from here on don't fit into a header: 48 bits, the year 10889.
const UNIX_MS_END: u64 = 1 << 48;

/// What four readings of clocks that tell whole milliseconds add to the error of an answer at most.
const READING_ERROR_MS: u64 = 4;

/// The device's clocks, as the device's maker brings them.
pub trait Clock {
    /// Milliseconds since the device started, at least one more each millisecond and never fewer; also while it sleeps.
    fn uptime_ms(&self) -> u64;

    /// The wall clock, of a device that has one and as long as it is set: GNSS, or a real-time clock with a battery.
    /// Then it counts and the gateway's time does not.
    fn wall(&self) -> Option<WallTime> {
        None
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn uptime_ms(&self) -> u64 {
        (**self).uptime_ms()
    }

    fn wall(&self) -> Option<WallTime> {
        (**self).wall()
    }
}

/// A time and how far to trust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WallTime {
    /// Milliseconds since 1970-01-01T00:00:00Z; 0 = unknown.
    pub unix_ms: u64,
    /// Source and error bound.
    pub quality: TimeQuality,
}

/// What an answer about the time did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeAnswer {
    /// It set the clock.
    Taken,
    /// It is not the answer to the last question, or that was answered before.
    NotAsked,
    /// The gateway does not know the time either.
    Unknown,
    /// Its times can't be: it came before it was sent, or the gateway's clock was set in between.
    Impossible,
    /// The time the device already has is the better one.
    Worse,
}

/// Time from the gateway.
#[derive(Debug, Clone)]
pub(super) struct GatewayTime {
    drift_ppm: u32,
    /// Uptime at the question that waits for its answer.
    asked_uptime_ms: Option<u64>,
    answer: Option<Answer>,
}

/// An answer that was taken.
#[derive(Debug, Clone, Copy)]
struct Answer {
    /// Uptime at which it was `unix_ms`.
    uptime_ms: u64,
    unix_ms: u64,
    /// Uptime since when the device's clock may have drifted: that of the question.
    asked_uptime_ms: u64,
    /// How wrong `unix_ms` is at most, without drift; `None` when nobody knows.
    error_ms: Option<u64>,
}

impl Answer {
    /// How wrong the time is at `uptime_ms` at most.
    fn error_ms(&self, uptime_ms: u64, drift_ppm: u32) -> Option<u64> {
        let drifted_for_ms = uptime_ms.saturating_sub(self.asked_uptime_ms);
        let drift_ms = drifted_for_ms.saturating_mul(drift_ppm.into()).div_ceil(1_000_000);
        self.error_ms?.checked_add(drift_ms)
    }
}

impl GatewayTime {
    pub(super) const fn new(drift_ppm: u32) -> Self {
        Self { drift_ppm, asked_uptime_ms: None, answer: None }
    }

    /// A question was asked; only its answer counts from now on.
    pub(super) fn asked(&mut self, uptime_ms: u64) {
        self.asked_uptime_ms = Some(uptime_ms);
    }

    /// No answer will come any more.
    pub(super) fn give_up_asking(&mut self) {
        self.asked_uptime_ms = None;
    }

    /// The time now; unknown before the first answer.
    pub(super) fn at(&self, uptime_ms: u64) -> WallTime {
        let Some(answer) = self.answer else { return WallTime::default() };
        let unix_ms = answer.unix_ms.saturating_add(uptime_ms.saturating_sub(answer.uptime_ms));
        let error_ms = answer.error_ms(uptime_ms, self.drift_ppm).and_then(|ms| u32::try_from(ms).ok());
        let error_bound = error_ms.map_or(ErrorBound::UNKNOWN, ErrorBound::within_ms);
        WallTime { unix_ms, quality: TimeQuality { source: TimeSource::GATEWAY_SYNC, error_bound } }
    }

    /// An answer came, in a frame with this header.
    pub(super) fn answered(
        &mut self,
        header: &Header,
        said: &TimeSync,
        boot: u32,
        now_uptime_ms: u64,
    ) -> TimeAnswer {
        let asked =
            self.asked_uptime_ms.filter(|&asked| (said.asked_boot, said.asked_uptime_ms) == (boot, asked));
        let Some(asked_uptime_ms) = asked else { return TimeAnswer::NotAsked };
        self.asked_uptime_ms = None;
        if said.received_unix_ms == 0 || said.sent_unix_ms == 0 {
            return TimeAnswer::Unknown;
        }
        match answer(header.time_quality.error_bound, said, asked_uptime_ms, now_uptime_ms) {
            None => TimeAnswer::Impossible,
            Some(answer) if self.is_better(&answer, now_uptime_ms) => {
                self.answer = Some(answer);
                TimeAnswer::Taken
            }
            Some(_) => TimeAnswer::Worse,
        }
    }

    /// Whether the answer is at least as near as what the device has.
    fn is_better(&self, new: &Answer, now_uptime_ms: u64) -> bool {
        let error_ms = |answer: &Answer| answer.error_ms(now_uptime_ms, self.drift_ppm).unwrap_or(u64::MAX);
        self.answer.is_none_or(|old| error_ms(new) <= error_ms(&old))
    }
}

/// The time by an answer. It was on its way for anything between 0 and the round trip, so the middle is wrong by at most
/// half of it, and by what the gateway's own clock may be wrong.
fn answer(gateway: ErrorBound, said: &TimeSync, asked_uptime_ms: u64, now_uptime_ms: u64) -> Option<Answer> {
    let elapsed_ms = now_uptime_ms.checked_sub(asked_uptime_ms)?;
    let at_gateway_ms = said.sent_unix_ms.checked_sub(said.received_unix_ms)?;
    // A clock of whole milliseconds can tell one more than passed.
    let round_trip_ms = (elapsed_ms + 1).checked_sub(at_gateway_ms)?.saturating_sub(1);
    let unix_ms = said.sent_unix_ms.checked_add(round_trip_ms / 2).filter(|&ms| ms < UNIX_MS_END)?;
    let error_ms = gateway.max_ms().map(|ms| u64::from(ms) + round_trip_ms.div_ceil(2) + READING_ERROR_MS);
    Some(Answer { uptime_ms: now_uptime_ms, unix_ms, asked_uptime_ms, error_ms })
}

/// The time by the device's own clock, where that is a time a header can tell.
pub(super) fn plausible(wall: WallTime) -> Option<WallTime> {
    (1..UNIX_MS_END).contains(&wall.unix_ms).then_some(wall)
}
