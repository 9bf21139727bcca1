//! What happened at all, over all runs: a check that nothing ever reaches shows nothing.

/// Counts.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Reached {
    pub(super) batches: u64,
    /// Batches that went while another one was under way.
    pub(super) together: u64,
    pub(super) settled: u64,
    pub(super) buried: u64,
    pub(super) put_off: u64,
    pub(super) failed: u64,
    /// Answers with a Retry-After.
    pub(super) asked: u64,
    pub(super) backlog: u64,
    /// Incidents and tasks that went beyond a budget.
    pub(super) over_budget: u64,
    /// Commits that came between a load and its answer.
    pub(super) overtaken: u64,
    /// Times at which nothing was left to do.
    pub(super) idle: u64,
}

impl Reached {
    fn counts(&self) -> [u64; 11] {
        let Reached { batches, together, settled, buried, put_off, failed, .. } = *self;
        let Reached { asked, backlog, over_budget, overtaken, idle, .. } = *self;
        [batches, together, settled, buried, put_off, failed, asked, backlog, over_budget, overtaken, idle]
    }

    pub(super) fn add(&mut self, other: &Reached) {
        self.batches += other.batches;
        self.together += other.together;
        self.settled += other.settled;
        self.buried += other.buried;
        self.put_off += other.put_off;
        self.failed += other.failed;
        self.asked += other.asked;
        self.backlog += other.backlog;
        self.over_budget += other.over_budget;
        self.overtaken += other.overtaken;
        self.idle += other.idle;
    }

    pub(super) fn assert_everything_was_met(&self) {
        assert!(self.counts().iter().all(|count| *count > 0), "{self:?}");
    }
}
