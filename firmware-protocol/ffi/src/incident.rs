//! Message type 3: something found on the street that becomes a case.

use firmware_protocol::{DegreesE7, body};

use crate::frame::{Output, Sent};
use crate::{PatrolError, PatrolHeader, PatrolKey, PatrolRecordRef, PatrolText, error, frame, text};

/// Evidence references of an incident or a task ack at most.
pub const PATROL_EVIDENCE_MAX: usize = 8;

/// A finding on the street.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolIncident {
    /// The case code as a number, 1..=9999: 501 is code 0501; 0 = absent, which a gateway refuses.
    pub category: u16,
    /// PGW_CASE_KIND_...: which table the category is from; always given.
    pub kind: u8,
    /// By the device, from 1, higher is worse; 0 = absent.
    pub severity: u8,
    /// How long before the frame's time it was found; 0 = at the frame's time.
    pub age_ms: u32,
    /// PGW_FIX_TYPE_...; NONE = no position.
    pub fix: u8,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: i32,
    /// Radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent.
    pub accuracy_dm: u16,
    /// Age of the fix at the frame's time, not at the finding's; 0 = absent, a fresh fix says 1.
    pub fix_age_ms: u32,
    /// Pseudonym of the officer, at most 24 bytes; empty = absent.
    pub operator: PatrolText,
    /// Number of the stall card shown, at most 24 bytes; empty = absent.
    pub stall_card: PatrolText,
    /// What the officer wrote, at most 240 bytes (80 Chinese characters); empty = absent.
    pub description: PatrolText,
    /// Its photos and clips; empty = none.
    pub evidence: [PatrolRecordRef; PATROL_EVIDENCE_MAX],
    /// How many of those count.
    pub evidence_count: usize,
}

impl Sent for PatrolIncident {
    type Body<'a> = body::Incident<'a>;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::Incident {
            category: self.category,
            kind: body::CaseKind(self.kind),
            severity: self.severity,
            age_ms: self.age_ms,
            fix: body::FixType(self.fix),
            lat_e7: DegreesE7::new(self.lat_e7),
            lon_e7: DegreesE7::new(self.lon_e7),
            accuracy_dm: self.accuracy_dm,
            fix_age_ms: self.fix_age_ms,
            // SAFETY: as the caller says.
            operator: unsafe { self.operator.get() }?,
            // SAFETY: as the caller says.
            stall_card: unsafe { self.stall_card.get() }?,
            // SAFETY: as the caller says.
            description: unsafe { self.description.get() }?,
            evidence: text::list(&self.evidence, self.evidence_count, PatrolRecordRef::get)?,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_INCIDENT_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_incident_seal(
    header: *const PatrolHeader,
    body: *const PatrolIncident,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}
