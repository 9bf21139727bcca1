//! Message type 2: what sensors measured.

use firmware_protocol::body;

use crate::frame::{Output, Sent};
use crate::{PatrolError, PatrolHeader, PatrolKey, error, frame, text};

/// Readings of a report at most.
pub const PATROL_READINGS_MAX: usize = 16;

/// One measured value.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolSensorReading {
    /// PGW_QUANTITY_...: what was measured, and so its unit.
    pub quantity: u16,
    /// Which of the device's sensors of that quantity, from 0.
    pub channel: u8,
    /// Power of ten that `value` is multiplied by: 42 with exponent -2 is 0.42.
    pub exponent: i8,
    /// 0 is a value here: a reading in the list was taken.
    pub value: i32,
    /// PGW_READING_STATUS_...
    pub status: u8,
}

impl PatrolSensorReading {
    fn get(self) -> body::SensorReading {
        body::SensorReading {
            quantity: body::Quantity(self.quantity),
            channel: self.channel,
            exponent: self.exponent,
            value: self.value,
            status: body::ReadingStatus(self.status),
        }
    }
}

/// What sensors measured at one time.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolSensorReport {
    /// How long before the frame's time it was measured; 0 = at the frame's time.
    pub age_ms: u32,
    /// The values; empty = nothing was measured.
    pub readings: [PatrolSensorReading; PATROL_READINGS_MAX],
    /// How many of those count.
    pub readings_count: usize,
}

impl Sent for PatrolSensorReport {
    type Body<'a> = body::SensorReport;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::SensorReport {
            age_ms: self.age_ms,
            readings: text::list(&self.readings, self.readings_count, PatrolSensorReading::get)?,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_SENSOR_REPORT_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_sensor_report_seal(
    header: *const PatrolHeader,
    body: *const PatrolSensorReport,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}
