//! Which records of one device were already taken: the dedup window.
//!
//! - Per boot a sorted list of inclusive intervals of sequence numbers, none touching the next; a device that
//!   numbers without gaps costs one interval however much it sends.
//! - At most [`BOOTS_MAX`] boots, the lowest boot number forgotten first, and at most [`INTERVALS_MAX`]
//!   intervals a boot, the lowest forgotten first. A window therefore takes 64 KiB at most.
//! - The window holds only what was really seen. Forgetting can let a duplicate through (the platform
//!   deduplicates on the event id as well) and can never drop something new.
//! - Numbers may run over from `u32::MAX` to 0 within a boot; only a device that sends all 2^32 numbers in
//!   one boot repeats an identity, and then it is a duplicate for everybody.
//!
//! The encoding (see [`SeenWindow::encode`]) is: version 1, then varints: boots; per boot its distance to the
//! boot before, its intervals; per interval its distance to the one before and its length less one.

use super::varint;

/// Boots remembered for one device.
pub const BOOTS_MAX: usize = 8;
/// Intervals remembered for one boot.
pub const INTERVALS_MAX: usize = 1024;

const VERSION: u8 = 1;

/// One device's dedup window over its boots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenWindow {
    /// Sorted by boot, none of them empty.
    boots: Vec<BootWindow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BootWindow {
    boot: u32,
    /// Sorted; between one interval's `last` and the next one's `first` lies at least one unseen number.
    intervals: Vec<Interval>,
}

/// Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Interval {
    first: u32,
    last: u32,
}

/// Why stored bytes are no dedup window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SeenDecodeError {
    /// Written by a version this one does not know; the caller rebuilds the window from the store.
    #[error("dedup window of version {version}, this one reads {VERSION}")]
    Version {
        /// The version byte found.
        version: u8,
    },
    /// The bytes end too early, go on too long or break the window's order; the caller rebuilds the window.
    #[error("damaged dedup window at byte {offset}")]
    Damaged {
        /// Where the reading stopped.
        offset: usize,
    },
}

impl SeenWindow {
    /// Notes a record; `true` when it is new, `false` when it was seen before.
    pub fn insert(&mut self, boot: u32, seq: u32) -> bool {
        let at = match self.position(boot) {
            Ok(at) => at,
            Err(at) => {
                self.boots.insert(at, BootWindow { boot, intervals: Vec::with_capacity(1) });
                at
            }
        };
        let new = self.boots[at].insert(seq);
        if self.boots.len() > BOOTS_MAX {
            self.boots.remove(0);
        }
        new
    }

    /// Whether a record was seen (and is not forgotten).
    pub fn contains(&self, boot: u32, seq: u32) -> bool {
        self.position(boot).is_ok_and(|at| self.boots[at].find(seq).is_ok())
    }

    /// Takes back an [`insert`](Self::insert) whose commit failed, so that the resend counts as new.
    pub fn remove(&mut self, boot: u32, seq: u32) {
        let Ok(at) = self.position(boot) else { return };
        self.boots[at].remove(seq);
        if self.boots[at].intervals.is_empty() {
            self.boots.remove(at);
        }
    }

    /// Adds all that another window of the same device has seen.
    pub fn merge(&mut self, other: &SeenWindow) {
        for theirs in &other.boots {
            match self.position(theirs.boot) {
                Ok(at) => self.boots[at].merge(theirs),
                Err(at) => self.boots.insert(at, theirs.clone()),
            }
        }
        let surplus = self.boots.len().saturating_sub(BOOTS_MAX);
        self.boots.drain(..surplus);
    }

    /// The window as bytes; about 4 bytes for a device that numbers without gaps.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, self.boots.len() as u32);
        let mut boot_before = 0;
        for window in &self.boots {
            put_varint(&mut out, window.boot - boot_before);
            boot_before = window.boot;
            put_varint(&mut out, window.intervals.len() as u32);
            let mut last_before = 0;
            for interval in &window.intervals {
                put_varint(&mut out, interval.first - last_before);
                put_varint(&mut out, interval.last - interval.first);
                last_before = interval.last;
            }
        }
        out
    }

    /// Reads what [`encode`](Self::encode) wrote; anything else is an error, never a panic.
    pub fn decode(bytes: &[u8]) -> Result<SeenWindow, SeenDecodeError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&version) => return Err(SeenDecodeError::Version { version }),
            None => return Err(SeenDecodeError::Damaged { offset: 0 }),
        }
        let mut reader = Reader { bytes, offset: 1 };
        let window = reader.window().filter(|_| reader.offset == bytes.len());
        window.ok_or(SeenDecodeError::Damaged { offset: reader.offset })
    }

    /// Where a boot is, or where it would be inserted. The newest boot is nearly always the one asked for.
    fn position(&self, boot: u32) -> Result<usize, usize> {
        match self.boots.last() {
            Some(last) if last.boot == boot => Ok(self.boots.len() - 1),
            _ => self.boots.binary_search_by_key(&boot, |window| window.boot),
        }
    }
}

impl BootWindow {
    fn insert(&mut self, seq: u32) -> bool {
        // The next in sequence: no search.
        if let Some(last) = self.intervals.last_mut()
            && last.last.checked_add(1) == Some(seq)
        {
            last.last = seq;
            return true;
        }
        let Err(at) = self.find(seq) else { return false };
        let extends_before = at > 0 && self.intervals[at - 1].last.checked_add(1) == Some(seq);
        let extends_after = self.intervals.get(at).is_some_and(|next| next.first.checked_sub(1) == Some(seq));
        match (extends_before, extends_after) {
            (true, true) => {
                self.intervals[at - 1].last = self.intervals[at].last;
                self.intervals.remove(at);
            }
            (true, false) => self.intervals[at - 1].last = seq,
            (false, true) => self.intervals[at].first = seq,
            (false, false) => self.add(at, Interval { first: seq, last: seq }),
        }
        true
    }

    fn remove(&mut self, seq: u32) {
        let Ok(at) = self.find(seq) else { return };
        let Interval { first, last } = self.intervals[at];
        match (first == seq, last == seq) {
            (true, true) => drop(self.intervals.remove(at)),
            (true, false) => self.intervals[at].first = seq + 1,
            (false, true) => self.intervals[at].last = seq - 1,
            (false, false) => {
                self.intervals[at].last = seq - 1;
                self.add(at + 1, Interval { first: seq + 1, last });
            }
        }
    }

    fn merge(&mut self, other: &BootWindow) {
        let mut all: Vec<Interval> = self.intervals.iter().chain(&other.intervals).copied().collect();
        all.sort_unstable_by_key(|interval| interval.first);
        self.intervals.clear();
        for interval in all {
            match self.intervals.last_mut().filter(|last| interval.first <= last.last.saturating_add(1)) {
                Some(last) => last.last = last.last.max(interval.last),
                None => self.intervals.push(interval),
            }
        }
        let surplus = self.intervals.len().saturating_sub(INTERVALS_MAX);
        self.intervals.drain(..surplus);
    }

    /// The interval that holds `seq`, or the place of a new one for it.
    fn find(&self, seq: u32) -> Result<usize, usize> {
        let at = self.intervals.partition_point(|interval| interval.last < seq);
        match self.intervals.get(at) {
            Some(interval) if interval.first <= seq => Ok(at),
            _ => Err(at),
        }
    }

    /// Adds an interval and forgets the lowest one when there are too many.
    fn add(&mut self, at: usize, interval: Interval) {
        self.intervals.insert(at, interval);
        if self.intervals.len() > INTERVALS_MAX {
            self.intervals.remove(0);
        }
    }
}

fn put_varint(out: &mut Vec<u8>, value: u32) {
    varint::put(out, value.into());
}

/// Reads an encoded window; `None` anywhere means damaged at `offset`.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn window(&mut self) -> Option<SeenWindow> {
        let count = self.count(BOOTS_MAX)?;
        let mut boots: Vec<BootWindow> = Vec::with_capacity(count);
        for _ in 0..count {
            let distance = self.varint()?;
            let boot = match boots.last() {
                Some(before) if distance > 0 => before.boot.checked_add(distance)?,
                Some(_) => return None,
                None => distance,
            };
            boots.push(BootWindow { boot, intervals: self.intervals()? });
        }
        Some(SeenWindow { boots })
    }

    fn intervals(&mut self) -> Option<Vec<Interval>> {
        let count = self.count(INTERVALS_MAX).filter(|count| *count > 0)?;
        let mut intervals: Vec<Interval> = Vec::with_capacity(count);
        for _ in 0..count {
            let distance = self.varint()?;
            let first = match intervals.last() {
                // A distance of 1 would touch the one before: such a pair is one interval.
                Some(before) if distance > 1 => before.last.checked_add(distance)?,
                Some(_) => return None,
                None => distance,
            };
            intervals.push(Interval { first, last: first.checked_add(self.varint()?)? });
        }
        Some(intervals)
    }

    fn count(&mut self, max: usize) -> Option<usize> {
        self.varint().map(|count| count as usize).filter(|count| *count <= max)
    }

    fn varint(&mut self) -> Option<u32> {
        let mut rest = self.bytes.get(self.offset..)?;
        let value = varint::take(&mut rest)?;
        self.offset = self.bytes.len() - rest.len();
        u32::try_from(value).ok()
    }
}

#[cfg(test)]
mod tests;
