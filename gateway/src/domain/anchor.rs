//! Dating what a device reported before its clock was set.
//!
//! - Every frame says how long its device had been up; one whose clock was set says the time as well. The difference is the
//!   moment of the boot, its *anchor*: it dates every other frame of that boot, earlier ones and later ones.
//! - A better clock replaces a worse one. A clock as good as the one before replaces it once it has moved by more than
//!   [`MOVED_MS`], so that an anchor follows the drift of a device's crystal (4 s a day at 50 ppm) and is not written for
//!   every frame.
//! - Anchors are kept for a device's [`BOOTS_MAX`] boots that were last told of, by the order in which they came: a boot
//!   counter that was lost starts low again.

use firmware_protocol::Header;

use super::report::{ObservedAt, TimeQuality};

/// Boots of one device whose anchors are kept.
pub const BOOTS_MAX: usize = 4;
/// An anchor of the same quality counts as another one when it differs by more, in milliseconds.
pub const MOVED_MS: u64 = 1_000;

/// When a device was switched on, by a clock that was set later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Uptime zero in milliseconds since 1970.
    pub booted_at_ms: i64,
    /// Where the device's clock had its time.
    pub quality: TimeQuality,
}

impl Anchor {
    /// The anchor that follows from something that happened at a known time and uptime; `None` when the time can't be right.
    pub fn new(observed_at: ObservedAt, uptime_ms: i64) -> Option<Anchor> {
        let ObservedAt { unix_ms, quality } = observed_at;
        let booted_at_ms = unix_ms.checked_sub(uptime_ms)?;
        (unix_ms >= ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS && ObservedAt::UNIX_MS.contains(&unix_ms))
            .then_some(Anchor { booted_at_ms, quality })
    }

    /// When something happened that happened at this uptime, in milliseconds since 1970; `None` when that can't be written.
    pub fn date(self, uptime_ms: i64) -> Option<i64> {
        self.booted_at_ms.checked_add(uptime_ms).filter(|unix_ms| ObservedAt::UNIX_MS.contains(unix_ms))
    }

    /// Whether this one, which came later, takes the other one's place.
    pub fn improves(&self, other: &Anchor) -> bool {
        let moved = self.booted_at_ms.abs_diff(other.booted_at_ms) > MOVED_MS;
        self.quality > other.quality || self.quality == other.quality && moved
    }
}

/// True for a frame whose device did not know the time, or had one that can't be written.
pub fn is_clockless(payload: &[u8]) -> bool {
    let can_be = 1..=*ObservedAt::UNIX_MS.end() as u64;
    Header::read(payload).is_ok_and(|(header, _)| !can_be.contains(&header.unix_ms))
}

/// The anchors of one device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anchors {
    /// Boot counter and anchor; what was told of last stands last.
    boots: Vec<(u32, Anchor)>,
}

impl Anchors {
    /// Sets the anchor of a boot. Returns the boot that is forgotten for it: the one that was told of longest ago.
    pub fn set(&mut self, boot: u32, anchor: Anchor) -> Option<u32> {
        self.boots.retain(|(known, _)| *known != boot);
        let forgotten = (self.boots.len() >= BOOTS_MAX).then(|| self.boots.remove(0).0);
        self.boots.push((boot, anchor));
        forgotten
    }

    /// The anchor of a boot.
    pub fn of(&self, boot: u32) -> Option<Anchor> {
        // The newest boot is nearly always the one asked for.
        self.boots.iter().rfind(|(known, _)| *known == boot).map(|(_, anchor)| *anchor)
    }
}

#[cfg(test)]
mod tests;
