//! How far to trust a device's clock: one byte of the header, source in the low nibble, error bound in the high.

/// Where the device's clock got its time, 0..=15.
///
/// An open set: other values than the constants are legal and survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeSource(u8);

impl TimeSource {
    /// No source: the clock was never set.
    pub const NONE: Self = Self(0);
    /// A free-running real-time clock.
    pub const RTC: Self = Self(1);
    /// A real-time clock corrected for its drift.
    pub const DISCIPLINED_RTC: Self = Self(2);
    /// Network time (NTP, cellular).
    pub const NETWORK: Self = Self(3);
    /// Time from the gateway.
    pub const GATEWAY_SYNC: Self = Self(4);
    /// Satellite time.
    pub const GNSS: Self = Self(5);

    /// The number on the wire, 0..=15.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// An upper bound of the clock's error as a step 0..=15: 0 = unknown, step n = at most 4^(n-1) ms, so that 15
/// steps reach from 1 ms to 74.6 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ErrorBound(u8);

impl ErrorBound {
    /// Nothing is known about the error.
    pub const UNKNOWN: Self = Self(0);

    /// The smallest step that covers an error of `error_ms` milliseconds; unknown when none does.
    pub const fn within_ms(error_ms: u32) -> Self {
        let mut step = 1;
        while step <= 15 {
            if error_ms <= 1 << (2 * (step - 1)) {
                return Self(step);
            }
            step += 1;
        }
        Self::UNKNOWN
    }

    /// The bound in milliseconds, `None` when unknown.
    pub const fn max_ms(self) -> Option<u32> {
        match self.0 {
            0 => None,
            step => Some(1 << (2 * (step - 1))),
        }
    }
}

/// Source and error bound of the clock that wrote `unix_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeQuality {
    /// Where the time comes from.
    pub source: TimeSource,
    /// How wrong it can be.
    pub error_bound: ErrorBound,
}

impl TimeQuality {
    /// From the header's byte; every byte is legal.
    pub const fn from_byte(byte: u8) -> Self {
        Self { source: TimeSource(byte & 0x0F), error_bound: ErrorBound(byte >> 4) }
    }

    /// The header's byte.
    pub const fn to_byte(self) -> u8 {
        self.error_bound.0 << 4 | self.source.0
    }
}
