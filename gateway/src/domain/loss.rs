//! Loss records: what of the devices' reports will not reach the platform as it was, how much of it, and why.
//!
//! Whatever is thinned, dropped, refused or found damaged becomes one of these in the transaction that does it. Losses of
//! the same kind add up in one record until it has been handed out to be told to the platform; counts are exact.

mod record;

pub use record::LossRecord;

use super::report::{Class, DeviceId, Identity};

/// Why something was lost, or was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossReason {
    /// A track was thinned because room was short: points between the ones that were kept.
    Thinned,
    /// The oldest records of a class made room for newer or more urgent ones.
    Evicted,
    /// A message without an acknowledgement (QoS 0) found no room.
    NoRoom,
    /// Its acknowledgement was withheld for want of room: the device still has it. Counts attempts, not messages.
    Withheld,
    /// A payload was not understood; what it was is in the quarantine, as long as that has room.
    NotUnderstood,
    /// Records were damaged at rest and could not be salvaged.
    Damaged,
    /// Commits at the end of the write-ahead log were gone at a start. Counts commits.
    LogDamaged,
}

impl LossReason {
    /// All reasons.
    pub const ALL: [LossReason; 7] = [
        LossReason::Thinned,
        LossReason::Evicted,
        LossReason::NoRoom,
        LossReason::Withheld,
        LossReason::NotUnderstood,
        LossReason::Damaged,
        LossReason::LogDamaged,
    ];

    /// The name in records, events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            LossReason::Thinned => "thinned",
            LossReason::Evicted => "evicted",
            LossReason::NoRoom => "no_room",
            LossReason::Withheld => "withheld",
            LossReason::NotUnderstood => "not_understood",
            LossReason::Damaged => "damaged",
            LossReason::LogDamaged => "log_damaged",
        }
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<LossReason> {
        LossReason::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// True when something that was acknowledged is gone: what a ledger must find explained.
    pub const fn is_of_acknowledged(self) -> bool {
        matches!(
            self,
            LossReason::Thinned | LossReason::Evicted | LossReason::Damaged | LossReason::LogDamaged
        )
    }
}

/// Whose numbering a span of numbers belongs to: identities in the same stream differ only in their last number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Nobody can tell which records they were.
    Unknown,
    /// A boot of the device.
    Boot(u32),
    /// A run of the gateway, for records that it numbered itself.
    Run(u64),
}

/// What losses must have in common to add up in one record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LossKey {
    /// The device; `None` when nobody can tell.
    pub device: Option<DeviceId>,
    /// Whose numbering.
    pub stream: Stream,
    /// The class; `None` when nobody can tell.
    pub class: Option<Class>,
    /// Why.
    pub reason: LossReason,
}

/// One loss record: `count` records between the first and the last number, both included. With [`LossReason::Thinned`] not
/// all between them are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What they have in common.
    pub key: LossKey,
    /// Lowest number in the stream; 0 in [`Stream::Unknown`].
    pub first: u32,
    /// Highest number in the stream.
    pub last: u32,
    /// How many.
    pub count: u64,
    /// When the first of them was noted, by the gateway's clock, in milliseconds since 1970.
    pub first_noted_at_ms: i64,
    /// When the last of them was noted.
    pub last_noted_at_ms: i64,
}

impl Loss {
    /// The loss of one record.
    pub fn of(
        device: &DeviceId,
        identity: Option<Identity>,
        class: Option<Class>,
        reason: LossReason,
        noted_at_ms: i64,
    ) -> Loss {
        let (stream, number) = match identity {
            Some(Identity::Device { boot, seq }) => (Stream::Boot(boot), seq),
            Some(Identity::Minted { run, number }) => (Stream::Run(run), number),
            None => (Stream::Unknown, 0),
        };
        Loss {
            key: LossKey { device: Some(device.clone()), stream, class, reason },
            first: number,
            last: number,
            count: 1,
            first_noted_at_ms: noted_at_ms,
            last_noted_at_ms: noted_at_ms,
        }
    }

    /// A loss of which only the number is known.
    pub fn unknown(class: Option<Class>, reason: LossReason, count: u64, noted_at_ms: i64) -> Loss {
        Loss {
            key: LossKey { device: None, stream: Stream::Unknown, class, reason },
            first: 0,
            last: 0,
            count,
            first_noted_at_ms: noted_at_ms,
            last_noted_at_ms: noted_at_ms,
        }
    }

    /// Adds another loss of the same key.
    pub fn add(&mut self, other: &Loss) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
        // Clocks jump: the record says what it was told first and last.
        self.last_noted_at_ms = other.last_noted_at_ms;
    }

    /// The same loss without what tells it from others of its class and reason, for when there are too many records.
    #[must_use]
    pub fn without_names(self) -> Loss {
        let key = LossKey { device: None, stream: Stream::Unknown, ..self.key };
        Loss { key, first: 0, last: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_one_stream_add_up_and_names_read_back() {
        let car = DeviceId::parse("car-07").unwrap();
        let lost = |seq, at| {
            let identity = Some(Identity::Device { boot: 7, seq });
            Loss::of(&car, identity, Some(Class::Telemetry), LossReason::Thinned, at)
        };
        let mut sum = lost(830, 10);
        sum.add(&lost(812, 11));
        sum.add(&lost(840, 9));
        assert_eq!((sum.first, sum.last, sum.count), (812, 840, 3));
        assert_eq!((sum.first_noted_at_ms, sum.last_noted_at_ms), (10, 9));
        assert_eq!(sum.key, lost(1, 1).key);
        for reason in LossReason::ALL {
            assert_eq!(LossReason::from_name(reason.as_str()), Some(reason));
        }
    }
}
