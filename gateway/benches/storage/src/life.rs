//! The life of messages in one store: made durable, handed out, forgotten.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::contender::Contender;
use crate::disk::{Counters, Disk};
use crate::samples::Fleet;

/// Commits that come before anything is measured: the log of SQLite, 1000 pages, is filled more than once.
const WARM_COMMITS: usize = 600;
/// Time from one commit to the next where bytes are counted: without it the file system joins what it would have to write one by
/// one.
const PACE: Duration = Duration::from_millis(8);
/// Groups that are settled together at least: what is open must get less while more comes.
const LANE_GROUPS: usize = 2;
/// What is prepared at a time.
const PREPARED_MESSAGES: usize = 100_000;

/// What reached the disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) messages: f64,
    pub(crate) payload_bytes: f64,
    pub(crate) commits: f64,
    pub(crate) disk: Counters,
}

/// A store on its disk, and who sends to it.
pub(crate) struct Life<C: Contender> {
    pub(crate) contender: C,
    disk: Disk,
    fleet: Fleet,
    /// Messages that are committed together.
    group: usize,
    /// Messages that are settled together.
    lane: usize,
    /// Messages that came, and are to be settled.
    open: usize,
}

impl<C: Contender> Life<C> {
    pub(crate) fn new(contender: C, disk: Disk, fleet: Fleet, group: usize, lane: usize) -> Life<C> {
        Life { contender, disk, fleet, group, lane: lane.max(LANE_GROUPS * group), open: 0 }
    }

    /// The same messages in other groups.
    pub(crate) fn in_groups_of(self, group: usize) -> Life<C> {
        Life { group, lane: self.lane.max(LANE_GROUPS * group), ..self }
    }

    /// The same disk, opened in another way.
    pub(crate) fn reopened(self, open: impl FnOnce(C, &Disk) -> Result<C>) -> Result<Life<C>> {
        let contender = open(self.contender, &self.disk)?;
        Ok(Life { contender, ..self })
    }

    pub(crate) fn into_parts(self) -> (C, Disk) {
        (self.contender, self.disk)
    }

    /// Leaves so many messages waiting for good.
    pub(crate) fn fill(&mut self, messages: usize) -> Result<()> {
        self.turns(messages / self.group, false)?;
        self.open = 0;
        Ok(())
    }

    /// Goes on until nothing is new any more.
    pub(crate) fn warm(&mut self) -> Result<()> {
        self.turns(WARM_COMMITS, true)?;
        Ok(())
    }

    /// Messages a second that are made durable, and afterwards settled when nobody looks.
    pub(crate) fn inserts_per_s(&mut self, commits: usize) -> Result<f64> {
        let time = self.turns(commits, false)?;
        while self.open > self.lane {
            self.turns(1, true)?;
        }
        Ok((commits * self.group) as f64 / time.as_secs_f64())
    }

    /// Messages a second that are made durable while as many are handed out and settled.
    pub(crate) fn lives_per_s(&mut self, commits: usize) -> Result<f64> {
        let time = self.turns(commits, true)?;
        Ok((commits * self.group) as f64 / time.as_secs_f64())
    }

    /// What reaches the disk for so many groups at an even pace, of which each message is settled.
    pub(crate) fn written(&mut self, commits: usize) -> Result<Written> {
        let (before, disk) = (self.contender.commits(), self.disk.settled_counters()?);
        let mut payload_bytes = 0;
        for _ in 0..commits {
            let due = Instant::now() + PACE;
            let messages = self.fleet.messages(self.group);
            payload_bytes += messages.iter().map(|message| message.payload.len()).sum::<usize>();
            let group = self.contender.prepare(&messages);
            self.turn(group, true)?;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(Written {
            messages: (commits * self.group) as f64,
            payload_bytes: payload_bytes as f64,
            commits: (self.contender.commits() - before) as f64,
            disk: self.disk.settled_counters()? - disk,
        })
    }

    /// Commits so many groups, one after the other as fast as it goes, and says how long that took.
    fn turns(&mut self, commits: usize, settles: bool) -> Result<Duration> {
        let mut time = Duration::ZERO;
        let at_a_time = (PREPARED_MESSAGES / self.group).max(1);
        for start in (0..commits).step_by(at_a_time) {
            let groups = (start..commits.min(start + at_a_time)).map(|_| self.fleet.messages(self.group));
            let groups: Vec<_> = groups.map(|messages| self.contender.prepare(&messages)).collect();
            let begun = Instant::now();
            for group in groups {
                self.turn(group, settles)?;
            }
            time += begun.elapsed();
        }
        Ok(time)
    }

    fn turn(&mut self, group: C::Group, settles: bool) -> Result<()> {
        let settle = if settles && self.open >= self.lane { self.lane } else { 0 };
        let settled = self.contender.turn(group, settle)?;
        self.open = (self.open + self.group).saturating_sub(settled);
        Ok(())
    }
}
