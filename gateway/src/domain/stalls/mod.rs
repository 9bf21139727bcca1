//! The stall register (一摊一卡): which card belongs to which pitch, and when that pitch is open.
//!
//! It is data that the platform or an operator replaces ([`csv`](super::csv)), and is asked offline. The word on a stall:
//!
//! - a card that is not in the register, whose time is over or not begun, or that is about other codes: `unknown_card`;
//! - nobody knows where the stall stands, or not exactly enough to tell: `place_unknown`;
//! - outside its pitch: `out_of_pitch`, whatever the hour;
//! - in its pitch: `licensed` or `out_of_hours` by the city's clock, half-open; `clock_untrusted` without a time that rules
//!   may judge by. Neither hours nor the validity of a card are ever judged by another one.
//!
//! Inexact positions speak for the vendor, project-defined: a stall is in its pitch when its position is in it, and outside
//! when the whole accuracy circle is outside; in between nobody can tell. A circle larger than [`ACCURACY_MAX_M`] tells nothing,
//! and without a word on accuracy it is taken for [`ACCURACY_ASSUMED_M`].

mod check;
mod read;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use check::{StallCheck, Validity};
pub use read::StallRegisterError;

use super::area::Area;
use super::rules::pattern::CodePattern;
use super::timetable::Timetable;

/// Stalls of one register.
pub const STALLS_MAX: usize = 10_000;
/// Bytes of a register.
pub const REGISTER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Above this accuracy in metres a position tells nothing about a pitch of a few metres.
pub const ACCURACY_MAX_M: f64 = 50.0;
/// The accuracy in metres of a position that comes without one. A phone under open sky is good to about 5 m (source: GPS.gov,
/// "GPS Accuracy"; confidence medium), between houses to less.
pub const ACCURACY_ASSUMED_M: f64 = 10.0;

/// The register. Immutable; shared by reference counting.
#[derive(Debug, Clone, PartialEq)]
pub struct StallRegister {
    stalls: BTreeMap<Box<str>, Stall>,
    version: String,
}

/// One card.
#[derive(Debug, Clone, PartialEq)]
pub struct Stall {
    /// Pseudonym of the holder, if the register has one.
    pub holder: Option<Box<str>>,
    /// What the stall is called.
    pub name: Option<Box<str>>,
    /// Its pitch.
    pub pitch: Area,
    /// When the pitch is open.
    pub hours: Timetable,
    /// The case codes that the card is about; empty: whatever a stall may be reported as.
    pub codes: Vec<CodePattern>,
    /// The first day of its time.
    pub valid_from: Option<Date>,
    /// The last day of its time.
    pub valid_until: Option<Date>,
}

impl StallRegister {
    /// Name and CRC-32C of the file, `stalls@1a2b3c4d`: the same file always has the same version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many cards there are.
    pub fn len(&self) -> usize {
        self.stalls.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.stalls.is_empty()
    }

    /// What stands under a card.
    pub fn stall(&self, card: &str) -> Option<&Stall> {
        self.stalls.get(card)
    }
}

impl Default for StallRegister {
    /// No card is known.
    fn default() -> StallRegister {
        StallRegister { stalls: BTreeMap::new(), version: "stalls@none".to_owned() }
    }
}

#[cfg(test)]
mod tests;
