//! Who may still write how much: the quota in pages, and the room that only incidents may use.

use rusqlite::Connection;

use super::schema::PAGE_BYTES;
use crate::domain::report::Class;

/// Pages that stay free of any device's messages, so that receipts can be stored and records deleted when all else is
/// full.
///
/// A segment's pages come back only when all of it is settled; as dead letters with the longest reasons its 2048 records take
/// less than half of this.
const SETTLEMENT_PAGES: u64 = 1024;

/// The pages of the database, as of the start of a group, and what the group has taken since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    max_pages: u64,
    incident_reserve_pages: u64,
    used_pages: u64,
    taken_bytes: u64,
}

impl Quota {
    pub(super) fn new(max_bytes: u64, incident_reserve_bytes: u64) -> Quota {
        let (max_pages, incident_reserve_pages) =
            (max_bytes / PAGE_BYTES, incident_reserve_bytes / PAGE_BYTES);
        Quota { max_pages, incident_reserve_pages, used_pages: 0, taken_bytes: 0 }
    }

    /// Reads how many pages are in use.
    pub(super) fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let pages = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
        self.used_pages = (pages("PRAGMA page_count")? - pages("PRAGMA freelist_count")?) as u64;
        self.taken_bytes = 0;
        Ok(())
    }

    /// Takes room for a message of `bytes`; false when its class has none left.
    pub(super) fn take(&mut self, class: Option<Class>, bytes: usize) -> bool {
        let Some(needed) = self.room(class, bytes) else { return false };
        self.taken_bytes = needed;
        true
    }

    /// Whether there is room for a message of `bytes`.
    pub(super) fn has_room(&self, class: Option<Class>, bytes: usize) -> bool {
        self.room(class, bytes).is_some()
    }

    /// The bytes taken with a message of `bytes`; `None` when its class has no room left.
    fn room(&self, class: Option<Class>, bytes: usize) -> Option<u64> {
        // Row and tree overhead is well below an eighth at the sizes that matter.
        let needed = self.taken_bytes + bytes as u64 + bytes as u64 / 8 + 64;
        let reserve = if class == Some(Class::Incident) { 0 } else { self.incident_reserve_pages };
        let limit = self.max_pages.saturating_sub(SETTLEMENT_PAGES + reserve);
        (self.used_pages + needed.div_ceil(PAGE_BYTES) <= limit).then_some(needed)
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.used_pages * PAGE_BYTES
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_pages * PAGE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_incidents_may_use_their_reserve() {
        let mut quota = Quota::new(16 << 20, 4 << 20);
        let mut fill = |class| (0..).take_while(|_| quota.take(Some(class), 1000)).count();
        let telemetry = fill(Class::Telemetry);
        assert!(telemetry > 6000, "telemetry has the room beside the reserve, took {telemetry}");
        assert_eq!(fill(Class::Status), 0, "no class but incidents goes into the reserve");
        assert!(fill(Class::Incident) > 3000, "the reserve is there for incidents");
    }
}
