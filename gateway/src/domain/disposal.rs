//! Cases that were handled by whoever found them (自行处置): proven by a photo of before and one of after.
//!
//! Both photos are described, with their SHA-256, and the second was taken after the first: by the uptime of the device when
//! both are of one boot, which no clock can falsify, or else by the times that its clock showed. What can't be compared is not
//! proven. (The rule: design of the patrol programme, confidence medium; what counts as "after": project-defined.)

use serde::{Deserialize, Serialize};

use super::clock_quality::{self, TrustedTime};
use super::report::{EvidenceMeta, RecordRef, Report, Sha256};

/// What a photo shows of its incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The place as it was found.
    Before = 1,
    /// The place after it was handled.
    After = 2,
}

impl Shows {
    /// By the word in descriptions; `None` for a clip or what nobody said.
    pub fn from_usage(usage: &str) -> Option<Shows> {
        match usage {
            "before" => Some(Shows::Before),
            "after" => Some(Shows::After),
            _ => None,
        }
    }

    /// By the number in the store.
    pub fn from_number(number: u8) -> Option<Shows> {
        [Shows::Before, Shows::After].into_iter().find(|shows| *shows as u8 == number)
    }
}

/// When a photo was taken, as far as its device knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The boot in which it was described.
    pub boot: u32,
    /// By the device's uptime in that boot, in milliseconds.
    pub uptime_ms: Option<i64>,
    /// By its clock, in milliseconds since 1970, if that one can be trusted.
    pub at_ms: Option<i64>,
}

/// A photo of before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Photo {
    /// Its name among those of its device.
    pub evidence: RecordRef,
    /// The incident that its description names.
    pub incident: Option<RecordRef>,
    /// What it shows.
    pub shows: Shows,
    /// When it was taken.
    pub taken: Taken,
    /// Of the whole file.
    pub sha256: Sha256,
}

/// A case that was handled by whoever found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelfDisposal {
    /// When the photo of after was taken, in milliseconds since 1970, if its device knew.
    pub handled_at_ms: Option<i64>,
    /// SHA-256 of the photo of before.
    pub before: Sha256,
    /// SHA-256 of the photo of after.
    pub after: Sha256,
}

/// The proof as it stands on a report, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisposalProof {
    /// SHA-256 of the photo of before.
    pub before_sha256: Box<str>,
    /// SHA-256 of the photo of after.
    pub after_sha256: Box<str>,
}

impl From<&SelfDisposal> for DisposalProof {
    fn from(disposal: &SelfDisposal) -> DisposalProof {
        DisposalProof {
            before_sha256: disposal.before.to_string().into(),
            after_sha256: disposal.after.to_string().into(),
        }
    }
}

impl Photo {
    /// The photo that a description is of, if it shows before or after; `report` is the one that brought it, at `received_at_ms` by the
    /// gateway's clock. A time that nobody trusts is none.
    pub fn of(report: &Report<'_>, meta: &EvidenceMeta, received_at_ms: i64) -> Option<Photo> {
        let shows = Shows::from_usage(meta.usage.as_deref()?)?;
        let at_ms = clock_quality::trusted(report.observed_at, received_at_ms).ok().map(TrustedTime::unix_ms);
        let taken = Taken { boot: report.claimed?.boot, uptime_ms: report.uptime_ms, at_ms };
        Some(Photo { evidence: meta.evidence, incident: meta.incident, shows, taken, sha256: meta.sha256 })
    }
}

/// Whether two photos prove that the case was handled: `None` when they don't.
pub fn proven(before: (Taken, Sha256), after: (Taken, Sha256)) -> Option<SelfDisposal> {
    let follows = match (before.0, after.0) {
        (Taken { boot, uptime_ms: Some(first), .. }, Taken { boot: same, uptime_ms: Some(second), .. })
            if boot == same =>
        {
            second > first
        }
        (Taken { at_ms: Some(first), .. }, Taken { at_ms: Some(second), .. }) => second > first,
        _ => false,
    };
    let is_another = before.1 != after.1;
    (follows && is_another).then_some(SelfDisposal {
        handled_at_ms: after.0.at_ms,
        before: before.1,
        after: after.1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(boot: u32, uptime_ms: Option<i64>, at_ms: Option<i64>) -> Taken {
        Taken { boot, uptime_ms, at_ms }
    }

    #[test]
    fn after_must_follow_before_by_uptime_in_one_boot_and_by_the_clock_across_boots() {
        let handled = |before: Taken, after: Taken| {
            proven((before, Sha256([1; 32])), (after, Sha256([2; 32]))).map(|proof| proof.handled_at_ms)
        };
        assert_eq!(handled(taken(7, Some(1), None), taken(7, Some(2), None)), Some(None));
        assert_eq!(handled(taken(7, Some(2), None), taken(7, Some(2), None)), None);
        let set_back = handled(taken(7, Some(1), Some(9_000)), taken(7, Some(2), Some(4_000)));
        assert_eq!(
            set_back,
            Some(Some(4_000)),
            "a clock that was set back meanwhile proves nothing against it"
        );
        assert_eq!(
            handled(taken(7, Some(9), Some(1_000)), taken(8, Some(1), Some(2_000))),
            Some(Some(2_000))
        );
        assert_eq!(handled(taken(7, Some(1), None), taken(8, Some(2), Some(2_000))), None, "not comparable");
    }

    #[test]
    fn the_same_photo_twice_proves_nothing() {
        let sha = Sha256([1; 32]);
        assert_eq!(proven((taken(7, Some(1), None), sha), (taken(7, Some(2), None), sha)), None);
    }
}
