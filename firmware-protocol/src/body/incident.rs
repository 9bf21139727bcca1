//! Message type 3: something found on the street that becomes a case.

use serde::{Deserialize, Serialize};

use crate::body::{Body, FixType, RecordRef};
use crate::header::MessageType;
use crate::list::List;
use crate::text::Text;
use crate::units::DegreesE7;
use crate::wire::{Wire, wire_fields};

open_set! {
    /// Which table a category is from: both use the same numbers.
    pub struct CaseKind {
        /// Not said; a gateway can't make a case of it.
        UNKNOWN = 0 "unknown",
        /// Something that happens, such as an unlicensed stall (事件).
        EVENT = 1 "event",
        /// A piece of city equipment, such as a manhole cover (部件).
        COMPONENT = 2 "component",
    }
}

/// A finding on the street.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Incident<'a> {
    /// The case code as a number, 1..=9999: 501 is code 0501; 0 = absent, which a gateway refuses.
    pub category: u16,
    /// Which table the category is from; always given.
    pub kind: CaseKind,
    /// Severity by the device, from 1, higher is worse; 0 = absent.
    pub severity: u8,
    /// How long before the frame's time it was found, in ms; 0 = at the frame's time.
    pub age_ms: u32,
    /// How the position was found; [`FixType::NONE`] = no position.
    pub fix: FixType,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: DegreesE7,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: DegreesE7,
    /// Radius of the horizontal accuracy circle in 0.1 m, 1..=65535 (that or worse); 0 = absent.
    pub accuracy_dm: u16,
    /// Age of the fix in ms, at the frame's time like a telemetry's, not at the finding's; 0 = absent, a fresh fix
    /// says 1.
    pub fix_age_ms: u32,
    /// Pseudonym of the officer, at most 24 bytes; empty = absent.
    #[serde(borrow)]
    pub operator: Text<'a, 24>,
    /// Number of the stall card shown, at most 24 bytes; empty = absent.
    #[serde(borrow)]
    pub stall_card: Text<'a, 24>,
    /// What the officer wrote, at most 240 bytes of UTF-8 (80 Chinese characters); empty = absent.
    #[serde(borrow)]
    pub description: Text<'a, 240>,
    /// The photos and clips that belong to it, at most 8; empty = none.
    pub evidence: List<RecordRef, 8>,
}

wire_fields!(Incident<'a> {
    category: u16,
    kind: CaseKind,
    severity: u8,
    age_ms: u32,
    fix: FixType,
    lat_e7: DegreesE7,
    lon_e7: DegreesE7,
    accuracy_dm: u16,
    fix_age_ms: u32,
    operator: Text<'a, 24>,
    stall_card: Text<'a, 24>,
    description: Text<'a, 240>,
    evidence: List<RecordRef, 8>,
});

impl Body for Incident<'_> {
    const MESSAGE_TYPE: MessageType = MessageType::INCIDENT;
    const MIN_LENS: &'static [usize] = &[19];
}

const _: () = assert!(Incident::MIN_LEN == 19);
