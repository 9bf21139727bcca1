//! Who is measured: each makes groups of messages durable, hands the oldest out again, and forgets them.

mod fjall;
mod ours;
mod raw_log;
mod redb;

use anyhow::Result;

pub(crate) use self::fjall::Fjall;
pub(crate) use self::redb::Redb;
pub(crate) use ours::{Ours, Pace, head, item, options};
pub(crate) use raw_log::RawLog;

use crate::samples::Sample;

/// Messages that a lane sends together: so many are settled with one word.
pub(crate) const LANE_MESSAGES: usize = 500;

/// A store under test.
pub(crate) trait Contender {
    /// A group as this store takes it.
    type Group;

    /// Makes a group ready, which is not measured.
    fn prepare(&self, messages: &[Sample]) -> Self::Group;

    /// Makes a group durable. When `settle` is set, up to so many of the oldest messages are read before, and deleted with it or
    /// beside it. Returns how many that were.
    fn turn(&mut self, group: Self::Group, settle: usize) -> Result<usize>;

    /// Commits so far.
    fn commits(&self) -> u64;
}
