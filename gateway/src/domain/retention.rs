//! What each class of records may claim of the store, and what gives way when there is no room.

mod thinning;

use std::ops::{Index, IndexMut};
use std::time::Duration;

use super::report::Class;

pub use thinning::{Point, thin};

/// When an acknowledgement may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After the commit that holds the message is synced: a power cut takes nothing acknowledged.
    Synced,
    /// After the commit, synced a moment later: the end of the process takes nothing acknowledged, a power cut what came
    /// since the last sync.
    Delayed,
}

/// What gives way when a class finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Nothing: acknowledgements are withheld, devices keep what they have.
    Withhold,
    /// Its oldest records, and before them those of less urgent classes.
    DropOldest,
    /// First points between others on old tracks, then its oldest records.
    Thin,
}

/// What one class may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassPolicy {
    /// How long a commit may wait for more messages.
    pub linger: Duration,
    /// When its acknowledgements may leave.
    pub durability: Durability,
    /// Payload bytes that may wait in this class; `None`: as many as the store has room for.
    pub max_bytes: Option<u64>,
    /// Room that the other classes leave to this one, in bytes of the database.
    pub reserve_bytes: u64,
    /// What gives way.
    pub when_full: WhenFull,
}

/// The policies of all classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies([ClassPolicy; Class::ALL.len()]);

impl Policies {
    /// The room that the other classes must leave, in bytes.
    pub fn reserved_from(&self, class: Option<Class>) -> u64 {
        let others = Class::ALL.into_iter().filter(|other| Some(*other) != class);
        others.map(|other| self[other].reserve_bytes).fold(0, u64::saturating_add)
    }

    /// The classes whose records give way to those of `class`, the least urgent first.
    pub fn giving_way_to(&self, class: Class) -> impl Iterator<Item = Class> + use<'_> {
        let not_more_urgent = Class::ALL.into_iter().rev().take_while(move |other| *other >= class);
        not_more_urgent.filter(|other| self[*other].when_full != WhenFull::Withhold)
    }
}

impl Default for Policies {
    fn default() -> Policies {
        let policy = |linger_ms, reserve_bytes, when_full| ClassPolicy {
            linger: Duration::from_millis(linger_ms),
            durability: Durability::Synced,
            max_bytes: None,
            reserve_bytes,
            when_full,
        };
        Policies(Class::ALL.map(|class| match class {
            Class::Incident => policy(0, 64 << 20, WhenFull::Withhold),
            Class::Task => policy(0, 1 << 20, WhenFull::Withhold),
            Class::Evidence => policy(0, 0, WhenFull::Withhold),
            Class::Status => policy(20, 0, WhenFull::DropOldest),
            Class::Reading => policy(100, 0, WhenFull::DropOldest),
            Class::Telemetry => policy(100, 0, WhenFull::Thin),
        }))
    }
}

impl Index<Class> for Policies {
    type Output = ClassPolicy;

    fn index(&self, class: Class) -> &ClassPolicy {
        &self.0[class as usize]
    }
}

impl IndexMut<Class> for Policies {
    fn index_mut(&mut self, class: Class) -> &mut ClassPolicy {
        &mut self.0[class as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_more_urgent_and_may_be_dropped_gives_way_and_the_least_urgent_first() {
        let mut policies = Policies::default();
        let giving_way = |policies: &Policies, class| policies.giving_way_to(class).collect::<Vec<_>>();
        let all = [Class::Telemetry, Class::Reading, Class::Status];
        assert_eq!(giving_way(&policies, Class::Incident), all);
        assert_eq!(giving_way(&policies, Class::Reading), all[..2]);
        assert_eq!(giving_way(&policies, Class::Telemetry), all[..1]);
        policies[Class::Telemetry].when_full = WhenFull::Withhold;
        assert_eq!(giving_way(&policies, Class::Telemetry), []);
    }
}
