//! What the stand-in platform can be told to do wrong.
//!
//! A fault on requests (`error`, `stall`, `drop_answer`) meets every `one_in`-th request; a fault on events
//! (`reject`, `partial`) about one event in `one_in`. `reject` chooses by the event's id, so that a resend meets the
//! same answer; `partial` chooses by counting, so that a resend gets through in the end. What is never recorded as
//! delivered: a request answered with an error, a stalled request before its answer, a rejected event and an event
//! left out of a partial answer. Only `drop_answer` takes the batch in and then says nothing. `poison` refuses a whole
//! batch for one event in it and does not say which, as a receiver does that checks a batch before it takes it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The platform's behaviour until it is told otherwise. In JSON: `{"mode": "error", "status": 503, "one_in": 5}`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Works.
    #[default]
    Normal,
    /// Answers with an HTTP error.
    Error {
        /// 400 to 599.
        #[serde(default = "default_status")]
        status: u16,
        /// Value of the `Retry-After` header in seconds; no header when left out.
        #[serde(default)]
        retry_after_s: Option<u32>,
        /// Every n-th request; 1 means all.
        #[serde(default = "every")]
        one_in: u32,
    },
    /// Reads the request and answers late or never.
    Stall {
        /// Seconds until the answer; never when left out.
        #[serde(default)]
        seconds: Option<u32>,
        /// Every n-th request; 1 means all.
        #[serde(default = "every")]
        one_in: u32,
    },
    /// Takes the batch in and closes the connection without a byte of an answer.
    DropAnswer {
        /// Every n-th request; 1 means all.
        #[serde(default = "every")]
        one_in: u32,
    },
    /// Refuses events for good.
    Reject {
        /// These events; empty means by `one_in`.
        #[serde(default)]
        ids: BTreeSet<String>,
        /// About one event in this many, by its id; 1 means all. Not used when `ids` are given.
        #[serde(default = "every")]
        one_in: u32,
    },
    /// Neither takes in nor answers some events of a batch.
    Partial {
        /// These events; empty means by `one_in`.
        #[serde(default)]
        ids: BTreeSet<String>,
        /// Every n-th event; 1 means all. Not used when `ids` are given.
        #[serde(default = "every")]
        one_in: u32,
    },
    /// Refuses a whole batch that holds one of these events, without naming it.
    Poison {
        /// The events.
        ids: BTreeSet<String>,
        /// 400 to 499.
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// The port is closed: connections are refused and open ones cut.
    Down {
        /// Seconds until it listens again by itself; until told otherwise when left out.
        #[serde(default)]
        seconds: Option<u32>,
    },
}

fn default_status() -> u16 {
    500
}

fn bad_request() -> u16 {
    400
}

fn every() -> u32 {
    1
}

/// What is to be done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestPlan {
    Serve,
    Error { status: u16, retry_after_s: Option<u32> },
    Stall(Option<Duration>),
    DropAnswer,
}

/// What is to be done with an event of a request that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventPlan {
    Serve,
    Reject,
    LeaveOut,
}

/// The fault in force, with the counters that choose whom it meets.
#[derive(Debug, Default)]
pub(super) struct Faults {
    fault: Fault,
    requests: u32,
    events: u32,
}

impl Faults {
    pub(super) fn set(&mut self, fault: Fault) {
        *self = Faults { fault, requests: 0, events: 0 };
    }

    pub(super) fn current(&self) -> &Fault {
        &self.fault
    }

    pub(super) fn plan_request(&mut self) -> RequestPlan {
        let meets = |one_in: u32, count: &mut u32| {
            *count = count.wrapping_add(1);
            count.is_multiple_of(one_in.max(1))
        };
        match &self.fault {
            Fault::Error { status, retry_after_s, one_in } if meets(*one_in, &mut self.requests) => {
                RequestPlan::Error { status: *status, retry_after_s: *retry_after_s }
            }
            Fault::Stall { seconds, one_in } if meets(*one_in, &mut self.requests) => {
                RequestPlan::Stall(seconds.map(|seconds| Duration::from_secs(seconds.into())))
            }
            Fault::DropAnswer { one_in } if meets(*one_in, &mut self.requests) => RequestPlan::DropAnswer,
            _ => RequestPlan::Serve,
        }
    }

    /// The status with which a batch of these events is refused whole, if it is.
    pub(super) fn plan_batch<'a>(&self, mut batch: impl Iterator<Item = &'a str>) -> Option<u16> {
        match &self.fault {
            Fault::Poison { ids, status } if batch.any(|id| ids.contains(id)) => Some(*status),
            _ => None,
        }
    }

    pub(super) fn plan_event(&mut self, id: &str) -> EventPlan {
        match &self.fault {
            Fault::Reject { ids, one_in } if chosen(ids, *one_in, id) => EventPlan::Reject,
            Fault::Partial { ids, .. } if !ids.is_empty() => {
                if ids.contains(id) {
                    EventPlan::LeaveOut
                } else {
                    EventPlan::Serve
                }
            }
            Fault::Partial { one_in, .. } => {
                self.events = self.events.wrapping_add(1);
                if self.events.is_multiple_of((*one_in).max(1)) {
                    EventPlan::LeaveOut
                } else {
                    EventPlan::Serve
                }
            }
            _ => EventPlan::Serve,
        }
    }
}

fn chosen(ids: &BTreeSet<String>, one_in: u32, id: &str) -> bool {
    if !ids.is_empty() {
        return ids.contains(id);
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish().is_multiple_of(u64::from(one_in.max(1)))
}
