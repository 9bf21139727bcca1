//! Bringing back what can still be read of a damaged database, while the fresh one serves.
//!
//! - The damaged database is read page by page ([`super::pages`]); what comes back is what its checksums vouch for ([`rows`]).
//! - The most urgent comes first, and the dedup windows last: they know records that are themselves still to come.
//! - It comes back through [`Store::restore`](super::handle::Store::restore) like an import, a little at a time, each time with how far it has come, so
//!   that an end of the process costs nothing and nothing comes twice.
//! - Without room for it, it waits. Nothing gives way to it.
//! - What could not be read is a loss record, with a count as exact as the readable parts allow ([`account`]).

pub(super) mod account;
pub(super) mod raw;
mod rows;
pub(super) mod tables;
pub(super) mod worker;
