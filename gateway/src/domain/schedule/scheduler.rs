//! Which stream sends next, and how large a batch may be.

use super::budget::Budget;
use super::plan::Plan;

/// The scheduler of one uplink.
#[derive(Debug)]
pub struct Scheduler {
    plan: Plan,
    budget: Budget,
}

impl Scheduler {
    /// A scheduler by this plan.
    pub fn new(plan: Plan) -> Scheduler {
        let budget = Budget::new(&plan.policy);
        Scheduler { plan, budget }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The budgets, and what was spent of them.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// See [`Scheduler::budget`].
    pub fn budget_mut(&mut self) -> &mut Budget {
        &mut self.budget
    }
}
