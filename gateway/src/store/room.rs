//! Room for a group: what gives way when its messages find none.
//!
//! First tracks are thinned, the oldest first, each at most twice; then the oldest segments go, of the least urgent class that
//! may be dropped. Only as much as is lacking and a step more gives way, so that not every group has to ask. Whatever goes is a
//! loss record in the same transaction.

use super::database::Database;
use super::group::Group;
use super::quota::Lack;
use super::segments::giving_way::{GivingWay, THINNINGS_MAX};
use crate::domain::report::Class;
use crate::domain::retention::WhenFull;

/// What gives way beyond what is lacking at most, in payload bytes: so that not every group has to ask.
const STEP_BYTES: u64 = 256 * 1024;
/// How often something gives way for one group at most; a class that still finds no room then withholds.
const STEPS_MAX: usize = 8192;

impl Database {
    /// Sees to it that the messages of a group find room, the most urgent classes first. True when something gave way.
    pub(super) fn make_room(&mut self, group: &Group) -> rusqlite::Result<bool> {
        let mut steps_left = STEPS_MAX;
        for class in Class::ALL {
            let (bytes, n) = group.wanted(class);
            let mut lack = self.quota.lacks(Some(class), bytes, n);
            let step_bytes = STEP_BYTES.min(self.quota.max_bytes() / 64);
            while n > 0 && !lack.is_none() && steps_left > 0 {
                steps_left -= 1;
                if !self.give_way(class, lack, group.now_ms)? {
                    break;
                }
                self.refresh_quota()?;
                lack = self.quota.lacks(Some(class), bytes + step_bytes, n);
            }
        }
        Ok(steps_left < STEPS_MAX)
    }

    /// One step: a segment's worth of tracks is thinned, or a segment goes. False when nothing can give way.
    fn give_way(&mut self, class: Class, lack: Lack, now_ms: i64) -> rusqlite::Result<bool> {
        let policies = *self.quota.policies();
        // A class that has more than it may have makes room itself.
        let may_help = |other: &Class| lack.bytes == 0 || *other == class;
        let giving_way: Vec<Class> = policies.giving_way_to(class).filter(may_help).collect();
        for level in 0..THINNINGS_MAX {
            for &other in giving_way.iter().filter(|other| policies[**other].when_full == WhenFull::Thin) {
                if self.thin_oldest(other, level, now_ms)? {
                    return Ok(true);
                }
            }
        }
        for other in giving_way {
            if self.drop_oldest(other, now_ms)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn thin_oldest(&mut self, class: Class, level: usize, now_ms: i64) -> rusqlite::Result<bool> {
        let (connection, losses) = (&self.connection, &mut self.losses);
        let Some((table, tallies)) = self.tables.segment(class) else { return Ok(false) };
        table.thin_oldest(&mut GivingWay { connection, tallies, losses, now_ms }, level)
    }

    fn drop_oldest(&mut self, class: Class, now_ms: i64) -> rusqlite::Result<bool> {
        let (connection, losses) = (&self.connection, &mut self.losses);
        let Some((table, tallies)) = self.tables.segment(class) else { return Ok(false) };
        table.drop_oldest(&mut GivingWay { connection, tallies, losses, now_ms })
    }
}
