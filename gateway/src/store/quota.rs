//! Who may still write how much: the quota in pages, the room that is reserved for a class, the bytes it may have waiting.

use rusqlite::Connection;

use super::damage;
use super::schema::PAGE_BYTES;
use crate::domain::report::Class;
use crate::domain::retention::Policies;

/// Pages that stay free of any device's messages, so that receipts can be stored and records deleted when all else is
/// full.
///
/// A segment's pages come back only when all of it is settled; as dead letters with the longest reasons its 2048 records take
/// less than half of this.
const SETTLEMENT_PAGES: u64 = 1024;

/// What a group writes beside its messages, in pages: windows, tallies, receipts, the tree.
const BESIDE_PAGES: u64 = 256;

/// The pages of the database.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pages {
    /// All of them.
    pub(super) all: u64,
    /// Those that are free.
    pub(super) unused: u64,
    /// Those that are kept for when the disk is full; they count as free.
    pub(super) kept: u64,
    /// By how many the disk lets it grow; `None` when nobody can say.
    pub(super) growable: Option<u64>,
}

impl Pages {
    /// Counts the pages.
    pub(super) fn count(
        connection: &Connection,
        kept: u64,
        growable: Option<u64>,
    ) -> rusqlite::Result<Pages> {
        let pages = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
        let (all, unused) = (pages("PRAGMA page_count")? as u64, pages("PRAGMA freelist_count")? as u64);
        if unused > all {
            return Err(damage::found("more pages are free than there are"));
        }
        Ok(Pages { all, unused, kept, growable })
    }

    fn used(&self) -> u64 {
        self.all.saturating_sub(self.unused + self.kept)
    }
}

/// The pages of the database and what waits of each class, as of the start of a group, and what the group has taken since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    max_pages: u64,
    policies: Policies,
    pages: Pages,
    taken_bytes: u64,
    waiting_bytes: [u64; Class::ALL.len()],
}

impl Quota {
    pub(super) fn new(max_bytes: u64, policies: Policies) -> Quota {
        let waiting_bytes = [0; Class::ALL.len()];
        Quota {
            max_pages: max_bytes / PAGE_BYTES,
            policies,
            pages: Pages::default(),
            taken_bytes: 0,
            waiting_bytes,
        }
    }

    /// Takes note of the pages, and of the payload bytes that wait, by class.
    pub(super) fn refresh(&mut self, pages: Pages, waiting_bytes: impl Fn(Class) -> u64) {
        self.pages = pages;
        self.taken_bytes = 0;
        self.waiting_bytes = Class::ALL.map(waiting_bytes);
    }

    /// Pages that the database may have: by the quota, and by what the disk has free.
    pub(super) fn allowed_pages(&self) -> u64 {
        let by_disk = self.pages.growable.map_or(u64::MAX, |growable| self.pages.all + growable);
        self.max_pages.min(by_disk)
    }

    /// Pages that `bytes` in `n` messages lack of those that are really there, free in the database or on the disk.
    pub(super) fn lacks_pages(&self, bytes: u64, n: u64) -> u64 {
        let growable = self.allowed_pages().saturating_sub(self.pages.all);
        let wanted = needed(bytes, n).div_ceil(PAGE_BYTES) + BESIDE_PAGES;
        wanted.saturating_sub(self.pages.unused + growable)
    }

    /// Takes room for a message of `bytes`; false when its class has none left.
    pub(super) fn take(&mut self, class: Option<Class>, bytes: usize) -> bool {
        if !self.has_room(class, bytes) {
            return false;
        }
        self.taken_bytes += needed(bytes as u64, 1);
        if let Some(class) = class {
            self.waiting_bytes[class as usize] += bytes as u64;
        }
        true
    }

    /// Takes room for what waits for a session: only while the store is less than half full, for reports come first. False when
    /// there is none.
    pub(super) fn take_for_session(&mut self, bytes: usize) -> bool {
        let taken_bytes = self.taken_bytes + needed(bytes as u64, 1);
        let has_room = self.pages.used() + taken_bytes.div_ceil(PAGE_BYTES) <= self.allowed_pages() / 2;
        if has_room {
            self.taken_bytes = taken_bytes;
        }
        has_room
    }

    /// Whether there is room for a message of `bytes`.
    pub(super) fn has_room(&self, class: Option<Class>, bytes: usize) -> bool {
        self.lacks(class, bytes as u64, 1).is_none()
    }

    /// What is lacking for `n` messages of `bytes` together.
    pub(super) fn lacks(&self, class: Option<Class>, bytes: u64, n: u64) -> Lack {
        let reserved = self.policies.reserved_from(class).div_ceil(PAGE_BYTES);
        let limit = self.allowed_pages().saturating_sub(SETTLEMENT_PAGES + reserved);
        let taken = self.pages.used() + (self.taken_bytes + needed(bytes, n)).div_ceil(PAGE_BYTES);
        let waiting = |class: Class| self.waiting_bytes[class as usize] + bytes;
        let most = class.and_then(|class| Some((class, self.policies[class].max_bytes?)));
        Lack {
            pages: taken.saturating_sub(limit),
            bytes: most.map_or(0, |(class, max_bytes)| waiting(class).saturating_sub(max_bytes)),
        }
    }

    pub(super) fn policies(&self) -> &Policies {
        &self.policies
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.pages.used() * PAGE_BYTES
    }

    /// Bytes that a class still finds.
    pub(super) fn room_bytes(&self, class: Class) -> u64 {
        let reserved = self.policies.reserved_from(Some(class)).div_ceil(PAGE_BYTES);
        let limit = self.allowed_pages().saturating_sub(SETTLEMENT_PAGES + reserved);
        limit.saturating_sub(self.pages.used()) * PAGE_BYTES
    }

    /// Pages that must really be there when the disk runs short: for the reserves and for settlements.
    pub(super) fn kept_pages(&self) -> u64 {
        SETTLEMENT_PAGES + self.policies.reserved_from(None).div_ceil(PAGE_BYTES)
    }

    pub(super) fn pages(&self) -> Pages {
        self.pages
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_pages * PAGE_BYTES
    }
}

/// Bytes of the database that messages take: row and tree overhead is well below an eighth at the sizes that matter.
fn needed(bytes: u64, n: u64) -> u64 {
    bytes + bytes / 8 + 64 * n
}

/// What a class lacks of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lack {
    /// Pages of the database.
    pub(super) pages: u64,
    /// Payload bytes above what may wait of the class.
    pub(super) bytes: u64,
}

impl Lack {
    pub(super) fn is_none(self) -> bool {
        self == Lack::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(incident_reserve_bytes: u64) -> Policies {
        let mut policies = Policies::default();
        for class in Class::ALL {
            policies[class].reserve_bytes = if class == Class::Incident { incident_reserve_bytes } else { 0 };
        }
        policies
    }

    #[test]
    fn only_incidents_may_use_their_reserve() {
        let mut quota = Quota::new(16 << 20, policies(4 << 20));
        let mut fill = |class| (0..).take_while(|_| quota.take(Some(class), 1000)).count();
        let telemetry = fill(Class::Telemetry);
        assert!(telemetry > 6000, "telemetry has the room beside the reserve, took {telemetry}");
        assert_eq!(fill(Class::Status), 0, "no class but incidents goes into the reserve");
        assert!(fill(Class::Incident) > 3000, "the reserve is there for incidents");
    }

    #[test]
    fn a_class_with_a_quota_of_its_own_leaves_the_rest_to_others() {
        let mut policies = policies(1 << 20);
        policies[Class::Telemetry].max_bytes = Some(1_000_000);
        let mut quota = Quota::new(64 << 20, policies);
        let mut fill = |class| (0..).take_while(|_| quota.take(Some(class), 1000)).count();
        assert_eq!(fill(Class::Telemetry), 1000);
        assert!(fill(Class::Reading) > 40_000);
        assert_eq!(quota.lacks(Some(Class::Telemetry), 5000, 5).bytes, 5000);
    }
}
