//! What becomes of the calls that were not yet durable when the power went.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::call::{Call, Inode};
use crate::{FLASH_PAGE_BYTES, SECTOR_BYTES};

/// What becomes of the calls that were not yet durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// All are lost.
    Dropped,
    /// All had reached the medium.
    Kept,
    /// Some had, whichever.
    Subset,
    /// Some had, and of one write only some sectors in a row: its beginning, its middle or its end.
    Torn,
    /// The same on flash that garbles what it was programming: of one write the beginning is there, the sector after it is
    /// garbage, and so may be others of the same page of flash, also such that were durable before.
    Garbled,
}

impl Fate {
    /// All of them.
    pub const ALL: [Fate; 5] = [Fate::Dropped, Fate::Kept, Fate::Subset, Fate::Torn, Fate::Garbled];
}

/// What is left of the calls.
pub(crate) struct Remains<'a> {
    /// What reached the medium, in order.
    pub(crate) calls: Vec<Cow<'a, Call>>,
    /// Where the medium holds garbage.
    pub(crate) garbage: Option<(Inode, Range<usize>)>,
    /// Where a file has grown over bytes that never came is garbage too, not zeros.
    pub(crate) holes_are_garbage: bool,
}

/// Decides what is left of these calls.
pub(crate) fn befall<'a>(fate: Fate, pending: &[&'a Call], rng: &mut fastrand::Rng) -> Remains<'a> {
    let mut remains =
        Remains { calls: Vec::new(), garbage: None, holes_are_garbage: fate != Fate::Kept && rng.bool() };
    let victim = victim(fate, pending, rng);
    let odds = rng.f64();
    // A file system keeps the order of what happens to one name: when a change is lost, so are all later ones.
    let mut lost_names = BTreeSet::new();
    for (place, &call) in pending.iter().enumerate() {
        if victim == Some(place) {
            remains.tear(fate, call, rng);
            continue;
        }
        let survives = match fate {
            Fate::Dropped => false,
            Fate::Kept => true,
            Fate::Subset | Fate::Torn | Fate::Garbled => rng.f64() < odds,
        };
        if survives && !call.name().is_some_and(|name| lost_names.contains(name)) {
            remains.calls.push(Cow::Borrowed(call));
        } else {
            lost_names.extend(call.name());
        }
    }
    remains
}

impl Remains<'_> {
    fn tear(&mut self, fate: Fate, write: &Call, rng: &mut fastrand::Rng) {
        let sectors = sectors_touched(write);
        let stands = if fate == Fate::Torn {
            some_of(&sectors, rng)
        } else {
            let broken = rng.usize(sectors.clone());
            self.garbage = garbage_around(write, broken, rng);
            sectors.start..broken
        };
        self.calls.extend(part(write, &stands).map(Cow::Owned));
    }
}

/// The write that the cut meets: the last one or any.
fn victim(fate: Fate, pending: &[&Call], rng: &mut fastrand::Rng) -> Option<usize> {
    if !matches!(fate, Fate::Torn | Fate::Garbled) {
        return None;
    }
    let is_write = |place: &usize| matches!(pending[*place], Call::Write { .. });
    let writes: Vec<usize> = (0..pending.len()).filter(is_write).collect();
    if rng.bool() { writes.last().copied() } else { rng.choice(writes) }
}

/// The sectors that a write lies in, as numbers from the file's beginning on.
fn sectors_touched(call: &Call) -> Range<usize> {
    let Call::Write { at, bytes, .. } = call else { return 0..1 };
    at / SECTOR_BYTES..(at + bytes.len()).div_ceil(SECTOR_BYTES).max(at / SECTOR_BYTES + 1)
}

fn some_of(sectors: &Range<usize>, rng: &mut fastrand::Rng) -> Range<usize> {
    let start = rng.usize(sectors.start..sectors.end);
    match rng.u8(..3) {
        0 => sectors.start..start,
        1 => start..sectors.end,
        _ => start..rng.usize(start..sectors.end),
    }
}

/// The part of a write that lies in these sectors.
fn part(call: &Call, sectors: &Range<usize>) -> Option<Call> {
    let Call::Write { inode, at, bytes } = call else { return None };
    let from = (sectors.start * SECTOR_BYTES).clamp(*at, at + bytes.len());
    let to = (sectors.end * SECTOR_BYTES).clamp(from, at + bytes.len());
    let bytes = bytes[from - at..to - at].to_vec();
    (!bytes.is_empty()).then_some(Call::Write { inode: *inode, at: from, bytes })
}

/// The broken sector, and others on either side up to the borders of its page of flash.
fn garbage_around(call: &Call, broken: usize, rng: &mut fastrand::Rng) -> Option<(Inode, Range<usize>)> {
    let Call::Write { inode, .. } = call else { return None };
    let per_page = FLASH_PAGE_BYTES / SECTOR_BYTES;
    let page = broken / per_page * per_page;
    let (first, last) = (rng.usize(page..=broken), rng.usize(broken..page + per_page));
    Some((*inode, first * SECTOR_BYTES..(last + 1) * SECTOR_BYTES))
}
