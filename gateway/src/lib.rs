//! Patrol gateway, in the order a report meets its parts.

pub mod domain;
pub mod store;
pub mod uplink;
