//! What the stall register says about a stall.

use serde::{Deserialize, Serialize};

/// The word on a stall: its card, its place and its hours against the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StallVerdict {
    /// The card is known, the stall stands in its pitch, and it is open there.
    Licensed,
    /// In its pitch, outside its hours.
    OutOfHours,
    /// Outside its pitch, whatever the hour.
    OutOfPitch,
    /// The register has no such card.
    UnknownCard,
    /// In its pitch, and nobody knows the time well enough to say more.
    ClockUntrusted,
    /// The card is known, and nobody knows where the stall stands well enough to say more.
    PlaceUnknown,
}

impl StallVerdict {
    /// All of them.
    pub const ALL: [StallVerdict; 6] = [
        StallVerdict::Licensed,
        StallVerdict::OutOfHours,
        StallVerdict::OutOfPitch,
        StallVerdict::UnknownCard,
        StallVerdict::ClockUntrusted,
        StallVerdict::PlaceUnknown,
    ];

    /// Its name in files and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            StallVerdict::Licensed => "licensed",
            StallVerdict::OutOfHours => "out_of_hours",
            StallVerdict::OutOfPitch => "out_of_pitch",
            StallVerdict::UnknownCard => "unknown_card",
            StallVerdict::ClockUntrusted => "clock_untrusted",
            StallVerdict::PlaceUnknown => "place_unknown",
        }
    }

    /// The verdict of this name.
    pub fn from_name(name: &str) -> Option<StallVerdict> {
        StallVerdict::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }
}
