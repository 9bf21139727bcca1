//! A batch from the moment in which it is offered to the driver until its records are settled or put back.

use std::time::Duration;

use super::{Item, Ticket, Word};
use crate::domain::schedule::plan::{Link, Room};
use crate::domain::schedule::stream::Stream;

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The driver packs it.
    Offered,
    /// It is under way.
    Sent,
    /// The platform has said its word.
    Answered,
    /// The driver makes that durable.
    Settling,
}

/// A batch.
#[derive(Debug)]
pub(super) struct Batch<K> {
    pub(super) ticket: Ticket,
    pub(super) stream: Stream,
    pub(super) items: Vec<Item<K>>,
    pub(super) phase: Phase,
    pub(super) room: Room,
    pub(super) link: Link,
    pub(super) sent_at: Duration,
    /// What it takes on the wire, as it was packed.
    pub(super) wire_bytes: u64,
    /// What was under way when it went.
    pub(super) bytes_ahead: u64,
    /// It is part of a batch that was refused.
    pub(super) is_suspect: bool,
    /// The platform's word on each of `items`, from [`Phase::Answered`] on.
    pub(super) words: Vec<Word>,
    /// Its only record is rejected because it was refused.
    pub(super) is_burial: bool,
}
