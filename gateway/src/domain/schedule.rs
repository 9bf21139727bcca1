//! What an uplink sends next, how much at once, and when not at all. Pure: time and chance come as arguments, and nothing here
//! waits, reads or sends.
//!
//! - [`Dispatch`] is the machine that an uplink's driver runs: it says what to do next ([`Do`]), and is told how that went. It
//!   knows records by their keys alone.
//! - [`Scheduler`] inside it decides: incidents first, then tasks, whatever else waits. Status, readings and telemetry share
//!   what is left, and within each of them what came just now ([`Side::Live`]) with what has waited ([`Side::Backlog`]).
//! - A record leaves the machine only by the platform's word on exactly that record. Every failure puts a batch back to where
//!   it was taken from, in order.
//!
//! All times are spans since an origin of the driver's, by a clock that neither jumps nor goes back. Evidence is not sent: the
//! way of files to a platform is another one.

mod budget;
mod dispatch;
mod drain;
mod marks;
mod meter;
mod outlook;
mod pace;
mod plan;
mod scheduler;
mod shares;
mod stream;

pub use budget::{Budget, Spent};
pub use dispatch::{Dispatch, Do, Item, Load, Range, Reply, Ticket, Why, Word};
pub use outlook::{HeldBack, Hindrance, Outlook};
pub use plan::{Around, ClassStanding, Condition, Link, Plan, Policy, Room, Standing};
pub use scheduler::Scheduler;
pub use stream::{Side, Stream};
