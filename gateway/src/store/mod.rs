//! The store.

pub mod record;
pub mod snapshot;
