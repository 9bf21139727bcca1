//! The machine of an uplink against a store, a link and a platform of a few lines, in virtual time.
//!
//! A run is repeated by `PATROL_TEST_SEED`; each one that fails says its seed.

#![allow(clippy::unwrap_used, reason = "a test")]

mod checks;
mod herd;
mod model;
mod platform;
mod promises;
mod rates;
mod reached;
mod store;
mod world;
