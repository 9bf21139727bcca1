//! Quantities with a fixed width on the wire.

use serde::{Deserialize, Serialize};

use crate::wire::Wire;

/// Latitude or longitude in 1e-7 degrees, WGS-84: about 1.1 cm. On the wire 4 bytes, little-endian, two's
/// complement: a varint would take 5 for every place in China.
///
/// Whether it is there is said by the [`FixType`](crate::body::FixType) beside it. Range: latitude
/// -900000000..=900000000, longitude -1800000000..=1800000000; a decoder does not check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct DegreesE7([u8; 4]);

impl DegreesE7 {
    /// From 1e-7 degrees.
    pub const fn new(degrees_e7: i32) -> Self {
        Self(degrees_e7.to_le_bytes())
    }

    /// In 1e-7 degrees.
    pub const fn get(self) -> i32 {
        i32::from_le_bytes(self.0)
    }

    /// From degrees, rounded to the nearest 1e-7; `None` when not within -180..=180.
    pub fn from_degrees(degrees: f64) -> Option<Self> {
        if !(-180.0..=180.0).contains(&degrees) {
            return None;
        }
        let scaled = degrees * 1e7;
        // `f64::round` is not in core; the cast cuts towards zero.
        Some(Self::new((if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32))
    }

    /// In degrees.
    pub fn degrees(self) -> f64 {
        f64::from(self.get()) / 1e7
    }
}

impl Wire for DegreesE7 {
    const MIN_LEN: usize = 4;
    const MAX_LEN: usize = 4;
}
